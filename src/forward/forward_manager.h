// SPDX-License-Identifier: GPL-3.0-or-later
// Forwards the output of services to the log targets of the plan: Loki, OpenTelemetry and syslog. Each target has its
// own position in the logs, connection and timers, so that none delays another. The rules are in
// docs/internals/forward.md.
#pragma once

#include "loop/loop.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connector;
struct descriptor_budget;
struct http_client;
struct log_store;

struct forward_manager;

// All of these outlive the manager; the text is borrowed as long.
struct forward_spec {
    struct loop *loop;
    struct connector *connector;
    struct http_client *http_client;
    struct log_store *logs;
    // Sockets are taken from this budget, with processes, as those of checks are. NULL: unlimited.
    struct descriptor_budget *descriptors;
    const char *user_agent;
};

struct forward_manager *forward_manager_create(const struct forward_spec *spec) __attribute__((returns_nonnull));
// What has not been sent is lost. NULL is fine.
void forward_manager_destroy(struct forward_manager *manager);
// Follows a change of the plan. What has been gathered is sent at once, with the labels that it had. Targets that are
// new, or whose type or location has changed, begin with all lines that the logs hold; others go on where they are.
void forward_manager_set_plan(struct forward_manager *manager, struct plan *plan);

// For shutdown, when all services have ended: sends what is left. Calls on_done once, from the loop, when all targets
// have it or have failed, or after `limit_ns`. Plans are not followed any more. The manager may be destroyed before.
typedef void (*forward_stopped_fn)(void *data);
void forward_manager_stop(struct forward_manager *manager, int64_t limit_ns, forward_stopped_fn on_done, void *data);

struct log_target_info { // texts are borrowed for the call
    const char *name;
    const char *type;       // "loki", "opentelemetry" or "syslog"
    const char *location;   // as in the plan, without a password
    uint64_t pending;       // lines that wait, or are being sent
    uint64_t sent;          // lines that the target has accepted
    uint64_t dropped;       // lines that it will not get
    const char *last_error; // of the last attempt, "" if it succeeded or there was none
    int64_t retry_at_ns;    // wall clock, when the next attempt is due after a failure; 0: none is
};
typedef void (*log_target_visit_fn)(const struct log_target_info *info, void *data);
// Visits the targets of the plan, sorted by name.
void forward_manager_list(const struct forward_manager *manager, log_target_visit_fn visit, void *data);
