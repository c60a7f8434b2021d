// SPDX-License-Identifier: GPL-3.0-or-later
#include "hostile_call.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"
#include "hostile_fault.h"
#include "hostile_file_call.h"

// The outputs of each function are set to the mark before.
static char mark_byte;
#define MARK ((void *)&mark_byte)
#define MARK_NUMBER 4711
#define LONG_MS 3600000

static const char *const names[] = {"ping"};

static bool untouched(struct hostile_run *run, const void *output) {
    run->is_touched = output != MARK;
    return false;
}

// --- the system ---

static bool get_system_info(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_system_info *info = MARK;
    if (!pebble_get_system_info(run->client, &info, error))
        return untouched(run, info);
    pebble_system_info_destroy(info);
    return true;
}

static bool begin_system_info(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_system_info(run->client, call, error);
}

static bool get_health(struct hostile_run *run, struct pebble_error *error) {
    bool is_healthy = false;
    bool is_good = pebble_get_health(run->client, "alive", names, 1, &is_healthy, error);
    run->is_touched = !is_good && is_healthy;
    return is_good;
}

static bool begin_health(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_health(run->client, NULL, NULL, 0, call, error);
}

static bool get_metrics(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_metrics *metrics = MARK;
    if (!pebble_get_metrics(run->client, &metrics, error))
        return untouched(run, metrics);
    pebble_metrics_destroy(metrics);
    return true;
}

static bool begin_metrics(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_metrics(run->client, call, error);
}

static const struct pebble_request_options any_request = {
    .size = sizeof any_request, .method = "GET", .path_and_query = "/v1/any"};

static bool request(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_response *response = MARK;
    if (!pebble_request(run->client, &any_request, &response, error))
        return untouched(run, response);
    pebble_response_destroy(response);
    return true;
}

static bool begin_request(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_request(run->client, &any_request, call, error);
}

static bool enable_pairing(struct hostile_run *run, struct pebble_error *error) {
    int64_t expires_ns = MARK_NUMBER;
    bool is_good = pebble_enable_pairing(run->client, 0, &expires_ns, error);
    run->is_touched = !is_good && expires_ns != MARK_NUMBER;
    return is_good;
}

static bool begin_pairing(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_enable_pairing(run->client, 0, call, error);
}

static bool pair(struct hostile_run *run, struct pebble_error *error) {
    return pebble_pair(run->client, error);
}

static bool begin_pair(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_pair(run->client, call, error);
}

// --- services ---

static bool get_services(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_services *services = MARK;
    if (!pebble_get_services(run->client, names, 1, &services, error))
        return untouched(run, services);
    pebble_services_destroy(services);
    return true;
}

static bool begin_services(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_services(run->client, NULL, 0, call, error);
}

static bool control_services(struct hostile_run *run, struct pebble_error *error) {
    char *id = MARK;
    if (!pebble_control_services(run->client, "start", names, 1, &id, error))
        return untouched(run, id);
    pebble_free(id);
    return true;
}

static bool begin_control(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_control_services(run->client, "start", names, 1, call, error);
}

static bool send_signal(struct hostile_run *run, struct pebble_error *error) {
    return pebble_send_signal(run->client, "SIGHUP", names, 1, error);
}

static bool begin_signal(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_send_signal(run->client, "SIGHUP", names, 1, call, error);
}

// --- checks ---

static bool get_checks(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_checks *checks = MARK;
    if (!pebble_get_checks(run->client, NULL, NULL, 0, &checks, error))
        return untouched(run, checks);
    pebble_checks_destroy(checks);
    return true;
}

static bool begin_checks(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_checks(run->client, "ready", names, 1, call, error);
}

static bool control_checks(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_changed_checks *changed = MARK;
    if (!pebble_control_checks(run->client, "start", names, 1, &changed, error))
        return untouched(run, changed);
    pebble_changed_checks_destroy(changed);
    return true;
}

static bool begin_control_checks(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_control_checks(run->client, "stop", names, 1, call, error);
}

static bool refresh_check(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_check_refresh *refresh = MARK;
    if (!pebble_refresh_check(run->client, "ping", &refresh, error))
        return untouched(run, refresh);
    pebble_check_refresh_destroy(refresh);
    return true;
}

