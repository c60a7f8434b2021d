// SPDX-License-Identifier: GPL-3.0-or-later
// The plan: services, checks, log targets, workloads and pairing, combined from all layers. A combined plan is
// immutable and has a reference count. The rules are in docs/internals/plan.md.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/map.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum override { OVERRIDE_UNSET, OVERRIDE_MERGE, OVERRIDE_REPLACE };
enum action {
    ACTION_UNSET,
    ACTION_RESTART,
    ACTION_SHUTDOWN,
    ACTION_SUCCESS_SHUTDOWN,
    ACTION_FAILURE_SHUTDOWN,
    ACTION_IGNORE,
    ACTION_EXIT, // the daemon ends with the exit code of the service
};
const char *action_name(enum action action); // "restart", "" for unset

struct optional_duration {
    bool is_set;
    int64_t ns;
};
struct optional_double {
    bool is_set;
    double value;
};
struct optional_id {
    bool is_set;
    int64_t value; // as written; checked where it is used
};
struct optional_bool {
    bool is_set;
    bool value;
};
struct number_list {
    int64_t *items;
    size_t count, capacity;
};

bool number_list_has(const struct number_list *list, int64_t number);

enum service_type { SERVICE_TYPE_UNSET, SERVICE_TYPE_SERVICE, SERVICE_TYPE_ONESHOT };
enum ready_level { READY_LEVEL_UNSET, READY_LEVEL_NONE, READY_LEVEL_ALIVE, READY_LEVEL_READY };
// How a service becomes ready: at most one of the first four is set in a valid plan.
struct service_ready {
    struct optional_bool notify; // by sd_notify(3); false: as if there were no record
    int64_t fd;                  // by a newline on this descriptor; 0: unset
    char *log;                   // by a line of output that matches this POSIX extended regular expression
    char *check;                 // by a success of this check
    struct optional_duration timeout;
    enum ready_level level; // of health, in which the service counts while it is not ready
};
// What a service waits for of another one.
enum condition {
    CONDITION_UNSET,
    CONDITION_STARTED,
    CONDITION_READY,
    CONDITION_COMPLETED,
    CONDITION_EXITED,
    CONDITION_NONE
};
const char *condition_name(enum condition condition);      // "started", "" for unset
bool plan_condition_orders_stop(enum condition condition); // whether the other service stops later
enum kill_mode { KILL_MODE_UNSET, KILL_MODE_GROUP, KILL_MODE_MIXED, KILL_MODE_TREE, KILL_MODE_PROCESS };

// Unset strings are NULL or "".
struct plan_service {
    char *name;
    char *summary;
    char *description;
    char *startup; // "enabled"; any other word means disabled
    enum override override;
    char *command;
    struct text_list after, before, requires;
    struct map environment; // name -> char *, "" for null
    struct optional_id user_id;
    char *user;
    struct optional_id group_id;
    char *group;
    char *working_dir;
    enum action on_success, on_failure;
    struct map on_check_failure; // check name -> enum action as (void *)(intptr_t)
    struct optional_duration backoff_delay, backoff_limit, kill_delay;
    struct optional_double backoff_factor;
    char *workload;
    // Beyond Pebble: docs/internals/plan.md.
    enum service_type type;
    struct optional_duration run_timeout; // 0: none
    struct service_ready *ready;          // see plan_service_ready()
    struct map wait_for;                  // service name -> enum condition as (void *)(uintptr_t)
    struct text_list wait_for_checks;
    struct optional_duration wait_timeout; // 0: none
    struct number_list success_exit_codes, fatal_exit_codes;
    int64_t max_start_retries; // 0 and -1: no limit
    enum action on_max_start_retries;
    char *stop_signal;
    enum kill_mode kill_mode;
    unsigned holders; // private; besides the plan or layer
};

enum check_level { CHECK_LEVEL_UNSET, CHECK_LEVEL_ALIVE, CHECK_LEVEL_READY };
enum check_startup { CHECK_STARTUP_UNKNOWN, CHECK_STARTUP_ENABLED, CHECK_STARTUP_DISABLED };

