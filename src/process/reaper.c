// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/reaper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"

enum {
    REAPS_PER_TURN = 256,
    FIRST_BUCKETS = 64, // a power of two, as it stays when doubled
};

struct reaper {
    struct loop *loop;
    struct signal_watch *signals;
    struct deferred next_round;
    struct child **buckets; // chains by PID
    size_t bucket_count, child_count;
    size_t kept_count;    // of the children in the buckets
    struct list expected; // expected_child.link
    struct rlimit child_descriptors;
    bool has_raised_descriptors;
    struct child *ending;   // the one whose on_exit is being called; NULL when it was watched anew, kept or forgotten
    bool keeps_ending;      // reaper_keep() was called for it
    bool has_reaped_orphan; // in this round
    struct event orphan_ended;
};

// --- children by PID ---

static struct child **bucket_of(const struct reaper *reaper, pid_t pid) {
    return &reaper->buckets[(size_t)pid & (reaper->bucket_count - 1)];
}

static void chain_add(struct reaper *reaper, struct child *child) {
    struct child **bucket = bucket_of(reaper, child->pid);
    child->next = *bucket;
    *bucket = child;
}

static void table_grow(struct reaper *reaper) {
    struct child **old = reaper->buckets;
    size_t old_count = reaper->bucket_count;
    reaper->bucket_count *= 2;
    reaper->buckets = memory_new_array(reaper->bucket_count, sizeof *reaper->buckets);
    for (size_t i = 0; i < old_count; i++) {
        for (struct child *child = old[i], *next; child != NULL; child = next) {
            next = child->next;
            chain_add(reaper, child);
        }
    }
    free(old);
}

static void table_add(struct reaper *reaper, struct child *child) {
    if (reaper->child_count++ == reaper->bucket_count)
        table_grow(reaper);
    chain_add(reaper, child);
}

static struct child *table_find(const struct reaper *reaper, pid_t pid) {
    struct child *child = *bucket_of(reaper, pid);
    while (child != NULL && child->pid != pid)
        child = child->next;
    return child;
}

static void table_remove(struct reaper *reaper, struct child *child) {
    struct child **at = bucket_of(reaper, child->pid);
    while (*at != child)
        at = &(*at)->next;
    *at = child->next;
    child->next = NULL;
    reaper->child_count--;
}

// --- reaping ---

static bool is_expected(const struct reaper *reaper, pid_t pid) {
    const struct expected_child *expected;
    LIST_FOR_EACH (expected, &reaper->expected, link) {
        if (__atomic_load_n(expected->pid, __ATOMIC_SEQ_CST) == pid)
            return true;
    }
    return false;
}

bool reaper_has_child(const struct reaper *reaper, pid_t pid) {
    return table_find(reaper, pid) != NULL || is_expected(reaper, pid);
}

struct event *reaper_orphan_ended(struct reaper *reaper) {
    return &reaper->orphan_ended;
}

static void reap(pid_t pid) {
    siginfo_t info;
    (void)waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG);
}

// Returns whether the owner has called reaper_keep(): the child is not to be reaped here then.
static bool notify_owner(struct reaper *reaper, struct child *child, const siginfo_t *info) {
    table_remove(reaper, child);
    reaper->ending = child;
    reaper->keeps_ending = false;
    child->on_exit(child, info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status);
    if (reaper->ending != NULL)
        child->pid = 0;
    reaper->ending = NULL;
    return reaper->keeps_ending;
}

static void end_child(struct reaper *reaper, const siginfo_t *info) {
    struct child *child = table_find(reaper, info->si_pid);
    reaper->has_reaped_orphan |= child == NULL;
    if (child == NULL || !notify_owner(reaper, child, info))
        reap(info->si_pid);
}

static bool has_ended(idtype_t type, pid_t pid, siginfo_t *info) {
    *info = (siginfo_t){0};
    int status;
    do {
        status = waitid(type, (id_t)pid, info, WEXITED | WNOHANG | WNOWAIT);
    } while (status != 0 && errno == EINTR);
    return status == 0 && info->si_pid != 0;
}

// Returns false if no child has ended, or if the launch of the one that has is not over.
static bool reap_next(struct reaper *reaper) {
    siginfo_t info;
    if (!has_ended(P_ALL, 0, &info) || is_expected(reaper, info.si_pid))
        return false;
    end_child(reaper, &info);
    return true;
}

// --- reaping while children are kept: waitid(P_ALL) would report the kept ones each time ---

static size_t list_ended(const struct reaper *reaper, pid_t pids[REAPS_PER_TURN]) {
    size_t count = 0;
    siginfo_t info;
    for (size_t i = 0; i < reaper->bucket_count; i++) {
        for (const struct child *child = reaper->buckets[i]; child != NULL; child = child->next) {
            if (count < REAPS_PER_TURN && !child->is_kept && has_ended(P_PID, child->pid, &info))
                pids[count++] = child->pid;
        }
    }
    return count;
}

// Orphans become children of the main thread. On kernels without this list they wait until no child is kept.
static void reap_orphans(struct reaper *reaper) {
    AUTO_FREE char *path = memory_printf("/proc/self/task/%d/children", (int)getpid());
    AUTO_BUFFER struct buffer list = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!file_read(path, &list, NULL))
        return;
    char *at = list.data;
    for (char *end; at != NULL; at = end) {
        pid_t pid = (pid_t)strtol(at, &end, 10);
        if (end == at)
            return;
        siginfo_t info;
        if (!reaper_has_child(reaper, pid) && has_ended(P_PID, pid, &info)) {
            reaper->has_reaped_orphan = true;
            reap(pid);
        }
    }
}