static bool begin_refresh(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_refresh_check(run->client, "ping", call, error);
}

// --- changes ---

static bool get_changes(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_changes *changes = MARK;
    if (!pebble_get_changes(run->client, "all", NULL, &changes, error))
        return untouched(run, changes);
    pebble_changes_destroy(changes);
    return true;
}

static bool begin_changes(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_changes(run->client, "ready", "web", call, error);
}

static bool get_change(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_change *change = MARK;
    if (!pebble_get_change(run->client, "3", &change, error))
        return untouched(run, change);
    pebble_change_destroy(change);
    return true;
}

static bool begin_change(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_change(run->client, "3", call, error);
}

static bool abort_change(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_change *change = MARK;
    if (!pebble_abort_change(run->client, "3", &change, error))
        return untouched(run, change);
    pebble_change_destroy(change);
    return true;
}

static bool begin_abort(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_abort_change(run->client, "3", call, error);
}

// With a time limit it must not come to another attempt, which would succeed.
static int64_t poll_ms(const struct hostile_run *run) {
    return run->timeout_ms > 0 ? LONG_MS : 1;
}

static bool wait_polling(struct hostile_run *run, int64_t interval_ms, struct pebble_error *error) {
    const struct pebble_wait_options options = {
        .size = sizeof options, .timeout_ms = run->timeout_ms, .poll_ms = interval_ms};
    struct pebble_change *change = MARK;
    if (!pebble_wait_change(run->client, "3", &options, &change, error))
        return untouched(run, change);
    pebble_change_destroy(change);
    return true;
}

static bool wait_change(struct hostile_run *run, struct pebble_error *error) {
    return wait_polling(run, 0, error);
}

static bool poll_change(struct hostile_run *run, struct pebble_error *error) {
    return wait_polling(run, poll_ms(run), error);
}

static bool begin_wait(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    const struct pebble_wait_options options = {.size = sizeof options, .timeout_ms = run->timeout_ms};
    return pebble_call_wait_change(run->client, "3", &options, call, error);
}

static bool begin_poll(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    const struct pebble_wait_options options = {
        .size = sizeof options, .timeout_ms = run->timeout_ms, .poll_ms = poll_ms(run)};
    return pebble_call_wait_change(run->client, "3", &options, call, error);
}

// --- notices ---

static bool get_notices(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_notices *notices = MARK;
    if (!pebble_get_notices(run->client, NULL, &notices, error))
        return untouched(run, notices);
    pebble_notices_destroy(notices);
    return true;
}

static bool begin_notices(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_notices(run->client, NULL, call, error);
}

static bool get_notice(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_notice *notice = MARK;
    if (!pebble_get_notice(run->client, "7", &notice, error))
        return untouched(run, notice);
    pebble_notice_destroy(notice);
    return true;
}

static bool begin_notice(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_notice(run->client, "7", call, error);
}

static const struct pebble_notify_options notification = {.size = sizeof notification, .key = "a.test/b"};

static bool notify(struct hostile_run *run, struct pebble_error *error) {
    char *id = MARK;
    if (!pebble_notify(run->client, &notification, &id, error))
        return untouched(run, id);
    pebble_free(id);
    return true;
}

static bool begin_notify(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_notify(run->client, &notification, call, error);
}

static bool drive_events(struct pebble_events *events, const struct pebble_event **event, struct pebble_error *error) {
    enum pebble_events_state state;
    while ((state = pebble_events_step(events)) == PEBBLE_EVENTS_RUNNING) {
        struct pollfd watched = {.fd = pebble_events_fd(events), .events = pebble_events_poll_events(events)};
        (void)poll(&watched, 1, (int)pebble_events_timeout_ms(events));
    }
    if (state == PEBBLE_EVENTS_EVENT) {
        *event = pebble_events_event(events);
        return true;
    }
    const struct pebble_error *cause = pebble_events_error(events);
    return client_fail(error, cause->kind, "%s", cause->message);
}

