// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/checkpoint.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "loop/worker_pool.h"
#include "state/notice.h"
#include "state/state_file_internal.h"
#include "state/state_internal.h"

#define FILE_MODE 0600
#define FILE_SIZE_MAX ((size_t)256 << 20)
#define RETRY_MIN_NS (1 * NS_PER_S)
#define RETRY_MAX_NS (60 * NS_PER_S)
// Between writes that nobody waits for, so that a busy daemon does not rewrite the file without pause.
#define PAUSE_NS (20 * NS_PER_MS)

// One write. The pool's thread touches nothing else; `is_over` and what it announces are guarded by the lock.
struct write {
    struct work_item item;
    struct checkpoint *checkpoint;
    uint64_t generation; // of the state it holds
    char *path;
    struct snapshot snapshot;
    struct error err;
    bool is_completed; // its end was dealt with by checkpoint_flush()
    pthread_mutex_t lock;
    pthread_cond_t end;
    bool is_over;
};

struct checkpoint {
    struct loop *loop;
    struct state *state;
    char *path; // NULL: nothing is kept
    struct worker_pool *pool;
    struct listener modified;
    struct deferred begin; // starts a write
    struct deferred tell;  // calls those whom nothing keeps waiting
    struct timer *timer;   // the pause between writes, or the wait before another attempt
    struct write *write;   // under way, or NULL
    uint64_t saved_generation;
    struct list waiting; // checkpoint_wait.link, by generation
    struct list saved;   // checkpoint_wait.link: to be told next turn
    int64_t retry_ns;    // 0 while the disk does not refuse
    bool is_second_turn;
    struct event failed;
};

// --- one write ---

static void write_run(struct work_item *item) {
    struct write *write = CONTAINER_OF(item, struct write, item);
    AUTO_ERROR struct error err = {0};
    if (!file_write_atomic(write->path, write->snapshot.pieces, write->snapshot.count, FILE_MODE, &err))
        error_prefix(&err, "cannot write state file: ");
    pthread_mutex_lock(&write->lock);
    error_move(&write->err, &err);
    write->is_over = true;
    pthread_cond_signal(&write->end);
    pthread_mutex_unlock(&write->lock);
}

static void write_destroy(struct write *write) {
    snapshot_finish(&write->snapshot);
    error_clear(&write->err);
    pthread_cond_destroy(&write->end);
    pthread_mutex_destroy(&write->lock);
    free(write->path);
    free(write);
}

static void write_complete(struct write *write);

static void write_done(struct work_item *item) {
    struct write *write = CONTAINER_OF(item, struct write, item);
    if (!write->is_completed)
        write_complete(write);
    write_destroy(write);
}

static struct write *write_create(struct checkpoint *checkpoint) {
    struct write *write = memory_new(sizeof *write);
    write->item.work = write_run;
    write->item.done = write_done;
    write->checkpoint = checkpoint;
    write->generation = checkpoint->state->generation;
    write->path = memory_string(checkpoint->path);
    snapshot_take(checkpoint->state, &write->snapshot);
    pthread_mutex_init(&write->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&write->end, &attributes);
    pthread_condattr_destroy(&attributes);
    return write;
}

// False when it has not ended by then.
static bool write_await(struct write *write, int64_t until_ns) {
    const struct timespec until = {until_ns / NS_PER_S, until_ns % NS_PER_S};
    int status = 0;
    pthread_mutex_lock(&write->lock);
    while (!write->is_over && status == 0)
        status = pthread_cond_timedwait(&write->end, &write->lock, &until);
    bool is_over = write->is_over;
    pthread_mutex_unlock(&write->lock);
    return is_over;
}

// --- who waits ---

static void notify_waiters(struct checkpoint *checkpoint, uint64_t generation, bool is_saved) {
    // An answered waiter may wait anew, with a higher generation, or cancel another.
    while (!list_is_empty(&checkpoint->waiting)) {
        struct checkpoint_wait *wait = LIST_ITEM(checkpoint->waiting.next, struct checkpoint_wait, link);
        if (wait->generation > generation)
            break;
        list_remove(&wait->link);
        wait->done(wait, is_saved);
    }
}

