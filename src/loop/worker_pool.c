// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/worker_pool.h"

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

enum work_phase { WORK_IDLE, WORK_WAITING, WORK_RUNNING, WORK_DONE };

struct work_queue {
    struct work_item *first, **end;
    size_t count;
};

// Everything below `lock` is guarded by it. The worker threads are detached: `thread_count` says how many
// may still touch the pool.
struct worker_pool {
    uv_async_t wake;
    char name[16]; // the kernel's limit for a thread's name
    unsigned thread_limit;
    size_t queue_limit;
    pthread_mutex_t lock;
    pthread_cond_t work_arrived;
    pthread_cond_t work_ended; // a item is done, or a thread has ended
    struct work_queue waiting, done;
    unsigned thread_count, idle_count, running_count;
    bool is_closing;
};

static void queue_init(struct work_queue *queue) {
    *queue = (struct work_queue){.end = &queue->first};
}

static void queue_add(struct work_queue *queue, struct work_item *item, enum work_phase phase) {
    item->phase = (int)phase;
    item->next = NULL;
    *queue->end = item;
    queue->end = &item->next;
    queue->count++;
}

static void queue_remove(struct work_queue *queue, struct work_item *item) {
    struct work_item **at = &queue->first;
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    if (*at == NULL)
        queue->end = at;
    item->next = NULL;
    queue->count--;
}

// --- the worker's side ---

// Called and returns with the lock held. False after two seconds without work.
static bool wait_for_work(struct worker_pool *pool) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WORKER_IDLE_SECONDS;
    int status = 0;
    pool->idle_count++;
    while (pool->waiting.first == NULL && !pool->is_closing && status == 0)
        status = pthread_cond_timedwait(&pool->work_arrived, &pool->lock, &until);
    pool->idle_count--;
    return pool->waiting.first != NULL;
}

static void *worker_run(void *data) {
    struct worker_pool *pool = data;
    pthread_setname_np(pthread_self(), pool->name);
    pthread_mutex_lock(&pool->lock);
    while (wait_for_work(pool)) {
        struct work_item *item = pool->waiting.first;
        queue_remove(&pool->waiting, item);
        item->phase = WORK_RUNNING;
        pool->running_count++;
        pthread_mutex_unlock(&pool->lock);
        item->work(item);
        pthread_mutex_lock(&pool->lock);
        pool->running_count--;
        queue_add(&pool->done, item, WORK_DONE);
        pthread_cond_signal(&pool->work_ended);
        uv_async_send(&pool->wake);
    }
    pool->thread_count--;
    pthread_cond_signal(&pool->work_ended);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static int start_worker(struct worker_pool *pool) {
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
    status = pthread_create(&thread, &attributes, worker_run, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (status == 0)
        pool->thread_count++;
    return status;
}

// --- the loop's side ---

static struct work_item *take_done(struct worker_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    struct work_item *item = pool->done.first;
    if (item != NULL) {
        queue_remove(&pool->done, item);
        item->phase = WORK_IDLE;
    }
    pthread_mutex_unlock(&pool->lock);
    return item;
}

static size_t count_done(struct worker_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    size_t count = pool->done.count;
    pthread_mutex_unlock(&pool->lock);
    return count;
}

static void deliver_done(uv_async_t *wake) {
    struct worker_pool *pool = wake->data;
    // Jobs that end meanwhile wake the loop again: it comes to other things in between.
    for (size_t count = count_done(pool); count > 0; count--) {
        struct work_item *item = take_done(pool);
        if (item == NULL)
            break;
        item->done(item);
    }
}

static void deliver_all_done(struct worker_pool *pool) {
    for (struct work_item *item = take_done(pool); item != NULL; item = take_done(pool))
        item->done(item);
}

struct worker_pool *worker_pool_create(struct loop *loop, const char *name, unsigned threads, size_t queue_limit) {
    struct worker_pool *pool = memory_new(sizeof *pool);
    for (size_t i = 0; i + 1 < sizeof pool->name && name[i]; i++)
        pool->name[i] = name[i];
    pool->thread_limit = threads;
    pool->queue_limit = queue_limit;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->work_arrived, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&pool->work_ended, NULL);
    queue_init(&pool->waiting);
    queue_init(&pool->done);
    // Cannot fail: all of a loop's handles of this kind share a descriptor that the loop was created with.
    if (uv_async_init(loop_uv(loop), &pool->wake, deliver_done) != 0)
        abort();
    pool->wake.data = pool;
    return pool;
}

static void worker_pool_free(uv_handle_t *handle) {
    struct worker_pool *pool = handle->data;
    pthread_cond_destroy(&pool->work_ended);
    pthread_cond_destroy(&pool->work_arrived);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

// With the lock held.
static void cancel_waiting(struct worker_pool *pool, struct work_item *item) {
    queue_remove(&pool->waiting, item);
    item->was_cancelled = true;
    queue_add(&pool->done, item, WORK_DONE);
}

void worker_pool_destroy(struct worker_pool *pool) {
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    while (pool->waiting.first != NULL)
        cancel_waiting(pool, pool->waiting.first);
    pthread_cond_broadcast(&pool->work_arrived);
    while (pool->thread_count > 0)
        pthread_cond_wait(&pool->work_ended, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    deliver_all_done(pool);
    uv_close((uv_handle_t *)&pool->wake, worker_pool_free);
}

// With the lock held.
static bool worker_pool_accept(struct worker_pool *pool, struct work_item *item, struct error *err) {
    size_t free_threads = pool->thread_limit - pool->running_count;
    if (pool->is_closing || pool->waiting.count >= pool->queue_limit + free_threads)
        return error_set(err, ERROR_UNAVAILABLE, "too much work for %s is waiting", pool->name);
    // An idle worker that was woken counts as idle until it runs, so each waiting item has a claim to one.
    if (pool->idle_count <= pool->waiting.count && pool->thread_count < pool->thread_limit) {
        int status = start_worker(pool);
        if (status != 0 && pool->thread_count == 0)
            return error_set(err, ERROR_UNAVAILABLE, "cannot start worker for %s: %s", pool->name,
                             error_errno_text(status));
    }
    item->was_cancelled = false;
    queue_add(&pool->waiting, item, WORK_WAITING);
    pthread_cond_signal(&pool->work_arrived);
    return true;
}

bool worker_pool_submit(struct worker_pool *pool, struct work_item *item, struct error *err) {
    pthread_mutex_lock(&pool->lock);
    bool is_accepted = worker_pool_accept(pool, item, err);
    pthread_mutex_unlock(&pool->lock);
    return is_accepted;
}

bool worker_pool_cancel(struct worker_pool *pool, struct work_item *item) {
    pthread_mutex_lock(&pool->lock);
    bool is_waiting = item->phase == WORK_WAITING;
    if (is_waiting) {
        cancel_waiting(pool, item);
        uv_async_send(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
    return is_waiting;
}

void worker_pool_drain(struct worker_pool *pool) {
    // What done() submits is waited for, too.
    for (bool is_empty = false; !is_empty;) {
        pthread_mutex_lock(&pool->lock);
        while (pool->waiting.count > 0 || pool->running_count > 0)
            pthread_cond_wait(&pool->work_ended, &pool->lock);
        is_empty = pool->done.count == 0;
        pthread_mutex_unlock(&pool->lock);
        deliver_all_done(pool);
    }
}