struct http_check {
    char *url;
    struct map headers; // name -> char *
};
struct tcp_check {
    int64_t port; // 0: unset
    char *host;
};
struct exec_check {
    char *command;
    char *service_context;
    struct map environment;
    struct optional_id user_id;
    char *user;
    struct optional_id group_id;
    char *group;
    char *working_dir;
};
struct plan_check {
    char *name;
    enum override override;
    enum check_level level;
    enum check_startup startup;
    struct optional_duration period, timeout;
    int64_t threshold;       // 0: unset
    struct http_check *http; // at most one of the three after validation
    struct tcp_check *tcp;
    struct exec_check *exec;
};

enum log_target_type { LOG_TARGET_UNSET, LOG_TARGET_LOKI, LOG_TARGET_OPENTELEMETRY, LOG_TARGET_SYSLOG };
const char *log_target_type_name(enum log_target_type type); // "loki", "" for unset
struct plan_log_target {
    char *name;
    enum log_target_type type;
    char *location;
    struct text_list services; // "all", "-all", names, names with a leading "-"
    enum override override;
    struct map labels; // name -> char *
};

struct plan_workload {
    char *name;
    enum override override;
    char *invalid_override; // the word of a layer if it is neither merge nor replace; not in a plan
    struct map environment;
    struct optional_id user_id;
    char *user;
    struct optional_id group_id;
    char *group;
};

enum pairing_mode { PAIRING_UNSET, PAIRING_DISABLED, PAIRING_SINGLE, PAIRING_MULTIPLE };

// The content of a layer or of a combined plan.
struct plan_content {
    struct map services;    // name -> struct plan_service *
    struct map checks;      // name -> struct plan_check *
    struct map log_targets; // name -> struct plan_log_target *
    struct map workloads;   // name -> struct plan_workload *
    enum pairing_mode pairing;
};

struct layer {
    int64_t order; // see ORDERS_PER_DIRECTORY
    char *label;   // "base" or "dir/name"
    char *summary, *description;
    struct text_list warnings; // to be logged by the caller
    struct plan_content content;
};

// --- layers (layer.c, layer_parse.c, layers_dir.c) ---

// Parses one layer. Messages about the text begin with `cannot parse layer "L"…`, those about its content have no
// prefix. Further faults follow on lines that begin with "- also: ". The error's advice says where each fault is.
bool layer_parse(int64_t order, const char *label, const char *text, size_t length, struct layer **layer,
                 struct error *err) NODISCARD;
void layer_destroy(struct layer *layer);
void layer_destroy_at(struct layer **layer);
#define AUTO_LAYER CLEANUP(layer_destroy_at)
// Reads all layers in `directory`, in their order (docs/internals/plan.md). A missing directory has none.
struct layer_list {
    struct layer **items; // owned
    size_t count, capacity;
    struct text_list warnings; // of layers_read(), about the directory
};
bool layers_read(const char *directory, struct layer_list *layers, struct error *err) NODISCARD;
void layers_add(struct layer_list *layers, struct layer *layer);
void layers_clear(struct layer_list *layers);
#define AUTO_LAYERS CLEANUP(layers_clear)

// --- the combined plan ---

struct plan {
    struct plan_content content; // with defaults filled in (is_set stays false): backoff, period, timeout, threshold
    unsigned references;         // private
};
// Combines and validates layers. The message of an error has all faults: the first one as in Pebble, the others on
// lines that begin with "- also: ".
bool plan_combine(const struct layer_list *layers, struct plan **plan, struct error *err) NODISCARD;
// The length of the first fault in the message of an error of layers: what Pebble reports.
size_t plan_first_fault_length(const char *message);
struct plan *plan_hold(struct plan *plan);
void plan_release(struct plan *plan);                                                    // NULL is fine
const struct plan_service *plan_find_service(const struct plan *plan, const char *name); // NULL when absent
const struct plan_check *plan_find_check(const struct plan *plan, const char *name);
const struct plan_workload *plan_find_workload(const struct plan *plan, const char *name);
// Writes the plan as shown by the API and `pebble plan`.
void plan_write_yaml(const struct plan *plan, struct buffer *out);