// Returns whether there may be more.
static bool reap_past_kept(struct reaper *reaper) {
    pid_t pids[REAPS_PER_TURN];
    size_t count = list_ended(reaper, pids);
    for (size_t i = 0; i < count; i++) {
        siginfo_t info;
        if (has_ended(P_PID, pids[i], &info))
            end_child(reaper, &info);
    }
    reap_orphans(reaper);
    return count == REAPS_PER_TURN;
}

// Returns whether there may be more.
static bool reap_some(struct reaper *reaper) {
    for (int i = 0; i < REAPS_PER_TURN && reaper->kept_count == 0; i++) {
        if (!reap_next(reaper))
            return false;
    }
    return reaper->kept_count == 0 || reap_past_kept(reaper);
}

static void reap_round(struct deferred *round) {
    struct reaper *reaper = CONTAINER_OF(round, struct reaper, next_round);
    if (reap_some(reaper))
        loop_defer(reaper->loop, round, reap_round);
    if (reaper->has_reaped_orphan) {
        reaper->has_reaped_orphan = false;
        event_emit(&reaper->orphan_ended, NULL);
    }
}

static void on_children_ended(void *data, int signal_number UNUSED) {
    struct reaper *reaper = data;
    reap_round(&reaper->next_round);
}

bool reaper_create(struct loop *loop, struct reaper **out, struct error *err) {
    struct reaper *reaper = memory_new(sizeof *reaper);
    reaper->loop = loop;
    list_init(&reaper->expected);
    event_init(&reaper->orphan_ended);
    if (!signal_watch_create(loop, SIGCHLD, on_children_ended, reaper, &reaper->signals, err)) {
        free(reaper);
        return false;
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL) != 0) {
        error_set_errno(err, errno, "cannot become a child subreaper");
        signal_watch_destroy(reaper->signals);
        free(reaper);
        return false;
    }
    reaper->bucket_count = FIRST_BUCKETS;
    reaper->buckets = memory_new_array(reaper->bucket_count, sizeof *reaper->buckets);
    // For children that ended before the signal was watched.
    loop_defer(loop, &reaper->next_round, reap_round);
    *out = reaper;
    return true;
}

void reaper_raise_descriptors(struct reaper *reaper) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    reaper->child_descriptors = limit;
    limit.rlim_cur = limit.rlim_max;
    reaper->has_raised_descriptors = setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

const struct rlimit *reaper_child_descriptors(const struct reaper *reaper) {
    return reaper->has_raised_descriptors ? &reaper->child_descriptors : NULL;
}

void reaper_destroy(struct reaper *reaper) {
    if (reaper == NULL)
        return;
    prctl(PR_SET_CHILD_SUBREAPER, 0UL, 0UL, 0UL, 0UL);
    signal_watch_destroy(reaper->signals);
    loop_defer_cancel(reaper->loop, &reaper->next_round);
    free(reaper->buckets);
    free(reaper);
}

void reaper_expect(struct reaper *reaper, struct expected_child *expected, const pid_t *pid) {
    expected->pid = pid;
    list_add(&reaper->expected, &expected->link);
}

void reaper_unexpect(struct reaper *reaper, struct expected_child *expected) {
    list_remove(&expected->link);
    loop_defer(reaper->loop, &reaper->next_round, reap_round);
}

void reaper_watch(struct reaper *reaper, struct child *child, pid_t pid, child_exit_fn on_exit) {
    if (reaper->ending == child)
        reaper->ending = NULL; // on_exit has started another process
    child->pid = pid;
    child->on_exit = on_exit;
    child->is_kept = false;
    table_add(reaper, child);
}

void reaper_keep(struct reaper *reaper, struct child *child) {
    if (reaper->ending != child)
        return;
    reaper->ending = NULL;
    reaper->keeps_ending = true;
    child->is_kept = true;
    reaper->kept_count++;
    table_add(reaper, child);
}

static void forget_kept(struct reaper *reaper, struct child *child) {
    child->is_kept = false;
    reaper->kept_count--;
    reap(child->pid);
    loop_defer(reaper->loop, &reaper->next_round, reap_round);
}

void reaper_forget(struct reaper *reaper, struct child *child) {
    if (reaper->ending == child) {
        reaper->ending = NULL;
    } else if (child->pid > 0) {
        table_remove(reaper, child);
        if (child->is_kept)
            forget_kept(reaper, child);
    }
    child->pid = 0;
}

static bool send_signal(pid_t target, int signal_number, struct error *err) {
    if (target == 0)
        return error_set_errno(err, ESRCH, "cannot send signal %d", signal_number);
    if (kill(target, signal_number) != 0)
        return error_set_errno(err, errno, "cannot send signal %d", signal_number);
    return true;
}

bool child_signal(const struct child *child, int signal_number, struct error *err) {
    return send_signal(child->pid, signal_number, err);
}

bool child_signal_group(const struct child *child, int signal_number, struct error *err) {
    return send_signal(-child->pid, signal_number, err);
}
