// SPDX-License-Identifier: GPL-3.0-or-later
// Private to forward/: one log target, a state machine. docs/internals/forward.md has its states.
#pragma once

#include "forward/forward_manager.h"
#include "forward/gatherer_internal.h"
#include "forward/sender_internal.h"

enum target_state {
    TARGET_GATHERING, // waits for lines, and after the first one for others
    TARGET_SENDING,
    TARGET_RETRYING, // the last attempt has failed, a timer runs
};

struct target;
typedef void (*target_ended_fn)(struct target *target, void *data);

struct target {
    struct list link; // in forward_manager
    const struct forward_spec *spec;
    char *name;
    enum log_target_type type;
    char *location;
    struct gatherer gatherer;
    struct sender *sender;
    struct payload payload;

    enum target_state state;
    struct timer *gather; // since the first new line
    struct timer *retry;  // in TARGET_RETRYING
    struct deferred turn; // after a change of the rings
    bool is_held;         // the target has asked for the delay: new lines do not cut it short
    bool has_grown;       // since the last payload was encoded
    unsigned failures;    // in a row
    int64_t retry_at_ns;  // wall clock, in TARGET_RETRYING
    char *last_error;     // NULL if the last attempt succeeded
    uint64_t sent;
    uint64_t dropped;       // without those that the gatherer has lost
    uint64_t dropped_shown; // how many the log has reported

    target_ended_fn on_ended; // not NULL: the target is ending
    void *data;
    bool has_ended;
};

struct target *target_create(const struct forward_spec *spec, const struct plan_log_target *config)
    __attribute__((returns_nonnull));
void target_destroy(struct target *target); // cancels what is being sent
// Whether it sends to the same place.
bool target_is_same(const struct target *target, const struct plan_log_target *config);
// Whether the configuration selects the service: the last entry that fits it decides.
bool target_selects(const struct plan_log_target *config, const char *service);
// Sends what has been gathered, unless it sends or retries.
void target_flush(struct target *target);
// Sends what is there and nothing that comes later. on_ended is called once, from the loop, when all is sent or an
// attempt has failed; it may destroy the target.
void target_end(struct target *target, target_ended_fn on_ended, void *data);
// The lines that wait, those that are being sent included, and those that it will not get.
void target_count(const struct target *target, uint64_t *pending, uint64_t *dropped);
// For the log when it ends: how many lines it did not get, without those that the log has reported.
uint64_t target_unsent(const struct target *target);
