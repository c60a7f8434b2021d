// SPDX-License-Identifier: LGPL-3.0-or-later
// Checks: their status, starting and stopping them, running one now. Declared in pebble.h.
#include "client/query_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"
#include "client/options_internal.h"

// --- one check ---

struct pebble_check {
    char *name;
    char *level;
    char *startup;
    char *status;
    int64_t successes;
    int64_t failures;
    int64_t threshold;
    char *change_id;
    char *prev_change_id;
};

static void finish_check(struct pebble_check *check) {
    free(check->name);
    free(check->level);
    free(check->startup);
    free(check->status);
    free(check->change_id);
    free(check->prev_change_id);
}

static void read_check(const json_t *value, void *item, struct error *err) {
    struct pebble_check *check = item;
    struct client_fields fields;
    if (!client_fields_init(&fields, value, err))
        return;
    check->name = client_fields_text(&fields, "name");
    check->level = client_fields_text(&fields, "level");
    check->startup = client_fields_text(&fields, "startup");
    check->status = client_fields_text(&fields, "status");
    check->successes = json_member(value, "successes") != NULL ? client_fields_int(&fields, "successes") : -1;
    check->failures = client_fields_int(&fields, "failures");
    check->threshold = client_fields_int(&fields, "threshold");
    check->change_id = client_fields_text_or_null(&fields, "change-id");
    check->prev_change_id = client_fields_text_or_null(&fields, "prev-change-id");
}

const char *pebble_check_name(const struct pebble_check *check) {
    return check->name;
}

const char *pebble_check_level(const struct pebble_check *check) {
    return check->level;
}

const char *pebble_check_startup(const struct pebble_check *check) {
    return check->startup;
}

const char *pebble_check_status(const struct pebble_check *check) {
    return check->status;
}

int64_t pebble_check_successes(const struct pebble_check *check) {
    return check->successes;
}

int64_t pebble_check_failures(const struct pebble_check *check) {
    return check->failures;
}

int64_t pebble_check_threshold(const struct pebble_check *check) {
    return check->threshold;
}

const char *pebble_check_change_id(const struct pebble_check *check) {
    return check->change_id;
}

const char *pebble_check_prev_change_id(const struct pebble_check *check) {
    return check->prev_change_id;
}

// --- the list ---

struct pebble_checks {
    struct pebble_check *items;
    size_t count;
};

void pebble_checks_destroy(struct pebble_checks *checks) {
    if (checks == NULL)
        return;
    for (size_t i = 0; i < checks->count; i++)
        finish_check(&checks->items[i]);
    free(checks->items);
    free(checks);
}

size_t pebble_checks_count(const struct pebble_checks *checks) {
    return checks->count;
}

const struct pebble_check *pebble_checks_at(const struct pebble_checks *checks, size_t index) {
    return index < checks->count ? &checks->items[index] : NULL;
}

static void destroy_checks(void *result) {
    pebble_checks_destroy(result);
}

static void *read_checks(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct pebble_checks *checks = memory_new(sizeof *checks);
    checks->items = client_json_items(response->result, sizeof *checks->items, read_check, &checks->count, &cause);
    if (!error_is_set(&cause))
        return checks;
    client_fail_because(error, "", &cause);
    pebble_checks_destroy(checks);
    return NULL;
}

static const struct client_result_type checks_result = {destroy_checks};
static const struct client_query_type checks_query = {CLIENT_RESPONSE_SYNC, &checks_result, read_checks};

bool pebble_call_get_checks(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                            struct pebble_call **call, struct pebble_error *error) {
    if (!client_options_check_texts("names", names, count, error))
        return false;
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&target, "/v1/checks");
    client_add_query(&target, "level", &level, level != NULL ? 1 : 0);
    client_add_query(&target, "names", names, count);
    const struct client_request request = {.method = "GET", .target = buffer_text(&target)};
    return client_query_start(client, &request, &checks_query, call, error);
}

struct pebble_checks *pebble_call_take_checks(struct pebble_call *call) {
    return client_call_take_result(call, &checks_result);
}