static void notify_saved(struct deferred *deferred) {
    struct checkpoint *checkpoint = CONTAINER_OF(deferred, struct checkpoint, tell);
    // Those who come meanwhile are told in the next turn.
    for (size_t count = list_count(&checkpoint->saved); count > 0 && !list_is_empty(&checkpoint->saved); count--) {
        struct checkpoint_wait *wait = LIST_ITEM(checkpoint->saved.next, struct checkpoint_wait, link);
        list_remove(&wait->link);
        wait->done(wait, true);
    }
}

// --- when to write ---

static bool write_begin(struct checkpoint *checkpoint) {
    struct write *write = write_create(checkpoint);
    checkpoint->write = write;
    timer_stop(checkpoint->timer);
    if (worker_pool_submit(checkpoint->pool, &write->item, &write->err))
        return true;
    error_prefix(&write->err, "cannot write state file: ");
    write_complete(write);
    write_destroy(write);
    return false;
}

static void begin_turn(struct deferred *deferred) {
    struct checkpoint *checkpoint = CONTAINER_OF(deferred, struct checkpoint, begin);
    if (checkpoint->write != NULL || checkpoint_is_clean(checkpoint)) {
        checkpoint->is_second_turn = false;
        return;
    }
    // One turn later, so that the tasks which the runner begins at once are in the same write.
    checkpoint->is_second_turn = !checkpoint->is_second_turn;
    if (checkpoint->is_second_turn)
        loop_defer(checkpoint->loop, &checkpoint->begin, begin_turn);
    else
        write_begin(checkpoint);
}

static void on_timer(void *data) {
    struct checkpoint *checkpoint = data;
    loop_defer(checkpoint->loop, &checkpoint->begin, begin_turn);
}

static void on_modified(struct listener *listener, void *argument UNUSED) {
    struct checkpoint *checkpoint = CONTAINER_OF(listener, struct checkpoint, modified);
    if (checkpoint->path != NULL && checkpoint->write == NULL && !timer_is_running(checkpoint->timer))
        loop_defer(checkpoint->loop, &checkpoint->begin, begin_turn);
}

static void handle_failure(struct checkpoint *checkpoint, const struct write *write) {
    bool is_first = checkpoint->retry_ns == 0;
    checkpoint->retry_ns = is_first ? RETRY_MIN_NS : checkpoint->retry_ns * 2;
    if (checkpoint->retry_ns > RETRY_MAX_NS)
        checkpoint->retry_ns = RETRY_MAX_NS;
    timer_start(checkpoint->timer, checkpoint->retry_ns);
    struct checkpoint_failure failure = {error_text(&write->err), checkpoint->retry_ns};
    event_emit(&checkpoint->failed, &failure);
    if (is_first)
        state_add_warning(checkpoint->state, failure.message);
}

// The write has ended, well or not: answers, and sees to the next one.
static void write_complete(struct write *write) {
    struct checkpoint *checkpoint = write->checkpoint;
    bool is_saved = !error_is_set(&write->err) && !write->item.was_cancelled;
    checkpoint->write = NULL;
    if (is_saved) {
        checkpoint->saved_generation = write->generation;
        checkpoint->retry_ns = 0;
    } else {
        handle_failure(checkpoint, write);
    }
    notify_waiters(checkpoint, write->generation, is_saved);
    if (!list_is_empty(&checkpoint->waiting))
        loop_defer(checkpoint->loop, &checkpoint->begin, begin_turn);
    else if (is_saved && !checkpoint_is_clean(checkpoint))
        timer_start(checkpoint->timer, PAUSE_NS);
}

// --- the outside ---

struct checkpoint *checkpoint_create(struct loop *loop, struct state *state, const char *path) {
    struct checkpoint *checkpoint = memory_new(sizeof *checkpoint);
    checkpoint->loop = loop;
    checkpoint->state = state;
    checkpoint->pool = worker_pool_create(loop, "state", 1, 4);
    checkpoint->timer = timer_create_in(loop, on_timer, checkpoint);
    list_init(&checkpoint->waiting);
    list_init(&checkpoint->saved);
    event_init(&checkpoint->failed);
    if (path != NULL) {
        checkpoint->path = memory_string(path);
        file_remove_leftovers(path);
    }
    event_add(&state->modified, &checkpoint->modified, on_modified);
    return checkpoint;
}

