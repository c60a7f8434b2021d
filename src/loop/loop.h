// SPDX-License-Identifier: GPL-3.0-or-later
// The event loop, based on libuv. Timers are monotonic. An idle loop does not wake up. All functions must be called
// from the thread of the loop.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct loop;

// Makes libuv allocate through base/memory.h. Call before the first loop_create(). A library must not replace the
// allocator of its host program.
void loop_install_allocator(void);
bool loop_create(struct loop **loop, struct error *err) NODISCARD;
// Closes open timers and signal watches and frees the loop. NULL is allowed.
void loop_destroy(struct loop *loop);
uv_loop_t *loop_uv(struct loop *loop); // for net/ and http/
void loop_run(struct loop *loop);      // until loop_stop()
void loop_stop(struct loop *loop);
// Runs until nothing is ready, without waiting. For tests and the end of a shutdown.
void loop_run_pending(struct loop *loop);
uint64_t loop_turn(const struct loop *loop); // grows by one before each look at descriptors
// The time of the loop's timers in nanoseconds: monotonic, virtual on a test clock.
int64_t loop_now_ns(const struct loop *loop);

// Limits the waits of system calls until the next look at descriptors: a signal, SIGURG, interrupts each, so that it
// takes little longer than this. For what may wait for a stranger: reading from a Unix socket, and closing one, closes
// descriptors that the peer has sent. Among them may be sockets whose close waits (SO_LINGER in socket(7)). Call it in
// the thread of the loop. Waits have no limit if the system has no timer left.
#define LOOP_WAIT_LIMIT_NS (5 * 1000 * 1000)
void loop_limit_waits(struct loop *loop);

#ifdef PEBBLE_TEST_SEAMS
// Virtual time, for tests. Timers created afterwards use a clock that only loop_advance() advances; it fires timers
// that become due, in order, and runs what is ready in between.
void loop_use_test_clock(struct loop *loop);
void loop_advance(struct loop *loop, int64_t duration_ns);
#endif

// As uv_poll_start(), uv_poll_stop() and uv_close(), for handles of a loop, which use only these: libuv ends the
// program if the system has no memory to watch a descriptor. Such a one is watched by a timer until there is. Returns
// 0, or the error of libuv.
int loop_poll_start(uv_poll_t *poll, int events, uv_poll_cb ready);
void loop_poll_stop(uv_poll_t *poll);
void loop_poll_close(uv_poll_t *poll, uv_close_cb on_closed);
#ifdef PEBBLE_TEST_SEAMS
extern bool loop_poll_fails; // the system has no memory
#endif

// A deferred call: the function is called once, in the next turn of the loop, so that an operation never calls back
// before the call that started it has returned. The structure belongs to the caller and is zeroed initially. Deferring
// one that is already waiting has no effect.
struct deferred;
typedef void (*deferred_fn)(struct deferred *deferred);
struct deferred {
    deferred_fn run;
    struct deferred *next, *previous; // private
    bool is_waiting;
};
void loop_defer(struct loop *loop, struct deferred *deferred, deferred_fn run);
void loop_defer_cancel(struct loop *loop, struct deferred *deferred); // no effect if it is not waiting

// A one-shot timer, initially stopped. The function may start it again.
struct timer;
typedef void (*timer_fn)(void *data);
struct timer *timer_create_in(struct loop *loop, timer_fn fire, void *data) __attribute__((returns_nonnull));
void timer_destroy(struct timer *timer);                 // stops it; NULL is allowed; also from its own function
void timer_start(struct timer *timer, int64_t delay_ns); // rounds up to ms; negative is 0; restarts a running timer
void timer_stop(struct timer *timer);
bool timer_is_running(const struct timer *timer);

// Called in the loop when the signal arrives. Several arrivals may be merged into one call.
typedef void (*signal_fn)(void *data, int signal_number);
struct signal_watch;
bool signal_watch_create(struct loop *loop, int signal_number, signal_fn handle, void *data,
                         struct signal_watch **watch, struct error *err) NODISCARD;
void signal_watch_destroy(struct signal_watch *watch);
