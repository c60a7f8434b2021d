// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "before_exec.h"
#include "hung_directory.h"
#include "process/launcher_internal.h"

#define LONG_NS (60 * NS_PER_S)
#define SHORT_NS (50 * NS_PER_MS)
#define OTHER_UID 12345

static struct loop *loop;
static struct reaper *reaper;
static struct launcher *launcher;
static char *no_settings[] = {NULL};

static void open_with_deadline(int64_t deadline_ns) {
    assert_true(loop_create(&loop, NULL));
    assert_true(reaper_create(loop, &reaper, NULL));
    launcher = launcher_create(loop, reaper, deadline_ns);
}

static void close_all(void) {
    assert_true(launcher_destroy(launcher));
    reaper_destroy(reaper);
    loop_destroy(loop);
}

// One launch and its process.
struct fixture {
    struct launch *launch;
    struct child child;
    int fd; // that prepare() hands over as standard output; 0: /dev/null
    bool refuses;
    int prepared, done, exited;
    pid_t pid;
    int exit_code;
    int place; // of the end of its launch among all
    struct error err;
};

static int done_count;

static bool prepare(struct process_spec *spec, void *data, struct error *err) {
    struct fixture *fixture = data;
    fixture->prepared++;
    if (fixture->fd > 0)
        spec->stdout_fd = fixture->fd;
    return !fixture->refuses || error_set(err, ERROR_INTERNAL, "not today");
}

static void on_exit_noted(struct child *child, int exit_code) {
    struct fixture *fixture = CONTAINER_OF(child, struct fixture, child);
    fixture->exited++;
    fixture->exit_code = exit_code;
    loop_stop(loop);
}

static void on_launch_done(pid_t pid, const struct error *err, void *data) {
    struct fixture *fixture = data;
    assert_int_equal(fixture->done++, 0);
    fixture->launch = NULL;
    fixture->pid = pid;
    fixture->place = ++done_count;
    assert_true((pid > 0) == (err == NULL));
    if (err != NULL) {
        error_set(&fixture->err, err->kind, "%s", err->message);
        fixture->err.errnum = err->errnum;
    } else {
        reaper_watch(reaper, &fixture->child, pid, on_exit_noted);
    }
    loop_stop(loop);
}

static const struct launch_handlers handlers = {.prepare = prepare, .on_done = on_launch_done};

static void launch_spec(struct fixture *fixture, struct process_spec spec) {
    char name[] = "program", option[] = "-c", script[] = "exit 7";
    char *words[] = {name, option, script, NULL};
    if (spec.path == NULL)
        spec.path = "/bin/sh";
    if (spec.argv == NULL)
        spec.argv = words;
    spec.envp = no_settings;
    assert_true(launch_start(launcher, &spec, &handlers, fixture, &fixture->launch, NULL));
    assert_int_equal(fixture->done, 0);
    memset(script, 'x', sizeof script - 1); // copied
}

static void launch(struct fixture *fixture) {
    launch_spec(fixture, (struct process_spec){0});
}

static void launch_as(struct fixture *fixture, uid_t uid) {
    launch_spec(fixture, (struct process_spec){.account = {.has_uid = true, .has_gid = true, .uid = uid, .gid = 1}});
}

static void run_until(const int *count, int wanted) {
    while (*count < wanted)
        loop_run(loop);
}

// Until the reaper has reaped the last child: a killed one may take a moment.
static void wait_until_childless(void) {
    siginfo_t info;
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_int_equal(errno, ECHILD);
}

// For a short deadline, which an ordinary launch may miss on a busy machine.
static void launch_until_it_runs(uid_t uid) {
    for (pid_t pid = 0; pid == 0;) {
        struct fixture fixture = {0};
        launch_as(&fixture, uid);
        run_until(&fixture.done, 1);
        pid = fixture.pid;
        error_clear(&fixture.err);
        if (pid > 0)
            run_until(&fixture.exited, 1);
    }
}

