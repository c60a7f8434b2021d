// SPDX-License-Identifier: GPL-3.0-or-later
// Terminals are in test_job_terminal.c, job_destroy() and job_abandon() in test_job_abandon.c.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "before_exec.h"
#include "hung_directory.h"
#include "job_fixture.h"

// --- from the launch to the end ---

static void job_runs_to_its_end(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "echo out; echo err >&2; read line || echo no input; exit 4");
    spec.deadline_ns = 60 * NS_PER_S;
    start(&fixture, &spec);
    run_until(&fixture.launched);
    run_until(&fixture.ended);
    assert_string_equal(buffer_text(&fixture.output), "out\nerr\nno input\n");
    assert_int_equal(fixture.exit_code, 4);
    assert_false(fixture.has_timed_out);
    assert_int_equal(job_pid(fixture.job), 0);
    AUTO_ERROR struct error err = {0};
    assert_false(job_signal(fixture.job, SIGTERM, &err));
    assert_int_equal(err.errnum, ESRCH);
    assert_false(job_signal_group(fixture.job, SIGTERM, NULL));
    assert_int_equal(job_take_input(fixture.job), -1);
    job_pause_output(fixture.job, JOB_OUTPUT);
    job_resume_output(fixture.job, JOB_OUTPUT);
    loop_run_pending(loop);
    finish(&fixture);
    job_destroy(NULL);
    job_abandon(NULL);
    assert_true(job_context_destroy(NULL));
}

static void job_gets_its_surroundings(void **state UNUSED) {
    environment_set(run_as.environment, "COLOUR", "green");
    run_as.directory = memory_string("/usr/bin");
    check_script(NULL, "/usr/bin/env | grep -v PWD= | grep -v ^_=; pwd -P", "COLOUR=green\n/usr/bin\n");
}

static struct job_spec with_own_session(struct job_spec spec) {
    spec.group = PROCESS_OWN_SESSION;
    return spec;
}

static void job_has_a_group_or_session_of_its_own(void **state UNUSED) {
    const char *script = "read -r pid name state parent group session rest </proc/self/stat;"
                         "[ $group = $$ ] && echo own group; [ $session = $$ ] && echo own session; true";
    check_script(NULL, script, "own group\n");
    check_script(with_own_session, script, "own group\nown session\n");
}

static void job_runs_as_its_user(void **state UNUSED) {
    if (getuid() != 0)
        skip();
    run_as.account = (struct account_choice){.has_uid = true, .has_gid = true, .uid = 12345, .gid = 23456};
    check_script(NULL, "id -u; id -g; id -G", "12345\n23456\n23456\n");
    run_as.account = (struct account_choice){0};
}

static void errors_may_have_a_sink_of_their_own(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "echo out; echo err >&2; echo more");
    spec.errors = (struct job_sink){.write = collect, .data = &fixture.errors};
    run_to_end(&fixture, &spec);
    assert_string_equal(buffer_text(&fixture.output), "out\nmore\n");
    assert_string_equal(buffer_text(&fixture.errors), "err\n");
    finish(&fixture);
}

static void output_without_a_sink_goes_nowhere(void **state UNUSED) {
    const char *script = "test $(readlink /proc/$$/fd/1) = /dev/null && readlink /proc/$$/fd/2 | cut -c 1-5 >&2";
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, script);
    spec.output = (struct job_sink){0};
    run_to_end(&fixture, &spec);
    assert_int_equal(fixture.exit_code, 0);
    assert_int_equal(fixture.output.length, 0);
    job_destroy(fixture.job);
    fixture = (struct fixture){0};
    spec = script_spec(&fixture, script);
    spec.output = (struct job_sink){0};
    spec.errors = (struct job_sink){.write = collect, .data = &fixture.errors};
    run_to_end(&fixture, &spec);
    assert_string_equal(buffer_text(&fixture.errors), "pipe:\n");
    finish(&fixture);
}

