// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/compiler.h"
#include "testing/keeper_internal.h"
#include "with_launch.h"

struct with_keeper {
    struct with_launch launch;
    int control_fd;
    pid_t pid;
};

static void expect(const struct with_keeper *with, enum testing_message_kind kind, int value) {
    struct testing_message message;
    assert_int_equal(recv(with->control_fd, &message, sizeof message, 0), sizeof message);
    assert_int_equal(message.kind, kind);
    assert_int_equal(message.value, value);
}

static void begin(struct with_keeper *with, const char *command) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    with_launch_begin(&with->launch, command);
    with->control_fd = ends[0];
    with->pid = fork();
    if (with->pid == 0) {
        sigset_t all;
        (void)close(ends[0]);
        (void)sigfillset(&all);
        (void)sigprocmask(SIG_SETMASK, &all, NULL);
        with->launch.launch.boot_id_fd = open("boot_id", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        testing_keeper_run(&with->launch.launch, ends[1], -1);
    }
    (void)close(ends[1]);
    expect(with, TESTING_MESSAGE_READY, 0);
}

static void end(struct with_keeper *with) {
    int status;
    file_close_at(&with->control_fd);
    assert_int_equal(waitpid(with->pid, &status, 0), with->pid);
    assert_int_equal(status, 0);
    with_launch_end(&with->launch);
}

static void command(const struct with_keeper *with, char byte) {
    assert_int_equal(send(with->control_fd, &byte, 1, 0), 1);
}

static void read_text(const char *path, char *text, size_t size) {
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, text, size - 1);
    assert_true(length >= 0);
    text[length] = '\0';
}

static void commands_are_executed(void **state UNUSED) {
    char *old = getcwd(NULL, 0), *here = temporary_create(), text[256], first[64], second[64];
    assert_int_equal(chdir(here), 0);
    struct with_keeper with;
    begin(&with, "trap 'exit 7' TERM; echo begun; sleep 1000 & wait");
    command(&with, TESTING_COMMAND_LAUNCH);
    expect(&with, TESTING_MESSAGE_LAUNCHED, 0);
    read_text("boot_id", first, sizeof first);
    command(&with, TESTING_COMMAND_LAUNCH);
    expect(&with, TESTING_MESSAGE_NOT_LAUNCHED, EBUSY);
    command(&with, 'x'); // unknown: nothing happens
    do
        read_text(with.launch.log_path, text, sizeof text);
    while (strcmp(text, "begun\n") != 0);
    command(&with, TESTING_COMMAND_TERMINATE);
    expect(&with, TESTING_MESSAGE_ENDED, 7 << 8);
    command(&with, TESTING_COMMAND_TERMINATE); // nothing to end
    command(&with, TESTING_COMMAND_LAUNCH);
    expect(&with, TESTING_MESSAGE_LAUNCHED, 0);
    read_text("boot_id", second, sizeof second);
    assert_int_equal(strlen(first), 37);
    assert_string_not_equal(first, second);
    command(&with, TESTING_COMMAND_KILL);
    expect(&with, TESTING_MESSAGE_ENDED, SIGKILL);
    end(&with);
    assert_int_equal(unlink("boot_id"), 0);
    assert_int_equal(chdir(old), 0);
    free(old);
    temporary_remove(here);
}

static void what_is_left_is_killed(void **state UNUSED) {
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0); // inherited by all
    char *old = getcwd(NULL, 0), *here = temporary_create();
    assert_int_equal(chdir(here), 0);
    struct with_keeper with;
    begin(&with, "setsid sh -c 'sleep 1000 & sleep 1000' & exit 3");
    (void)close(ends[1]);
    command(&with, TESTING_COMMAND_LAUNCH);
    expect(&with, TESTING_MESSAGE_LAUNCHED, 0);
    expect(&with, TESTING_MESSAGE_ENDED, 3 << 8);
    end(&with);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    (void)close(ends[0]);
    assert_int_equal(unlink("boot_id"), 0);
    assert_int_equal(chdir(old), 0);
    free(old);
    temporary_remove(here);
}

static void programs_that_cannot_be_executed(void **state UNUSED) {
    char *old = getcwd(NULL, 0), *here = temporary_create();
    assert_int_equal(chdir(here), 0);
    struct with_keeper with;
    begin(&with, "true");
    assert_int_equal(rmdir(with.launch.directory), 0);
    command(&with, TESTING_COMMAND_LAUNCH);
    expect(&with, TESTING_MESSAGE_NOT_LAUNCHED, ENOENT);
    assert_int_equal(mkdir(with.launch.directory, 0700), 0);
    command(&with, TESTING_COMMAND_LAUNCH);
    expect(&with, TESTING_MESSAGE_LAUNCHED, 0);
    expect(&with, TESTING_MESSAGE_ENDED, 0);
    end(&with);
    assert_int_equal(unlink("boot_id"), 0);
    assert_int_equal(chdir(old), 0);
    free(old);
    temporary_remove(here);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_executed),
        cmocka_unit_test(what_is_left_is_killed),
        cmocka_unit_test(programs_that_cannot_be_executed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
