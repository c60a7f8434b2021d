// SPDX-License-Identifier: GPL-3.0-or-later
// Health checks. Each check of the plan is a state machine (check_machine.c) that runs probes and keeps a change:
// perform-check while it is up, recover-check while it is down. States and rules are described in
// docs/internals/checks.md.
#pragma once

#include "base/error.h"
#include "base/event.h"
#include "base/text.h"
#include "checks/check_prober.h"
#include "loop/loop.h"
#include "plan/plan.h"
#include "state/runner.h"
#include "state/state.h"

#include <stdbool.h>
#include <stdint.h>

struct check_manager;

// All of these outlive the manager.
struct check_manager_spec {
    struct loop *loop;
    struct state *state;
    struct runner *runner;
    struct check_prober prober;
};

struct check_manager *check_manager_create(const struct check_manager_spec *spec) __attribute__((returns_nonnull));
// Cancels all probes. Refreshes must have ended or been cancelled. NULL is fine.
void check_manager_destroy(struct check_manager *manager);
// Starts new checks that are enabled. Checks that have been altered end and begin anew, those that have been removed
// end, others go on. Stopped checks that are enabled start again.
void check_manager_set_plan(struct check_manager *manager, const struct plan *plan);

// --- queries ---

struct check_info { // texts are borrowed for the call
    const char *name;
    enum check_level level;
    bool is_enabled;
    const char *status; // "up", "down" or "inactive"
    int64_t successes;
    int64_t failures; // since the last success
    int64_t threshold;
    const char *change_id;      // NULL while the check is inactive
    const char *prev_change_id; // of the change before; NULL if there is none
};
const char *check_level_name(enum check_level level); // "alive", "ready" or ""
// Visits the plan's checks sorted by name: those of `names` (NULL or empty: all) that have the level (unset: any).
typedef void (*check_visit_fn)(const struct check_info *info, void *data);
void check_manager_list(struct check_manager *manager, enum check_level level, const struct text_list *names,
                        check_visit_fn visit, void *data);
// Whether no check of the level (unset: all checks, ready: ready and alive ones) is down. Inactive checks are left out.
bool check_manager_is_healthy(const struct check_manager *manager, enum check_level level);
// The same for one check, whose name need not have a NUL behind it. True if it is unknown.
bool check_manager_is_one_healthy(const struct check_manager *manager, enum check_level level, const char *name,
                                  size_t length);
// For metrics: visits every check sorted by name with its results since it was last altered.
struct check_counts {
    const char *name;
    bool is_active, is_up;
    int64_t success_count, failure_count;
};
typedef void (*check_count_fn)(const struct check_counts *counts, void *data);
void check_manager_counts(struct check_manager *manager, check_count_fn visit, void *data);

// --- requests ---

// Starts or stops checks. Adds the sorted names of those that were altered by it to `changed`. ERROR_BAD_REQUEST
// `cannot find checks in plan: a, b` if there are unknown ones; nothing happens then.
bool check_manager_start(struct check_manager *manager, const struct text_list *names, struct text_list *changed,
                         struct error *err) NODISCARD;
bool check_manager_stop(struct check_manager *manager, const struct text_list *names, struct text_list *changed,
                        struct error *err) NODISCARD;
// Starts all stopped checks that are enabled, as a replan does.
void check_manager_replan(struct check_manager *manager);

// A request to run a check now. Those of one check run one after the other.
struct check_refresh;
// Called once unless the refresh is cancelled, never from within check_manager_refresh(). `failure` is the result of
// the probe, NULL if it has passed. `err` is set instead if there is no result: ERROR_NOT_FOUND if the check has been
// removed meanwhile, ERROR_UNAVAILABLE if the daemon ends; `info` is NULL then. The refresh is freed.
typedef void (*check_refreshed_fn)(const struct check_info *info, const char *failure, const struct error *err,
                                   void *data);
// NULL on failure: ERROR_NOT_FOUND `cannot find check with name "x"`; ERROR_UNAVAILABLE while the daemon ends.
struct check_refresh *check_manager_refresh(struct check_manager *manager, const char *name,
                                            check_refreshed_fn on_refreshed, void *data, struct error *err) NODISCARD;
// on_refreshed is not called. A probe that runs goes on if the check is active.
void check_refresh_cancel(struct check_refresh *refresh);

// Emitted from the loop when a check has reached its threshold, once for each fall. Argument: const char *, its name.
struct event *check_manager_failed(struct check_manager *manager);

// For shutdown: cancels all probes and begins no more. Refreshes end with an error. Falls that have not been emitted
// are dropped. The statuses and the changes stay.
void check_manager_stop_all(struct check_manager *manager);
// After that, before the state is saved for the last time: the changes end with Done. The next daemon would take them
// for those of a daemon that was killed, and hold them.
void check_manager_end_changes(struct check_manager *manager);
