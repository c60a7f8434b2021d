// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/tree_worker_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "process/tree_signal_internal.h"

#define MARK "0123456789abcdef0123456789abcdef"

static struct loop *loop;
static struct reaper *reaper;
static struct tree_worker *worker;
static struct tree_known known = {.mark = MARK};
static struct buffer notes;
static char directory[] = "/tmp/cobble-worker-XXXXXX";

static void note(const char *text, void *data UNUSED) {
    buffer_printf(&notes, "%s\n", text);
}

static void open_worker(const char *proc, bool has_test_clock) {
    assert_true(loop_create(&loop, NULL));
    if (has_test_clock)
        loop_use_test_clock(loop);
    assert_true(reaper_create(loop, &reaper, NULL));
    buffer_init(&notes, BUFFER_NO_LIMIT);
    worker = tree_worker_create(
        &(const struct tree_worker_spec){.loop = loop, .reaper = reaper, .proc = proc, .on_note = note});
    tree_worker_add_known(worker, &known);
}

static void close_worker(bool is_hung) {
    list_remove(&known.link);
    tree_process_list_clear(&known.processes);
    assert_true(tree_worker_destroy(worker) == !is_hung);
    reaper_destroy(reaper);
    loop_destroy(loop);
    buffer_finish(&notes);
}

struct outcome {
    int count;
    bool is_failed, is_unsent;
    size_t member_count;
};

static void on_request_done(struct tree_result *result, void *data) {
    struct outcome *outcome = data;
    outcome->count++;
    outcome->is_failed = result->is_failed;
    outcome->is_unsent = result->is_unsent;
    outcome->member_count = result->members.count;
}

static struct tree_request *request(struct outcome *outcome, pid_t main_pid, int signal_number) {
    const struct tree_request_spec spec = {.main_pid = main_pid,
                                           .mark = MARK,
                                           .known = &known,
                                           .signal_number = signal_number,
                                           .is_group_spared = true,
                                           .notes_strays = true};
    return tree_request_start(worker, &spec, on_request_done, outcome);
}

static void run_until(const int *count) {
    while (*count == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

// A child in its own process group, watched by the reaper.
static pid_t start_child(struct child *child, child_exit_fn on_exit) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)setpgid(0, 0);
        pause();
        _exit(0);
    }
    (void)setpgid(pid, pid);
    *child = (struct child){0};
    if (on_exit != NULL)
        reaper_watch(reaper, child, pid, on_exit);
    return pid;
}

static int ended;

static void on_child_ended(struct child *child UNUSED, int exit_code) {
    ended = exit_code;
}

static void requests_are_done_together(void **state UNUSED) {
    open_worker(NULL, false);
    struct child children[3];
    struct outcome outcomes[3] = {0};
    pid_t pids[3];
    for (int i = 0; i < 3; i++) {
        pids[i] = start_child(&children[i], on_child_ended);
        (void)request(&outcomes[i], pids[i], 0);
        assert_int_equal(outcomes[i].count, 0);
    }
    run_until(&outcomes[2].count);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(outcomes[i].count, 1);
        assert_false(outcomes[i].is_failed);
        assert_int_equal(outcomes[i].member_count, 1);
        ended = 0;
        assert_int_equal(kill(pids[i], SIGKILL), 0);
        run_until(&ended);
    }
    close_worker(false);
}

static void the_group_is_spared_but_for_sigkill(void **state UNUSED) {
    open_worker(NULL, false);
    struct child child;
    pid_t pid = start_child(&child, on_child_ended);
    struct outcome first = {0}, second = {0};
    ended = 0;
    (void)request(&first, pid, SIGTERM);
    run_until(&first.count);
    assert_int_equal(ended, 0);
    (void)request(&second, pid, SIGKILL);
    run_until(&ended);
    assert_int_equal(ended, 128 + SIGKILL);
    run_until(&second.count);
    close_worker(false);
}

static void released_requests_signal_all_the_same(void **state UNUSED) {
    open_worker(NULL, false);
    struct child child;
    struct outcome outcome = {0};
    ended = 0;
    tree_request_release(request(&outcome, start_child(&child, on_child_ended), SIGKILL));
    tree_request_release(NULL);
    run_until(&ended);
    assert_int_equal(outcome.count, 0);
    close_worker(false);
}