static void input_comes_through_a_pipe(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "while read line; do echo got $line; done; echo end");
    spec.input = JOB_INPUT_PIPE;
    start(&fixture, &spec);
    run_until(&fixture.launched);
    int fd = job_take_input(fixture.job);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(job_take_input(fixture.job), -1);
    assert_int_equal(write(fd, "one\n", 4), 4);
    run_until_text(&fixture.output, "got one\n");
    close(fd);
    run_until(&fixture.ended);
    assert_string_equal(buffer_text(&fixture.output), "got one\nend\n");
    finish(&fixture);
}

static void job_gets_the_descriptors_that_were_given(void **state UNUSED) {
    struct rlimit before, raised;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit lowered = {.rlim_cur = 200, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    reaper_raise_descriptors(reaper);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &raised), 0);
    assert_true(raised.rlim_cur == before.rlim_max);
    check_script(NULL, "ulimit -Sn; [ -e /proc/$$/fd/3 ] || echo no more than three", "200\nno more than three\n");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void thousand_jobs_leave_nothing_behind(void **state UNUSED) {
    struct fixture warm_up = {0};
    struct job_spec spec = script_spec(&warm_up, "");
    run_to_end(&warm_up, &spec);
    finish(&warm_up);
    loop_run_pending(loop);
    size_t before = count_descriptors();
    enum { AT_ONCE = 4 };
    for (int i = 0; i < 1000; i += AT_ONCE) {
        struct fixture fixtures[AT_ONCE] = {0};
        for (size_t k = 0; k < AT_ONCE; k++) {
            spec = script_spec(&fixtures[k], "");
            text_list_clear(&words);
            text_list_add(&words, "true");
            spec.input = JOB_INPUT_PIPE;
            spec.errors = (struct job_sink){.write = collect, .data = &fixtures[k].errors};
            start(&fixtures[k], &spec);
        }
        for (size_t k = 0; k < AT_ONCE; k++) {
            run_until(&fixtures[k].ended);
            assert_int_equal(fixtures[k].exit_code, 0);
            finish(&fixtures[k]);
        }
    }
    loop_run_pending(loop);
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

// --- deadlines and signals ---

static void deadline_kills_the_group(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "sleep 1000 & sleep 1000; exit 3");
    spec.deadline_ns = 50 * NS_PER_MS;
    start(&fixture, &spec);
    while (fixture.ended + fixture.failed == 0)
        loop_run(loop);
    if (fixture.ended > 0) { // with its output, though others of the group had it
        assert_int_equal(fixture.exit_code, 128 + SIGKILL);
        assert_true(fixture.has_timed_out);
    } else { // a busy machine
        assert_int_equal(fixture.err.kind, ERROR_TIMEOUT);
    }
    finish(&fixture);
}

static void own_end_is_no_timeout(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "kill -KILL $$");
    spec.deadline_ns = 60 * NS_PER_S;
    run_to_end(&fixture, &spec);
    assert_int_equal(fixture.exit_code, 128 + SIGKILL);
    assert_false(fixture.has_timed_out);
    finish(&fixture);
}

static void end_just_before_the_deadline_is_no_timeout(void **state UNUSED) {
    // Long enough for the launch, on whatever machine.
    for (int64_t deadline_ns = 100 * NS_PER_MS;; deadline_ns *= 2) {
        struct fixture fixture = {0};
        struct job_spec spec = script_spec(&fixture, "exit 5");
        spec.deadline_ns = deadline_ns;
        int64_t due_ns = clock_monotonic_ns() + deadline_ns + 2 * NS_PER_MS;
        start(&fixture, &spec);
        while (fixture.launched + fixture.failed == 0)
            loop_run(loop);
        siginfo_t info;
        // Once more if the loop has reaped it together with the launch.
        bool is_tried = fixture.launched > 0 && waitid(P_PID, (id_t)fixture.pid, &info, WEXITED | WNOWAIT) == 0;
        if (is_tried) {
            while (clock_monotonic_ns() <= due_ns)
                continue;
            run_until(&fixture.ended); // where timers come before signals
            assert_int_equal(fixture.exit_code, 5);
            assert_false(fixture.has_timed_out);
        }
        finish(&fixture);
        if (is_tried)
            return;
    }
}

