// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/checkpoint.h"

#include <errno.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "loop/worker_pool.h"
#include "state/notice.h"
#include "state/runner.h"
#include "state/state_file_internal.h"
#include "state/state_internal.h"

#define FILE_SIZE_MAX ((size_t)256 << 20)
#define RETRY_MIN_NS (1 * NS_PER_S)
#define RETRY_MAX_NS (60 * NS_PER_S)
// Between writes without waiters, so that a busy daemon does not rewrite the file all the time: longer after a larger
// file.
#define PAUSE_NS (20 * NS_PER_MS)
#define PAUSE_MAX_NS NS_PER_S
#define PAUSE_BYTES ((size_t)16384) // for each of them another PAUSE_NS
#define END_LIMIT_NS (5 * NS_PER_S) // for a write that runs when the checkpoint is destroyed

// One write of the file. The worker thread uses only this.
struct write {
    struct work_item item;
    struct checkpoint *checkpoint;
    uint64_t generation; // of the snapshot
    char *path;
    size_t limit_bytes;
    size_t written_bytes;
    struct snapshot snapshot;
    int lock_fd; // of the new file, or -1
    struct error err;
};

// The lock on a file that has been replaced. Closing it frees the file, which may take a while.
struct closing {
    struct work_item item;
    int fd;
};

struct checkpoint {
    struct loop *loop;
    struct state *state;
    struct runner *runner; // NULL: none
    char *path;            // NULL: nothing is written
    int lock_fd;           // holds the lock on the file, or -1
    size_t limit_bytes;    // of the file
    struct worker_pool *pool;
    struct listener state_modified;
    struct listener runner_turn_ended;
    bool awaits_runner;    // the snapshot is taken after the runner's turn
    struct deferred begin; // begins a write, or waits for the runner
    struct deferred notify;
    struct timer *timer;      // the pause between writes, or the delay before another attempt
    struct timer *wait_timer; // for the deadline of the first waiter
    struct write *write;      // the running one, or NULL
    uint64_t saved_generation;
    struct error last_error; // of the last write
    int64_t retry_ns;        // 0 unless the last write failed
    struct list waiting;     // checkpoint_wait.link, by generation
    struct list saved;       // checkpoint_wait.link: to be called back from the loop
    bool is_stuck;           // checkpoint_flush() has timed out
    bool is_slow;            // the running write, of which a warning tells
    bool is_closing;
    struct event failed;
};

// --- one write ---

static bool check_size(struct write *write, struct error *err) {
    size_t left = write->limit_bytes;
    for (size_t i = 0; i < write->snapshot.count; i++) {
        if (write->snapshot.pieces[i].iov_len > left)
            return error_set(err, ERROR_TOO_LARGE, "larger than %zu bytes", write->limit_bytes);
        left -= write->snapshot.pieces[i].iov_len;
    }
    write->written_bytes = write->limit_bytes - left;
    return true;
}

static void write_file(struct work_item *item) {
    struct write *write = CONTAINER_OF(item, struct write, item);
    // A file that could not be read again does not replace one that can.
    if (!check_size(write, &write->err) ||
        !file_write_locked(write->path, write->snapshot.pieces, write->snapshot.count, &write->lock_fd, &write->err))
        error_prefix(&write->err, "cannot write state file: ");
}

static void write_destroy(struct write *write) {
    snapshot_finish(&write->snapshot);
    file_close_at(&write->lock_fd);
    error_clear(&write->err);
    free(write->path);
    free(write);
}

static void write_complete(struct write *write);

static void on_write_done(struct work_item *item) {
    struct write *write = CONTAINER_OF(item, struct write, item);
    if (!write->checkpoint->is_closing)
        write_complete(write);
    else if (!item->was_cancelled && !error_is_set(&write->err))
        write->checkpoint->saved_generation = write->generation;
    write_destroy(write);
}

static struct write *write_create(struct checkpoint *checkpoint) {
    struct write *write = memory_new(sizeof *write);
    write->item.work = write_file;
    write->item.done = on_write_done;
    write->checkpoint = checkpoint;
    write->generation = checkpoint->state->generation;
    write->path = memory_string(checkpoint->path);
    write->limit_bytes = checkpoint->limit_bytes;
    write->lock_fd = -1;
    snapshot_take(checkpoint->state, &write->snapshot);
    return write;
}