static size_t count_descriptors(void) {
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

// --- launches that succeed and that fail ---

static void program_is_launched(void **state UNUSED) {
    struct fixture fixture = {0};
    open_with_deadline(LONG_NS);
    launch(&fixture);
    assert_int_equal(fixture.prepared, 0);
    run_until(&fixture.done, 1);
    assert_int_equal(fixture.exited, 0);
    run_until(&fixture.exited, 1);
    assert_int_equal(fixture.exit_code, 7);
    wait_until_childless();
    close_all();
    assert_true(launcher_destroy(NULL));
}

static void check_failure(struct process_spec spec, int errnum, const char *message) {
    struct fixture fixture = {0};
    launch_spec(&fixture, spec);
    run_until(&fixture.done, 1);
    assert_int_equal(fixture.pid, 0);
    assert_string_equal(error_text(&fixture.err), message);
    assert_int_equal(fixture.err.errnum, errnum);
    wait_until_childless();
    error_clear(&fixture.err);
}

static void failures_are_reported(void **state UNUSED) {
    open_with_deadline(LONG_NS);
    check_failure((struct process_spec){.path = "/no/such"}, ENOENT, "fork/exec /no/such: no such file or directory");
    check_failure((struct process_spec){.path = "/usr"}, EACCES, "fork/exec /usr: permission denied");
    check_failure((struct process_spec){.directory = "/no/such"}, ENOENT,
                  "fork/exec /bin/sh: chdir /no/such: no such file or directory");
    close_all();
}

static void failing_preparation_is_reported(void **state UNUSED) {
    struct fixture fixture = {.refuses = true, .fd = open("/dev/null", O_WRONLY | O_CLOEXEC)};
    open_with_deadline(LONG_NS);
    launch(&fixture);
    run_until(&fixture.done, 1);
    assert_string_equal(error_text(&fixture.err), "not today");
    assert_int_equal(fcntl(fixture.fd, F_GETFD), -1); // closed all the same
    error_clear(&fixture.err);
    close_all();
}

static void missing_thread_is_a_failing_fork(void **state UNUSED) {
    pid_t tester = fork();
    if (tester == 0) {
        struct rlimit none = {0};
        setrlimit(RLIMIT_NPROC, &none);
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(10);
        open_with_deadline(LONG_NS);
        check_failure((struct process_spec){0}, EAGAIN, "fork/exec /bin/sh: resource temporarily unavailable");
        close_all();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(tester, &status, 0), tester);
    assert_int_equal(status, 0);
}

static void descriptors_stay_open_until_the_launch_is_over(void **state UNUSED) {
    int ends[2];
    char piece[10];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    char name[] = "sh", option[] = "-c", script[] = "echo hello";
    char *words[] = {name, option, script, NULL};
    struct fixture fixture = {.fd = ends[1]};
    open_with_deadline(LONG_NS);
    launch_spec(&fixture, (struct process_spec){.argv = words});
    run_until(&fixture.done, 1);
    run_until(&fixture.exited, 1);
    assert_int_equal(read(ends[0], piece, sizeof piece), 6);
    assert_int_equal(read(ends[0], piece, sizeof piece), 0); // the launch has closed its own
    close(ends[0]);
    close_all();
}

static void early_exits_are_not_lost(void **state UNUSED) {
    open_with_deadline(LONG_NS);
    char name[] = "true";
    char *words[] = {name, NULL};
    size_t before = count_descriptors();
    for (int i = 0; i < 1000;) {
        struct fixture fixtures[4] = {0};
        for (size_t k = 0; k < ARRAY_COUNT(fixtures); k++, i++) {
            fixtures[k].fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
            launch_spec(&fixtures[k], (struct process_spec){.path = "/bin/true", .argv = words});
        }
        for (size_t k = 0; k < ARRAY_COUNT(fixtures); k++) {
            run_until(&fixtures[k].exited, 1);
            assert_int_equal(fixtures[k].exit_code, 0);
            assert_int_equal(fixtures[k].done, 1);
        }
    }
    wait_until_childless();
    assert_int_equal(count_descriptors(), before);
    close_all();
}

// --- cancelled launches ---

static void waiting_launch_is_cancelled(void **state UNUSED) {
    struct fixture fixture = {0};
    open_with_deadline(LONG_NS);
    launch(&fixture);
    launch_cancel(fixture.launch);
    loop_run_pending(loop);
    assert_int_equal(fixture.prepared, 0);
    assert_int_equal(fixture.done, 0);
    close_all();
}

static void launch_with_its_thread_is_cancelled(void **state UNUSED) {
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    char name[] = "sleep", time[] = "1000";
    char *words[] = {name, time, NULL};
    struct fixture fixture = {.fd = ends[1]};
    open_with_deadline(LONG_NS);
    launch_spec(&fixture, (struct process_spec){.path = "/bin/sleep", .argv = words});
    while (fixture.prepared == 0)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    launch_cancel(fixture.launch); // there may be no child yet, or one that runs its program
    while (read(ends[0], &byte, 1) != 0)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    wait_until_childless();
    assert_int_equal(fixture.done, 0);
    close(ends[0]);
    close_all();
}

#ifdef PEBBLE_TEST_SEAMS

static void wait_until_stopped(int count) {
    while (count_stopped() < count)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

static void stopped_launch_is_cancelled(void **state UNUSED) {
    struct fixture fixture = {0};
    stop_children_of(getuid());
    open_with_deadline(LONG_NS);
    launch(&fixture);
    wait_until_stopped(1);
    launch_cancel(fixture.launch);
    wait_until_childless();
    assert_int_equal(fixture.done, 0);
    stop_no_children();
    close_all();
}

static void destroying_does_not_wait_for_a_stopped_child(void **state UNUSED) {
    struct fixture fixture = {0};
    stop_children_of(getuid());
    open_with_deadline(LONG_NS);
    launch(&fixture);
    wait_until_stopped(1);
    launch_cancel(fixture.launch);
    stop_no_children();
    close_all();
    assert_int_equal(waitpid(-1, NULL, 0) > 0, 1);
}

// --- deadlines and shares ---

static void stopped_child_fails_after_the_deadline(void **state UNUSED) {
    struct fixture fixture = {0};
    stop_children_of(getuid());
    open_with_deadline(SHORT_NS);
    int64_t begin_ns = clock_monotonic_ns();
    launch(&fixture);
    run_until(&fixture.done, 1);
    assert_true(clock_monotonic_ns() - begin_ns >= SHORT_NS);
    assert_string_equal(error_text(&fixture.err), "fork/exec /bin/sh: timed out");
    assert_int_equal(fixture.err.errnum, ETIMEDOUT);
    wait_until_childless();
    error_clear(&fixture.err);
    stop_no_children();
    launch_until_it_runs(getuid());
    close_all();
}

static void stopped_children_delay_their_own_user_only(void **state UNUSED) {
    if (getuid() != 0)
        skip();
    enum { COUNT = 5 };
    struct fixture stopped[COUNT] = {0}, own[3] = {0};
    done_count = 0;
    stop_children_of(OTHER_UID);
    open_with_deadline(LONG_NS);
    for (int i = 0; i < COUNT; i++)
        launch_as(&stopped[i], OTHER_UID);
    wait_until_stopped(2);
    for (size_t i = 0; i < ARRAY_COUNT(own); i++)
        launch(&own[i]);
    for (size_t i = 0; i < ARRAY_COUNT(own); i++)
        run_until(&own[i].exited, 1);
    assert_int_equal(count_stopped(), 2); // no more of them than that
    assert_int_equal(done_count, 3);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(stopped[i].prepared, i < 2);
        launch_cancel(stopped[i].launch);
    }
    wait_until_childless();
    stop_no_children();
    close_all();
}

static void launches_of_a_user_run_in_order(void **state UNUSED) {
    enum { COUNT = 6 };
    struct fixture fixtures[COUNT] = {0};
    done_count = 0;
    stop_children_of(getuid());
    open_with_deadline(SHORT_NS);
    for (int i = 0; i < COUNT; i++)
        launch(&fixtures[i]);
    for (int i = 0; i < COUNT; i++)
        run_until(&fixtures[i].done, 1);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(fixtures[i].place, i + 1);
        assert_string_equal(error_text(&fixtures[i].err), "fork/exec /bin/sh: timed out");
        error_clear(&fixtures[i].err);
    }
    stop_no_children();
    wait_until_childless();
    close_all();
}

