// SPDX-License-Identifier: GPL-3.0-or-later
// Bounds the waiting of a test: one that waits in vain fails with a message. Whatever waits runs the loop, and with it
// the watchdog's timer.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "loop/loop.h"

// Much longer than any wait of a test that passes, and shorter than the time limit of the test program.
#define WATCHDOG_NS (40 * NS_PER_S)

static struct timer *watchdog; // freed with the loop
static const char *awaited;    // NULL: not known

static void on_watchdog_expired(void *data UNUSED) {
    fail_msg("waited in vain for %s", awaited != NULL ? awaited : "an event");
}

static void watchdog_open(struct loop *watched) {
    awaited = NULL;
    watchdog = timer_create_in(watched, on_watchdog_expired, NULL);
    timer_start(watchdog, WATCHDOG_NS);
}

// Begins a wait for `what`.
static UNUSED void watchdog_restart(const char *what) {
    awaited = what;
    timer_start(watchdog, WATCHDOG_NS);
}
