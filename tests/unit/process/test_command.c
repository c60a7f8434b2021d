// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/command.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

static struct loop *loop;
static struct reaper *reaper;
static struct environment *environment;
static struct text_list words;

static int open_all(void **state UNUSED) {
    environment = environment_create(NULL);
    return loop_create(&loop, NULL) && reaper_create(loop, &reaper, NULL) ? 0 : -1;
}

static int close_all(void **state UNUSED) {
    environment_destroy(environment);
    text_list_clear(&words);
    reaper_destroy(reaper);
    loop_destroy(loop);
    return 0;
}

static struct command_spec script_spec(const char *script) {
    text_list_clear(&words);
    text_list_add(&words, "sh");
    text_list_add(&words, "-c");
    text_list_add(&words, script);
    return (struct command_spec){.words = &words,
                                 .environment = environment,
                                 .stdin_fd = -1,
                                 .stdout_fd = -1,
                                 .stderr_fd = -1,
                                 .search_path = "/usr/bin:/bin"};
}

struct result {
    int count;
    int exit_code;
    bool has_timed_out;
    bool destroys;
};

static void note_end(struct command *command, int exit_code, bool has_timed_out, void *data) {
    struct result *result = data;
    result->count++;
    result->exit_code = exit_code;
    result->has_timed_out = has_timed_out;
    assert_false(command_is_running(command));
    assert_int_equal(command_pid(command), 0);
    if (result->destroys)
        command_destroy(command);
    loop_stop(loop);
}

static struct command *start(const struct command_spec *spec, struct result *result) {
    struct command *command = NULL;
    assert_true(command_start(loop, reaper, spec, note_end, result, &command, NULL));
    assert_int_equal(result->count, 0);
    assert_true(command_is_running(command));
    assert_true(command_pid(command) > 0);
    return command;
}

static void end_is_told_once(void **state UNUSED) {
    struct result result = {0};
    struct command_spec spec = script_spec("exit 4");
    spec.timeout_ns = 60 * NS_PER_S;
    struct command *command = start(&spec, &result);
    loop_run(loop);
    loop_run_pending(loop);
    assert_int_equal(result.count, 1);
    assert_int_equal(result.exit_code, 4);
    assert_false(result.has_timed_out);
    assert_int_equal(command_pid(command), 0);
    AUTO_ERROR struct error err = {0};
    assert_false(command_signal(command, SIGTERM, &err));
    assert_int_equal(err.errnum, ESRCH);
    assert_false(command_signal_group(command, SIGTERM, NULL));
    command_destroy(command);
    command_destroy(NULL);
}

static void command_gets_its_surroundings(void **state UNUSED) {
    int fds[2];
    char text[200] = "";
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    environment_set(environment, "COLOUR", "green");
    struct result result = {.destroys = true};
    struct command_spec spec = script_spec("/usr/bin/env | grep -v PWD= | grep -v ^_=; pwd; echo error >&2");
    spec.directory = "/";
    spec.stdout_fd = spec.stderr_fd = fds[1];
    start(&spec, &result);
    close(fds[1]);
    loop_run(loop);
    assert_int_equal(result.exit_code, 0);
    assert_true(read(fds[0], text, sizeof text - 1) > 0);
    assert_string_equal(text, "COLOUR=green\n/\nerror\n");
    close(fds[0]);
}

static void deadline_kills_the_group(void **state UNUSED) {
    int fds[2];
    char piece[10];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct result result = {.destroys = true};
    struct command_spec spec = script_spec("sleep 1000 & sleep 1000; exit 3");
    spec.stdout_fd = fds[1];
    spec.timeout_ns = 50 * NS_PER_MS;
    start(&spec, &result);
    close(fds[1]);
    loop_run(loop);
    assert_int_equal(result.count, 1);
    assert_int_equal(result.exit_code, 128 + SIGKILL);
    assert_true(result.has_timed_out);
    assert_int_equal(read(fds[0], piece, sizeof piece), 0); // nobody of the group holds the pipe any more
    close(fds[0]);
}

static void own_end_is_no_timeout(void **state UNUSED) {
    struct result result = {.destroys = true};
    struct command_spec spec = script_spec("kill -KILL $$");
    spec.timeout_ns = 60 * NS_PER_S;
    start(&spec, &result);
    loop_run(loop);
    assert_int_equal(result.exit_code, 128 + SIGKILL);
    assert_false(result.has_timed_out);
}