static void there_is_a_limit_for_all_together(void **state UNUSED) {
    if (getuid() != 0)
        skip();
    enum { COUNT = 10 };
    struct fixture fixtures[COUNT] = {0};
    stop_children_of(OTHER_UID);
    open_with_deadline(LONG_NS);
    // Users of their own, each of whose children stops.
    for (int i = 0; i < COUNT; i++) {
        stopping_uid = OTHER_UID + (uid_t)i;
        launch_as(&fixtures[i], OTHER_UID + (uid_t)i);
        if (i < LAUNCHES_AT_ONCE)
            wait_until_stopped(i + 1);
    }
    loop_run_pending(loop);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(fixtures[i].prepared, i < LAUNCHES_AT_ONCE);
    // A killed launch makes room.
    stop_no_children();
    launch_cancel(fixtures[0].launch);
    run_until(&fixtures[COUNT - 2].exited, 1);
    for (int i = 1; i < LAUNCHES_AT_ONCE; i++)
        launch_cancel(fixtures[i].launch);
    run_until(&fixtures[COUNT - 1].exited, 1);
    wait_until_childless();
    close_all();
}

static void launch_in(struct fixture *fixture, const struct hung_directory *directory, int number) {
    AUTO_FREE char *path = memory_printf("%s/%d", directory->path, number);
    launch_spec(fixture, (struct process_spec){.directory = path});
}

// Each of these launches hangs; once its request has been read, a child cannot be killed.
static void wait_until_hung(struct fixture *fixtures, int count, struct hung_directory *directory) {
    for (int i = 0; i < count; i++) {
        uint64_t id;
        while (fixtures[i].prepared == 0)
            uv_run(loop_uv(loop), UV_RUN_NOWAIT);
        assert_int_equal(hung_directory_read(directory, &id), FUSE_LOOKUP);
    }
}

