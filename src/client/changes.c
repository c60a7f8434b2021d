// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/changes_internal.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "client/fields_internal.h"
#include "client/response_internal.h"

// --- tasks ---

static void task_clear(struct pebble_task *task) {
    free(task->id);
    free(task->kind);
    free(task->summary);
    free(task->status);
    for (size_t i = 0; i < task->log_count; i++)
        free(task->log[i]);
    free(task->log);
    free(task->progress_label);
    free(task->spawn_time_text);
    free(task->ready_time_text);
    free(task->data);
}

static void take_progress(struct client_fields *fields, struct pebble_task *task) {
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

static bool take_task(const json_t *value, struct pebble_task *task, struct error *err) {
    struct client_fields fields;
    if (!client_fields_init(&fields, value, err))
        return false;
    task->id = client_fields_text(&fields, "id");
    task->kind = client_fields_text(&fields, "kind");
    task->summary = client_fields_text(&fields, "summary");
    task->status = client_fields_text(&fields, "status");
    task->log = client_fields_texts(&fields, "log", &task->log_count);
    take_progress(&fields, task);
    task->spawn_time = client_fields_time(&fields, "spawn-time", &task->spawn_time_text);
    task->ready_time = client_fields_time(&fields, "ready-time", &task->ready_time_text);
    task->data = client_fields_object_text(&fields, "data");
    return !error_is_set(err);
}

// --- changes ---

void pebble_change_clear(struct pebble_change *change) {
    free(change->id);
    free(change->kind);
    free(change->summary);
    free(change->status);
    free(change->err);
    for (size_t i = 0; i < change->task_count; i++)
        task_clear(&change->tasks[i]);
    free(change->tasks);
    free(change->spawn_time_text);
    free(change->ready_time_text);
    free(change->data);
    *change = (struct pebble_change){0};
}

// What was taken before a failure is for the caller to clear.
static bool take_change(const json_t *value, struct pebble_change *change, struct error *err) {
    struct client_fields fields;
    if (!client_fields_init(&fields, value, err))
        return false;
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
    change->tasks = memory_new_array(json_array_size(tasks), sizeof *change->tasks);
    change->task_count = json_array_size(tasks);
    for (size_t i = 0; i < change->task_count; i++) {
        if (!take_task(json_array_get(tasks, i), &change->tasks[i], err))
            return false;
    }
    return !error_is_set(err);
}

void pebble_changes_clear(struct pebble_changes *changes) {
    for (size_t i = 0; i < changes->count; i++)
        pebble_change_clear(&changes->items[i]);
    free(changes->items);
    *changes = (struct pebble_changes){0};
}

static bool take_changes(const json_t *result, struct pebble_changes *changes, struct pebble_error *error) {
    if (result != NULL && !json_is_array(result))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: not a list where one is due");
    struct pebble_changes taken = {.count = json_array_size(result)};
    taken.items = memory_new_array(taken.count, sizeof *taken.items);
    AUTO_ERROR struct error cause = {0};
    for (size_t i = 0; i < taken.count; i++) {
        if (!take_change(json_array_get(result, i), &taken.items[i], &cause)) {
            pebble_changes_clear(&taken);
            return client_fail_because(error, "", &cause);
        }
    }
    *changes = taken;
    return true;
}

bool pebble_get_changes(struct pebble_client *client, const char *select, const char *service,
                        struct pebble_changes *changes, struct pebble_error *error) {
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&target, "/v1/changes");
    client_add_query(&target, "select", &select, select != NULL ? 1 : 0);
    client_add_query(&target, "for", &service, service != NULL ? 1 : 0);
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    return client_get(client, buffer_text(&target), &answer, error) && take_changes(answer.result, changes, error);
}

// --- one change ---

bool client_check_change_id(const char *id, struct pebble_error *error) {
    const char *c = id;
    while ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z'))
        c++;
    if (*c == '\0' && c != id)
        return true;
    AUTO_FREE char *quoted = text_quoted(id);
    return client_fail(error, PEBBLE_ERROR_ARGUMENT, "invalid change ID %s", quoted);
}

bool client_call_change(struct pebble_client *client, const struct client_request *request,
                        struct pebble_change *change, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    if (!client_call(client, request, CLIENT_RESPONSE_SYNC, &answer, error))
        return false;
    struct pebble_change taken = {0};
    AUTO_ERROR struct error cause = {0};
    if (!take_change(answer.result, &taken, &cause)) {
        pebble_change_clear(&taken);
        return client_fail_because(error, "", &cause);
    }
    *change = taken;
    return true;
}

bool pebble_get_change(struct pebble_client *client, const char *id, struct pebble_change *change,
                       struct pebble_error *error) {
    if (!client_check_change_id(id, error))
        return false;
    AUTO_FREE char *target = memory_printf("/v1/changes/%s", id);
    const struct client_request request = {.method = "GET", .target = target};
    return client_call_change(client, &request, change, error);
}

bool pebble_abort_change(struct pebble_client *client, const char *id, struct pebble_change *change,
                         struct pebble_error *error) {
    if (!client_check_change_id(id, error))
        return false;
    AUTO_FREE char *target = memory_printf("/v1/changes/%s", id);
    const struct client_request request = {.method = "POST", .target = target, .body = "{\"action\":\"abort\"}"};
    struct pebble_change aborted = {0};
    if (!client_call_change(client, &request, &aborted, error))
        return false;
    if (change != NULL)
        *change = aborted;
    else
        pebble_change_clear(&aborted);
    return true;
}
