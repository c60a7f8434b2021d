// SPDX-License-Identifier: GPL-3.0-or-later
// The tables of fields. Declared in plan/record_internal.h and plan/plan.h.
#include "plan/record_internal.h"

#include "plan/plan.h"

static const char *const override_names[] = {
    [OVERRIDE_UNSET] = "",
    [OVERRIDE_MERGE] = "merge",
    [OVERRIDE_REPLACE] = "replace",
};
static const struct words words_override = {override_names, ARRAY_COUNT(override_names)};

static const char *const action_names[] = {
    [ACTION_UNSET] = "",
    [ACTION_RESTART] = "restart",
    [ACTION_SHUTDOWN] = "shutdown",
    [ACTION_SUCCESS_SHUTDOWN] = "success-shutdown",
    [ACTION_FAILURE_SHUTDOWN] = "failure-shutdown",
    [ACTION_IGNORE] = "ignore",
    [ACTION_EXIT] = "exit",
};
static const struct words words_action = {action_names, ARRAY_COUNT(action_names)};

static const char *const service_type_names[] = {
    [SERVICE_TYPE_UNSET] = "",
    [SERVICE_TYPE_SERVICE] = "service",
    [SERVICE_TYPE_ONESHOT] = "oneshot",
};
static const struct words words_service_type = {service_type_names, ARRAY_COUNT(service_type_names)};

static const char *const ready_level_names[] = {
    [READY_LEVEL_UNSET] = "",
    [READY_LEVEL_NONE] = "none",
    [READY_LEVEL_ALIVE] = "alive",
    [READY_LEVEL_READY] = "ready",
};
static const struct words words_ready_level = {ready_level_names, ARRAY_COUNT(ready_level_names)};

static const char *const condition_names[] = {
    [CONDITION_UNSET] = "",        [CONDITION_STARTED] = "started",
    [CONDITION_READY] = "ready",   [CONDITION_COMPLETED] = "completed",
    [CONDITION_EXITED] = "exited", [CONDITION_NONE] = "none",
};
static const struct words words_condition = {condition_names, ARRAY_COUNT(condition_names)};

static const char *const kill_mode_names[] = {
    [KILL_MODE_UNSET] = "",    [KILL_MODE_GROUP] = "group",     [KILL_MODE_MIXED] = "mixed",
    [KILL_MODE_TREE] = "tree", [KILL_MODE_PROCESS] = "process",
};
static const struct words words_kill_mode = {kill_mode_names, ARRAY_COUNT(kill_mode_names)};

static const char *const check_level_names[] = {
    [CHECK_LEVEL_UNSET] = "",
    [CHECK_LEVEL_ALIVE] = "alive",
    [CHECK_LEVEL_READY] = "ready",
};
static const struct words words_check_level = {check_level_names, ARRAY_COUNT(check_level_names)};

static const char *const check_startup_names[] = {
    [CHECK_STARTUP_UNKNOWN] = "",
    [CHECK_STARTUP_ENABLED] = "enabled",
    [CHECK_STARTUP_DISABLED] = "disabled",
};
static const struct words words_check_startup = {check_startup_names, ARRAY_COUNT(check_startup_names)};

static const char *const log_target_names[] = {
    [LOG_TARGET_UNSET] = "",
    [LOG_TARGET_LOKI] = "loki",
    [LOG_TARGET_OPENTELEMETRY] = "opentelemetry",
    [LOG_TARGET_SYSLOG] = "syslog",
};
static const struct words words_log_target = {log_target_names, ARRAY_COUNT(log_target_names)};

static const char *const pairing_names[] = {
    [PAIRING_UNSET] = "",
    [PAIRING_DISABLED] = "disabled",
    [PAIRING_SINGLE] = "single",
    [PAIRING_MULTIPLE] = "multiple",
};
const struct words words_pairing_mode = {pairing_names, ARRAY_COUNT(pairing_names)};

#define MEMBER(structure, member) .offset = offsetof(struct structure, member)
#define TEXT .kind = FIELD_TEXT, .type = "string"
#define LIST .kind = FIELD_LIST, .type = "[]string"
#define MAP .kind = FIELD_MAP, .type = "map[string]string"
#define NUMBER .kind = FIELD_NUMBER, .type = "int"
#define ID .kind = FIELD_ID, .type = "int"
#define DURATION .kind = FIELD_DURATION
#define OVERRIDE .kind = FIELD_WORD, .type = "plan.Override", .words = &words_override, .is_kept = true
#define ACTION .kind = FIELD_WORD, .type = "plan.ServiceAction", .words = &words_action

