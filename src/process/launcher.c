// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/launcher_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/list.h"
#include "base/memory.h"
#include "loop/worker_pool.h"

#define DESTROY_SECONDS 1
#define THREADS_MAX 64 // LAUNCHES_AT_ONCE, and those that hang in the kernel

// The launches of one user; exists while there are any.
struct launch_queue {
    struct list link; // launcher.queues
    uid_t uid;
    size_t launch_count;
    unsigned under_way_count; // without killed ones
    unsigned killed_count;    // those that have not returned from the kernel yet
    struct list waiting;      // launch.link
    struct timer *stall;      // runs while launches wait; restarted when one begins or is over
    struct launcher *launcher;
};

struct launcher {
    struct loop *loop;
    struct reaper *reaper;
    struct worker_pool *pool;
    int64_t deadline_ns;
    struct list queues;       // launch_queue.link; the next one to serve is the first
    struct list under_way;    // launch.link
    unsigned under_way_count; // without killed ones
    struct deferred dispatch;
    pthread_mutex_t lock;
    pthread_cond_t returned; // has_returned of a launch has become true
};

struct launch {
    struct launcher *launcher;
    struct launch_queue *queue;
    struct list link; // in queue.waiting, then in launcher.under_way
    struct process_spec spec;
    void *texts; // the memory of the texts of `spec`
    const struct launch_handlers *handlers;
    void *data;
    bool is_under_way;
    bool is_killed;   // counts in queue.killed_count, no longer in the counts of those under way
    bool is_reported; // on_done has been called, or the launch was cancelled
    struct timer *deadline;
    struct expected_child expected;
    struct process_report report;
    struct work_item work;
    bool has_returned; // no thread uses the launch any more; guarded by launcher.lock
};

// --- a launch's memory ---

// With the terminator; 0 without a list.
static size_t count_texts(char *const *list, size_t *bytes) {
    if (list == NULL)
        return 0;
    size_t count = 0;
    for (; list[count] != NULL; count++)
        *bytes += strlen(list[count]) + 1;
    return count + 1;
}

static char *copy_text(const char *text, char **at) {
    char *copy = *at;
    *at = stpcpy(copy, text) + 1;
    return copy;
}

// Moves `copies` behind the copy.
static char **copy_list(char *const *list, char ***copies, char **at) {
    if (list == NULL)
        return NULL;
    char **copy = *copies;
    for (; *list != NULL; list++)
        *(*copies)++ = copy_text(*list, at);
    *(*copies)++ = NULL;
    return copy;
}

// One allocation, which may fail: the texts are of any size.
static bool copy_spec(struct launch *launch, const struct process_spec *spec) {
    const char *directory = spec->directory != NULL ? spec->directory : "";
    const char *cgroup = spec->cgroup != NULL ? spec->cgroup : "";
    size_t bytes = strlen(spec->path) + strlen(directory) + strlen(cgroup) + 3;
    size_t count =
        count_texts(spec->argv, &bytes) + count_texts(spec->envp, &bytes) + count_texts(spec->candidates, &bytes);
    char **lists = memory_try(count * sizeof *lists + bytes);
    if (lists == NULL)
        return false;
    char *at = (char *)(lists + count);
    launch->texts = lists;
    launch->spec = *spec;
    launch->spec.stdin_fd = launch->spec.stdout_fd = launch->spec.stderr_fd = launch->spec.extra_fd = -1;
    launch->spec.argv = copy_list(spec->argv, &lists, &at);
    launch->spec.envp = copy_list(spec->envp, &lists, &at);
    launch->spec.candidates = copy_list(spec->candidates, &lists, &at);
    launch->spec.path = copy_text(spec->path, &at);
    launch->spec.directory = spec->directory != NULL ? copy_text(directory, &at) : NULL;
    launch->spec.cgroup = spec->cgroup != NULL ? copy_text(cgroup, &at) : NULL;
    return true;
}

static void close_descriptors(const struct process_spec *spec) {
    // The same descriptor may be there more than once.
    int fds[] = {spec->stdin_fd, spec->stdout_fd, spec->stderr_fd, spec->extra_number > 0 ? spec->extra_fd : -1};
    if (fds[1] == fds[0])
        fds[1] = -1;
    if (fds[2] == fds[0] || fds[2] == fds[1])
        fds[2] = -1;
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        file_close_at(&fds[i]);
}

// --- one user's launches ---

static void on_stall_timer(void *data);
static void dispatch_launches(struct deferred *dispatch);

static struct launch_queue *open_queue(struct launcher *launcher, uid_t uid) {
    struct launch_queue *queue;
    LIST_FOR_EACH (queue, &launcher->queues, link) {
        if (queue->uid == uid)
            return queue;
    }
    queue = memory_new(sizeof *queue);
    queue->launcher = launcher;
    queue->uid = uid;
    list_init(&queue->waiting);
    queue->stall = timer_create_in(launcher->loop, on_stall_timer, queue);
    list_add(&launcher->queues, &queue->link);
    return queue;
}