bool pebble_get_checks(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                       struct pebble_checks **checks, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_checks(client, level, names, count, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *checks = pebble_call_take_checks(call);
    return true;
}

// --- start and stop ---

struct pebble_changed_checks {
    char **names;
    size_t count;
};

void pebble_changed_checks_destroy(struct pebble_changed_checks *changed) {
    if (changed == NULL)
        return;
    for (size_t i = 0; i < changed->count; i++)
        free(changed->names[i]);
    free(changed->names);
    free(changed);
}

size_t pebble_changed_checks_count(const struct pebble_changed_checks *changed) {
    return changed->count;
}

const char *pebble_changed_checks_at(const struct pebble_changed_checks *changed, size_t index) {
    return index < changed->count ? changed->names[index] : NULL;
}

static void destroy_changed(void *result) {
    pebble_changed_checks_destroy(result);
}

static void *read_changed(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct client_fields fields;
    struct pebble_changed_checks *changed = memory_new(sizeof *changed);
    if (client_fields_init(&fields, response->result, &cause))
        changed->names = client_fields_texts(&fields, "changed", &changed->count);
    if (!error_is_set(&cause))
        return changed;
    client_fail_because(error, "", &cause);
    pebble_changed_checks_destroy(changed);
    return NULL;
}

static const struct client_result_type changed_result = {destroy_changed};
static const struct client_query_type control_query = {CLIENT_RESPONSE_SYNC, &changed_result, read_changed};

bool pebble_call_control_checks(struct pebble_client *client, const char *action, const char *const *names,
                                size_t count, struct pebble_call **call, struct pebble_error *error) {
    if (!client_options_check_texts("names", names, count, error))
        return false;
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &body, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "action", action);
    json_writer_key(&writer, "checks");
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < count; i++)
        json_writer_string(&writer, names[i]);
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    const struct client_request request = {
        .method = "POST", .target = "/v1/checks", .body = buffer_text(&body), .body_length = body.length};
    return client_query_start(client, &request, &control_query, call, error);
}

struct pebble_changed_checks *pebble_call_take_changed_checks(struct pebble_call *call) {
    return client_call_take_result(call, &changed_result);
}

bool pebble_control_checks(struct pebble_client *client, const char *action, const char *const *names, size_t count,
                           struct pebble_changed_checks **changed, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_control_checks(client, action, names, count, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    if (changed != NULL)
        *changed = pebble_call_take_changed_checks(call);
    return true;
}

// --- refresh ---

struct pebble_check_refresh {
    struct pebble_check check;
    char *error_text;
};

void pebble_check_refresh_destroy(struct pebble_check_refresh *refresh) {
    if (refresh == NULL)
        return;
    finish_check(&refresh->check);
    free(refresh->error_text);
    free(refresh);
}

const struct pebble_check *pebble_check_refresh_check(const struct pebble_check_refresh *refresh) {
    return &refresh->check;
}

const char *pebble_check_refresh_error_text(const struct pebble_check_refresh *refresh) {
    return refresh->error_text;
}

static void destroy_refresh(void *result) {
    pebble_check_refresh_destroy(result);
}

static void *read_refresh(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct client_fields fields;
    struct pebble_check_refresh *refresh = memory_new(sizeof *refresh);
    if (client_fields_init(&fields, response->result, &cause)) {
        read_check(json_member(response->result, "info"), &refresh->check, &cause);
        refresh->error_text = client_fields_text_or_null(&fields, "error");
    }
    if (!error_is_set(&cause))
        return refresh;
    client_fail_because(error, "", &cause);
    pebble_check_refresh_destroy(refresh);
    return NULL;
}

static const struct client_result_type refresh_result = {destroy_refresh};
static const struct client_query_type refresh_query = {CLIENT_RESPONSE_SYNC, &refresh_result, read_refresh};

bool pebble_call_refresh_check(struct pebble_client *client, const char *name, struct pebble_call **call,
                               struct pebble_error *error) {
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &body, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "name", name);
    json_writer_end_object(&writer);
    const struct client_request request = {
        .method = "POST", .target = "/v1/checks/refresh", .body = buffer_text(&body), .body_length = body.length};
    struct client_transfer_limits limits = client_transfer_limits_of(client);
    limits.idle_ns = 0; // the daemon responds when the check has run
    return client_query_start_within(client, &request, &refresh_query, &limits, call, error);
}

struct pebble_check_refresh *pebble_call_take_check_refresh(struct pebble_call *call) {
    return client_call_take_result(call, &refresh_result);
}

bool pebble_refresh_check(struct pebble_client *client, const char *name, struct pebble_check_refresh **refresh,
                          struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_refresh_check(client, name, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    if (refresh != NULL)
        *refresh = pebble_call_take_check_refresh(call);
    return true;
}
