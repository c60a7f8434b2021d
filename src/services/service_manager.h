// SPDX-License-Identifier: GPL-3.0-or-later
// Services: what runs, what should run, and the way from one to the other. Start and stop are tasks of changes; what
// happens in between (exits, backoff, failed checks) is up to the state machine (service_machine.c). Page with the
// state diagram: docs/services.md.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/text.h"
#include "logs/log_store.h"
#include "loop/loop.h"
#include "plan/plan.h"
#include "services/service_launcher.h"
#include "state/change.h"
#include "state/runner.h"
#include "state/state.h"

#include <stdbool.h>
#include <stdint.h>

struct service_manager;

enum service_state {
    SERVICE_INITIAL,   // never ran
    SERVICE_LAUNCHING, // asked for, the program does not run yet
    SERVICE_STARTING,  // runs for less than the start window
    SERVICE_RUNNING,
    SERVICE_TERMINATING,         // SIGTERM has been sent
    SERVICE_KILLING,             // SIGKILL has been sent
    SERVICE_RESTART_TERMINATING, // the same because of a failed check: to be started again
    SERVICE_RESTART_KILLING,
    SERVICE_STOPPED,
    SERVICE_BACKOFF,     // waits to be started again
    SERVICE_RELAUNCHING, // the wait is over, the program does not run yet
    SERVICE_EXITED,      // ended by itself and stays so
    SERVICE_STATES,
};

// What the manager stands on; all of it outlives the manager.
struct service_manager_spec {
    struct loop *loop;
    struct state *state;
    struct runner *runner;
    struct log_store *logs;
    struct service_launcher launcher;
    void (*tee)(void *data, const char *bytes, size_t length); // gets all services' output (verbose mode); may be NULL
    void *tee_data;
};

struct service_manager *service_manager_create(const struct service_manager_spec *spec)
    __attribute__((returns_nonnull));
// Running processes are let go, not killed.
void service_manager_destroy(struct service_manager *manager);
void service_manager_set_plan(struct service_manager *manager, struct plan *plan);

// --- what is ---

struct service_info {
    const char *name;
    bool is_enabled;
    const char *status; // "active", "backoff", "error" or "inactive"
    const char *since;  // the time of its last change as RFC 3339, NULL before the first start
};
// The plan's services by name, or those of `names` (NULL or empty: all).
typedef void (*service_visit_fn)(const struct service_info *info, void *data);
void service_manager_list(struct service_manager *manager, const struct text_list *names, service_visit_fn visit,
                          void *data);
// Counts of every service ever started, by name, for metrics.
typedef void (*service_count_fn)(const char *name, bool is_active, int64_t start_count, void *data);
void service_manager_counts(struct service_manager *manager, service_count_fn visit, void *data);
// Whether any service has been started and not been stopped since: nothing to supervise otherwise.
bool service_manager_is_busy(const struct service_manager *manager);

// --- what is asked for ---

enum service_action { SERVICE_START, SERVICE_STOP, SERVICE_RESTART, SERVICE_REPLAN, SERVICE_AUTOSTART };
bool service_action_by_name(const char *name, enum service_action *action);
// Makes the change with its tasks. Errors are ERROR_BAD_REQUEST in the words of the API, with
// the code "no-default-services" if autostart finds none; nothing is made then. The change is the state's.
bool service_manager_request(struct service_manager *manager, enum service_action action, const struct text_list *names,
                             struct change **change, struct error *err) NODISCARD;
// Sends a signal ("SIGHUP") to the services' main processes; what cannot be signalled is reported, joined by "; ".
bool service_manager_signal(struct service_manager *manager, const struct text_list *names, const char *signal,
                            struct error *err) NODISCARD;
// A check has failed: services that name it in on-check-failure act on it.
void service_manager_check_failed(struct service_manager *manager, const char *check);

// --- the end ---

// A change that stops all that runs, dependants first; NULL when nothing runs. Start tasks that have not begun
// by then fail.
struct change *service_manager_stop_all(struct service_manager *manager);
// How long that may take at most: max(5 s, the longest kill-delay) + 5.1 s.
int64_t service_manager_stop_limit_ns(const struct service_manager *manager);

// Emitted from the loop after a service's state has changed, once for each change and in their order.
struct service_change {
    const char *name;
    enum service_state before, now;
};
struct event *service_manager_changed(struct service_manager *manager); // argument: const struct service_change *

enum shutdown_kind { SHUTDOWN_SUCCESS, SHUTDOWN_SERVICE_FAILURE, SHUTDOWN_CHECK_FAILURE };
// Emitted from the loop when a service's action asks for the daemon's end. Argument: const enum shutdown_kind *.
struct event *service_manager_shutdown_wanted(struct service_manager *manager);
