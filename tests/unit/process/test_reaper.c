// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "process/process.h"
#include "spawn.h"

static struct loop *loop;
static struct reaper *reaper;
static int ended; // children whose on_exit was called
static int stop_at;

static int open_reaper(void **state UNUSED) {
    ended = stop_at = 0;
    return loop_create(&loop, NULL) && reaper_create(loop, &reaper, NULL) ? 0 : -1;
}

static int close_reaper(void **state UNUSED) {
    reaper_destroy(reaper);
    loop_destroy(loop);
    return 0;
}

static pid_t spawn_shell(const char *script, int stdout_fd) {
    const char *const words[] = {"sh", "-c", script, NULL};
    char *const environment[] = {NULL};
    struct process_spec spec = {.path = "/bin/sh",
                                .argv = (char *const *)(uintptr_t)words,
                                .envp = environment,
                                .stdin_fd = -1,
                                .stdout_fd = stdout_fd,
                                .stderr_fd = -1};
    pid_t pid = 0;
    assert_true(spawn(&spec, &pid, NULL));
    return pid;
}

struct watched {
    struct child child;
    pid_t pid;
    int exit_code;
    int count;
};

static void note_end(struct child *child, int exit_code) {
    struct watched *watched = CONTAINER_OF(child, struct watched, child);
    watched->exit_code = exit_code;
    watched->count++;
    if (++ended == stop_at)
        loop_stop(loop);
}

static void watch(struct watched *watched, pid_t pid) {
    *watched = (struct watched){.pid = pid};
    reaper_watch(reaper, &watched->child, pid, note_end);
}

static void run_until(int count) {
    stop_at = count;
    if (ended < count)
        loop_run(loop);
}

static bool is_gone(pid_t pid) {
    return kill(pid, 0) != 0 && errno == ESRCH;
}

static void codes_are_told(void **state UNUSED) {
    struct watched exits, dies;
    watch(&exits, spawn_shell("exit 3", -1));
    watch(&dies, spawn_shell("kill -TERM $$", -1));
    run_until(2);
    loop_run_pending(loop);
    assert_int_equal(exits.exit_code, 3);
    assert_int_equal(dies.exit_code, 128 + SIGTERM);
    assert_int_equal(exits.child.pid, 0);
    assert_true(is_gone(exits.pid));
}

static void child_that_ended_before_the_watch(void **state UNUSED) {
    struct watched early;
    pid_t pid = spawn_shell("exit 5", -1);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0); // SIGCHLD has come, too
    watch(&early, pid);
    run_until(1);
    assert_int_equal(early.exit_code, 5);
}