static void queue_release(struct launch_queue *queue) {
    if (--queue->launch_count > 0)
        return;
    list_remove(&queue->link);
    timer_destroy(queue->stall);
    free(queue);
}

static void watch_for_stall(struct launch_queue *queue) {
    if (list_is_empty(&queue->waiting))
        timer_stop(queue->stall);
    else
        timer_start(queue->stall, 2 * queue->launcher->deadline_ns);
}

static void launch_free(struct launch *launch) {
    queue_release(launch->queue);
    timer_destroy(launch->deadline);
    close_descriptors(&launch->spec);
    free(launch->texts);
    free(launch);
}

// --- one launch ---

static void run_launch(struct work_item *work) {
    struct launch *launch = CONTAINER_OF(work, struct launch, work);
    struct launcher *launcher = launch->launcher;
    process_spawn(&launch->spec, &launch->report);
    pthread_mutex_lock(&launcher->lock);
    launch->has_returned = true;
    pthread_cond_signal(&launcher->returned);
    pthread_mutex_unlock(&launcher->lock);
}

static bool has_returned(struct launch *launch) {
    pthread_mutex_lock(&launch->launcher->lock);
    bool has_returned = launch->has_returned;
    pthread_mutex_unlock(&launch->launcher->lock);
    return has_returned;
}

// A child that hangs in the kernel survives this. It must not keep other launches of its user waiting.
static void kill_child(struct launch *launch) {
    struct launcher *launcher = launch->launcher;
    launch->is_killed = true;
    launcher->under_way_count--;
    launch->queue->under_way_count--;
    launch->queue->killed_count++;
    loop_defer(launcher->loop, &launcher->dispatch, dispatch_launches);
    process_cancel(&launch->report);
    if (!worker_pool_cancel(launcher->pool, &launch->work))
        return;
    pthread_mutex_lock(&launcher->lock);
    launch->has_returned = true; // no thread has run it
    pthread_mutex_unlock(&launcher->lock);
}

static void fail(struct launch *launch, const struct error *err) {
    launch->is_reported = true;
    launch->handlers->on_done(0, err, launch->data);
}

static void fail_timed_out(struct launch *launch) {
    AUTO_ERROR struct error err = {0};
    error_set(&err, ERROR_INTERNAL, "fork/exec %s: timed out", launch_path(launch));
    err.errnum = ETIMEDOUT;
    fail(launch, &err);
}

static void on_deadline_expired(void *data) {
    struct launch *launch = data;
    if (launch->is_reported || has_returned(launch))
        return;
    kill_child(launch);
    fail_timed_out(launch);
}

// No launch of this user has begun or ended for twice the deadline, as a rule because killed children hang.
static void on_stall_timer(void *data) {
    struct launch_queue *queue = data;
    queue->launch_count++; // the queue is freed with its last launch
    for (size_t count = list_count(&queue->waiting); count > 0 && !list_is_empty(&queue->waiting); count--) {
        struct launch *launch = LIST_ITEM(queue->waiting.next, struct launch, link);
        list_remove(&launch->link);
        fail_timed_out(launch);
        launch_free(launch);
    }
    watch_for_stall(queue);
    queue_release(queue);
}

static void on_launch_over(struct work_item *work) {
    struct launch *launch = CONTAINER_OF(work, struct launch, work);
    struct launcher *launcher = launch->launcher;
    list_remove(&launch->link);
    if (launch->is_killed) {
        launch->queue->killed_count--;
    } else {
        launcher->under_way_count--;
        launch->queue->under_way_count--;
    }
    watch_for_stall(launch->queue);
    loop_defer(launcher->loop, &launcher->dispatch, dispatch_launches);
    reaper_unexpect(launcher->reaper, &launch->expected);
    AUTO_ERROR struct error err = {0};
    if (process_report_check(&launch->report, &launch->spec, &err) && !launch->is_reported)
        launch->handlers->on_done(process_report_pid(&launch->report), NULL, launch->data);
    else if (!launch->is_reported)
        fail(launch, &err);
    launch_free(launch);
}

static bool submit(struct launch *launch, struct error *err) {
    struct launcher *launcher = launch->launcher;
    reaper_expect(launcher->reaper, &launch->expected, &launch->report.pid);
    launch->work.work = run_launch;
    launch->work.done = on_launch_over;
    if (!worker_pool_submit(launcher->pool, &launch->work, NULL)) {
        reaper_unexpect(launcher->reaper, &launch->expected);
        // A thread that cannot be created is reported like a failed fork.
        return error_set_errno(err, EAGAIN, "fork/exec %s", launch->spec.path);
    }
    launch->is_under_way = true;
    list_add(&launcher->under_way, &launch->link);
    launcher->under_way_count++;
    launch->queue->under_way_count++;
    launch->deadline = timer_create_in(launcher->loop, on_deadline_expired, launch);
    timer_start(launch->deadline, launcher->deadline_ns);
    return true;
}

