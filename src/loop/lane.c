// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/lane.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"

enum {
    WORKER_STACK_BYTES = 256 * 1024,
    WORKER_IDLE_SECONDS = 2,
};

enum job_phase { JOB_IDLE, JOB_WAITING, JOB_RUNNING, JOB_DONE };

struct job_queue {
    struct lane_job *first, **end;
    size_t count;
};

// Everything below `lock` is guarded by it. The worker threads are detached: `thread_count` says how many
// may still touch the lane.
struct lane {
    uv_async_t wake;
    char name[16]; // the kernel's limit for a thread's name
    unsigned thread_limit;
    size_t queue_limit;
    pthread_mutex_t lock;
    pthread_cond_t work_arrived;
    pthread_cond_t work_ended; // a job is done, or a thread has ended
    struct job_queue waiting, done;
    unsigned thread_count, idle_count, running_count;
    bool is_closing;
};

static void queue_init(struct job_queue *queue) {
    *queue = (struct job_queue){.end = &queue->first};
}

static void queue_add(struct job_queue *queue, struct lane_job *job, enum job_phase phase) {
    job->phase = (int)phase;
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
    queue->count++;
}

static void queue_remove(struct job_queue *queue, struct lane_job *job) {
    struct lane_job **at = &queue->first;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    if (!*at)
        queue->end = at;
    job->next = NULL;
    queue->count--;
}

// The worker's side

// Called and returns with the lock held. False after two seconds without work.
static bool wait_for_work(struct lane *lane) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WORKER_IDLE_SECONDS;
    int status = 0;
    lane->idle_count++;
    while (!lane->waiting.first && !lane->is_closing && status == 0)
        status = pthread_cond_timedwait(&lane->work_arrived, &lane->lock, &until);
    lane->idle_count--;
    return lane->waiting.first != NULL;
}

static void *worker_run(void *data) {
    struct lane *lane = data;
    pthread_setname_np(pthread_self(), lane->name);
    pthread_mutex_lock(&lane->lock);
    while (wait_for_work(lane)) {
        struct lane_job *job = lane->waiting.first;
        queue_remove(&lane->waiting, job);
        job->phase = JOB_RUNNING;
        lane->running_count++;
        pthread_mutex_unlock(&lane->lock);
        job->work(job);
        pthread_mutex_lock(&lane->lock);
        lane->running_count--;
        queue_add(&lane->done, job, JOB_DONE);
        pthread_cond_signal(&lane->work_ended);
        uv_async_send(&lane->wake);
    }
    lane->thread_count--;
    pthread_cond_signal(&lane->work_ended);
    pthread_mutex_unlock(&lane->lock);
    return NULL;
}

static int start_worker(struct lane *lane) {
    pthread_attr_t attributes;
    int status = pthread_attr_init(&attributes);
    if (status != 0)
        return status;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by the thread: signals belong to the loop
    pthread_t thread;
    status = pthread_create(&thread, &attributes, worker_run, lane);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (status == 0)
        lane->thread_count++;
    return status;
}

// The loop's side

static struct lane_job *take_done(struct lane *lane) {
    pthread_mutex_lock(&lane->lock);
    struct lane_job *job = lane->done.first;
    if (job) {
        queue_remove(&lane->done, job);
        job->phase = JOB_IDLE;
    }
    pthread_mutex_unlock(&lane->lock);
    return job;
}

static size_t count_done(struct lane *lane) {
    pthread_mutex_lock(&lane->lock);
    size_t count = lane->done.count;
    pthread_mutex_unlock(&lane->lock);
    return count;
}

static void deliver_done(uv_async_t *wake) {
    struct lane *lane = wake->data;
    // Jobs that end meanwhile wake the loop again: it comes to other things in between.
    for (size_t count = count_done(lane); count > 0; count--) {
        struct lane_job *job = take_done(lane);
        if (!job)
            break;
        job->done(job);
    }
}

