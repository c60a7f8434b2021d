// SPDX-License-Identifier: GPL-3.0-or-later
#include "job_fixture.h"

#include <sys/ioctl.h>

static struct job_spec terminal_spec(struct fixture *fixture, const char *script) {
    struct job_spec spec = script_spec(fixture, script);
    spec.terminal.is_wanted = true;
    spec.group = PROCESS_OWN_SESSION;
    return spec;
}

static struct job_spec interactive_spec(struct fixture *fixture, const char *script) {
    struct job_spec spec = terminal_spec(fixture, script);
    spec.terminal.takes_input = true;
    spec.terminal.is_controlling = true;
    return spec;
}

static void output_is_a_terminal_and_input_is_not(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = terminal_spec(&fixture, "test -t 0 || echo not 0; test -t 1 && test -t 2 && echo 1 and 2;"
                                                   "(: </dev/tty) 2>/dev/null || echo not controlling; stty size <&1");
    run_to_end(&fixture, &spec);
    assert_string_equal(buffer_text(&fixture.output), "not 0\r\n1 and 2\r\nnot controlling\r\n25 80\r\n");
    assert_int_equal(fixture.exit_code, 0);
    assert_int_equal(job_take_input(fixture.job), -1);
    finish(&fixture);
}

static void interactive_job_has_it_all(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = interactive_spec(&fixture, "test -t 0 && (: </dev/tty) && stty size;"
                                                      "[ -e /proc/$$/fd/3 ] || echo no more");
    spec.terminal.columns = 132;
    spec.terminal.rows = 43;
    run_to_end(&fixture, &spec);
    assert_string_equal(buffer_text(&fixture.output), "43 132\r\nno more\r\n");
    finish(&fixture);
}

static void size_counts_only_whole(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = interactive_spec(&fixture, "stty size");
    spec.terminal.columns = 132;
    run_to_end(&fixture, &spec);
    assert_string_equal(buffer_text(&fixture.output), "25 80\r\n");
    finish(&fixture);
}

static void input_may_be_a_pipe(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = terminal_spec(&fixture, "cat; test -t 1 && echo end");
    spec.input = JOB_INPUT_PIPE;
    start(&fixture, &spec);
    run_until(&fixture.launched);
    int fd = job_take_input(fixture.job);
    assert_int_equal(write(fd, "text\n", 5), 5);
    close(fd);
    run_until(&fixture.ended);
    assert_string_equal(buffer_text(&fixture.output), "text\r\nend\r\n"); // no echo
    finish(&fixture);
}

static void errors_may_stay_apart(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = interactive_spec(&fixture, "test -t 2 || echo apart >&2; echo out");
    spec.errors = (struct job_sink){.write = collect, .data = &fixture.errors};
    run_to_end(&fixture, &spec);
    assert_string_equal(buffer_text(&fixture.output), "out\r\n");
    assert_string_equal(buffer_text(&fixture.errors), "apart\n");
    finish(&fixture);
}

static void output_without_a_sink_is_dropped(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = interactive_spec(&fixture, "head -c 300000 /dev/zero; test -t 1");
    spec.output = (struct job_sink){0};
    run_to_end(&fixture, &spec);
    assert_int_equal(fixture.exit_code, 0);
    finish(&fixture);
}

static void input_is_echoed_and_ends_with_control_d(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = interactive_spec(&fixture, "echo ready; cat; echo end");
    start(&fixture, &spec);
    run_until_text(&fixture.output, "ready\r\n");
    int fd = job_take_input(fixture.job);
    assert_int_equal(write(fd, "hello\n", 6), 6);
    run_until_text(&fixture.output, "hello\r\nhello\r\n");
    assert_int_equal(write(fd, "\x04", 1), 1);
    run_until(&fixture.ended); // as the master reports EIO: we hold it, but no slave is left
    assert_string_equal(buffer_text(&fixture.output), "ready\r\nhello\r\nhello\r\nend\r\n");
    assert_int_equal(fixture.exit_code, 0);
    close(fd);
    finish(&fixture);
}