static void expect_time_out(struct fixture *fixture, bool is_begun) {
    while (fixture->done == 0)
        loop_advance(loop, SHORT_NS);
    assert_string_equal(error_text(&fixture->err), "fork/exec /bin/sh: timed out");
    assert_int_equal(fixture->prepared, is_begun);
    error_clear(&fixture->err);
}

static void what_hangs_in_the_kernel_makes_room(void **state UNUSED) {
    static struct hung_directory directory;
    if (getuid() != 0 || !hung_directory_begin(&directory))
        skip();
    enum { COUNT = LAUNCHES_HUNG_PER_USER + 2 };
    struct fixture fixtures[COUNT] = {0};
    open_with_deadline(SHORT_NS);
    loop_use_test_clock(loop); // no deadline before the children hang
    for (int i = 0; i < LAUNCHES_HUNG_PER_USER; i += 2) {
        launch_until_it_runs(getuid());
        launch_in(&fixtures[i], &directory, i);
        launch_in(&fixtures[i + 1], &directory, i + 1);
        wait_until_hung(fixtures + i, 2, &directory);
        expect_time_out(&fixtures[i], true);
        expect_time_out(&fixtures[i + 1], true);
    }
    // The bound is reached.
    for (int i = LAUNCHES_HUNG_PER_USER; i < COUNT; i++)
        launch_in(&fixtures[i], &directory, i);
    for (int i = LAUNCHES_HUNG_PER_USER; i < COUNT; i++)
        expect_time_out(&fixtures[i], false);
    launch_until_it_runs(OTHER_UID); // other users are not affected
    hung_directory_end(&directory);
    wait_until_childless();
    launch_until_it_runs(getuid());
    close_all();
}

static void hung_launches_let_waiting_ones_begin(void **state UNUSED) {
    static struct hung_directory directory;
    if (getuid() != 0 || !hung_directory_begin(&directory))
        skip();
    struct fixture hung[LAUNCHES_AT_ONCE_PER_USER] = {0}, waiting = {0};
    open_with_deadline(SHORT_NS);
    loop_use_test_clock(loop);
    for (int i = 0; i < LAUNCHES_AT_ONCE_PER_USER; i++)
        launch_in(&hung[i], &directory, i);
    launch(&waiting);
    wait_until_hung(hung, LAUNCHES_AT_ONCE_PER_USER, &directory);
    assert_int_equal(waiting.prepared, 0);
    for (int i = 0; i < LAUNCHES_AT_ONCE_PER_USER; i++)
        expect_time_out(&hung[i], true);
    run_until(&waiting.exited, 1);
    assert_int_equal(waiting.exit_code, 7);
    hung_directory_end(&directory);
    wait_until_childless();
    close_all();
}

#endif

static void destroying_gives_up_on_what_hangs(void **state UNUSED) {
    static struct hung_directory directory;
    if (getuid() != 0)
        skip();
    pid_t tester = fork();
    if (tester == 0) {
        if (!hung_directory_begin(&directory))
            _exit(77);
        struct fixture fixture = {0};
        uint64_t id;
        open_with_deadline(LONG_NS);
        AUTO_FREE char *path = memory_printf("%s/x", directory.path);
        launch_spec(&fixture, (struct process_spec){.directory = path});
        while (fixture.prepared == 0)
            uv_run(loop_uv(loop), UV_RUN_NOWAIT);
        assert_int_equal(hung_directory_read(&directory, &id), FUSE_LOOKUP);
        launch_cancel(fixture.launch);
        bool is_destroyed = launcher_destroy(launcher);
        hung_directory_end(&directory);
        _exit(is_destroyed ? 1 : 0);
    }
    int status;
    assert_int_equal(waitpid(tester, &status, 0), tester);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

int main(void) {
    alarm(100);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_is_launched),
        cmocka_unit_test(failures_are_reported),
        cmocka_unit_test(failing_preparation_is_reported),
        cmocka_unit_test(missing_thread_is_a_failing_fork),
        cmocka_unit_test(descriptors_stay_open_until_the_launch_is_over),
        cmocka_unit_test(early_exits_are_not_lost),
        cmocka_unit_test(waiting_launch_is_cancelled),
        cmocka_unit_test(launch_with_its_thread_is_cancelled),
#ifdef PEBBLE_TEST_SEAMS
        cmocka_unit_test(stopped_launch_is_cancelled),
        cmocka_unit_test(destroying_does_not_wait_for_a_stopped_child),
        cmocka_unit_test(stopped_child_fails_after_the_deadline),
        cmocka_unit_test(stopped_children_delay_their_own_user_only),
        cmocka_unit_test(launches_of_a_user_run_in_order),
        cmocka_unit_test(there_is_a_limit_for_all_together),
        cmocka_unit_test(what_hangs_in_the_kernel_makes_room),
        cmocka_unit_test(hung_launches_let_waiting_ones_begin),
#endif
        cmocka_unit_test(destroying_gives_up_on_what_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