// --- the lock ---

static void close_file(struct work_item *item) {
    file_close_at(&CONTAINER_OF(item, struct closing, item)->fd);
}

static void on_file_closed(struct work_item *item) {
    struct closing *closing = CONTAINER_OF(item, struct closing, item);
    file_close_at(&closing->fd); // if it was cancelled
    free(closing);
}

static void close_in_worker(struct checkpoint *checkpoint, int fd) {
    if (fd < 0)
        return;
    struct closing *closing = memory_new(sizeof *closing);
    closing->item.work = close_file;
    closing->item.done = on_file_closed;
    closing->fd = fd;
    if (!worker_pool_submit(checkpoint->pool, &closing->item, NULL))
        on_file_closed(&closing->item);
}

void checkpoint_set_lock(struct checkpoint *checkpoint, int fd) {
    close_in_worker(checkpoint, checkpoint->lock_fd);
    checkpoint->lock_fd = fd;
}

// --- waiters ---

static void notify_waiters(struct checkpoint *checkpoint, uint64_t generation, bool is_saved) {
    // The function of a waiter may call checkpoint_wait() again, for a later generation, or cancel another waiter.
    while (!list_is_empty(&checkpoint->waiting)) {
        struct checkpoint_wait *wait = LIST_ITEM(checkpoint->waiting.next, struct checkpoint_wait, link);
        if (wait->generation > generation)
            break;
        list_remove(&wait->link);
        wait->done(wait, is_saved);
    }
}

static void notify_saved(struct deferred *deferred) {
    struct checkpoint *checkpoint = CONTAINER_OF(deferred, struct checkpoint, notify);
    // Waiters added meanwhile are called back in the next turn.
    for (size_t count = list_count(&checkpoint->saved); count > 0 && !list_is_empty(&checkpoint->saved); count--) {
        struct checkpoint_wait *wait = LIST_ITEM(checkpoint->saved.next, struct checkpoint_wait, link);
        list_remove(&wait->link);
        wait->done(wait, true);
    }
}

static void start_wait_timer(struct checkpoint *checkpoint) {
    timer_stop(checkpoint->wait_timer);
    if (list_is_empty(&checkpoint->waiting))
        return;
    const struct checkpoint_wait *first = LIST_ITEM(checkpoint->waiting.next, struct checkpoint_wait, link);
    timer_start(checkpoint->wait_timer, first->deadline_ns - loop_now_ns(checkpoint->loop));
}

static void report_slow_write(struct checkpoint *checkpoint) {
    if (checkpoint->is_slow)
        return;
    char limit[DURATION_TEXT_SIZE];
    duration_format(CHECKPOINT_WAIT_NS, limit);
    AUTO_FREE char *message = memory_printf("cannot write state file: no response from the disk within %s", limit);
    struct checkpoint_failure failure = {.message = message, .retry_ns = 0};
    checkpoint->is_slow = true;
    event_emit(&checkpoint->failed, &failure);
    state_add_warning(checkpoint->state, message);
}

static void on_wait_over(void *data) {
    struct checkpoint *checkpoint = data;
    int64_t now_ns = loop_now_ns(checkpoint->loop);
    while (!list_is_empty(&checkpoint->waiting)) {
        struct checkpoint_wait *wait = LIST_ITEM(checkpoint->waiting.next, struct checkpoint_wait, link);
        if (wait->deadline_ns > now_ns)
            break;
        list_remove(&wait->link);
        report_slow_write(checkpoint);
        wait->done(wait, false);
    }
    start_wait_timer(checkpoint);
}

// --- when to write ---

static bool write_begin(struct checkpoint *checkpoint) {
    struct write *write = write_create(checkpoint);
    checkpoint->write = write;
    checkpoint->awaits_runner = false;
    if (checkpoint->retry_ns == 0) // otherwise this is an attempt before the next one is due, for a waiter
        timer_stop(checkpoint->timer);
    if (worker_pool_submit(checkpoint->pool, &write->item, &write->err))
        return true;
    error_prefix(&write->err, "cannot write state file: ");
    write_complete(write);
    write_destroy(write);
    return false;
}

