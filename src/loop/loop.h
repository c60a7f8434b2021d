// SPDX-License-Identifier: GPL-3.0-or-later
// The event loop: one thread, libuv underneath. Timers are monotonic, nothing ticks while there is
// nothing to do. Everything here is used from the loop's thread only, except where it says otherwise.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct loop;

// Lets libuv allocate through base/memory. Before the first loop_create(), by programs only: a library leaves the
// allocator of its host program alone.
void loop_install_allocator(void);
bool loop_create(struct loop **loop, struct error *err) NODISCARD;
// Closes what is still open in it (timers, signals) and frees it; NULL is fine.
void loop_destroy(struct loop *loop);
uv_loop_t *loop_uv(struct loop *loop); // for net/ and http/
void loop_run(struct loop *loop);      // until loop_stop()
void loop_stop(struct loop *loop);
// Runs what is ready until nothing is, without waiting: for tests and the last turn of a shutdown.
void loop_run_pending(struct loop *loop);

#ifdef PEBBLE_TEST_SEAMS
// Virtual time, for tests: timers created afterwards run by a clock that only loop_advance() moves. It fires what
// comes due, in order, and runs what is ready in between.
void loop_use_test_clock(struct loop *loop);
void loop_advance(struct loop *loop, int64_t duration_ns);
#endif

// A function to be called in the next turn of the loop, once: how an operation answers "never before the
// starting call has returned". The structure is the caller's, zeroed at first; deferring one that is
// already waiting changes nothing.
struct deferred;
typedef void (*deferred_fn)(struct deferred *deferred);
struct deferred {
    deferred_fn run;
    struct deferred *next, *previous; // private
    bool is_waiting;
};
void loop_defer(struct loop *loop, struct deferred *deferred, deferred_fn run);
void loop_defer_cancel(struct loop *loop, struct deferred *deferred); // fine if it is not waiting

// A timer, not running at first. One-shot: the function may start it again.
struct timer;
typedef void (*timer_fn)(void *data);
struct timer *timer_create_in(struct loop *loop, timer_fn fire, void *data) __attribute__((returns_nonnull));
void timer_destroy(struct timer *timer);                 // stops it; NULL is fine; also from its own function
void timer_start(struct timer *timer, int64_t delay_ns); // rounds up to ms; a negative delay is 0; restarts
void timer_stop(struct timer *timer);
bool timer_is_running(const struct timer *timer);

// Calls `handle` in the loop for each arrival of the signal (several may be merged into one).
typedef void (*signal_fn)(void *data, int signal_number);
struct signal_watch;
bool signal_watch_create(struct loop *loop, int signal_number, signal_fn handle, void *data,
                         struct signal_watch **watch, struct error *err) NODISCARD;
void signal_watch_destroy(struct signal_watch *watch);