static void thousand_children(void **state UNUSED) {
    enum { COUNT = 1000 };
    static struct watched children[COUNT];
    int gate[2];
    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
    const char *const words[] = {"sh", "-c", "read line; exit 9", NULL};
    char *const environment[] = {NULL};
    struct process_spec spec = {.path = "/bin/sh",
                                .argv = (char *const *)(uintptr_t)words,
                                .envp = environment,
                                .stdin_fd = gate[0],
                                .stdout_fd = -1,
                                .stderr_fd = -1};
    for (int i = 0; i < COUNT; i++) {
        pid_t pid;
        assert_true(spawn(&spec, &pid, NULL));
        watch(&children[i], pid);
    }
    close(gate[0]);
    close(gate[1]); // all at once
    run_until(COUNT);
    loop_run_pending(loop);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(children[i].count, 1);
        assert_int_equal(children[i].exit_code, 9);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void forgotten_child_is_reaped(void **state UNUSED) {
    struct watched forgotten, other;
    watch(&forgotten, spawn_shell("exit 1", -1));
    watch(&other, spawn_shell("exit 2", -1));
    reaper_forget(reaper, &forgotten.child);
    reaper_forget(reaper, &forgotten.child);
    assert_int_equal(forgotten.child.pid, 0);
    run_until(1);
    while (!is_gone(forgotten.pid))
        loop_run_pending(loop);
    assert_int_equal(forgotten.count, 0);
}

static pid_t read_pid(int fd) {
    char text[32] = "";
    assert_true(read(fd, text, sizeof text - 1) > 0);
    return (pid_t)strtol(text, NULL, 10);
}

static pid_t orphan;
static struct deferred look_again;

static void look_for_orphan(struct deferred *deferred UNUSED) {
    if (orphan > 0 && is_gone(orphan))
        loop_stop(loop);
}

static void a_child_ended(void *data UNUSED, int number UNUSED) {
    loop_defer(loop, &look_again, look_for_orphan); // behind the reaper, whichever is called first
}

static void orphan_is_reaped(void **state UNUSED) {
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct watched parent;
    orphan = 0;
    struct signal_watch *signals;
    assert_true(signal_watch_create(loop, SIGCHLD, a_child_ended, NULL, &signals, NULL));
    watch(&parent, spawn_shell("sleep 1000 & echo $!", fds[1]));
    run_until(1);
    orphan = read_pid(fds[0]);
    assert_false(is_gone(orphan));
    kill(orphan, SIGKILL);
    loop_run(loop);
    assert_true(is_gone(orphan));
    signal_watch_destroy(signals);
    close(fds[0]);
    close(fds[1]);
}

// --- what owners may do when they are told ---

struct owner {
    struct child child;
    pid_t member;
    int generations;
};

static void kill_group(struct child *child, int exit_code UNUSED) {
    // The leader has not been reaped: neither its PID nor its group can be anyone else's.
    assert_true(child->pid > 0);
    assert_true(child_signal_group(child, SIGKILL, NULL));
    assert_true(child_signal(child, SIGKILL, NULL));
    ended++;
    loop_stop(loop);
}

static void owner_signals_the_group(void **state UNUSED) {
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct owner owner = {0};
    struct signal_watch *signals;
    orphan = 0;
    assert_true(signal_watch_create(loop, SIGCHLD, a_child_ended, NULL, &signals, NULL));
    reaper_watch(reaper, &owner.child, spawn_shell("sleep 1000 & echo $!", fds[1]), kill_group);
    loop_run(loop);
    orphan = read_pid(fds[0]);
    loop_defer(loop, &look_again, look_for_orphan);
    loop_run(loop);
    assert_true(is_gone(orphan));
    AUTO_ERROR struct error err = {0};
    assert_false(child_signal_group(&owner.child, SIGKILL, &err));
    assert_int_equal(err.errnum, ESRCH);
    assert_false(child_signal(&owner.child, SIGKILL, NULL));
    signal_watch_destroy(signals);
    close(fds[0]);
    close(fds[1]);
}

static void start_next(struct child *child, int exit_code) {
    struct owner *owner = CONTAINER_OF(child, struct owner, child);
    assert_int_equal(exit_code, owner->generations);
    if (++owner->generations == 5) {
        loop_stop(loop);
        return;
    }
    char script[32];
    snprintf(script, sizeof script, "exit %d", owner->generations);
    reaper_watch(reaper, child, spawn_shell(script, -1), start_next);
    assert_true(child->pid > 0);
}

static void owner_starts_the_next(void **state UNUSED) {
    struct owner owner = {0};
    reaper_watch(reaper, &owner.child, spawn_shell("exit 0", -1), start_next);
    loop_run(loop);
    assert_int_equal(owner.generations, 5);
    loop_run_pending(loop);
    assert_int_equal(owner.child.pid, 0);
}

static struct owner *neighbours[2];

static void free_both(struct child *child UNUSED, int exit_code UNUSED) {
    ended++;
    for (int i = 0; i < 2; i++) {
        reaper_forget(reaper, &neighbours[i]->child);
        free(neighbours[i]);
    }
    loop_stop(loop);
}

static void owner_frees_itself_and_its_neighbour(void **state UNUSED) {
    pid_t pids[2];
    for (int i = 0; i < 2; i++) {
        neighbours[i] = memory_new(sizeof *neighbours[i]);
        pids[i] = spawn_shell("exit 0", -1);
        reaper_watch(reaper, &neighbours[i]->child, pids[i], free_both);
    }
    loop_run(loop);
    while (!is_gone(pids[0]) || !is_gone(pids[1]))
        loop_run_pending(loop);
    assert_int_equal(ended, 1);
}

// --- children that are expected ---

static void exit_before_the_report_is_not_lost(void **state UNUSED) {
    struct watched early, other;
    struct expected_child expected = {0};
    pid_t pid = 0, made = spawn_shell("exit 6", -1);
    reaper_expect(reaper, &expected, &pid);
    pid = made; // as the kernel would have written it
    watch(&other, spawn_shell("exit 1", -1));
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    loop_run_pending(loop);
    assert_int_equal(kill(pid, 0), 0); // not reaped
    reaper_unexpect(reaper, &expected);
    watch(&early, pid);
    run_until(2);
    assert_int_equal(early.exit_code, 6);
    assert_int_equal(other.exit_code, 1);
}

static void unwatched_child_is_reaped_once_unexpected(void **state UNUSED) {
    struct expected_child expected = {0};
    pid_t pid = spawn_shell("exit 0", -1);
    reaper_expect(reaper, &expected, &pid);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    loop_run_pending(loop);
    assert_int_equal(kill(pid, 0), 0);
    reaper_unexpect(reaper, &expected);
    loop_run_pending(loop);
    assert_true(is_gone(pid));
}

// --- children that are kept ---

static void keep_child(struct child *child, int exit_code) {
    note_end(child, exit_code);
    reaper_keep(reaper, child);
}

static void kept_child_keeps_its_number(void **state UNUSED) {
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct watched kept = {.pid = spawn_shell("sleep 1000 & echo $!", fds[1])};
    reaper_watch(reaper, &kept.child, kept.pid, keep_child);
    run_until(1);
    pid_t member = read_pid(fds[0]);
    assert_int_equal(kept.child.pid, kept.pid);
    assert_false(is_gone(kept.pid));
    // Others come and go meanwhile, watched ones and orphans.
    for (int i = 0; i < 3; i++) {
        struct watched other;
        watch(&other, spawn_shell("(exit 0) & exit 3", -1));
        run_until(2 + i);
        assert_int_equal(other.exit_code, 3);
        assert_true(is_gone(other.pid));
    }
    assert_true(child_signal_group(&kept.child, SIGKILL, NULL));
    while (!is_gone(member)) // an orphan
        loop_run_pending(loop);
    assert_int_equal(kept.count, 1);
    reaper_forget(reaper, &kept.child);
    assert_int_equal(kept.child.pid, 0);
    assert_true(is_gone(kept.pid));
    close(fds[0]);
    close(fds[1]);
}

static void many_end_while_one_is_kept(void **state UNUSED) {
    enum { COUNT = 300 }; // more than in one turn
    static struct watched children[COUNT];
    struct watched kept = {.pid = spawn_shell("exit 0", -1)};
    reaper_watch(reaper, &kept.child, kept.pid, keep_child);
    run_until(1);
    siginfo_t info;
    for (int i = 0; i < COUNT; i++)
        watch(&children[i], spawn_shell("exit 4", -1));
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(waitid(P_PID, (id_t)children[i].pid, &info, WEXITED | WNOWAIT), 0);
    run_until(1 + COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(children[i].count, 1);
    reaper_forget(reaper, &kept.child);
    loop_run_pending(loop);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void keep_and_forget(struct child *child, int exit_code) {
    note_end(child, exit_code);
    reaper_keep(reaper, child);
    reaper_forget(reaper, child);
    reaper_keep(reaper, child); // too late
}

static void kept_child_may_be_forgotten_at_once(void **state UNUSED) {
    struct watched child = {.pid = spawn_shell("exit 0", -1)};
    reaper_watch(reaper, &child.child, child.pid, keep_and_forget);
    run_until(1);
    loop_run_pending(loop);
    assert_true(is_gone(child.pid));
    assert_int_equal(child.child.pid, 0);
    struct watched next;
    watch(&next, spawn_shell("exit 2", -1));
    run_until(2);
    assert_int_equal(next.exit_code, 2);
}

int main(void) {
    alarm(100);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(codes_are_told, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(child_that_ended_before_the_watch, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(thousand_children, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(forgotten_child_is_reaped, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(orphan_is_reaped, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(owner_signals_the_group, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(owner_starts_the_next, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(owner_frees_itself_and_its_neighbour, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(exit_before_the_report_is_not_lost, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(unwatched_child_is_reaped_once_unexpected, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(kept_child_keeps_its_number, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(many_end_while_one_is_kept, open_reaper, close_reaper),
        cmocka_unit_test_setup_teardown(kept_child_may_be_forgotten_at_once, open_reaper, close_reaper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