static bool needs_write(const struct checkpoint *checkpoint) {
    return checkpoint->write == NULL && !checkpoint_is_clean(checkpoint);
}

// If the runner is due, it goes first: the tasks that it begins are then in the same write.
static void begin_or_await_runner(struct deferred *deferred) {
    struct checkpoint *checkpoint = CONTAINER_OF(deferred, struct checkpoint, begin);
    if (!needs_write(checkpoint))
        return;
    checkpoint->awaits_runner = checkpoint->runner != NULL && runner_is_due(checkpoint->runner);
    if (!checkpoint->awaits_runner)
        write_begin(checkpoint);
}

static void on_runner_turn_ended(struct listener *listener, void *argument UNUSED) {
    struct checkpoint *checkpoint = CONTAINER_OF(listener, struct checkpoint, runner_turn_ended);
    if (checkpoint->awaits_runner && needs_write(checkpoint))
        write_begin(checkpoint);
}

static void schedule_write(struct checkpoint *checkpoint) {
    loop_defer(checkpoint->loop, &checkpoint->begin, begin_or_await_runner);
}

static void on_timer_expired(void *data) {
    schedule_write(data);
}

static void on_state_modified(struct listener *listener, void *argument UNUSED) {
    struct checkpoint *checkpoint = CONTAINER_OF(listener, struct checkpoint, state_modified);
    if (checkpoint->path != NULL && checkpoint->write == NULL && !timer_is_running(checkpoint->timer))
        schedule_write(checkpoint);
}

static void handle_failure(struct checkpoint *checkpoint) {
    if (timer_is_running(checkpoint->timer))
        return; // the next attempt is due as before: many waiters neither put it off nor fill the log
    bool is_first = checkpoint->retry_ns == 0;
    checkpoint->retry_ns = is_first ? RETRY_MIN_NS : checkpoint->retry_ns * 2;
    if (checkpoint->retry_ns > RETRY_MAX_NS)
        checkpoint->retry_ns = RETRY_MAX_NS;
    timer_start(checkpoint->timer, checkpoint->retry_ns);
    struct checkpoint_failure failure = {error_text(&checkpoint->last_error), checkpoint->retry_ns};
    event_emit(&checkpoint->failed, &failure);
    if (is_first)
        state_add_warning(checkpoint->state, failure.message);
}

static int64_t pause_after_ns(size_t written_bytes) {
    int64_t pause_ns = PAUSE_NS * (int64_t)(1 + written_bytes / PAUSE_BYTES);
    return pause_ns < PAUSE_MAX_NS ? pause_ns : PAUSE_MAX_NS;
}

// The write has ended, successfully or not: calls back waiters and schedules the next one.
static void write_complete(struct write *write) {
    struct checkpoint *checkpoint = write->checkpoint;
    bool is_saved = !error_is_set(&write->err);
    checkpoint->write = NULL;
    checkpoint->is_stuck = checkpoint->is_slow = false;
    error_move(&checkpoint->last_error, &write->err);
    if (write->lock_fd >= 0) { // also if only the sync of the directory has failed
        checkpoint_set_lock(checkpoint, write->lock_fd);
        write->lock_fd = -1;
    }
    if (is_saved) {
        checkpoint->saved_generation = write->generation;
        checkpoint->retry_ns = 0;
        timer_stop(checkpoint->timer);
    } else {
        handle_failure(checkpoint);
    }
    notify_waiters(checkpoint, write->generation, is_saved);
    start_wait_timer(checkpoint);
    if (!list_is_empty(&checkpoint->waiting))
        schedule_write(checkpoint);
    else if (is_saved && !checkpoint_is_clean(checkpoint))
        timer_start(checkpoint->timer, pause_after_ns(write->written_bytes));
}

// --- public functions ---

struct checkpoint *checkpoint_create(struct loop *loop, struct state *state, const char *path) {
    struct checkpoint *checkpoint = memory_new(sizeof *checkpoint);
    checkpoint->loop = loop;
    checkpoint->state = state;
    checkpoint->lock_fd = -1;
    checkpoint->limit_bytes = FILE_SIZE_MAX;
    checkpoint->pool = worker_pool_create(loop, "state", 1, 4);
    checkpoint->timer = timer_create_in(loop, on_timer_expired, checkpoint);
    checkpoint->wait_timer = timer_create_in(loop, on_wait_over, checkpoint);
    list_init(&checkpoint->waiting);
    list_init(&checkpoint->saved);
    event_init(&checkpoint->failed);
    if (path != NULL) {
        checkpoint->path = memory_string(path);
        file_remove_leftovers(path);
    }
    event_add(&state->modified, &checkpoint->state_modified, on_state_modified);
    return checkpoint;
}

