// SPDX-License-Identifier: GPL-3.0-or-later
// Private to loop/: what a loop has for loop_poll.c and loop_wait_limit.c.
#pragma once

#include "base/list.h"

#include <stdbool.h>
#include <time.h>
#include <uv.h>

// Descriptors that the system has no memory to watch. They are tried again by a timer.
struct loop_polls {
    struct list waiting; // of poll_retry.link
    uv_timer_t timer;
};

void loop_polls_init(struct loop_polls *polls, uv_loop_t *uv); // sets uv->data
void loop_polls_finish(struct loop_polls *polls);              // the timer is closed with the loop

// See loop_limit_waits(). Zeroed initially.
struct loop_wait_limit {
    timer_t timer;
    bool has_timer, is_set;
};

void loop_wait_limit_set(struct loop_wait_limit *limit);
void loop_wait_limit_end(struct loop_wait_limit *limit); // no effect if none is set
void loop_wait_limit_finish(struct loop_wait_limit *limit);