static void signals_arrive(void **state UNUSED) {
    for (int i = 0; i < 2; i++) {
        struct fixture fixture = {0};
        struct job_spec spec =
            script_spec(&fixture, "trap 'kill -KILL $!; exit 6' TERM; sleep 1000 & echo ready; wait");
        start(&fixture, &spec);
        assert_false(job_signal(fixture.job, SIGTERM, NULL)); // not yet
        assert_false(job_signal_group(fixture.job, SIGTERM, NULL));
        run_until_text(&fixture.output, "ready\n");
        assert_true(i == 0 ? job_signal(fixture.job, SIGTERM, NULL) : job_signal_group(fixture.job, SIGKILL, NULL));
        run_until(&fixture.ended);
        assert_int_equal(fixture.exit_code, i == 0 ? 6 : 128 + SIGKILL);
        finish(&fixture);
    }
}

// --- output after the process' end ---

static pid_t printed_pid(const struct fixture *fixture) {
    return (pid_t)strtol(buffer_text(&fixture->output), NULL, 10);
}

static void wait_for_output_is_bounded(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "setsid sleep 1000 & echo $!; exit 4");
    spec.output_wait_ns = 50 * NS_PER_MS;
    start(&fixture, &spec);
    run_until(&fixture.exited);
    assert_int_equal(fixture.ended, 0);
    run_until(&fixture.ended);
    assert_int_equal(fixture.exit_code, 4);
    pid_t holder = printed_pid(&fixture);
    assert_int_equal(kill(holder, SIGKILL), 0);
    while (!is_gone(holder))
        loop_run_pending(loop);
    finish(&fixture);
}

static void group_can_be_signalled_while_it_holds_the_output(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "sleep 1000 & echo $$; exit 4");
    start(&fixture, &spec);
    run_until(&fixture.exited);
    loop_run_pending(loop);
    assert_int_equal(fixture.ended, 0);
    assert_int_equal(kill(printed_pid(&fixture), 0), 0); // nobody else has that number
    AUTO_ERROR struct error err = {0};
    assert_false(job_signal(fixture.job, SIGTERM, &err));
    assert_int_equal(err.errnum, ESRCH);
    assert_true(job_signal_group(fixture.job, SIGTERM, NULL));
    run_until(&fixture.ended);
    assert_int_equal(fixture.exit_code, 4);
    assert_true(is_gone(printed_pid(&fixture)));
    assert_false(job_signal_group(fixture.job, SIGTERM, NULL));
    finish(&fixture);
}

static void holder_may_write_until_the_end(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "exec 3<&0; (read line <&3; echo late) & exit 0");
    spec.input = JOB_INPUT_PIPE;
    start(&fixture, &spec);
    run_until(&fixture.exited);
    int fd = job_take_input(fixture.job);
    assert_int_equal(write(fd, "go\n", 3), 3);
    run_until(&fixture.ended);
    assert_string_equal(buffer_text(&fixture.output), "late\n");
    close(fd);
    finish(&fixture);
}

// --- back pressure ---

static struct fixture *paused;

static void collect_and_pause(void *data, const char *bytes, size_t length) {
    collect(data, bytes, length);
    job_pause_output(paused->job, JOB_OUTPUT);
}

static void flood_is_paused_and_resumed(void **state UNUSED) {
    struct fixture fixture = {0};
    paused = &fixture;
    struct job_spec spec = script_spec(&fixture, "head -c 3000000 /dev/zero; echo end");
    spec.output.write = collect_and_pause;
    spec.output_wait_ns = 0;
    start(&fixture, &spec);
    run_until(&fixture.launched);
    while (fixture.ended == 0) {
        size_t before = fixture.output.length;
        loop_run_pending(loop);
        loop_run_pending(loop);
        assert_true(fixture.output.length - before <= 65536);
        job_resume_output(fixture.job, JOB_OUTPUT);
    }
    assert_int_equal(fixture.output.length, 3000004);
    finish(&fixture);
}

