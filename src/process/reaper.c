// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/reaper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

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
    struct rlimit child_descriptors;
    bool has_raised_descriptors;
    struct child *ending; // whose owner is being told; NULL once that owner has let go of it
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

static struct child *table_take(struct reaper *reaper, pid_t pid) {
    for (struct child **at = bucket_of(reaper, pid); *at != NULL; at = &(*at)->next) {
        struct child *child = *at;
        if (child->pid != pid)
            continue;
        *at = child->next;
        child->next = NULL;
        reaper->child_count--;
        return child;
    }
    return NULL;
}

// --- reaping ---

static void notify_owner(struct reaper *reaper, const siginfo_t *info) {
    struct child *child = table_take(reaper, info->si_pid);
    if (child == NULL)
        return;
    int exit_code = info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
    reaper->ending = child;
    child->on_exit(child, exit_code);
    if (reaper->ending != NULL)
        child->pid = 0;
    reaper->ending = NULL;
}

// False when no child has ended.
static bool reap_one(struct reaper *reaper) {
    siginfo_t info = {0};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return errno == EINTR;
    if (info.si_pid == 0)
        return false;
    notify_owner(reaper, &info);
    waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
    return true;
}

static void reap_round(struct deferred *round) {
    struct reaper *reaper = CONTAINER_OF(round, struct reaper, next_round);
    for (int i = 0; i < REAPS_PER_TURN; i++) {
        if (!reap_one(reaper))
            return;
    }
    loop_defer(reaper->loop, round, reap_round);
}

static void children_ended(void *data, int signal_number UNUSED) {
    struct reaper *reaper = data;
    reap_round(&reaper->next_round);
}

bool reaper_create(struct loop *loop, struct reaper **out, struct error *err) {
    struct reaper *reaper = memory_new(sizeof *reaper);
    reaper->loop = loop;
    if (!signal_watch_create(loop, SIGCHLD, children_ended, reaper, &reaper->signals, err)) {
        free(reaper);
        return false;
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
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
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    signal_watch_destroy(reaper->signals);
    loop_defer_cancel(reaper->loop, &reaper->next_round);
    free(reaper->buckets);
    free(reaper);
}

void reaper_watch(struct reaper *reaper, struct child *child, pid_t pid, child_exit_fn on_exit) {
    if (reaper->ending == child)
        reaper->ending = NULL; // its owner starts the next process with it
    child->pid = pid;
    child->on_exit = on_exit;
    if (reaper->child_count++ == reaper->bucket_count)
        table_grow(reaper);
    chain_add(reaper, child);
}

void reaper_forget(struct reaper *reaper, struct child *child) {
    if (reaper->ending == child)
        reaper->ending = NULL;
    else if (child->pid > 0)
        table_take(reaper, child->pid);
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
