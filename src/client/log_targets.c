// SPDX-License-Identifier: LGPL-3.0-or-later
// The list of log targets. Declared in pebble.h.
#include "client/query_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"

struct pebble_log_target {
    char *name;
    char *type;
    char *location;
    int64_t pending;
    int64_t sent;
    int64_t dropped;
    char *last_error;
    int64_t retry_at;
    char *retry_at_text;
};

struct pebble_log_targets {
    struct pebble_log_target *items;
    size_t count;
};

static void read_target(const json_t *value, void *item, struct error *err) {
    struct pebble_log_target *target = item;
    struct client_fields fields;
    if (!client_fields_init(&fields, value, err))
        return;
    target->name = client_fields_text(&fields, "name");
    target->type = client_fields_text(&fields, "type");
    target->location = client_fields_text(&fields, "location");
    target->pending = client_fields_int(&fields, "pending");
    target->sent = client_fields_int(&fields, "sent");
    target->dropped = client_fields_int(&fields, "dropped");
    target->last_error = client_fields_text_or_null(&fields, "last-error");
    target->retry_at = client_fields_time(&fields, "retry-at", &target->retry_at_text);
}

// --- the parts ---

const char *pebble_log_target_name(const struct pebble_log_target *target) {
    return target->name;
}

const char *pebble_log_target_type(const struct pebble_log_target *target) {
    return target->type;
}

const char *pebble_log_target_location(const struct pebble_log_target *target) {
    return target->location;
}

int64_t pebble_log_target_pending(const struct pebble_log_target *target) {
    return target->pending;
}

int64_t pebble_log_target_sent(const struct pebble_log_target *target) {
    return target->sent;
}

int64_t pebble_log_target_dropped(const struct pebble_log_target *target) {
    return target->dropped;
}

const char *pebble_log_target_last_error(const struct pebble_log_target *target) {
    return target->last_error;
}

int64_t pebble_log_target_retry_at_ns(const struct pebble_log_target *target, const char **text) {
    if (text != NULL)
        *text = target->retry_at_text;
    return target->retry_at;
}

// --- the list ---

void pebble_log_targets_destroy(struct pebble_log_targets *targets) {
    if (targets == NULL)
        return;
    for (size_t i = 0; i < targets->count; i++) {
        struct pebble_log_target *target = &targets->items[i];
        free(target->name);
        free(target->type);
        free(target->location);
        free(target->last_error);
        free(target->retry_at_text);
    }
    free(targets->items);
    free(targets);
}

size_t pebble_log_targets_count(const struct pebble_log_targets *targets) {
    return targets->count;
}

const struct pebble_log_target *pebble_log_targets_at(const struct pebble_log_targets *targets, size_t index) {
    return index < targets->count ? &targets->items[index] : NULL;
}

static void destroy_targets(void *result) {
    pebble_log_targets_destroy(result);
}

static void *read_targets(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct pebble_log_targets *targets = memory_new(sizeof *targets);
    targets->items = client_json_items(response->result, sizeof *targets->items, read_target, &targets->count, &cause);
    if (!error_is_set(&cause))
        return targets;
    client_fail_because(error, "", &cause);
    pebble_log_targets_destroy(targets);
    return NULL;
}

static const struct client_result_type targets_result = {destroy_targets};
static const struct client_query_type targets_query = {CLIENT_RESPONSE_SYNC, &targets_result, read_targets};

bool pebble_call_get_log_targets(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error) {
    const struct client_request request = {.method = "GET", .target = "/v1/log-targets"};
    return client_query_start(client, &request, &targets_query, call, error);
}

struct pebble_log_targets *pebble_call_take_log_targets(struct pebble_call *call) {
    return client_call_take_result(call, &targets_result);
}

bool pebble_get_log_targets(struct pebble_client *client, struct pebble_log_targets **targets,
                            struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_log_targets(client, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *targets = pebble_call_take_log_targets(call);
    return true;
}