static void deliver_all_done(struct lane *lane) {
    for (struct lane_job *job = take_done(lane); job; job = take_done(lane))
        job->done(job);
}

struct lane *lane_create(struct loop *loop, const char *name, unsigned threads, size_t queue_limit) {
    struct lane *lane = memory_new(sizeof(*lane));
    for (size_t i = 0; i + 1 < sizeof(lane->name) && name[i]; i++)
        lane->name[i] = name[i];
    lane->thread_limit = threads;
    lane->queue_limit = queue_limit;
    pthread_mutex_init(&lane->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&lane->work_arrived, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&lane->work_ended, NULL);
    queue_init(&lane->waiting);
    queue_init(&lane->done);
    // Cannot fail: all of a loop's handles of this kind share a descriptor that the loop was created with.
    if (uv_async_init(loop_uv(loop), &lane->wake, deliver_done) != 0)
        abort();
    lane->wake.data = lane;
    return lane;
}

static void lane_free(uv_handle_t *handle) {
    struct lane *lane = handle->data;
    pthread_cond_destroy(&lane->work_ended);
    pthread_cond_destroy(&lane->work_arrived);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}

// With the lock held.
static void cancel_waiting(struct lane *lane, struct lane_job *job) {
    queue_remove(&lane->waiting, job);
    job->was_cancelled = true;
    queue_add(&lane->done, job, JOB_DONE);
}

void lane_destroy(struct lane *lane) {
    if (!lane)
        return;
    pthread_mutex_lock(&lane->lock);
    lane->is_closing = true;
    while (lane->waiting.first)
        cancel_waiting(lane, lane->waiting.first);
    pthread_cond_broadcast(&lane->work_arrived);
    while (lane->thread_count > 0)
        pthread_cond_wait(&lane->work_ended, &lane->lock);
    pthread_mutex_unlock(&lane->lock);
    deliver_all_done(lane);
    uv_close((uv_handle_t *)&lane->wake, lane_free);
}

// With the lock held.
static bool lane_accept(struct lane *lane, struct lane_job *job, struct error *err) {
    size_t free_threads = lane->thread_limit - lane->running_count;
    if (lane->is_closing || lane->waiting.count >= lane->queue_limit + free_threads)
        return error_set(err, ERROR_UNAVAILABLE, "too much work for %s is waiting", lane->name);
    // An idle worker that was woken counts as idle until it runs, so each waiting job has a claim to one.
    if (lane->idle_count <= lane->waiting.count && lane->thread_count < lane->thread_limit) {
        int status = start_worker(lane);
        if (status != 0 && lane->thread_count == 0)
            return error_set(err, ERROR_UNAVAILABLE, "cannot start worker for %s: %s", lane->name,
                             error_errno_text(status));
    }
    job->was_cancelled = false;
    queue_add(&lane->waiting, job, JOB_WAITING);
    pthread_cond_signal(&lane->work_arrived);
    return true;
}

bool lane_submit(struct lane *lane, struct lane_job *job, struct error *err) {
    pthread_mutex_lock(&lane->lock);
    bool is_accepted = lane_accept(lane, job, err);
    pthread_mutex_unlock(&lane->lock);
    return is_accepted;
}

bool lane_cancel(struct lane *lane, struct lane_job *job) {
    pthread_mutex_lock(&lane->lock);
    bool is_waiting = job->phase == JOB_WAITING;
    if (is_waiting) {
        cancel_waiting(lane, job);
        uv_async_send(&lane->wake);
    }
    pthread_mutex_unlock(&lane->lock);
    return is_waiting;
}

void lane_drain(struct lane *lane) {
    // What done() submits is waited for, too.
    for (bool is_empty = false; !is_empty;) {
        pthread_mutex_lock(&lane->lock);
        while (lane->waiting.count > 0 || lane->running_count > 0)
            pthread_cond_wait(&lane->work_ended, &lane->lock);
        is_empty = lane->done.count == 0;
        pthread_mutex_unlock(&lane->lock);
        deliver_all_done(lane);
    }
}