// A service of a plan does not change, and may outlive it. Only the loop may hold one: the count is not atomic.
struct plan_service *plan_service_hold(const struct plan_service *service);
void plan_service_release(struct plan_service *service); // NULL is fine
bool plan_service_equal(const struct plan_service *a, const struct plan_service *b);
// How it becomes ready; NULL if that is not set, or switched off.
const struct service_ready *plan_service_ready(const struct plan_service *service);
bool plan_service_has_conditions(const struct plan_service *service); // waits for services or checks
bool plan_service_is_oneshot(const struct plan_service *service);
bool plan_service_ends_with_tree(const struct plan_service *service); // kill-mode tree or mixed
// Whether one of the keys beyond Pebble's is set.
bool plan_service_is_extended(const struct plan_service *service);
struct plan_check *plan_check_copy(const struct plan_check *check);
void plan_check_destroy(struct plan_check *check); // NULL is fine
bool plan_check_equal(const struct plan_check *a, const struct plan_check *b);
bool plan_workload_equal(const struct plan_workload *a, const struct plan_workload *b); // NULLs are equal
struct plan_workload *plan_workload_copy(const struct plan_workload *workload);         // NULL gives NULL
void plan_workload_destroy(struct plan_workload *workload);
// Splits a command into words. Fails if a command that is not empty has none.
bool plan_split_command(const char *command, struct text_list *words, struct error *err) NODISCARD;
// Splits the command of a service into its words and its default arguments, which are in brackets.
bool plan_service_command(const struct plan_service *service, struct text_list *base, struct text_list *extra,
                          struct error *err) NODISCARD;
// The reverse, for `run --args`: one command line with the arguments in brackets. Owned.
char *plan_command_with_arguments(const struct text_list *base, const struct text_list *arguments);

// --- order (order.c): docs/internals/plan.md ---

// Lanes in the order of their numbers, each with the names of its services in their order.
struct plan_lanes {
    struct text_list *items;
    size_t count, capacity;
    bool are_single; // of one service each, in the order of all
};
void plan_lanes_clear(struct plan_lanes *lanes);
// Whether a condition holds already, so that the service need not be started for it.
struct plan_conditions {
    bool (*holds)(const char *service, enum condition condition, void *data);
    void *data;
};
// Orders the services and all that they require or wait for, unless the condition holds. If one of them is a one-shot,
// has `ready`, or waits for something, the lanes are single. Unknown names: ERROR_BAD_REQUEST `service "x" does not
// exist`.
bool plan_start_order(const struct plan *plan, const struct text_list *names, const struct plan_conditions *conditions,
                      struct plan_lanes *lanes, struct error *err) NODISCARD;
// Orders the services and all that require them, dependants first.
bool plan_stop_order(const struct plan *plan, const struct text_list *names, struct plan_lanes *lanes,
                     struct error *err) NODISCARD;

// --- service contexts (context.c), for exec and exec checks ---

struct run_context {
    struct map environment;
    struct optional_id user_id, group_id;
    char *user, *group, *working_dir;
};
// Merges `overrides` member by member over the settings of the service, without those of its workload; over nothing if
// the service name is NULL or "". `merged` is the caller's to finish. Unknown service: ERROR_BAD_REQUEST `context
// service "x" not found`.
bool plan_merge_context(const struct plan *plan, const char *service, const struct run_context *overrides,
                        struct run_context *merged, struct error *err) NODISCARD;
void run_context_finish(struct run_context *context);
// A copy of the check, with the environment, user, group and directory of its service context merged into its exec
// part. Owned by the caller.
struct plan_check *plan_check_with_context(const struct plan *plan, const struct plan_check *config)
    __attribute__((returns_nonnull));