// Beyond Pebble. The types of such fields have plain names.
#define EXTENDED .is_extended = true

static const struct field ready_fields[] = {
    {"notify", MEMBER(service_ready, notify), .kind = FIELD_BOOL, .type = "bool"},
    {"fd", MEMBER(service_ready, fd), NUMBER},
    {"log", MEMBER(service_ready, log), TEXT},
    {"check", MEMBER(service_ready, check), TEXT},
    {"timeout", MEMBER(service_ready, timeout), DURATION},
    {"level", MEMBER(service_ready, level), .kind = FIELD_WORD, .type = "string", .words = &words_ready_level},
};
static const struct record record_ready = {"ready", sizeof(struct service_ready), ready_fields,
                                           ARRAY_COUNT(ready_fields)};

static const struct field service_fields[] = {
    {NULL, MEMBER(plan_service, name), .kind = FIELD_NAME},
    {"summary", MEMBER(plan_service, summary), TEXT},
    {"description", MEMBER(plan_service, description), TEXT},
    {"startup", MEMBER(plan_service, startup), .kind = FIELD_TEXT, .type = "plan.ServiceStartup"},
    {"override", MEMBER(plan_service, override), OVERRIDE},
    {"command", MEMBER(plan_service, command), TEXT},
    {"after", MEMBER(plan_service, after), LIST},
    {"before", MEMBER(plan_service, before), LIST},
    {"requires", MEMBER(plan_service, requires), LIST},
    {"workload", MEMBER(plan_service, workload), TEXT},
    {"environment", MEMBER(plan_service, environment), MAP},
    {"user-id", MEMBER(plan_service, user_id), ID},
    {"user", MEMBER(plan_service, user), TEXT},
    {"group-id", MEMBER(plan_service, group_id), ID},
    {"group", MEMBER(plan_service, group), TEXT},
    {"working-dir", MEMBER(plan_service, working_dir), TEXT},
    {"on-success", MEMBER(plan_service, on_success), ACTION},
    {"on-failure", MEMBER(plan_service, on_failure), ACTION},
    {"on-check-failure", MEMBER(plan_service, on_check_failure), .kind = FIELD_WORD_MAP,
     .type = "map[string]plan.ServiceAction", .words = &words_action},
    {"backoff-delay", MEMBER(plan_service, backoff_delay), DURATION},
    {"backoff-factor", MEMBER(plan_service, backoff_factor), .kind = FIELD_DOUBLE},
    {"backoff-limit", MEMBER(plan_service, backoff_limit), DURATION},
    {"kill-delay", MEMBER(plan_service, kill_delay), DURATION},
    {"type", MEMBER(plan_service, type), .kind = FIELD_WORD, .type = "string", .words = &words_service_type, EXTENDED},
    {"run-timeout", MEMBER(plan_service, run_timeout), DURATION, EXTENDED},
    {"ready", MEMBER(plan_service, ready), .kind = FIELD_RECORD, .record = &record_ready, .is_replaced = true,
     EXTENDED},
    {"wait-for", MEMBER(plan_service, wait_for), .kind = FIELD_WORD_MAP, .type = "map of string",
     .words = &words_condition, EXTENDED},
    {"wait-for-checks", MEMBER(plan_service, wait_for_checks), .kind = FIELD_LIST, .type = "list of string", EXTENDED},
    {"wait-timeout", MEMBER(plan_service, wait_timeout), DURATION, EXTENDED},
    {"success-exit-codes", MEMBER(plan_service, success_exit_codes), .kind = FIELD_NUMBERS, .type = "list of int",
     EXTENDED},
    {"fatal-exit-codes", MEMBER(plan_service, fatal_exit_codes), .kind = FIELD_NUMBERS, .type = "list of int",
     EXTENDED},
    {"max-start-retries", MEMBER(plan_service, max_start_retries), NUMBER, EXTENDED},
    {"on-max-start-retries", MEMBER(plan_service, on_max_start_retries), .kind = FIELD_WORD, .type = "string",
     .words = &words_action, EXTENDED},
    {"stop-signal", MEMBER(plan_service, stop_signal), TEXT, EXTENDED},
    {"kill-mode", MEMBER(plan_service, kill_mode), .kind = FIELD_WORD, .type = "string", .words = &words_kill_mode,
     EXTENDED},
};