static void pause_holds_the_end(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "echo text");
    spec.output_wait_ns = 0;
    start(&fixture, &spec);
    job_pause_output(fixture.job, JOB_OUTPUT); // before there is any
    run_until(&fixture.exited);
    for (int i = 0; i < 5; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_int_equal(fixture.ended, 0);
    assert_int_equal(fixture.output.length, 0);
    job_resume_output(fixture.job, JOB_OUTPUT);
    assert_int_equal(fixture.output.length, 0);
    run_until(&fixture.ended);
    assert_string_equal(buffer_text(&fixture.output), "text\n");
    finish(&fixture);
}

static void each_output_is_paused_by_itself(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "echo text; echo fault >&2");
    spec.errors = (struct job_sink){.write = collect, .data = &fixture.errors};
    spec.output_wait_ns = 0;
    start(&fixture, &spec);
    job_pause_output(fixture.job, JOB_OUTPUT);
    run_until(&fixture.exited);
    run_until_text(&fixture.errors, "fault\n");
    loop_run_pending(loop);
    assert_int_equal(fixture.output.length + (size_t)fixture.ended, 0);
    job_resume_output(fixture.job, JOB_OUTPUT);
    run_until(&fixture.ended);
    assert_string_equal(buffer_text(&fixture.output), "text\n");
    finish(&fixture);
}

// --- closing ---

static void closed_output_ends_its_writer(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "echo text; read line; exec yes");
    spec.input = JOB_INPUT_PIPE;
    start(&fixture, &spec);
    run_until_text(&fixture.output, "text\n");
    job_close_output(fixture.job, JOB_OUTPUT);
    job_close_output(fixture.job, JOB_OUTPUT);
    job_pause_output(fixture.job, JOB_OUTPUT);
    job_resume_output(fixture.job, JOB_OUTPUT);
    assert_int_equal(close(job_take_input(fixture.job)), 0);
    run_until(&fixture.ended);
    assert_int_equal(fixture.exit_code, 128 + SIGPIPE);
    assert_string_equal(buffer_text(&fixture.output), "text\n");
    finish(&fixture);
}

static void closed_output_is_not_waited_for(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "echo text; echo fault >&2; exit 3");
    spec.errors = (struct job_sink){.write = collect, .data = &fixture.errors};
    start(&fixture, &spec);
    job_pause_output(fixture.job, JOB_OUTPUT);
    job_pause_output(fixture.job, JOB_ERRORS);
    run_until(&fixture.exited);
    loop_run_pending(loop);
    assert_int_equal(fixture.ended, 0);
    job_close_output(fixture.job, JOB_OUTPUT);
    loop_run_pending(loop);
    assert_int_equal(fixture.ended, 0);
    job_close_output(fixture.job, JOB_ERRORS);
    assert_int_equal(fixture.ended, 0);
    run_until(&fixture.ended);
    assert_int_equal(fixture.exit_code, 3);
    assert_int_equal(fixture.output.length + fixture.errors.length, 0);
    finish(&fixture);
}

// --- failures ---

static void check_launch_failure(const char *program, int errnum, const char *message) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "");
    spec.input = JOB_INPUT_PIPE;
    text_list_clear(&words);
    text_list_add(&words, program);
    size_t before = count_descriptors();
    start(&fixture, &spec);
    run_until(&fixture.failed);
    assert_string_equal(error_text(&fixture.err), message);
    assert_int_equal(fixture.err.errnum, errnum);
    AUTO_ERROR struct error err = {0};
    assert_false(job_signal(fixture.job, SIGTERM, &err));
    assert_int_equal(err.errnum, ESRCH);
    assert_int_equal(job_take_input(fixture.job), -1);
    loop_run_pending(loop);
    assert_true(count_descriptors() <= before + 1); // the launcher's thread may have one open for a moment
    finish(&fixture);
}