static void control_c_interrupts(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = interactive_spec(&fixture, "trap 'exit 5' INT; cat");
    start(&fixture, &spec);
    run_until(&fixture.launched);
    int fd = job_take_input(fixture.job);
    assert_int_equal(write(fd, "x\n", 2), 2);
    run_until_text(&fixture.output, "x\r\nx\r\n"); // echoed, then written by cat
    assert_int_equal(write(fd, "\x03", 1), 1);
    run_until(&fixture.ended);
    assert_int_equal(fixture.exit_code, 5);
    close(fd);
    finish(&fixture);
}

static void resize_is_signalled(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec =
        interactive_spec(&fixture, "trap 'stty size; exit 0' WINCH; stty size; while :; do sleep 0.01; done");
    start(&fixture, &spec);
    assert_false(job_resize(fixture.job, 0, 10, NULL));
    assert_true(job_resize(fixture.job, 90, 30, NULL)); // before it runs
    run_until_text(&fixture.output, "30 90\r\n");
    assert_false(job_resize(fixture.job, 100, 0, NULL));
    assert_true(job_resize(fixture.job, 100, 40, NULL));
    run_until(&fixture.ended);
    assert_string_equal(buffer_text(&fixture.output), "30 90\r\n40 100\r\n");
    AUTO_ERROR struct error err = {0};
    assert_false(job_resize(fixture.job, 100, 40, &err));
    assert_string_equal(error_text(&err), "terminal: input/output error");
    finish(&fixture);
}

static void no_terminal_no_size(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "exit 0");
    start(&fixture, &spec);
    AUTO_ERROR struct error err = {0};
    assert_false(job_resize(fixture.job, 80, 25, &err));
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    finish(&fixture);
}

static void background_child_need_not_delay_the_end(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec =
        terminal_spec(&fixture, "setsid sleep 1000 & echo $!; head -c 100000 /dev/zero | tr '\\0' x; echo; exit 3");
    spec.output_wait_ns = 0;
    run_to_end(&fixture, &spec);
    assert_int_equal(fixture.exit_code, 3);
    char *rest;
    pid_t pid = (pid_t)strtol(buffer_text(&fixture.output), &rest, 10);
    assert_int_equal(strlen(rest), 2 + 100000 + 2); // all that was written before is there
    assert_int_equal(kill(pid, SIGKILL), 0);
    finish(&fixture);
}

static void slave_belongs_to_the_jobs_user(void **state UNUSED) {
    if (getuid() != 0)
        skip();
    run_as.account = (struct account_choice){.has_uid = true, .has_gid = true, .uid = 12345, .gid = 23456};
    struct fixture fixture = {0};
    struct job_spec spec = interactive_spec(&fixture, "stat -L -c '%u %g' /proc/self/fd/0; : </dev/tty && echo mine");
    run_to_end(&fixture, &spec);
    assert_string_equal(buffer_text(&fixture.output), "12345 23456\r\nmine\r\n");
    run_as.account = (struct account_choice){0};
    finish(&fixture);
}

static void hundred_terminals_leave_nothing_behind(void **state UNUSED) {
    size_t before = count_descriptors();
    for (int i = 0; i < 100; i++) {
        struct fixture fixture = {0};
        struct job_spec spec = interactive_spec(&fixture, "exit 0");
        run_to_end(&fixture, &spec);
        finish(&fixture);
    }
    loop_run_pending(loop);
    assert_int_equal(count_descriptors(), before);
}

int main(void) {
    alarm(100);
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(output_is_a_terminal_and_input_is_not),
        TEST(interactive_job_has_it_all),
        TEST(size_counts_only_whole),
        TEST(input_may_be_a_pipe),
        TEST(errors_may_stay_apart),
        TEST(output_without_a_sink_is_dropped),
        TEST(input_is_echoed_and_ends_with_control_d),
        TEST(control_c_interrupts),
        TEST(resize_is_signalled),
        TEST(no_terminal_no_size),
        TEST(background_child_need_not_delay_the_end),
        TEST(slave_belongs_to_the_jobs_user),
        TEST(hundred_terminals_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