// A lost connection is a failure, as there are no further attempts.
static bool next_event(struct hostile_run *run, struct pebble_events *events, bool is_driven,
                       struct pebble_error *error) {
    const struct pebble_event *event = MARK;
    if (!(is_driven ? drive_events(events, &event, error) : pebble_events_wait(events, -1, &event, error)))
        return untouched(run, event);
    if (pebble_event_kind(event) != PEBBLE_EVENT_CONNECTION_LOST)
        return true;
    const struct pebble_error *cause = pebble_event_error(event);
    return client_fail(error, cause->kind, "%s", cause->message);
}

// The boot of the daemon, and the notice.
static bool take_events(struct hostile_run *run, bool is_driven, struct pebble_error *error) {
    const struct pebble_events_options options = {.size = sizeof options,
                                                  .wait_ms = run->timeout_ms > 0 ? 1 : 0,
                                                  .response_ms = run->timeout_ms,
                                                  .retry_min_ms = LONG_MS,
                                                  .retry_max_ms = LONG_MS};
    struct pebble_events *events = MARK;
    if (!pebble_events_create(run->client, &options, &events, error))
        return untouched(run, events);
    bool is_good = next_event(run, events, is_driven, error) && next_event(run, events, is_driven, error);
    pebble_events_destroy(events);
    return is_good;
}

static bool wait_events(struct hostile_run *run, struct pebble_error *error) {
    return take_events(run, false, error);
}

static bool step_events(struct hostile_run *run, struct pebble_error *error) {
    return take_events(run, true, error);
}

// --- the plan, logs, identities ---

static bool get_plan(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_plan *plan = MARK;
    if (!pebble_get_plan(run->client, &plan, error))
        return untouched(run, plan);
    pebble_plan_destroy(plan);
    return true;
}

static bool begin_plan(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_plan(run->client, call, error);
}

static const struct pebble_layer_options layer = {.size = sizeof layer, .label = "a", .yaml = "{}", .yaml_length = 2};

static bool add_layer(struct hostile_run *run, struct pebble_error *error) {
    return pebble_add_layer(run->client, &layer, error);
}

static bool begin_layer(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_add_layer(run->client, &layer, call, error);
}

static bool get_log_targets(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_log_targets *targets = MARK;
    if (!pebble_get_log_targets(run->client, &targets, error))
        return untouched(run, targets);
    pebble_log_targets_destroy(targets);
    return true;
}

static bool begin_log_targets(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_log_targets(run->client, call, error);
}

static bool on_log_entry(const struct pebble_log_entry *entry, void *data UNUSED) {
    return pebble_log_entry_message(entry, NULL) != NULL;
}

static bool get_logs(struct hostile_run *run, struct pebble_error *error) {
    return pebble_get_logs(run->client, NULL, on_log_entry, NULL, error);
}

static bool begin_logs(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_logs(run->client, NULL, call, error);
}

static const struct pebble_log_options follow = {.size = sizeof follow, .flags = PEBBLE_LOGS_FOLLOW};

static bool follow_logs(struct hostile_run *run, struct pebble_error *error) {
    return pebble_get_logs(run->client, &follow, on_log_entry, NULL, error);
}

static bool begin_following(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_logs(run->client, &follow, call, error);
}

static bool get_identities(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_identities *identities = MARK;
    if (!pebble_get_identities(run->client, &identities, error))
        return untouched(run, identities);
    pebble_identities_destroy(identities);
    return true;
}

static bool begin_identities(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_get_identities(run->client, call, error);
}

static bool modify_identities(struct hostile_run *run, struct pebble_error *error) {
    return pebble_modify_identities(run->client, "add", "{}", error);
}

static bool begin_modify(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_modify_identities(run->client, "add", "{}", call, error);
}

// --- the table ---

#define IGNORES HOSTILE_IGNORES_RESULT