void checkpoint_destroy(struct checkpoint *checkpoint) {
    if (checkpoint == NULL)
        return;
    event_remove(&checkpoint->modified);
    if (checkpoint->write != NULL)
        checkpoint->write->is_completed = true;
    worker_pool_destroy(checkpoint->pool);
    loop_defer_cancel(checkpoint->loop, &checkpoint->begin);
    loop_defer_cancel(checkpoint->loop, &checkpoint->tell);
    struct checkpoint_wait *wait;
    LIST_FOR_EACH (wait, &checkpoint->waiting, link)
        list_remove(&wait->link);
    LIST_FOR_EACH (wait, &checkpoint->saved, link)
        list_remove(&wait->link);
    timer_destroy(checkpoint->timer);
    free(checkpoint->path);
    free(checkpoint);
}

static bool load_file(struct checkpoint *checkpoint, struct error *err) {
    struct state *state = checkpoint->state;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(FILE_SIZE_MAX);
    AUTO_ERROR struct error reason = {0};
    if (!file_read(checkpoint->path, &text, &reason)) {
        if (reason.errnum == ENOENT) {
            state_touch(state);
            return true;
        }
        error_prefix(&reason, "cannot read the state file: ");
        return error_move(err, &reason);
    }
    uint64_t untouched = state->generation;
    if (!state_read(state, buffer_text(&text), text.length, err))
        return false;
    // Otherwise something that the file did not say in our way was put right.
    if (state->generation == untouched)
        checkpoint->saved_generation = state->generation;
    return true;
}

bool checkpoint_load(struct checkpoint *checkpoint, struct error *err) {
    if (checkpoint->path == NULL || load_file(checkpoint, err))
        return true;
    // Whatever the caller does now, the file that was not understood is not written over.
    free(TAKE(checkpoint->path));
    return false;
}

bool checkpoint_is_clean(const struct checkpoint *checkpoint) {
    return checkpoint->path == NULL || checkpoint->saved_generation == checkpoint->state->generation;
}

void checkpoint_wait(struct checkpoint *checkpoint, struct checkpoint_wait *wait, checkpoint_done_fn done) {
    wait->done = done;
    wait->generation = checkpoint->state->generation;
    if (checkpoint_is_clean(checkpoint)) {
        list_add(&checkpoint->saved, &wait->link);
        loop_defer(checkpoint->loop, &checkpoint->tell, notify_saved);
        return;
    }
    list_add(&checkpoint->waiting, &wait->link);
    if (checkpoint->write == NULL)
        loop_defer(checkpoint->loop, &checkpoint->begin, begin_turn);
}

void checkpoint_wait_cancel(struct checkpoint *checkpoint UNUSED, struct checkpoint_wait *wait) {
    if (list_is_linked(&wait->link))
        list_remove(&wait->link);
}

bool checkpoint_flush(struct checkpoint *checkpoint, int timeout_ms, struct error *err) {
    int64_t until_ns = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
    while (checkpoint->write != NULL || !checkpoint_is_clean(checkpoint)) {
        bool is_last = checkpoint->write == NULL;
        if (is_last && !write_begin(checkpoint))
            return error_set(err, ERROR_INTERNAL, "cannot write state file: no thread for it");
        struct write *write = checkpoint->write;
        if (!write_await(write, until_ns))
            return error_set(err, ERROR_TIMEOUT, "cannot write state file: the disk did not answer in time");
        bool has_failed = error_is_set(&write->err);
        if (is_last && has_failed)
            error_set(err, write->err.kind, "%s", error_text(&write->err));
        write->is_completed = true;
        write_complete(write);
        if (is_last && has_failed)
            return false;
    }
    return true;
}

struct event *checkpoint_failed(struct checkpoint *checkpoint) {
    return &checkpoint->failed;
}