static void signals_at_the_end(void **state UNUSED) {
    open_worker(NULL, false);
    struct child child;
    struct outcome outcome = {0};
    pid_t pid = start_child(&child, on_child_ended);
    tree_request_release(request(&outcome, pid, SIGKILL));
    list_remove(&known.link);
    assert_true(tree_worker_destroy(TAKE(worker)));
    reaper_forget(reaper, &child);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    close_worker(false);
}

static void strays_are_noted_once(void **state UNUSED) {
    open_worker(NULL, false);
    struct child stray, watched;
    pid_t pid = start_child(&stray, NULL), other = start_child(&watched, on_child_ended);
    struct outcome first = {0}, second = {0};
    (void)request(&first, other, 0);
    run_until(&first.count);
    (void)request(&second, 0, 0);
    run_until(&second.count);
    AUTO_FREE char *expected =
        memory_printf("Cannot attribute process %d to a service, it is left running\n", (int)pid);
    assert_string_equal(buffer_text(&notes), expected);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(kill(other, SIGKILL), 0);
    ended = 0;
    run_until(&ended);
    close_worker(false);
}

static void without_proc_a_tree_is_empty(void **state UNUSED) {
    open_worker("/no/such/directory", false);
    struct outcome outcome = {0};
    (void)request(&outcome, 0, SIGTERM);
    run_until(&outcome.count);
    assert_false(outcome.is_failed);
    assert_int_equal(outcome.member_count, 0);
    assert_non_null(strstr(buffer_text(&notes), "Cannot find the processes of services in /proc"));
    close_worker(false);
}

static void write_stat(pid_t pid, pid_t parent) {
    AUTO_FREE char *process = memory_printf("%s/%d", directory, (int)pid);
    AUTO_FREE char *path = path_join(process, "stat");
    assert_int_equal(mkdir(process, 0700), 0);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fprintf(file, "%d (x) S %d %d 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0", (int)pid, (int)parent, (int)pid);
    assert_int_equal(fclose(file), 0);
}

// The environment of a child is a FIFO that has no writer.
static void an_environment_that_hangs(void **state UNUSED) {
    assert_non_null(mkdtemp(directory));
    pid_t own = getpid(), child = own + 1;
    write_stat(own, 1);
    write_stat(child, own);
    AUTO_FREE char *path = memory_printf("%s/%d/environ", directory, (int)child);
    assert_int_equal(mkfifo(path, 0600), 0);
    open_worker(directory, true);
    struct outcome first = {0}, second = {0};
    (void)request(&first, 0, SIGTERM);
    for (int i = 0; i < 60000 && first.count == 0; i++) {
        loop_advance(loop, NS_PER_S);
        usleep(1000);
    }
    assert_int_equal(first.count, 1);
    assert_true(first.is_failed && first.is_unsent);
    AUTO_FREE char *expected =
        memory_printf("Cannot read the environment of process %d, which is left out from now on\n", (int)child);
    assert_string_equal(buffer_text(&notes), expected);
    // The next request is not held up.
    (void)request(&second, 0, 0);
    for (int i = 0; i < 60000 && second.count == 0; i++) {
        loop_run_pending(loop);
        usleep(1000);
    }
    assert_int_equal(second.count, 1);
    assert_false(second.is_failed);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(fd, "A=b", 4), 4); // an empty one is read again
    file_close_at(&fd);
    for (int i = 0; i < 100; i++) {
        loop_run_pending(loop);
        usleep(1000);
    }
    assert_int_equal(first.count, 1);
    close_worker(false);
    AUTO_FREE char *command = memory_printf("rm -rf %s", directory);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_done_together),
        cmocka_unit_test(the_group_is_spared_but_for_sigkill),
        cmocka_unit_test(released_requests_signal_all_the_same),
        cmocka_unit_test(signals_at_the_end),
        cmocka_unit_test(strays_are_noted_once),
        cmocka_unit_test(without_proc_a_tree_is_empty),
        cmocka_unit_test(an_environment_that_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
