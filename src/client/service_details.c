// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/service_details_internal.h"

#include <stdlib.h>

#include "client/fields_internal.h"

void client_service_details_read(struct client_service_details *details, const json_t *value, struct error *err) {
    struct client_fields fields;
    if (value == NULL || !client_fields_init(&fields, value, err))
        return;
    details->state = client_fields_text(&fields, "state");
    details->has_ready = json_object_get(value, "ready") != NULL;
    details->is_ready = client_fields_bool(&fields, "ready");
    details->awaited = client_fields_texts(&fields, "waiting-for", &details->awaited_count);
    details->status_text = client_fields_text_or_null(&fields, "status-text");
    details->pid = client_fields_int(&fields, "pid");
    details->has_exit_code = json_object_get(value, "exit-code") != NULL;
    details->exit_code = client_fields_int(&fields, "exit-code");
    details->ended = client_fields_time(&fields, "ended", &details->ended_text);
    details->restarts = client_fields_int(&fields, "restarts");
    details->has_retries = json_object_get(value, "retries-left") != NULL;
    details->retries_left = client_fields_int(&fields, "retries-left");
    details->next_restart = client_fields_time(&fields, "next-restart", &details->next_restart_text);
    details->note = client_fields_text_or_null(&fields, "note");
}

void client_service_details_finish(struct client_service_details *details) {
    for (size_t i = 0; i < details->awaited_count; i++)
        free(details->awaited[i]);
    free(details->awaited);
    free(details->state);
    free(details->status_text);
    free(details->ended_text);
    free(details->next_restart_text);
    free(details->note);
}

// --- accessors ---

const char *pebble_service_state(const struct pebble_service *service) {
    return service->details.state;
}

bool pebble_service_is_ready(const struct pebble_service *service, bool *is_ready) {
    const struct client_service_details *details = &service->details;
    if (details->has_ready)
        *is_ready = details->is_ready;
    return details->has_ready;
}

size_t pebble_service_awaited_count(const struct pebble_service *service) {
    return service->details.awaited_count;
}

const char *pebble_service_awaited_at(const struct pebble_service *service, size_t index) {
    const struct client_service_details *details = &service->details;
    return index < details->awaited_count ? details->awaited[index] : NULL;
}

const char *pebble_service_status_text(const struct pebble_service *service) {
    return service->details.status_text;
}

int64_t pebble_service_pid(const struct pebble_service *service) {
    return service->details.pid;
}

bool pebble_service_exit_code(const struct pebble_service *service, int *exit_code) {
    const struct client_service_details *details = &service->details;
    if (details->has_exit_code)
        *exit_code = (int)(uint8_t)details->exit_code;
    return details->has_exit_code;
}

int64_t pebble_service_ended_ns(const struct pebble_service *service, const char **text) {
    const struct client_service_details *details = &service->details;
    if (text != NULL)
        *text = details->ended_text;
    return details->ended;
}

int64_t pebble_service_restarts(const struct pebble_service *service) {
    return service->details.restarts;
}

int64_t pebble_service_retries_left(const struct pebble_service *service) {
    const struct client_service_details *details = &service->details;
    return details->has_retries ? details->retries_left : -1;
}

int64_t pebble_service_next_restart_ns(const struct pebble_service *service, const char **text) {
    const struct client_service_details *details = &service->details;
    if (text != NULL)
        *text = details->next_restart_text;
    return details->next_restart;
}

const char *pebble_service_note(const struct pebble_service *service) {
    return service->details.note;
}