const struct hostile_call hostile_calls[] = {
    {"get-system-info", get_system_info, begin_system_info, 0},
    {"get-health", get_health, begin_health, 0},
    {"get-metrics", get_metrics, begin_metrics, 0},
    {"request", request, begin_request, IGNORES},
    {"enable-pairing", enable_pairing, begin_pairing, 0},
    {"pair", pair, begin_pair, IGNORES},
    {"get-services", get_services, begin_services, 0},
    {"control-services", control_services, begin_control, IGNORES},
    {"send-signal", send_signal, begin_signal, IGNORES},
    {"get-checks", get_checks, begin_checks, 0},
    {"control-checks", control_checks, begin_control_checks, 0},
    {"refresh-check", refresh_check, begin_refresh, 0},
    {"get-changes", get_changes, begin_changes, 0},
    {"get-change", get_change, begin_change, 0},
    {"abort-change", abort_change, begin_abort, 0},
    {"wait-change", wait_change, begin_wait, HOSTILE_REPEATS},
    {"poll-change", poll_change, begin_poll, HOSTILE_REPEATS},
    {"get-notices", get_notices, begin_notices, 0},
    {"get-notice", get_notice, begin_notice, 0},
    {"notify", notify, begin_notify, 0},
    {"wait-events", wait_events, NULL, HOSTILE_AWAITS_ITEMS},
    {"step-events", step_events, NULL, HOSTILE_AWAITS_ITEMS},
    {"get-plan", get_plan, begin_plan, 0},
    {"add-layer", add_layer, begin_layer, IGNORES},
    {"get-log-targets", get_log_targets, begin_log_targets, 0},
    {"get-logs", get_logs, begin_logs, 0},
    {"follow-logs", follow_logs, begin_following, HOSTILE_UNTIMED},
    {"get-identities", get_identities, begin_identities, 0},
    {"modify-identities", modify_identities, begin_modify, IGNORES},
    {"list-files", hostile_list_files, hostile_begin_list, 0},
    {"file-exists", hostile_file_exists, NULL, HOSTILE_TAKES_MISSING},
    {"is-directory", hostile_is_directory, NULL, HOSTILE_TAKES_MISSING},
    {"push-file", hostile_push_file, hostile_begin_push, 0},
    {"pull-file", hostile_pull_file, hostile_begin_pull, 0},
    {"make-directory", hostile_make_directory, hostile_begin_make, 0},
    {"remove-path", hostile_remove_path, hostile_begin_remove, 0},
    {"push-path", hostile_push_path, NULL, 0},
    {"pull-path", hostile_pull_path, NULL, 0},
    {"exec", hostile_exec, hostile_begin_exec, HOSTILE_COMMANDS},
    {"exec-check", hostile_exec_check, NULL, HOSTILE_COMMANDS},
};
const unsigned hostile_call_count = ARRAY_COUNT(hostile_calls);

// --- an event loop ---

// A call that has failed has no result.
static bool has_result(struct pebble_call *call) {
    return pebble_call_take_response(call) != NULL || pebble_call_take_system_info(call) != NULL ||
           pebble_call_is_healthy(call) || pebble_call_take_services(call) != NULL ||
           pebble_call_take_change_id(call) != NULL || pebble_call_take_checks(call) != NULL ||
           pebble_call_take_changed_checks(call) != NULL || pebble_call_take_check_refresh(call) != NULL ||
           pebble_call_take_changes(call) != NULL || pebble_call_take_change(call) != NULL ||
           pebble_call_take_notices(call) != NULL || pebble_call_take_notice(call) != NULL ||
           pebble_call_take_notice_id(call) != NULL || pebble_call_take_plan(call) != NULL ||
           pebble_call_take_identities(call) != NULL || pebble_call_take_files(call) != NULL ||
           pebble_call_take_content(call) != NULL || pebble_call_take_log_targets(call) != NULL ||
           pebble_call_take_metrics(call) != NULL || pebble_call_pairing_expires_ns(call) != 0 ||
           pebble_call_exit_code(call) != -1;
}

bool hostile_drive(struct hostile_run *run, struct pebble_call *call, struct pebble_error *error) {
    enum pebble_call_state state;
    while ((state = pebble_call_step(call)) == PEBBLE_CALL_RUNNING || state == PEBBLE_CALL_ITEM) {
        struct pollfd watched = {.fd = pebble_call_fd(call), .events = pebble_call_poll_events(call)};
        if (state == PEBBLE_CALL_RUNNING)
            (void)poll(&watched, 1, (int)pebble_call_timeout_ms(call));
    }
    if (state == PEBBLE_CALL_DONE)
        return true;
    const struct pebble_error *cause = pebble_call_error(call);
    run->is_touched = has_result(call) || pebble_call_poll_events(call) != 0 || pebble_call_timeout_ms(call) != -1;
    return client_fail(error, cause->kind, "%s", cause->message);
}
