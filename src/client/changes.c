// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/changes_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"
#include "client/query_internal.h"

// --- reading ---

static void read_progress(struct client_fields *fields, struct pebble_task *task) {
    const json_t *member = json_member(fields->object, "progress");
    struct client_fields progress;
    if (member == NULL || !client_fields_init(&progress, member, fields->err)) {
        task->progress_label = memory_string("");
        return;
    }
    task->progress_label = client_fields_text(&progress, "label");
    task->progress_done = client_fields_int(&progress, "done");
    task->progress_total = client_fields_int(&progress, "total");
}

static void read_task(const json_t *value, void *item, struct error *err) {
    struct pebble_task *task = item;
    struct client_fields fields;
    if (!client_fields_init(&fields, value, err))
        return;
    task->id = client_fields_text(&fields, "id");
    task->kind = client_fields_text(&fields, "kind");
    task->summary = client_fields_text(&fields, "summary");
    task->status = client_fields_text(&fields, "status");
    task->log = client_fields_texts(&fields, "log", &task->log_count);
    read_progress(&fields, task);
    task->spawn_time = client_fields_time(&fields, "spawn-time", &task->spawn_time_text);
    task->ready_time = client_fields_time(&fields, "ready-time", &task->ready_time_text);
    task->data = client_fields_object_text(&fields, "data");
}

static void read_change(const json_t *value, void *item, struct error *err) {
    struct pebble_change *change = item;
    struct client_fields fields;
    if (!client_fields_init(&fields, value, err))
        return;
    change->id = client_fields_text(&fields, "id");
    change->kind = client_fields_text(&fields, "kind");
    change->summary = client_fields_text(&fields, "summary");
    change->status = client_fields_text(&fields, "status");
    change->is_ready = client_fields_bool(&fields, "ready");
    change->err = client_fields_text_or_null(&fields, "err");
    change->spawn_time = client_fields_time(&fields, "spawn-time", &change->spawn_time_text);
    change->ready_time = client_fields_time(&fields, "ready-time", &change->ready_time_text);
    change->data = client_fields_object_text(&fields, "data");
    const json_t *tasks = client_fields_array(&fields, "tasks");
    change->tasks = client_json_items(tasks, sizeof *change->tasks, read_task, &change->task_count, err);
}

struct pebble_change *client_change_read(const json_t *value, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct pebble_change *change = memory_new(sizeof *change);
    read_change(value, change, &cause);
    if (!error_is_set(&cause))
        return change;
    client_fail_because(error, "", &cause);
    pebble_change_destroy(change);
    return NULL;
}

// --- the list ---

struct pebble_changes {
    struct pebble_change *items;
    size_t count;
};

void pebble_changes_destroy(struct pebble_changes *changes) {
    if (changes == NULL)
        return;
    for (size_t i = 0; i < changes->count; i++)
        client_change_finish(&changes->items[i]);
    free(changes->items);
    free(changes);
}

size_t pebble_changes_count(const struct pebble_changes *changes) {
    return changes->count;
}

const struct pebble_change *pebble_changes_at(const struct pebble_changes *changes, size_t index) {
    return index < changes->count ? &changes->items[index] : NULL;
}

static void destroy_changes(void *result) {
    pebble_changes_destroy(result);
}

static void *read_changes(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct pebble_changes *changes = memory_new(sizeof *changes);
    changes->items = client_json_items(response->result, sizeof *changes->items, read_change, &changes->count, &cause);
    if (!error_is_set(&cause))
        return changes;
    client_fail_because(error, "", &cause);
    pebble_changes_destroy(changes);
    return NULL;
}

static const struct client_result_type changes_result = {destroy_changes};
static const struct client_query_type changes_query = {CLIENT_RESPONSE_SYNC, &changes_result, read_changes};

bool pebble_call_get_changes(struct pebble_client *client, const char *select, const char *service,
                             struct pebble_call **call, struct pebble_error *error) {
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&target, "/v1/changes");
    client_add_query(&target, "for", &service, service != NULL ? 1 : 0);
    client_add_query(&target, "select", &select, select != NULL ? 1 : 0);
    const struct client_request request = {.method = "GET", .target = buffer_text(&target)};
    return client_query_start(client, &request, &changes_query, call, error);
}

struct pebble_changes *pebble_call_take_changes(struct pebble_call *call) {
    return client_call_take_result(call, &changes_result);
}

bool pebble_get_changes(struct pebble_client *client, const char *select, const char *service,
                        struct pebble_changes **changes, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_changes(client, select, service, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *changes = pebble_call_take_changes(call);
    return true;
}

// --- one change ---

static void destroy_change(void *result) {
    pebble_change_destroy(result);
}

static void *read_one_change(struct client_response *response, struct pebble_error *error) {
    return client_change_read(response->result, error);
}

const struct client_result_type client_change_result = {destroy_change};
static const struct client_query_type change_query = {CLIENT_RESPONSE_SYNC, &client_change_result, read_one_change};

static bool start_change_query(struct pebble_client *client, const char *id, const char *body,
                               struct pebble_call **call, struct pebble_error *error) {
    if (!client_check_id("change", id, error))
        return false;
    AUTO_FREE char *target = memory_printf("/v1/changes/%s", id);
    const struct client_request request = {.method = body != NULL ? "POST" : "GET",
                                           .target = target,
                                           .body = body,
                                           .body_length = body != NULL ? strlen(body) : 0};
    return client_query_start(client, &request, &change_query, call, error);
}

bool pebble_call_get_change(struct pebble_client *client, const char *id, struct pebble_call **call,
                            struct pebble_error *error) {
    return start_change_query(client, id, NULL, call, error);
}

bool pebble_call_abort_change(struct pebble_client *client, const char *id, struct pebble_call **call,
                              struct pebble_error *error) {
    return start_change_query(client, id, "{\"action\":\"abort\"}", call, error);
}

struct pebble_change *pebble_call_take_change(struct pebble_call *call) {
    return client_call_take_result(call, &client_change_result);
}

bool pebble_get_change(struct pebble_client *client, const char *id, struct pebble_change **change,
                       struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_change(client, id, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *change = pebble_call_take_change(call);
    return true;
}

bool pebble_abort_change(struct pebble_client *client, const char *id, struct pebble_change **change,
                         struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_abort_change(client, id, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    if (change != NULL)
        *change = pebble_call_take_change(call);
    return true;
}
