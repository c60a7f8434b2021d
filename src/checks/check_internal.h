// SPDX-License-Identifier: GPL-3.0-or-later
// Private to checks/: the check, the manager, and functions that the files of the module share.
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "checks/check_manager.h"
#include "state/task.h"

enum check_state {
    CHECK_INACTIVE,
    CHECK_INACTIVE_PROBING, // runs a probe for a refresh
    CHECK_UP_STARTING,      // the task has not begun
    CHECK_UP_WAITING,       // for the end of the period
    CHECK_UP_PROBING,
    CHECK_DOWN_STARTING, // the same three with a recover-check change
    CHECK_DOWN_WAITING,
    CHECK_DOWN_PROBING,
    CHECK_STATES,
};

enum check_event_kind {
    EVENT_NONE,
    EVENT_START,
    EVENT_STOP,
    EVENT_BEGUN,    // the task has begun
    EVENT_DUE,      // the period is over
    EVENT_REFRESH,  // a refresh waits
    EVENT_UNWANTED, // the refresh that the probe runs for is cancelled
    EVENT_PASSED,   // the probe has passed
    EVENT_FAILED,   // the probe has failed
    EVENT_FELL,     // the probe has failed, and the failures reach the threshold
    EVENT_KINDS,
};

struct check_event_queue {
    enum check_event_kind *kinds;
    size_t count, capacity;
};

struct check {
    struct check_manager *manager;
    char *name;
    char *quoted_name;         // for the log
    struct plan_check *config; // from the plan; the service context is merged into its exec part
    enum check_state state;
    struct task *task;                    // of the current change; NULL while inactive
    char *prev_change_id;                 // NULL if there is none
    int64_t successes, failures;          // as shown
    int64_t change_successes;             // of the current change, which does not count the success of a recovery
    int64_t success_count, failure_count; // since the check was altered, for metrics

    struct timer *period;    // runs from the begin of the first task until the check is stopped
    int64_t due_ns;          // when it ends, by loop_now_ns()
    bool is_due;             // it has ended while the check could not run
    bool is_period_deferred; // it was late and has been put off once

    struct probe *probe;       // NULL while none runs
    struct timer *deadline;    // of the probe
    int64_t deadline_ns;       // when it ends, by loop_now_ns()
    bool is_deadline_deferred; // it was late and has been put off once
    struct deferred failed_start;
    char *failure_message, *failure_text; // of the last probe, without and with details; NULL if it has passed

    struct list refreshes;         // check_refresh.link
    struct check_refresh *current; // that the probe runs for; NULL if it is due by the period
    bool is_handling;              // an event is being handled; others are added to `pending`
    struct check_event_queue pending;
};

struct check_refresh {
    struct list link;
    struct check *check;
    check_refreshed_fn on_refreshed;
    void *data;
};

struct check_manager {
    struct check_manager_spec spec;
    // check_handle(), for check.c, which its actions call.
    void (*handle)(struct check *check, enum check_event_kind kind);
    struct map checks;         // name -> struct check *
    struct map_entry **sorted; // by name
    size_t down_count;
    bool is_stopping;
    struct listener on_change_ready;
    struct text_list fallen; // names to be emitted
    struct deferred emission;
    struct event failed;
};

// check.c
struct check *check_create(struct check_manager *manager, const char *name) __attribute__((returns_nonnull));
void check_destroy(void *check);
// Starts a probe and its deadline. `refresh` is what it runs for, NULL for the period.
void check_start_probe(struct check *check, struct check_refresh *refresh);
void check_cancel_probe(struct check *check);

// check_config.c
bool check_config_is_enabled(const struct plan_check *config);
// Takes ownership of the configuration and resets all counts. For an inactive check.
void check_configure(struct check *check, struct plan_check *config);
void check_reset(struct check *check); // as before the first run, but for success_count and failure_count
struct check_info check_info(const struct check *check);

// check_state.c
const char *check_state_name(enum check_state state);
const char *check_state_status(enum check_state state); // "up", "down" or "inactive"
bool check_is_active(const struct check *check);
bool check_is_down(const struct check *check);

// check_times.c
// Starts the period anew; the first one is longer by the offset of the check, at most a tenth and a second.
void check_start_period(struct check *check, bool is_first);
// Call when the period has ended. After a pause of the daemon all checks are late: if it ended late, starts the offset
// of the check instead, once, and returns true.
bool check_defer_late_period(struct check *check);
int64_t check_timeout_ns(const struct check *check); // above 0
void check_start_deadline(struct check *check);
// Call when the deadline has expired. After a pause of the daemon the result may be there already: if it expired late,
// starts it again for a moment, once, and returns true.
bool check_defer_late_deadline(struct check *check);

// check_changes.c
// Creates the change of the check's state: perform-check while it is up, recover-check while it is down.
void check_create_change(struct check *check);
// Ends the change: Done, or Error with the failure of the last probe. `proceeds`: another change follows.
void check_finish_change(struct check *check, bool has_failed, bool proceeds);
// Emits check_manager_failed() from the loop.
void check_fell(struct check *check);

// check_tasks.c
void check_tasks_register(struct check_manager *manager);

// check_refresh.c
void check_fail_refreshes(struct check *check, const struct error *err);