static void end_just_before_the_deadline_is_no_timeout(void **state UNUSED) {
    struct result result = {.destroys = true};
    struct command_spec spec = script_spec("exit 5");
    spec.timeout_ns = NS_PER_MS;
    struct command *command = start(&spec, &result);
    int64_t due_ns = clock_monotonic_ns() + 2 * NS_PER_MS;
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)command_pid(command), &info, WEXITED | WNOWAIT), 0);
    while (clock_monotonic_ns() <= due_ns)
        continue;
    loop_run(loop); // where timers come before signals
    assert_int_equal(result.exit_code, 5);
    assert_false(result.has_timed_out);
}

static void signals_arrive(void **state UNUSED) {
    int fds[2];
    char piece[10] = "";
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct result result = {.destroys = true};
    struct command_spec spec = script_spec("trap 'kill $!; exit 6' TERM; sleep 1000 & echo ready; wait");
    spec.stdout_fd = fds[1];
    struct command *command = start(&spec, &result);
    assert_int_equal(read(fds[0], piece, sizeof piece), 6);
    assert_true(command_signal(command, SIGTERM, NULL));
    loop_run(loop);
    assert_int_equal(result.exit_code, 6);

    result = (struct result){.destroys = true};
    command = start(&spec, &result);
    assert_int_equal(read(fds[0], piece, sizeof piece), 6);
    assert_true(command_signal_group(command, SIGKILL, NULL));
    loop_run(loop);
    assert_int_equal(result.exit_code, 128 + SIGKILL);
    close(fds[0]);
    close(fds[1]);
}

static void destroyed_command_goes_on(void **state UNUSED) {
    int in[2], out[2];
    char piece[10] = "";
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    struct result forgotten = {0}, other = {.destroys = true};
    struct command_spec spec = script_spec("read line; echo still");
    spec.stdin_fd = in[0];
    spec.stdout_fd = out[1];
    spec.timeout_ns = 60 * NS_PER_S;
    struct command *command = start(&spec, &forgotten);
    pid_t pid = command_pid(command);
    command_destroy(command);
    assert_int_equal(write(in[1], "go\n", 3), 3);
    assert_int_equal(read(out[0], piece, sizeof piece), 6);
    spec = script_spec("exit 0");
    start(&spec, &other);
    loop_run(loop);
    while (kill(pid, 0) == 0)
        loop_run_pending(loop);
    assert_int_equal(forgotten.count, 0);
    for (int i = 0; i < 2; i++) {
        close(in[i]);
        close(out[i]);
    }
}

static void command_gets_the_descriptors_that_were_given(void **state UNUSED) {
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit lowered = {.rlim_cur = 200, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    reaper_raise_descriptors(reaper);
    struct rlimit raised;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &raised), 0);
    assert_true(raised.rlim_cur == before.rlim_max);
    struct result result = {0};
    struct command_spec spec = script_spec("test $(ulimit -Sn) = 200");
    struct command *command = start(&spec, &result);
    while (result.count == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_int_equal(result.exit_code, 0);
    command_destroy(command);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void failing_start_is_an_error(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    struct result result = {0};
    struct command *command = NULL;
    struct command_spec spec = script_spec("");
    spec.search_path = "/no/such";
    assert_false(command_start(loop, reaper, &spec, note_end, &result, &command, &err));
    assert_string_equal(error_text(&err), "exec: \"sh\": executable file not found in $PATH");
    text_list_clear(&words);
    text_list_add(&words, "/no/such/program");
    assert_false(command_start(loop, reaper, &spec, note_end, &result, &command, &err));
    assert_string_equal(error_text(&err), "fork/exec /no/such/program: no such file or directory");
    loop_run_pending(loop);
    assert_null(command);
    assert_int_equal(result.count, 0);
}

int main(void) {
    alarm(60);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(end_is_told_once, open_all, close_all),
        cmocka_unit_test_setup_teardown(command_gets_its_surroundings, open_all, close_all),
        cmocka_unit_test_setup_teardown(deadline_kills_the_group, open_all, close_all),
        cmocka_unit_test_setup_teardown(own_end_is_no_timeout, open_all, close_all),
        cmocka_unit_test_setup_teardown(end_just_before_the_deadline_is_no_timeout, open_all, close_all),
        cmocka_unit_test_setup_teardown(signals_arrive, open_all, close_all),
        cmocka_unit_test_setup_teardown(destroyed_command_goes_on, open_all, close_all),
        cmocka_unit_test_setup_teardown(command_gets_the_descriptors_that_were_given, open_all, close_all),
        cmocka_unit_test_setup_teardown(failing_start_is_an_error, open_all, close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
