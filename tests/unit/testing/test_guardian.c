// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "testing/guardian_internal.h"
#include "with_launch.h"

#define DEADLINE_NS (20 * NS_PER_S)

static void expect(const struct testing_guardian *guardian, enum testing_message_kind kind, int value) {
    struct testing_message message;
    assert_true(testing_guardian_receive(guardian, clock_deadline_ns(DEADLINE_NS), &message, NULL));
    assert_int_equal(message.kind, kind);
    assert_int_equal(message.value, value);
}

static void messages_pass(void **state UNUSED) {
    struct testing_guardian guardian;
    struct with_launch with;
    struct pebble_error error = {0};
    struct testing_message message;
    testing_guardian_init(&guardian);
    testing_guardian_stop(&guardian, 0); // none
    with_launch_begin(&with, "exec sleep 1000");
    assert_true(testing_guardian_start(&guardian, &with.launch, NULL));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    expect(&guardian, TESTING_MESSAGE_READY, 0);
    assert_true(testing_guardian_send(&guardian, TESTING_COMMAND_LAUNCH));
    expect(&guardian, TESTING_MESSAGE_LAUNCHED, 0);
    assert_false(testing_guardian_receive(&guardian, 0, &message, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_TIMEOUT);
    assert_true(testing_guardian_send(&guardian, TESTING_COMMAND_KILL));
    expect(&guardian, TESTING_MESSAGE_ENDED, SIGKILL);
    testing_guardian_stop(&guardian, clock_deadline_ns(DEADLINE_NS));
    assert_int_equal(access(with.directory, F_OK), -1);
    assert_int_equal(guardian.life_fd, -1);
    pebble_error_clear(&error);
    with_launch_end(&with);
}

static void the_directory_is_created(void **state UNUSED) {
    struct testing_guardian guardian;
    struct with_launch with;
    int errnum = 0;
    with_launch_begin(&with, "true");
    with.launch.program = NULL;
    assert_true(testing_guardian_start(&guardian, &with.launch, NULL));
    assert_true(testing_guardian_await_directory(&guardian, clock_deadline_ns(DEADLINE_NS), &errnum, NULL));
    assert_int_equal(errnum, EEXIST);
    testing_guardian_stop(&guardian, clock_deadline_ns(DEADLINE_NS));
    assert_int_equal(rmdir(with.directory), 0); // not removed: it belongs to another
    assert_true(testing_guardian_start(&guardian, &with.launch, NULL));
    assert_true(testing_guardian_await_directory(&guardian, clock_deadline_ns(DEADLINE_NS), &errnum, NULL));
    assert_int_equal(errnum, 0);
    testing_guardian_dismiss(&guardian, clock_deadline_ns(DEADLINE_NS));
    assert_int_equal(rmdir(with.directory), 0); // left to another guardian
    assert_true(testing_guardian_start(&guardian, &with.launch, NULL));
    assert_true(testing_guardian_await_directory(&guardian, clock_deadline_ns(DEADLINE_NS), &errnum, NULL));
    assert_int_equal(access(with.directory, F_OK), 0);
    testing_guardian_stop(&guardian, clock_deadline_ns(DEADLINE_NS));
    assert_int_equal(access(with.directory, F_OK), -1);
    with_launch_end(&with);
}

// A subreaper is the parent of the guardian, and has to reap it.
static void a_subreaper_gets_no_zombie(void **state UNUSED) {
    struct testing_guardian guardian;
    struct with_launch with;
    with_launch_begin(&with, "true");
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL), 0);
    assert_true(testing_guardian_start(&guardian, &with.launch, NULL));
    expect(&guardian, TESTING_MESSAGE_READY, 0);
    testing_guardian_stop(&guardian, clock_deadline_ns(DEADLINE_NS));
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0UL, 0UL, 0UL, 0UL), 0);
    with_launch_end(&with);
}

static void the_keeper_has_ended(void **state UNUSED) {
    struct testing_guardian guardian;
    struct with_launch with;
    struct pebble_error error = {0};
    struct testing_message message;
    with_launch_begin(&with, "kill -KILL $PPID; sleep 1000");
    assert_true(testing_guardian_start(&guardian, &with.launch, NULL));
    expect(&guardian, TESTING_MESSAGE_READY, 0);
    assert_true(testing_guardian_send(&guardian, TESTING_COMMAND_LAUNCH));
    while (testing_guardian_receive(&guardian, clock_deadline_ns(DEADLINE_NS), &message, &error))
        assert_int_equal(message.kind, TESTING_MESSAGE_LAUNCHED);
    assert_int_equal(error.kind, PEBBLE_ERROR_CONNECTION);
    assert_string_equal(error.message, "cannot control daemon: its parent process has ended");
    assert_false(testing_guardian_send(&guardian, TESTING_COMMAND_LAUNCH));
    testing_guardian_stop(&guardian, clock_deadline_ns(DEADLINE_NS));
    assert_int_equal(access(with.directory, F_OK), -1);
    pebble_error_clear(&error);
    with_launch_end(&with);
}

// The process that the handler may run in, and a pipe for those of others.
static struct {
    pid_t pid;
    int write_fd;
} allowed;

static void on_signal_sent(int number UNUSED) {
    if (getpid() != allowed.pid)
        (void)!write(allowed.write_fd, "x", 1);
}

// Sends signals to the process group without a pause.
static pid_t begin_signals(pid_t group) {
    pid_t pid = fork();
    if (pid == 0) {
        (void)setpgid(0, 0);
        (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
        for (;;)
            (void)kill(-group, SIGUSR1);
    }
    return pid;
}

static _Noreturn void start_guardians(int write_fd) {
    const struct sigaction action = {.sa_handler = on_signal_sent, .sa_flags = SA_RESTART};
    struct with_launch with;
    (void)setpgid(0, 0);
    with_launch_begin(&with, "true");
    allowed.pid = getpid();
    allowed.write_fd = write_fd;
    (void)sigaction(SIGUSR1, &action, NULL);
    pid_t sender = begin_signals(getpid());
    for (int i = 0; i < 100; i++) {
        struct testing_guardian guardian;
        assert_true(testing_guardian_start(&guardian, &with.launch, NULL));
        testing_guardian_dismiss(&guardian, clock_deadline_ns(DEADLINE_NS));
    }
    (void)kill(sender, SIGKILL);
    (void)waitpid(sender, NULL, 0);
    (void)rmdir(with.directory);
    with_launch_end(&with);
    _exit(0);
}

static void handlers_do_not_run_in_new_processes(void **state UNUSED) {
    int ends[2], status;
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0)
        start_guardians(ends[1]);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void no_descriptors(void **state UNUSED) {
    struct testing_guardian guardian;
    struct with_launch with;
    struct pebble_error error = {0};
    struct rlimit limit, none = {0};
    testing_guardian_init(&guardian);
    with_launch_begin(&with, "true");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_false(testing_guardian_start(&guardian, &with.launch, &error));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(error.kind, PEBBLE_ERROR_FILE);
    assert_string_equal(error.message, "cannot start guardian process: too many open files");
    assert_int_equal(guardian.life_fd, -1);
    pebble_error_clear(&error);
    with_launch_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_pass),
        cmocka_unit_test(the_directory_is_created),
        cmocka_unit_test(a_subreaper_gets_no_zombie),
        cmocka_unit_test(the_keeper_has_ended),
        cmocka_unit_test(handlers_do_not_run_in_new_processes),
        cmocka_unit_test(no_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
