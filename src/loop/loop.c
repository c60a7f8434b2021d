// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/list.h"
#include "base/memory.h"
#include "loop/loop_internal.h"

#define LOOP_DESCRIPTORS 6 // of a loop, and of libuv's signals

struct loop {
    uv_loop_t uv;
    uv_prepare_t keep_alive; // keeps uv_run() from returning when there are no other handles
    uint64_t turn;           // loop_turn()
    uv_idle_t idle;          // active only while calls are deferred; otherwise the loop would spin
    struct deferred waiting; // head of a ring
    struct loop_polls polls;
    struct loop_wait_limit wait_limit;
    struct list timers;  // timer.link
    struct list watches; // signal_watch.link
#ifdef PEBBLE_TEST_SEAMS
    bool has_test_clock;
    int64_t test_now_ns;
#endif
};

struct timer {
    uv_timer_t uv;
    struct list link;
    struct loop *loop;
    struct deferred at_once; // for a delay of zero, which would starve the loop with a libuv timer
    timer_fn fire;
    void *data;
#ifdef PEBBLE_TEST_SEAMS
    int64_t test_due_ns; // 0 if it is not running on the test clock
#endif
};

struct signal_watch {
    uv_signal_t uv;
    struct list link;
    signal_fn handle;
    void *data;
};

// --- deferred calls ---

static void ring_init(struct deferred *head) {
    head->next = head->previous = head;
}

static void deferred_unlink(struct deferred *deferred) {
    deferred->previous->next = deferred->next;
    deferred->next->previous = deferred->previous;
    deferred->next = deferred->previous = NULL;
    deferred->is_waiting = false;
}

static bool nothing_is_deferred(const struct loop *loop) {
    return loop->waiting.next == &loop->waiting;
}

static void deferred_run_all(uv_idle_t *idle) {
    struct loop *loop = idle->data;
    // These calls run from a separate ring, because calls that they defer belong to the next turn.
    struct deferred batch = loop->waiting;
    batch.next->previous = batch.previous->next = &batch;
    ring_init(&loop->waiting);
    while (batch.next != &batch) {
        struct deferred *deferred = batch.next;
        deferred_unlink(deferred);
        deferred->run(deferred);
    }
    if (nothing_is_deferred(loop))
        uv_idle_stop(idle);
}

void loop_defer(struct loop *loop, struct deferred *deferred, deferred_fn run) {
    if (deferred->is_waiting)
        return;
    deferred->run = run;
    deferred->is_waiting = true;
    deferred->next = &loop->waiting;
    deferred->previous = loop->waiting.previous;
    deferred->previous->next = deferred;
    loop->waiting.previous = deferred;
    uv_idle_start(&loop->idle, deferred_run_all);
}

void loop_defer_cancel(struct loop *loop, struct deferred *deferred) {
    if (!deferred->is_waiting)
        return;
    deferred_unlink(deferred);
    if (nothing_is_deferred(loop))
        uv_idle_stop(&loop->idle);
}

// --- the allocator ---

// These cannot fail: libuv calls abort() if it cannot grow its table of watched descriptors. The table is its largest
// allocation and is bounded by RLIMIT_NOFILE.
static void *allocate(size_t size) {
    return memory_resize(NULL, size);
}

void loop_install_allocator(void) {
    // Fails only for NULL.
    if (uv_replace_allocator(allocate, memory_resize, memory_new_array, free) != 0)
        abort();
}

// --- the loop ---

static void count_turn(uv_prepare_t *handle) {
    struct loop *loop = handle->data;
    loop->turn++;
    loop_wait_limit_end(&loop->wait_limit);
}

// uv_loop_init() ends the program if it gets some of its descriptors but not all.
static int check_descriptors(void) {
    int fds[LOOP_DESCRIPTORS], count = 0, errnum = 0;
    while (count < LOOP_DESCRIPTORS && (fds[count] = eventfd(0, EFD_CLOEXEC)) >= 0)
        count++;
    if (count < LOOP_DESCRIPTORS)
        errnum = errno;
    while (count > 0)
        (void)close(fds[--count]);
    return -errnum;
}

