// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "process/pty_internal.h"

struct ends {
    int master, slave;
};

static struct ends open_ends(uid_t uid, gid_t gid) {
    struct ends ends;
    AUTO_ERROR struct error err = {0};
    if (!pty_open(uid, gid, &ends.master, &ends.slave, &err))
        fail_msg("%s", error_text(&err));
    return ends;
}

static void close_ends(struct ends *ends) {
    close(ends->master);
    close(ends->slave);
}

static void ends_are_connected(void **state UNUSED) {
    struct ends ends = open_ends(getuid(), getgid());
    char text[10];
    struct stat status;
    assert_true(isatty(ends.slave));
    assert_int_equal(fcntl(ends.master, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(ends.slave, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fstat(ends.slave, &status), 0);
    assert_int_equal(status.st_uid, getuid());
    assert_int_equal(status.st_gid, getgid());
    // Modes are those of a fresh terminal: newlines get a carriage return, input is echoed.
    struct termios modes;
    assert_int_equal(tcgetattr(ends.slave, &modes), 0);
    assert_true((modes.c_lflag & ECHO) && (modes.c_lflag & ICANON));
    assert_int_equal(write(ends.slave, "a\n", 2), 2);
    assert_int_equal(read(ends.master, text, sizeof text), 3);
    assert_memory_equal(text, "a\r\n", 3);
    // Who closes the last slave ends the output with EIO.
    close(ends.slave);
    assert_int_equal(read(ends.master, text, sizeof text), -1);
    assert_int_equal(errno, EIO);
    close(ends.master);
}

static void slave_belongs_to_its_user(void **state UNUSED) {
    if (getuid() != 0)
        skip();
    struct ends ends = open_ends(12345, 23456);
    struct stat status;
    assert_int_equal(fstat(ends.slave, &status), 0);
    assert_int_equal(status.st_uid, 12345);
    assert_int_equal(status.st_gid, 23456);
    close_ends(&ends);
}

static void size_is_set(void **state UNUSED) {
    struct ends ends = open_ends(getuid(), getgid());
    struct winsize size;
    assert_true(pty_resize(ends.master, 132, 43, NULL));
    assert_int_equal(ioctl(ends.slave, TIOCGWINSZ, &size), 0);
    assert_int_equal(size.ws_col, 132);
    assert_int_equal(size.ws_row, 43);
    assert_false(pty_resize(ends.master, 0, 43, NULL));
    assert_false(pty_resize(ends.master, 132, 0, NULL));
    assert_true(pty_resize(ends.master, 1000000, 1, NULL));
    assert_int_equal(ioctl(ends.slave, TIOCGWINSZ, &size), 0);
    assert_int_equal(size.ws_col, 65535);
    close_ends(&ends);
    AUTO_ERROR struct error err = {0};
    assert_false(pty_resize(-1, 1, 1, &err));
    assert_int_equal(err.errnum, EBADF);
}

static void it_is_not_our_controlling_terminal(void **state UNUSED) {
    pid_t tester = fork();
    if (tester == 0) {
        setsid();
        struct ends ends = open_ends(getuid(), getgid());
        _exit(open("/dev/tty", O_RDWR | O_CLOEXEC) < 0 && ends.slave > 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(tester, &status, 0), tester);
    assert_int_equal(status, 0);
}

static void failures_leave_nothing_open(void **state UNUSED) {
    int master = -5, slave = -5;
    AUTO_ERROR struct error err = {0};
    int free_fd = dup(0);
    close(free_fd);
    struct rlimit before, lowered;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    lowered = (struct rlimit){.rlim_cur = (rlim_t)free_fd + 1, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0); // enough for one end
    assert_false(pty_open(getuid(), getgid(), &master, &slave, &err));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_string_equal(error_text(&err), "terminal: too many open files");
    assert_int_equal(err.errnum, EMFILE);
    assert_int_equal(master, -5);
    assert_int_equal(slave, -5);
    assert_int_equal(dup(0), free_fd);
    close(free_fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_are_connected),
        cmocka_unit_test(slave_belongs_to_its_user),
        cmocka_unit_test(size_is_set),
        cmocka_unit_test(it_is_not_our_controlling_terminal),
        cmocka_unit_test(failures_leave_nothing_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
