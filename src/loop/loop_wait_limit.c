// SPDX-License-Identifier: GPL-3.0-or-later
// Limits how long system calls of the loop wait in the kernel. Declared in loop/loop.h and loop/loop_internal.h.
#include "loop/loop.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "loop/loop_internal.h"

// It does nothing by default, so that it harms nobody when it comes late.
#define INTERRUPTING_SIGNAL SIGURG

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void on_signal_arrived(int number UNUSED) {
    // That it is handled is what interrupts a system call.
}

static void set_interval(const struct loop_wait_limit *limit, int64_t interval_ns) {
    const struct timespec interval = {.tv_nsec = (long)interval_ns};
    (void)timer_settime(limit->timer, 0, &(const struct itimerspec){interval, interval}, NULL);
}

static bool make_timer(struct loop_wait_limit *limit) {
    const struct sigaction action = {.sa_handler = on_signal_arrived, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = INTERRUPTING_SIGNAL};
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    return sigaction(INTERRUPTING_SIGNAL, &action, NULL) == 0 &&
           timer_create(CLOCK_MONOTONIC, &event, &limit->timer) == 0;
}

void loop_wait_limit_set(struct loop_wait_limit *limit) {
    if (limit->is_set)
        return;
    limit->has_timer = limit->has_timer || make_timer(limit);
    limit->is_set = limit->has_timer;
    if (limit->is_set)
        set_interval(limit, LOOP_WAIT_LIMIT_NS);
}

void loop_wait_limit_end(struct loop_wait_limit *limit) {
    if (limit->is_set)
        set_interval(limit, 0);
    limit->is_set = false;
}

void loop_wait_limit_finish(struct loop_wait_limit *limit) {
    if (limit->has_timer)
        (void)timer_delete(limit->timer);
}