// libuv watches two descriptors of its own from the first turn of the loop on, and ends the program if epoll takes
// none. So they are added beforehand, as those of loop_poll.c.
static int add_own_descriptors(const uv_loop_t *uv) {
    const int fds[] = {uv->async_io_watcher.fd, uv->signal_pipefd[0]};
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        struct epoll_event event = {.data.fd = fds[i]};
        if (epoll_ctl(uv_backend_fd(uv), EPOLL_CTL_ADD, fds[i], &event) != 0)
            return -errno;
    }
    return 0;
}

bool loop_create(struct loop **out, struct error *err) {
    struct loop *loop = memory_new(sizeof *loop);
    int status = check_descriptors();
    if (status == 0)
        status = uv_loop_init(&loop->uv);
    if (status == 0 && (status = add_own_descriptors(&loop->uv)) != 0)
        (void)uv_loop_close(&loop->uv);
    if (status != 0) {
        free(loop);
        return error_set_errno(err, -status, "cannot create event loop");
    }
    uv_prepare_init(&loop->uv, &loop->keep_alive);
    loop->keep_alive.data = loop;
    uv_prepare_start(&loop->keep_alive, count_turn);
    uv_idle_init(&loop->uv, &loop->idle);
    loop->idle.data = loop;
    loop_polls_init(&loop->polls, &loop->uv);
    ring_init(&loop->waiting);
    list_init(&loop->timers);
    list_init(&loop->watches);
    *out = loop;
    return true;
}