static void failing_launches_are_reported(void **state UNUSED) {
    check_launch_failure("/no/such/program", ENOENT, "fork/exec /no/such/program: no such file or directory");
    check_launch_failure("/usr", EACCES, "fork/exec /usr: permission denied");
    run_as.directory = memory_string("/no/such");
    check_launch_failure("/bin/sh", ENOENT, "fork/exec /bin/sh: chdir /no/such: no such file or directory");
}

static void missing_program_is_reported(void **state UNUSED) {
    const char *const search_paths[] = {"/no/such", "", NULL};
    for (size_t i = 0; i < ARRAY_COUNT(search_paths); i++) {
        struct fixture fixture = {0};
        struct job_spec spec = script_spec(&fixture, "");
        spec.search_path = search_paths[i];
        start(&fixture, &spec);
        run_until(&fixture.failed);
        assert_string_equal(error_text(&fixture.err), "exec: \"sh\": executable file not found in $PATH");
        assert_int_equal(fixture.err.kind, ERROR_NOT_FOUND);
        finish(&fixture);
    }
}

static void without_descriptors_the_launch_fails(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "");
    spec.errors = (struct job_sink){.write = collect, .data = &fixture.errors};
    start(&fixture, &spec);
    int free_fd = dup(0);
    close(free_fd);
    struct rlimit before, lowered;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    lowered = (struct rlimit){.rlim_cur = (rlim_t)free_fd + 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0); // enough for one pipe
    run_until(&fixture.failed);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_string_equal(error_text(&fixture.err), "pipe: too many open files");
    assert_int_equal(fixture.err.errnum, EMFILE);
    finish(&fixture);
    loop_run_pending(loop);
    assert_int_equal(dup(0), free_fd);
    close(free_fd);
}

static void descriptors_come_from_a_budget(void **state UNUSED) {
    teardown(NULL);
    struct descriptor_budget *budget = descriptor_budget_create(10);
    open_context(&(struct job_context_spec){.descriptors = budget});
    size_t all = descriptor_budget_left(budget, DESCRIPTORS_PROCESSES);
    assert_in_range(all, 3, 5); // enough for the first of the two
    struct fixture first = {0}, second = {0};
    struct job_spec spec = script_spec(&first, "exit 0");
    spec.input = JOB_INPUT_PIPE;
    spec.errors = (struct job_sink){.write = collect, .data = &first.errors};
    start(&first, &spec);
    assert_int_equal(descriptor_budget_left(budget, DESCRIPTORS_PROCESSES), all - 3);
    AUTO_ERROR struct error err = {0};
    assert_false(job_start(context, &spec, &handlers, &second, &second.job, &err));
    assert_int_equal(err.errnum, EMFILE);
    assert_string_equal(error_text(&err), "pipe: too many open files");
    assert_int_equal(descriptor_budget_left(budget, DESCRIPTORS_PROCESSES), all - 3);
    run_until(&first.ended);
    finish(&first);
    assert_int_equal(descriptor_budget_left(budget, DESCRIPTORS_PROCESSES), all);
    spec = script_spec(&second, "exit 0");
    spec.terminal = (struct job_terminal){.is_wanted = true, .takes_input = true};
    start(&second, &spec);
    assert_int_equal(descriptor_budget_left(budget, DESCRIPTORS_PROCESSES), all - 2);
    finish(&second);
    assert_int_equal(descriptor_budget_left(budget, DESCRIPTORS_PROCESSES), all);
    teardown(NULL);
    descriptor_budget_destroy(budget);
    setup(NULL);
}

// --- launches that take long ---

#ifdef PEBBLE_TEST_SEAMS

