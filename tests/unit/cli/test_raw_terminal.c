// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/raw_terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pty.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"

struct terminal {
    int master;
    int slave;
    struct raw_terminal raw;
};

static void terminal_begin(struct terminal *terminal) {
    assert_int_equal(openpty(&terminal->master, &terminal->slave, NULL, NULL, NULL), 0);
    raw_terminal_init(&terminal->raw, terminal->slave);
}

static void terminal_end(struct terminal *terminal) {
    close(terminal->master);
    close(terminal->slave);
}

static struct termios modes(const struct terminal *terminal) {
    struct termios found;
    assert_int_equal(tcgetattr(terminal->slave, &found), 0);
    return found;
}

static bool is_usual(const struct terminal *terminal, const struct termios *usual) {
    struct termios now = modes(terminal);
    return now.c_lflag == usual->c_lflag && now.c_iflag == usual->c_iflag && now.c_oflag == usual->c_oflag &&
           now.c_cflag == usual->c_cflag && memcmp(now.c_cc, usual->c_cc, sizeof now.c_cc) == 0;
}

static void modes_come_back(void **state UNUSED) {
    struct terminal terminal;
    terminal_begin(&terminal);
    struct termios usual = modes(&terminal);
    raw_terminal_leave(&terminal.raw);
    assert_true(is_usual(&terminal, &usual));
    raw_terminal_enter(&terminal.raw);
    raw_terminal_enter(&terminal.raw);
    struct termios raw = modes(&terminal);
    assert_int_equal(raw.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_int_equal(raw.c_oflag & OPOST, 0);
    assert_int_equal(raw.c_cc[VMIN], 1);
    raw_terminal_leave(&terminal.raw);
    assert_true(is_usual(&terminal, &usual));
    raw_terminal_leave(&terminal.raw);
    terminal_end(&terminal);
}

static void raw_mode_is_resumed_only_where_it_was(void **state UNUSED) {
    struct terminal terminal;
    terminal_begin(&terminal);
    struct termios usual = modes(&terminal);
    raw_terminal_resume(&terminal.raw);
    assert_true(is_usual(&terminal, &usual));
    raw_terminal_enter(&terminal.raw);
    assert_int_equal(tcsetattr(terminal.slave, TCSANOW, &usual), 0); // a shell, meanwhile
    raw_terminal_resume(&terminal.raw);
    assert_false(is_usual(&terminal, &usual));
    raw_terminal_leave(&terminal.raw);
    assert_true(is_usual(&terminal, &usual));
    terminal_end(&terminal);
}

static void other_files_are_left_alone(void **state UNUSED) {
    struct raw_terminal raw;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    raw_terminal_init(&raw, fd);
    assert_true(terminal_is_foreground(fd));
    raw_terminal_enter(&raw);
    assert_false(raw.is_raw);
    raw_terminal_leave(&raw);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_come_back),
        cmocka_unit_test(raw_mode_is_resumed_only_where_it_was),
        cmocka_unit_test(other_files_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