static bool begin(struct launch *launch) {
    list_remove(&launch->link);
    watch_for_stall(launch->queue);
    AUTO_ERROR struct error err = {0};
    if (launch->handlers->prepare(&launch->spec, launch->data, &err) && submit(launch, &err))
        return true;
    fail(launch, &err);
    launch_free(launch);
    return false;
}

// --- the order of launches ---

static bool may_begin(const struct launch_queue *queue) {
    return queue->under_way_count < LAUNCHES_AT_ONCE_PER_USER &&
           queue->under_way_count + queue->killed_count < LAUNCHES_HUNG_PER_USER;
}

static struct launch *next_launch(struct launcher *launcher) {
    struct launch_queue *queue;
    LIST_FOR_EACH (queue, &launcher->queues, link) {
        if (list_is_empty(&queue->waiting) || !may_begin(queue))
            continue;
        list_remove(&queue->link);
        list_add(&launcher->queues, &queue->link);
        return LIST_ITEM(queue->waiting.next, struct launch, link);
    }
    return NULL;
}

static void dispatch_launches(struct deferred *dispatch) {
    struct launcher *launcher = CONTAINER_OF(dispatch, struct launcher, dispatch);
    while (launcher->under_way_count < LAUNCHES_AT_ONCE) {
        struct launch *launch = next_launch(launcher);
        if (launch == NULL)
            return;
        if (!begin(launch)) {
            // The owner may start another launch that fails as well: at most one per turn of the loop.
            loop_defer(launcher->loop, dispatch, dispatch_launches);
            return;
        }
    }
}

bool launch_start(struct launcher *launcher, const struct process_spec *spec, const struct launch_handlers *handlers,
                  void *data, struct launch **out, struct error *err) {
    struct launch *launch = memory_new(sizeof *launch);
    if (!copy_spec(launch, spec)) {
        free(launch);
        return error_set_errno(err, ENOMEM, "fork/exec %s", spec->path);
    }
    launch->launcher = launcher;
    launch->handlers = handlers;
    launch->data = data;
    launch->queue = open_queue(launcher, spec->account.has_uid ? spec->account.uid : getuid());
    launch->queue->launch_count++;
    list_add(&launch->queue->waiting, &launch->link);
    if (!timer_is_running(launch->queue->stall))
        watch_for_stall(launch->queue);
    loop_defer(launcher->loop, &launcher->dispatch, dispatch_launches);
    *out = launch;
    return true;
}

const char *launch_path(const struct launch *launch) {
    return process_report_path(&launch->report, &launch->spec);
}

const struct process_cgroup *launch_cgroup(const struct launch *launch) {
    return &launch->report.cgroup;
}

void launch_cancel(struct launch *launch) {
    if (launch->is_under_way) {
        launch->is_reported = true;
        kill_child(launch);
        return;
    }
    list_remove(&launch->link);
    if (list_is_empty(&launch->queue->waiting))
        timer_stop(launch->queue->stall);
    launch_free(launch);
}

// --- the launcher ---

struct launcher *launcher_create(struct loop *loop, struct reaper *reaper, int64_t deadline_ns) {
    struct launcher *launcher = memory_new(sizeof *launcher);
    launcher->loop = loop;
    launcher->reaper = reaper;
    launcher->deadline_ns = deadline_ns;
    launcher->pool = worker_pool_create(loop, "launch", THREADS_MAX, LAUNCHES_AT_ONCE);
    list_init(&launcher->queues);
    list_init(&launcher->under_way);
    pthread_mutex_init(&launcher->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&launcher->returned, &attributes);
    pthread_condattr_destroy(&attributes);
    return launcher;
}

// With the lock held.
static bool is_any_running(struct launcher *launcher) {
    struct launch *launch;
    LIST_FOR_EACH (launch, &launcher->under_way, link) {
        if (!launch->has_returned)
            return true;
    }
    return false;
}

static bool wait_until_returned(struct launcher *launcher) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += DESTROY_SECONDS;
    pthread_mutex_lock(&launcher->lock);
    int status = 0;
    while (is_any_running(launcher) && status == 0)
        status = pthread_cond_timedwait(&launcher->returned, &launcher->lock, &until);
    bool is_over = !is_any_running(launcher);
    pthread_mutex_unlock(&launcher->lock);
    return is_over;
}

bool launcher_destroy(struct launcher *launcher) {
    if (launcher == NULL)
        return true;
    if (!wait_until_returned(launcher))
        return false;
    worker_pool_destroy(launcher->pool);
    loop_defer_cancel(launcher->loop, &launcher->dispatch);
    pthread_cond_destroy(&launcher->returned);
    pthread_mutex_destroy(&launcher->lock);
    free(launcher);
    return true;
}
