// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/worker_pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"

#define WORKER_STACK_BYTES ((size_t)256 * 1024)
#define WORKER_IDLE_NS (2 * NS_PER_S)
#define NO_DEADLINE INT64_MAX

enum work_phase { WORK_IDLE, WORK_WAITING, WORK_RUNNING, WORK_DONE };

struct work_queue {
    struct work_item *first, **end;
    size_t count;
};

// `lock` guards the members below it. The threads are detached. The pool is freed when its handle is closed and no
// thread uses it any more.
struct worker_pool {
    uv_async_t wake;
    char name[16]; // limit of the kernel for thread names
    unsigned thread_limit;
    size_t queue_limit;
    pthread_mutex_t lock;
    pthread_cond_t work_arrived;
    pthread_cond_t work_ended; // an item or a thread has ended
    struct work_queue waiting, done;
    unsigned thread_count, idle_count, running_count;
    bool is_closing;
    bool is_abandoned; // completed work is not reported
    bool is_closed;    // the handle is closed
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

// Call with the lock held. False if the deadline has passed.
static bool wait_until(struct worker_pool *pool, pthread_cond_t *condition, int64_t deadline_ns) {
    const struct timespec deadline = {deadline_ns / NS_PER_S, deadline_ns % NS_PER_S};
    return pthread_cond_timedwait(condition, &pool->lock, &deadline) == 0;
}

static void worker_pool_free(struct worker_pool *pool) {
    pthread_cond_destroy(&pool->work_ended);
    pthread_cond_destroy(&pool->work_arrived);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

// Call with the lock held; releases it.
static void release_pool(struct worker_pool *pool) {
    bool is_unused = pool->is_closed && pool->thread_count == 0;
    pthread_mutex_unlock(&pool->lock);
    if (is_unused)
        worker_pool_free(pool);
}

// --- worker threads ---

// Call with the lock held. False after two seconds without work.
static bool wait_for_work(struct worker_pool *pool) {
    int64_t deadline_ns = clock_deadline_ns(WORKER_IDLE_NS);
    bool is_in_time = true;
    pool->idle_count++;
    while (pool->waiting.first == NULL && !pool->is_closing && is_in_time)
        is_in_time = wait_until(pool, &pool->work_arrived, deadline_ns);
    pool->idle_count--;
    return pool->waiting.first != NULL;
}

static void run_item(struct worker_pool *pool, struct work_item *item) {
    queue_remove(&pool->waiting, item);
    item->phase = WORK_RUNNING;
    pool->running_count++;
    pthread_mutex_unlock(&pool->lock);
    item->work(item);
    pthread_mutex_lock(&pool->lock);
    pool->running_count--;
    if (pool->is_abandoned)
        return;
    queue_add(&pool->done, item, WORK_DONE);
    pthread_cond_signal(&pool->work_ended);
    uv_async_send(&pool->wake);
}

static void *worker_run(void *data) {
    struct worker_pool *pool = data;
    pthread_setname_np(pthread_self(), pool->name);
    pthread_mutex_lock(&pool->lock);
    while (wait_for_work(pool))
        run_item(pool, pool->waiting.first);
    pool->thread_count--;
    pthread_cond_signal(&pool->work_ended);
    release_pool(pool);
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
    pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by the thread; signals are handled by the loop
    pthread_t thread;
    status = pthread_create(&thread, &attributes, worker_run, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (status == 0)
        pool->thread_count++;
    return status;
}

// --- delivery in the loop's thread ---

static struct work_item *pop_done(struct worker_pool *pool) {
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

static void on_work_done(uv_async_t *wake) {
    struct worker_pool *pool = wake->data;
    // Items that end in the meantime wake the loop again, so that other events are handled in between.
    for (size_t count = count_done(pool); count > 0; count--) {
        struct work_item *item = pop_done(pool);
        if (item == NULL)
            break;
        item->done(item);
    }
}

static void deliver_all_done(struct worker_pool *pool) {
    for (struct work_item *item = pop_done(pool); item != NULL; item = pop_done(pool))
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
    pthread_cond_init(&pool->work_ended, &attributes);
    pthread_condattr_destroy(&attributes);
    queue_init(&pool->waiting);
    queue_init(&pool->done);
    // Cannot fail: all async handles of a loop share a descriptor that uv_loop_init() has opened.
    if (uv_async_init(loop_uv(loop), &pool->wake, on_work_done) != 0)
        abort();
    pool->wake.data = pool;
    return pool;
}

// --- destruction ---

static void on_wake_closed(uv_handle_t *handle) {
    struct worker_pool *pool = handle->data;
    pthread_mutex_lock(&pool->lock);
    pool->is_closed = true;
    release_pool(pool);
}

// Call with the lock held.
static void cancel_waiting(struct worker_pool *pool, struct work_item *item) {
    queue_remove(&pool->waiting, item);
    item->was_cancelled = true;
    queue_add(&pool->done, item, WORK_DONE);
}

bool worker_pool_destroy_within(struct worker_pool *pool, int64_t timeout_ns) {
    if (pool == NULL)
        return true;
    int64_t deadline_ns = clock_deadline_ns(timeout_ns);
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    while (pool->waiting.first != NULL)
        cancel_waiting(pool, pool->waiting.first);
    pthread_cond_broadcast(&pool->work_arrived);
    bool is_in_time = true;
    while (pool->thread_count > 0 && is_in_time)
        is_in_time = wait_until(pool, &pool->work_ended, deadline_ns);
    bool has_ended = pool->running_count == 0;
    pool->is_abandoned = true;
    pthread_mutex_unlock(&pool->lock);
    deliver_all_done(pool);
    uv_close((uv_handle_t *)&pool->wake, on_wake_closed);
    return has_ended;
}

void worker_pool_destroy(struct worker_pool *pool) {
    worker_pool_destroy_within(pool, NO_DEADLINE);
}

// --- items ---

// Call with the lock held.
static bool worker_pool_accept(struct worker_pool *pool, struct work_item *item, struct error *err) {
    size_t free_threads = pool->thread_limit - pool->running_count;
    if (pool->is_closing || pool->waiting.count >= pool->queue_limit + free_threads)
        return error_set(err, ERROR_UNAVAILABLE, "too much work for %s is waiting", pool->name);
    // A thread that has been woken counts as idle until it runs, so each waiting item will use one of the idle threads.
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

bool worker_pool_wait_item(struct worker_pool *pool, struct work_item *item, int64_t timeout_ns) {
    int64_t deadline_ns = clock_deadline_ns(timeout_ns);
    bool is_in_time = true;
    pthread_mutex_lock(&pool->lock);
    while ((item->phase == WORK_WAITING || item->phase == WORK_RUNNING) && is_in_time)
        is_in_time = wait_until(pool, &pool->work_ended, deadline_ns);
    bool has_ended = item->phase == WORK_DONE || item->phase == WORK_IDLE;
    pthread_mutex_unlock(&pool->lock);
    if (has_ended)
        deliver_all_done(pool);
    return has_ended;
}

// Whether all items have run by the deadline and, if `is_delivered`, done() has been called for all of them.
static bool wait_for_all(struct worker_pool *pool, int64_t deadline_ns, bool *is_delivered) {
    bool is_in_time = true;
    pthread_mutex_lock(&pool->lock);
    while ((pool->waiting.count > 0 || pool->running_count > 0) && is_in_time)
        is_in_time = wait_until(pool, &pool->work_ended, deadline_ns);
    bool has_ended = pool->waiting.count == 0 && pool->running_count == 0;
    *is_delivered = has_ended && pool->done.count == 0;
    pthread_mutex_unlock(&pool->lock);
    return has_ended;
}

bool worker_pool_wait(struct worker_pool *pool, int64_t timeout_ns) {
    int64_t deadline_ns = clock_deadline_ns(timeout_ns);
    for (bool is_delivered = false; !is_delivered;) {
        if (!wait_for_all(pool, deadline_ns, &is_delivered))
            return false;
        deliver_all_done(pool);
    }
    return true;
}