static void close_handle(uv_handle_t *handle, void *data UNUSED) {
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_destroy(struct loop *loop) {
    if (loop == NULL)
        return;
    while (!nothing_is_deferred(loop))
        deferred_unlink(loop->waiting.next);
    struct timer *timer;
    LIST_FOR_EACH (timer, &loop->timers, link)
        timer_destroy(timer);
    struct signal_watch *watch;
    LIST_FOR_EACH (watch, &loop->watches, link)
        signal_watch_destroy(watch);
    uv_walk(&loop->uv, close_handle, NULL);
    while (uv_loop_close(&loop->uv) == UV_EBUSY)
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    loop_polls_finish(&loop->polls);
    loop_wait_limit_finish(&loop->wait_limit);
    free(loop);
}

uv_loop_t *loop_uv(struct loop *loop) {
    return &loop->uv;
}

void loop_run(struct loop *loop) {
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop) {
    uv_stop(&loop->uv);
}

uint64_t loop_turn(const struct loop *loop) {
    return loop->turn;
}

void loop_limit_waits(struct loop *loop) {
    loop_wait_limit_set(&loop->wait_limit);
}

static bool has_ready(struct loop *loop) {
    uv_update_time(&loop->uv);
    struct pollfd events = {.fd = uv_backend_fd(&loop->uv), .events = POLLIN};
    return uv_backend_timeout(&loop->uv) == 0 || poll(&events, 1, 0) > 0;
}

void loop_run_pending(struct loop *loop) {
    do {
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    } while (has_ready(loop));
}

int64_t loop_now_ns(const struct loop *loop UNUSED) {
#ifdef PEBBLE_TEST_SEAMS
    if (loop->has_test_clock)
        return loop->test_now_ns;
#endif
    return clock_monotonic_ns();
}

// --- timers ---

static void timer_fire(uv_timer_t *uv) {
    struct timer *timer = uv->data;
    timer->fire(timer->data);
}

static void timer_fire_at_once(struct deferred *deferred) {
    struct timer *timer = CONTAINER_OF(deferred, struct timer, at_once);
    timer->fire(timer->data);
}

static void timer_free(uv_handle_t *handle) {
    free(handle->data);
}

struct timer *timer_create_in(struct loop *loop, timer_fn fire, void *data) {
    struct timer *timer = memory_new(sizeof *timer);
    timer->loop = loop;
    timer->fire = fire;
    timer->data = data;
    uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    list_add(&loop->timers, &timer->link);
    return timer;
}

void timer_destroy(struct timer *timer) {
    if (timer == NULL)
        return;
    timer_stop(timer);
    list_remove(&timer->link);
    uv_close((uv_handle_t *)&timer->uv, timer_free);
}

void timer_start(struct timer *timer, int64_t delay_ns) {
    timer_stop(timer);
    if (delay_ns <= 0) {
        loop_defer(timer->loop, &timer->at_once, timer_fire_at_once);
        return;
    }
#ifdef PEBBLE_TEST_SEAMS
    if (timer->loop->has_test_clock) {
        timer->test_due_ns = clock_add_ns(timer->loop->test_now_ns, delay_ns);
        return;
    }
#endif
    // libuv adds the delay to its cached time, truncated to milliseconds, so the timer could fire too early.
    uv_update_time(&timer->loop->uv);
    uint64_t due_ns = uv_hrtime() + (uint64_t)delay_ns;
    uint64_t due_ms = (due_ns + NS_PER_MS - 1) / NS_PER_MS;
    uv_timer_start(&timer->uv, timer_fire, due_ms - uv_now(&timer->loop->uv), 0);
}

void timer_stop(struct timer *timer) {
#ifdef PEBBLE_TEST_SEAMS
    timer->test_due_ns = 0;
#endif
    uv_timer_stop(&timer->uv);
    loop_defer_cancel(timer->loop, &timer->at_once);
}

bool timer_is_running(const struct timer *timer) {
#ifdef PEBBLE_TEST_SEAMS
    if (timer->test_due_ns > 0)
        return true;
#endif
    return timer->at_once.is_waiting || uv_is_active((const uv_handle_t *)&timer->uv);
}

#ifdef PEBBLE_TEST_SEAMS

// --- virtual time ---

void loop_use_test_clock(struct loop *loop) {
    loop->has_test_clock = true;
    loop->test_now_ns = 1;
}

static struct timer *first_due(struct loop *loop, int64_t until_ns) {
    struct timer *first = NULL;
    struct timer *timer;
    LIST_FOR_EACH (timer, &loop->timers, link) {
        bool is_due = timer->test_due_ns > 0 && timer->test_due_ns <= until_ns;
        if (is_due && (first == NULL || timer->test_due_ns < first->test_due_ns))
            first = timer;
    }
    return first;
}

void loop_advance(struct loop *loop, int64_t duration_ns) {
    int64_t until_ns = clock_add_ns(loop->test_now_ns, duration_ns);
    loop_run_pending(loop);
    for (struct timer *timer = first_due(loop, until_ns); timer != NULL; timer = first_due(loop, until_ns)) {
        loop->test_now_ns = timer->test_due_ns;
        timer->test_due_ns = 0;
        timer->fire(timer->data);
        loop_run_pending(loop);
    }
    loop->test_now_ns = until_ns;
}
#endif

// --- signals ---

static void signal_arrived(uv_signal_t *uv, int signal_number) {
    struct signal_watch *watch = uv->data;
    watch->handle(watch->data, signal_number);
}

static void signal_watch_free(uv_handle_t *handle) {
    free(handle->data);
}

bool signal_watch_create(struct loop *loop, int signal_number, signal_fn handle, void *data, struct signal_watch **out,
                         struct error *err) {
    struct signal_watch *watch = memory_new(sizeof *watch);
    watch->handle = handle;
    watch->data = data;
    int status = uv_signal_init(&loop->uv, &watch->uv);
    if (status != 0) {
        free(watch);
        return error_set_errno(err, -status, "cannot watch signal %d", signal_number);
    }
    watch->uv.data = watch;
    list_add(&loop->watches, &watch->link);
    status = uv_signal_start(&watch->uv, signal_arrived, signal_number);
    if (status != 0) {
        signal_watch_destroy(watch);
        return error_set_errno(err, -status, "cannot watch signal %d", signal_number);
    }
    *out = watch;
    return true;
}

void signal_watch_destroy(struct signal_watch *watch) {
    if (watch == NULL)
        return;
    list_remove(&watch->link);
    uv_close((uv_handle_t *)&watch->uv, signal_watch_free);
}