static const struct field http_check_fields[] = {
    {"url", MEMBER(http_check, url), TEXT},
    {"headers", MEMBER(http_check, headers), MAP},
};
static const struct record record_http_check = {"plan.HTTPCheck", sizeof(struct http_check), http_check_fields,
                                                ARRAY_COUNT(http_check_fields)};

static const struct field tcp_check_fields[] = {
    {"port", MEMBER(tcp_check, port), NUMBER},
    {"host", MEMBER(tcp_check, host), TEXT},
};
static const struct record record_tcp_check = {"plan.TCPCheck", sizeof(struct tcp_check), tcp_check_fields,
                                               ARRAY_COUNT(tcp_check_fields)};

static const struct field exec_check_fields[] = {
    {"command", MEMBER(exec_check, command), TEXT},
    {"service-context", MEMBER(exec_check, service_context), TEXT},
    {"environment", MEMBER(exec_check, environment), MAP},
    {"user-id", MEMBER(exec_check, user_id), ID},
    {"user", MEMBER(exec_check, user), TEXT},
    {"group-id", MEMBER(exec_check, group_id), ID},
    {"group", MEMBER(exec_check, group), TEXT},
    {"working-dir", MEMBER(exec_check, working_dir), TEXT},
};
static const struct record record_exec_check = {"plan.ExecCheck", sizeof(struct exec_check), exec_check_fields,
                                                ARRAY_COUNT(exec_check_fields)};

static const struct field check_fields[] = {
    {NULL, MEMBER(plan_check, name), .kind = FIELD_NAME},
    {"override", MEMBER(plan_check, override), OVERRIDE},
    {"level", MEMBER(plan_check, level), .kind = FIELD_WORD, .type = "plan.CheckLevel", .words = &words_check_level},
    {"startup", MEMBER(plan_check, startup), .kind = FIELD_WORD, .type = "plan.CheckStartup",
     .words = &words_check_startup},
    {"period", MEMBER(plan_check, period), DURATION},
    {"timeout", MEMBER(plan_check, timeout), DURATION},
    {"threshold", MEMBER(plan_check, threshold), NUMBER},
    {"http", MEMBER(plan_check, http), .kind = FIELD_RECORD, .record = &record_http_check},
    {"tcp", MEMBER(plan_check, tcp), .kind = FIELD_RECORD, .record = &record_tcp_check},
    {"exec", MEMBER(plan_check, exec), .kind = FIELD_RECORD, .record = &record_exec_check},
};

static const struct field log_target_fields[] = {
    {NULL, MEMBER(plan_log_target, name), .kind = FIELD_NAME},
    {"type", MEMBER(plan_log_target, type), .kind = FIELD_WORD, .type = "plan.LogTargetType",
     .words = &words_log_target, .is_always_shown = true},
    {"location", MEMBER(plan_log_target, location), TEXT, .is_always_shown = true},
    {"services", MEMBER(plan_log_target, services), LIST, .is_always_shown = true},
    {"override", MEMBER(plan_log_target, override), OVERRIDE},
    {"labels", MEMBER(plan_log_target, labels), MAP},
};

static const struct field workload_fields[] = {
    {NULL, MEMBER(plan_workload, name), .kind = FIELD_NAME},
    {NULL, MEMBER(plan_workload, invalid_override), .kind = FIELD_NAME},
    {"override", MEMBER(plan_workload, override), OVERRIDE},
    {"environment", MEMBER(plan_workload, environment), MAP},
    {"user-id", MEMBER(plan_workload, user_id), ID},
    {"user", MEMBER(plan_workload, user), TEXT},
    {"group-id", MEMBER(plan_workload, group_id), ID},
    {"group", MEMBER(plan_workload, group), TEXT},
};

const struct record record_service = {"plan.Service", sizeof(struct plan_service), service_fields,
                                      ARRAY_COUNT(service_fields)};
const struct record record_check = {"plan.Check", sizeof(struct plan_check), check_fields, ARRAY_COUNT(check_fields)};
const struct record record_log_target = {"plan.LogTarget", sizeof(struct plan_log_target), log_target_fields,
                                         ARRAY_COUNT(log_target_fields)};
const struct record record_workload = {"workloads.Workload", sizeof(struct plan_workload), workload_fields,
                                       ARRAY_COUNT(workload_fields)};

const char *log_target_type_name(enum log_target_type type) {
    return words_name(&words_log_target, type);
}

const char *action_name(enum action action) {
    return words_name(&words_action, action);
}

const char *condition_name(enum condition condition) {
    return words_name(&words_condition, condition);
}