static void stopped_child_does_not_stop_the_loop(void **state UNUSED) {
    teardown(NULL);
    open_context(&(struct job_context_spec){.launch_deadline_ns = 200 * NS_PER_MS});
    struct fixture fixture = {0};
    stop_children_of(getuid());
    struct job_spec spec = script_spec(&fixture, "echo never");
    start(&fixture, &spec);
    int turns = 0;
    for (; fixture.failed == 0; turns++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_true(turns > 100);
    assert_string_equal(error_text(&fixture.err), "fork/exec /usr/bin/sh: timed out");
    assert_int_equal(fixture.err.errnum, ETIMEDOUT);
    stop_no_children();
    finish(&fixture);
}

static void hung_search_path_does_not_stop_the_loop(void **state UNUSED) {
    static struct hung_directory directory;
    if (getuid() != 0 || !hung_directory_begin(&directory))
        skip();
    teardown(NULL);
    open_context(&(struct job_context_spec){.launch_deadline_ns = NS_PER_S});
    loop_use_test_clock(loop); // the deadline does not expire before the child hangs
    struct fixture hung = {0}, other = {0};
    struct job_spec spec = script_spec(&hung, "echo never");
    AUTO_FREE char *search_path = memory_printf("%s:/usr/bin:/bin", directory.path);
    spec.search_path = search_path;
    start(&hung, &spec);
    loop_run_pending(loop);
    uint64_t id;
    assert_int_equal(hung_directory_read(&directory, &id), FUSE_LOOKUP); // from now on it cannot be killed
    spec = script_spec(&other, "echo goes on");
    run_to_end(&other, &spec);
    assert_string_equal(buffer_text(&other.output), "goes on\n");
    assert_int_equal(hung.failed, 0);
    while (hung.failed == 0)
        loop_advance(loop, NS_PER_S);
    assert_string_equal(error_text(&hung.err), "fork/exec sh: timed out");
    assert_int_equal(hung.err.errnum, ETIMEDOUT);
    hung_directory_end(&directory);
    finish(&hung);
    finish(&other);
}

static void deadline_ends_a_launch(void **state UNUSED) {
    struct fixture fixture = {0};
    stop_children_of(getuid());
    struct job_spec spec = script_spec(&fixture, "echo never");
    spec.deadline_ns = 50 * NS_PER_MS;
    start(&fixture, &spec);
    run_until(&fixture.failed);
    assert_int_equal(fixture.err.kind, ERROR_TIMEOUT);
    stop_no_children();
    finish(&fixture);
}

#endif

int main(void) {
    alarm(100);
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(job_runs_to_its_end),
        TEST(job_gets_its_surroundings),
        TEST(job_has_a_group_or_session_of_its_own),
        TEST(job_runs_as_its_user),
        TEST(errors_may_have_a_sink_of_their_own),
        TEST(output_without_a_sink_goes_nowhere),
        TEST(input_comes_through_a_pipe),
        TEST(job_gets_the_descriptors_that_were_given),
        TEST(thousand_jobs_leave_nothing_behind),
        TEST(deadline_kills_the_group),
        TEST(own_end_is_no_timeout),
        TEST(end_just_before_the_deadline_is_no_timeout),
        TEST(signals_arrive),
        TEST(wait_for_output_is_bounded),
        TEST(group_can_be_signalled_while_it_holds_the_output),
        TEST(holder_may_write_until_the_end),
        TEST(flood_is_paused_and_resumed),
        TEST(pause_holds_the_end),
        TEST(each_output_is_paused_by_itself),
        TEST(closed_output_ends_its_writer),
        TEST(closed_output_is_not_waited_for),
        TEST(failing_launches_are_reported),
        TEST(missing_program_is_reported),
        TEST(without_descriptors_the_launch_fails),
        TEST(descriptors_come_from_a_budget),
#ifdef PEBBLE_TEST_SEAMS
        TEST(stopped_child_does_not_stop_the_loop),
        TEST(hung_search_path_does_not_stop_the_loop),
        TEST(deadline_ends_a_launch),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
