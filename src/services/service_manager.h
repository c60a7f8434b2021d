// SPDX-License-Identifier: GPL-3.0-or-later
// Services. Starting and stopping are tasks of changes; exits, backoff and failed checks are handled by the state
// machine (service_machine.c). States and rules are described in docs/internals/services.md.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/text.h"
#include "logs/log_store.h"
#include "loop/loop.h"
#include "plan/plan.h"
#include "services/service_launcher.h"
#include "services/service_prober.h"
#include "state/change.h"
#include "state/runner.h"
#include "state/state.h"

#include <stdbool.h>
#include <stdint.h>

struct service_manager;

enum service_state {
    SERVICE_INITIAL,       // never started
    SERVICE_WAITING,       // a start task waits for conditions
    SERVICE_LAUNCHING,     // started by a task, not executed yet
    SERVICE_STARTING,      // has run for less than the start window
    SERVICE_GETTING_READY, // has `ready`, and is not ready yet
    SERVICE_WORKING,       // a one-shot that runs
    SERVICE_RUNNING,
    SERVICE_TERMINATING,         // SIGTERM has been sent
    SERVICE_KILLING,             // SIGKILL has been sent
    SERVICE_RESTART_TERMINATING, // the same two after a failed check: backoff follows
    SERVICE_RESTART_KILLING,
    SERVICE_TIMEOUT_TERMINATING, // the same two after a one-shot's run-timeout
    SERVICE_TIMEOUT_KILLING,
    SERVICE_LEFTOVERS_TERMINATING, // the same two after the main process has ended by itself, and its tree has not
    SERVICE_LEFTOVERS_KILLING,
    SERVICE_STOPPED,
    SERVICE_COMPLETED,   // ended by itself, with success
    SERVICE_BACKOFF,     // waits for a restart
    SERVICE_RELAUNCHING, // started after backoff, not executed yet
    SERVICE_EXITED,      // ended by itself: a failure that is ignored, or a shutdown
    SERVICE_STATES,
};

// All of these outlive the manager.
struct service_manager_spec {
    struct loop *loop;
    struct state *state;
    struct runner *runner;
    struct log_store *logs;
    struct service_launcher launcher;
    struct service_prober prober;
    void (*tee)(void *data, const char *bytes,
                size_t length); // verbose mode: receives all services' output; may be NULL
    void *tee_data;
};

// Ends a line that a service has begun in verbose mode, before the daemon writes to the same terminal or file.
void service_manager_end_line(struct service_manager *manager);

struct service_manager *service_manager_create(const struct service_manager_spec *spec)
    __attribute__((returns_nonnull));
// Running processes are not killed.
void service_manager_destroy(struct service_manager *manager);
void service_manager_set_plan(struct service_manager *manager, struct plan *plan);

// --- queries ---

struct service_info {
    const char *name;
    bool is_enabled;
    const char *status; // "active", "backoff", "error" or "inactive"
    const char *since;  // the time of its last change as RFC 3339, NULL before the first start
};
// Visits the plan's services sorted by name, or those of `names` (NULL or empty: all).
typedef void (*service_visit_fn)(const struct service_info *info, void *data);
void service_manager_list(struct service_manager *manager, const struct text_list *names, service_visit_fn visit,
                          void *data);
// Not 0, and different whenever what is visited may have changed, so that text made of it can be kept until then. The
// details, which follow, have no version.
uint64_t service_manager_list_version(const struct service_manager *manager);
// What is shown of a service with keys beyond Pebble's, or if it is asked for. Texts are borrowed from the service
// unless they are arrays. Those of a service that was never started say only its state.
struct service_details {
    const char *state; // "waiting", "starting" ...
    bool has_ready, is_ready;
    struct text_list waiting_for; // "db: ready"
    const char *status_text;      // what its process says of itself; NULL: nothing
    pid_t pid;                    // 0: none
    bool has_ended;               // the last run: the two that follow
    int exit_code;
    char ended[CLOCK_TEXT_SIZE];
    int64_t restarts;                   // since the last start by a task, or reset of the backoff
    bool has_retries;                   // their number is limited
    int64_t retries_left;               // then
    char next_restart[CLOCK_TEXT_SIZE]; // "": none is due
    char *note;                         // a few words for people; NULL: none
};
void service_manager_details(const struct service_manager *manager, const char *name, struct service_details *details);
void service_details_finish(struct service_details *details);
#define AUTO_SERVICE_DETAILS CLEANUP(service_details_finish)
bool service_manager_has(const struct service_manager *manager, const char *name);         // in the plan
bool service_manager_is_extended(const struct service_manager *manager, const char *name); // has keys beyond Pebble's
bool service_manager_has_extended(const struct service_manager *manager);                  // a service of the plan is

