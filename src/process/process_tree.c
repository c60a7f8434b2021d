// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/process_tree_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "process/tree_signal_internal.h"
#include "process/tree_watch_internal.h"

// Between two looks at a tree that ends, if nothing is reported meanwhile.
#define FIRST_PAUSE_NS (20 * NS_PER_MS)
#define LAST_PAUSE_NS (500 * NS_PER_MS)
#define SCAN_INTERVAL_NS NS_PER_S           // of process_tree_scan(): a service decides how often it becomes ready
#define PAUSE_AFTER_EXIT_NS (5 * NS_PER_MS) // so that several exits cause one scan

enum tree_state {
    TREE_LAUNCHING,
    TREE_RUNNING,
    TREE_ENDING, // the main process has ended
    TREE_GONE,
};

struct process_tree {
    struct tree_worker *worker;
    process_tree_gone_fn on_gone;
    void *data;
    enum tree_state state;
    char *cgroup;          // the name of its directory
    uint64_t cgroup_inode; // of the same
    bool has_cgroup;
    char mark[TREE_MARK_SIZE];
    pid_t main_pid;
    uint64_t main_start;          // see struct process_stat; 0: unknown
    struct tree_known known;      // by scans
    int64_t next_scan_ns;         // of process_tree_scan()
    struct tree_request *request; // NULL: none is under way
    int sent_signal;              // by it
    // What the next request is to do.
    bool wants_scan, wants_removal;
    int wanted_signal; // 0: none
    bool is_killing;   // SIGKILL has been wanted
    struct tree_watch *watch;
    struct listener orphan_ended;
    struct timer *pause;
    int64_t pause_ns; // of the next
    bool is_hastened; // the timer was restarted after an exit
};

// --- the end ---

static void stop_watching(struct process_tree *tree) {
    timer_stop(tree->pause);
    tree_watch_destroy(TAKE(tree->watch));
    event_remove(&tree->orphan_ended);
}

static void end(struct process_tree *tree) {
    tree->state = TREE_GONE;
    stop_watching(tree);
    tree->on_gone(tree->data);
}

static void pause_before_next(struct process_tree *tree) {
    tree->is_hastened = false;
    timer_start(tree->pause, tree->pause_ns);
    tree->pause_ns = tree->pause_ns < LAST_PAUSE_NS / 2 ? tree->pause_ns * 2 : LAST_PAUSE_NS;
}

static void begin_request(struct process_tree *tree);

static bool is_cgroup_populated(const struct process_tree *tree) {
    AUTO_CLOSE int fd = tree_cgroup_open_events(tree_worker_cgroups(tree->worker), tree->cgroup);
    return fd >= 0 ? tree_cgroup_is_populated(fd) : errno != ENOENT && errno != ENODEV;
}

static void await_change(struct process_tree *tree) {
    if (tree->watch == NULL)
        pause_before_next(tree);
}

// The directory is removed before the end, so that the next run has a new one.
static void check_cgroup(struct process_tree *tree) {
    if (is_cgroup_populated(tree)) {
        await_change(tree);
        return;
    }
    tree->wants_removal = true;
    begin_request(tree);
}

static void judge_cgroup(struct process_tree *tree, bool was_removal) {
    if (!was_removal)
        check_cgroup(tree);
    else if (!is_cgroup_populated(tree))
        end(tree);
    else
        await_change(tree);
}

static void judge_scan(struct process_tree *tree, const struct tree_result *result) {
    if (!result->is_failed && tree->known.processes.count == 0)
        end(tree);
    else
        pause_before_next(tree);
}

// --- requests ---

static void on_request_done(struct tree_result *result, void *data) {
    struct process_tree *tree = data;
    bool was_removal = tree->wants_removal;
    tree->request = NULL;
    tree->wants_removal = false;
    if (!result->is_failed) {
        tree_process_list_clear(&tree->known.processes);
        tree->known.processes = result->members;
        result->members = (struct tree_process_list){0};
    }
    if (tree->state == TREE_ENDING && result->is_removed) {
        end(tree);
        return;
    }
    if (tree->wants_scan || tree->wanted_signal != 0) {
        begin_request(tree);
        return;
    }
    if (result->is_unsent)
        tree->wanted_signal = tree->sent_signal;
    if (tree->state == TREE_ENDING && tree->has_cgroup)
        judge_cgroup(tree, was_removal);
    else if (tree->state == TREE_ENDING)
        judge_scan(tree, result);
    else if (tree->wanted_signal != 0)
        pause_before_next(tree);
}

static struct tree_request *start_request(struct process_tree *tree) {
    const struct tree_request_spec spec = {
        .cgroup = tree->has_cgroup ? tree->cgroup : NULL,
        .cgroup_inode = tree->cgroup_inode,
        .removes_cgroup = tree->wants_removal,
        .notes_strays = tree->state == TREE_ENDING,
        .signal_number = tree->wanted_signal,
        .is_group_spared = true,
        .main_pid = tree->main_pid,
        .main_start = tree->main_start,
        .mark = tree->mark,
        .known = &tree->known,
    };
    return tree_request_start(tree->worker, &spec, on_request_done, tree);
}

