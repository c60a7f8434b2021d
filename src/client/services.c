// SPDX-License-Identifier: LGPL-3.0-or-later
// Services: what they are doing, actions on them, signals to them. Declared in pebble.h.
#include "client/query_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"
#include "client/options_internal.h"
#include "client/service_details_internal.h"

// --- the list ---

struct pebble_services {
    struct pebble_service *items;
    size_t count;
};

void pebble_services_destroy(struct pebble_services *services) {
    if (services == NULL)
        return;
    for (size_t i = 0; i < services->count; i++) {
        struct pebble_service *service = &services->items[i];
        free(service->name);
        free(service->startup);
        free(service->current);
        free(service->current_since_text);
        client_service_details_finish(&service->details);
    }
    free(services->items);
    free(services);
}

size_t pebble_services_count(const struct pebble_services *services) {
    return services->count;
}

const struct pebble_service *pebble_services_at(const struct pebble_services *services, size_t index) {
    return index < services->count ? &services->items[index] : NULL;
}

const char *pebble_service_name(const struct pebble_service *service) {
    return service->name;
}

const char *pebble_service_startup(const struct pebble_service *service) {
    return service->startup;
}

const char *pebble_service_current(const struct pebble_service *service) {
    return service->current;
}

int64_t pebble_service_current_since_ns(const struct pebble_service *service, const char **text) {
    if (text != NULL)
        *text = service->current_since_text;
    return service->current_since;
}

static void read_service(const json_t *value, void *item, struct error *err) {
    struct pebble_service *service = item;
    struct client_fields fields;
    if (!client_fields_init(&fields, value, err))
        return;
    service->name = client_fields_text(&fields, "name");
    service->startup = client_fields_text(&fields, "startup");
    service->current = client_fields_text(&fields, "current");
    service->current_since = client_fields_time(&fields, "current-since", &service->current_since_text);
    client_service_details_read(&service->details, json_object_get(value, "details"), err);
}

static void destroy_services(void *result) {
    pebble_services_destroy(result);
}

static void *read_services(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct pebble_services *services = memory_new(sizeof *services);
    services->items =
        client_json_items(response->result, sizeof *services->items, read_service, &services->count, &cause);
    if (!error_is_set(&cause))
        return services;
    client_fail_because(error, "", &cause);
    pebble_services_destroy(services);
    return NULL;
}

static const struct client_result_type services_result = {destroy_services};
static const struct client_query_type services_query = {CLIENT_RESPONSE_SYNC, &services_result, read_services};

// In one parameter, which is also there if it is empty: Pebble's client sends it so.
static char *join_names(const char *const *names, size_t count) {
    struct buffer joined = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < count; i++) {
        buffer_add_string(&joined, i > 0 ? "," : "");
        buffer_add_string(&joined, names[i]);
    }
    return buffer_take(&joined);
}

bool pebble_call_get_services(struct pebble_client *client, const char *const *names, size_t count,
                              struct pebble_call **call, struct pebble_error *error) {
    if (!client_options_check_texts("names", names, count, error))
        return false;
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&target, "/v1/services");
    AUTO_FREE char *joined = join_names(names, count);
    client_add_query(&target, "names", &(const char *){joined}, 1);
    const struct client_request request = {.method = "GET", .target = buffer_text(&target)};
    return client_query_start(client, &request, &services_query, call, error);
}

struct pebble_services *pebble_call_take_services(struct pebble_call *call) {
    return client_call_take_result(call, &services_result);
}

bool pebble_get_services(struct pebble_client *client, const char *const *names, size_t count,
                         struct pebble_services **services, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_services(client, names, count, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *services = pebble_call_take_services(call);
    return true;
}

// --- actions and signals ---

struct names {
    const char *const *items;
    size_t count;
};

// {KEY: VALUE, "services": [NAMES]}
static void write_body(struct buffer *body, const char *key, const char *value, const struct names *names) {
    struct json_writer writer;
    json_writer_init(&writer, body, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, key, value);
    json_writer_key(&writer, "services");
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < names->count; i++)
        json_writer_string(&writer, names->items[i]);
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
}

static void *read_change_id(struct client_response *response, struct pebble_error *error UNUSED) {
    return TAKE(response->change_id);
}

static const struct client_result_type change_id_result = {free};
static const struct client_query_type action_query = {CLIENT_RESPONSE_ASYNC, &change_id_result, read_change_id};
static const struct client_query_type signal_query = {.response = CLIENT_RESPONSE_SYNC};

bool pebble_call_control_services(struct pebble_client *client, const char *action, const char *const *names,
                                  size_t count, struct pebble_call **call, struct pebble_error *error) {
    if (!client_options_check_texts("names", names, count, error))
        return false;
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    write_body(&body, "action", action, &(struct names){names, count});
    const struct client_request request = {
        .method = "POST", .target = "/v1/services", .body = buffer_text(&body), .body_length = body.length};
    return client_query_start(client, &request, &action_query, call, error);
}

char *pebble_call_take_change_id(struct pebble_call *call) {
    return client_call_take_result(call, &change_id_result);
}

bool pebble_control_services(struct pebble_client *client, const char *action, const char *const *names, size_t count,
                             char **change_id, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_control_services(client, action, names, count, &call, error) ||
        !client_run(call, NULL, NULL, error))
        return false;
    if (change_id != NULL)
        *change_id = pebble_call_take_change_id(call);
    return true;
}

bool pebble_call_send_signal(struct pebble_client *client, const char *signal, const char *const *names, size_t count,
                             struct pebble_call **call, struct pebble_error *error) {
    if (!client_options_check_texts("names", names, count, error))
        return false;
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    write_body(&body, "signal", signal, &(struct names){names, count});
    const struct client_request request = {
        .method = "POST", .target = "/v1/signals", .body = buffer_text(&body), .body_length = body.length};
    return client_query_start(client, &request, &signal_query, call, error);
}

bool pebble_send_signal(struct pebble_client *client, const char *signal, const char *const *names, size_t count,
                        struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    return pebble_call_send_signal(client, signal, names, count, &call, error) && client_run(call, NULL, NULL, error);
}