// What a client may wait for: a condition, or that nothing of the service runs.
enum service_goal {
    SERVICE_GOAL_STARTED,
    SERVICE_GOAL_READY,
    SERVICE_GOAL_COMPLETED,
    SERVICE_GOAL_EXITED,
    SERVICE_GOAL_STOPPED,
};
bool service_goal_by_name(const char *name, enum service_goal *goal);
enum service_prospect { SERVICE_GOAL_OPEN, SERVICE_GOAL_REACHED, SERVICE_GOAL_IMPOSSIBLE };
// *reason is set to why it is impossible, owned; else NULL.
enum service_prospect service_manager_judge(const struct service_manager *manager, const char *name,
                                            enum service_goal goal, char **reason);

// Whether no service that counts for the level (unset: any; ready: ready and alive) is unready: one that was started,
// or is to be, and not stopped since.
bool service_manager_is_healthy(const struct service_manager *manager, enum ready_level level);

// For metrics: visits every service that was ever started, sorted by name.
typedef void (*service_count_fn)(const char *name, bool is_active, int64_t start_count, void *data);
void service_manager_counts(struct service_manager *manager, service_count_fn visit, void *data);
// Whether any service has been started and not been stopped since.
bool service_manager_is_busy(const struct service_manager *manager);

// Whether no service runs, waits, is to be started or restarted. *exit_code: of the service that was the first to fail
// and was not started again since; 127 or 126 if it could not be started, as a shell has it; 1 if it waited in vain; 0
// if none has failed.
bool service_manager_is_done(const struct service_manager *manager, int *exit_code);

// --- requests ---

enum service_action { SERVICE_START, SERVICE_STOP, SERVICE_RESTART, SERVICE_REPLAN, SERVICE_AUTOSTART };
bool service_action_by_name(const char *name, enum service_action *action);
// Creates a change with its tasks, owned by the state. Errors are ERROR_BAD_REQUEST with the messages of the API, and
// with the code "no-default-services" if autostart finds none.
bool service_manager_request(struct service_manager *manager, enum service_action action, const struct text_list *names,
                             struct change **change, struct error *err) NODISCARD;
// Sends a signal ("SIGHUP") to the services' main processes. The error lists all that failed, joined by "; ".
bool service_manager_signal(struct service_manager *manager, const struct text_list *names, const char *signal,
                            struct error *err) NODISCARD;
// Performs the on-check-failure action of each service that names the check.
void service_manager_check_failed(struct service_manager *manager, const char *check);

// --- shutdown ---

// Creates a change that stops all services that run, dependants first; NULL when none runs. Start tasks that have not
// begun fail from now on. *limit_ns: the longest time that the change may take: of the longest chain of services that
// stop one after the other, each with its kill-delay and 5 s. At least 10.1 s.
struct change *service_manager_stop_all(struct service_manager *manager, int64_t *limit_ns);
// Sends SIGKILL to what still runs.
void service_manager_kill_all(struct service_manager *manager);

// Emitted from the loop after a service's state, readiness or prospect has changed, once for each change and in their
// order.
struct service_change {
    const char *name;
    enum service_state before, now;
};
struct event *service_manager_changed(struct service_manager *manager); // argument: const struct service_change *

enum shutdown_kind {
    SHUTDOWN_SUCCESS,
    SHUTDOWN_SERVICE_FAILURE,
    SHUTDOWN_CHECK_FAILURE,
    SHUTDOWN_EXIT_CODE, // the action exit: the daemon ends with the exit code
};
struct service_shutdown {
    enum shutdown_kind kind;
    int exit_code; // of SHUTDOWN_EXIT_CODE
};
// Emitted from the loop when an action of a service is a shutdown. Argument: const struct service_shutdown *.
struct event *service_manager_shutdown_wanted(struct service_manager *manager);