static void begin_request(struct process_tree *tree) {
    if (tree->request != NULL)
        return;
    timer_stop(tree->pause);
    tree->request = start_request(tree);
    tree->sent_signal = tree->wanted_signal;
    tree->wanted_signal = 0;
    tree->wants_scan = false;
}

static void on_pause_over(void *data) {
    struct process_tree *tree = data;
    if (tree->has_cgroup && tree->wanted_signal == 0) {
        check_cgroup(tree);
        return;
    }
    if (tree->is_killing)
        tree->wanted_signal = SIGKILL;
    begin_request(tree);
}

static void on_orphan_ended(struct listener *listener, void *argument UNUSED) {
    struct process_tree *tree = CONTAINER_OF(listener, struct process_tree, orphan_ended);
    if (tree->is_hastened || !timer_is_running(tree->pause))
        return;
    tree->is_hastened = true;
    timer_start(tree->pause, PAUSE_AFTER_EXIT_NS);
}

static void on_cgroup_changed(void *data) {
    struct process_tree *tree = data;
    if (tree->request == NULL)
        check_cgroup(tree);
}

// --- the owner's calls ---

static void make_mark(char mark[TREE_MARK_SIZE]) {
    unsigned char random[(TREE_MARK_SIZE - 1) / 2] = {0};
    (void)!getrandom(random, sizeof random, 0);
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(mark + 2 * i, 3, "%02x", random[i]);
}

struct process_tree *process_tree_create(struct tree_worker *worker, const char *name, process_tree_gone_fn on_gone,
                                         void *data) {
    struct process_tree *tree = memory_new(sizeof *tree);
    tree->worker = worker;
    tree->on_gone = on_gone;
    tree->data = data;
    tree->cgroup = tree_cgroup_name(name);
    make_mark(tree->mark);
    tree->pause = timer_create_in(tree_worker_loop(worker), on_pause_over, tree);
    tree->pause_ns = FIRST_PAUSE_NS;
    tree->known.mark = tree->mark;
    tree_worker_add_known(worker, &tree->known);
    return tree;
}

void process_tree_destroy(struct process_tree *tree) {
    if (tree == NULL)
        return;
    tree_request_release(tree->request);
    if (tree->wanted_signal != 0)
        tree_request_release(start_request(tree));
    stop_watching(tree);
    timer_destroy(tree->pause);
    list_remove(&tree->known.link);
    tree_process_list_clear(&tree->known.processes);
    free(tree->cgroup);
    free(tree);
}

const char *process_tree_mark(const struct process_tree *tree) {
    return tree->mark;
}

void process_tree_prepare(const struct process_tree *tree, struct process_spec *spec) {
    spec->cgroups = tree_worker_cgroups(tree->worker);
    spec->cgroup = tree->cgroup;
}

void process_tree_launched(struct process_tree *tree, pid_t pid, const struct process_cgroup *cgroup) {
    tree->state = TREE_RUNNING;
    tree->main_pid = pid;
    tree->main_start = process_start(pid);
    tree->has_cgroup = cgroup->errnum == 0;
    if (!tree->has_cgroup) {
        tree_worker_note_no_cgroup(tree->worker, cgroup->errnum);
        return;
    }
    char *directory = tree_cgroup_directory(tree->cgroup, cgroup->number);
    free(tree->cgroup);
    tree->cgroup = directory;
    tree->cgroup_inode = cgroup->inode;
}

void process_tree_scan(struct process_tree *tree) {
    int64_t now_ns = loop_now_ns(tree_worker_loop(tree->worker));
    if (tree->has_cgroup || tree->state != TREE_RUNNING || now_ns < tree->next_scan_ns)
        return;
    tree->next_scan_ns = now_ns + SCAN_INTERVAL_NS;
    tree->wants_scan = true;
    begin_request(tree);
}

void process_tree_signal(struct process_tree *tree, int signal_number) {
    if (tree->state == TREE_LAUNCHING || tree->state == TREE_GONE)
        return;
    tree->is_killing |= signal_number == SIGKILL;
    tree->wanted_signal = signal_number;
    tree->pause_ns = FIRST_PAUSE_NS;
    begin_request(tree);
}

void process_tree_main_ended(struct process_tree *tree) {
    tree->state = TREE_ENDING;
    if (tree->has_cgroup) {
        tree->watch = tree_watch_create(tree_worker_loop(tree->worker), tree_worker_cgroups(tree->worker), tree->cgroup,
                                        on_cgroup_changed, tree);
        if (tree->request == NULL)
            check_cgroup(tree);
        return;
    }
    event_add(reaper_orphan_ended(tree_worker_reaper(tree->worker)), &tree->orphan_ended, on_orphan_ended);
    tree->wants_scan = true;
    begin_request(tree);
}