void checkpoint_destroy(struct checkpoint *checkpoint) {
    if (checkpoint == NULL)
        return;
    checkpoint->is_closing = true;
    event_remove(&checkpoint->state_modified);
    event_remove(&checkpoint->runner_turn_ended);
    // A write that hangs in the kernel is abandoned with its memory.
    (void)worker_pool_destroy_within(checkpoint->pool, checkpoint->is_stuck ? 0 : END_LIMIT_NS);
    loop_defer_cancel(checkpoint->loop, &checkpoint->begin);
    loop_defer_cancel(checkpoint->loop, &checkpoint->notify);
    notify_saved(&checkpoint->notify);
    notify_waiters(checkpoint, checkpoint->saved_generation, true);
    notify_waiters(checkpoint, UINT64_MAX, false);
    timer_destroy(checkpoint->timer);
    timer_destroy(checkpoint->wait_timer);
    file_close_at(&checkpoint->lock_fd);
    error_clear(&checkpoint->last_error);
    free(checkpoint->path);
    free(checkpoint);
}

void checkpoint_set_limit(struct checkpoint *checkpoint, size_t limit_bytes) {
    checkpoint->limit_bytes = limit_bytes;
}

void checkpoint_set_runner(struct checkpoint *checkpoint, struct runner *runner) {
    checkpoint->runner = runner;
    event_add(runner_turn_ended(runner), &checkpoint->runner_turn_ended, on_runner_turn_ended);
}

static bool load_file(struct checkpoint *checkpoint, struct error *err) {
    struct state *state = checkpoint->state;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(checkpoint->limit_bytes);
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
    // Otherwise reading has converted an older format, and the file is written again.
    if (state->generation == untouched)
        checkpoint->saved_generation = state->generation;
    return true;
}

bool checkpoint_load(struct checkpoint *checkpoint, struct error *err) {
    if (checkpoint->path == NULL || load_file(checkpoint, err))
        return true;
    // A file that cannot be read is never overwritten.
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
        loop_defer(checkpoint->loop, &checkpoint->notify, notify_saved);
        return;
    }
    wait->deadline_ns = clock_add_ns(loop_now_ns(checkpoint->loop), CHECKPOINT_WAIT_NS);
    list_add(&checkpoint->waiting, &wait->link);
    if (!timer_is_running(checkpoint->wait_timer))
        start_wait_timer(checkpoint);
    if (checkpoint->write == NULL)
        schedule_write(checkpoint);
}

void checkpoint_wait_cancel(struct checkpoint *checkpoint UNUSED, struct checkpoint_wait *wait) {
    if (list_is_linked(&wait->link))
        list_remove(&wait->link);
}

bool checkpoint_flush(struct checkpoint *checkpoint, int timeout_ms, struct error *err) {
    int64_t deadline_ns = clock_deadline_ns(timeout_ms * NS_PER_MS);
    while (checkpoint->write != NULL || !checkpoint_is_clean(checkpoint)) {
        bool is_last = checkpoint->write == NULL;
        if (is_last && !write_begin(checkpoint))
            return error_set(err, ERROR_INTERNAL, "cannot write state file: no thread for it");
        int64_t timeout_ns = deadline_ns - clock_monotonic_ns();
        if (!worker_pool_wait_item(checkpoint->pool, &checkpoint->write->item, timeout_ns)) {
            checkpoint->is_stuck = true;
            return error_set(err, ERROR_TIMEOUT, "cannot write state file: the disk did not answer in time");
        }
        const struct error *failure = &checkpoint->last_error;
        if (is_last && error_is_set(failure))
            return error_set(err, failure->kind, "%s", error_text(failure));
    }
    return true;
}

struct event *checkpoint_failed(struct checkpoint *checkpoint) {
    return &checkpoint->failed;
}
