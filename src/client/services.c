// SPDX-License-Identifier: LGPL-3.0-or-later
// Services: what they are doing, actions on them, signals to them.
#include "client/response_internal.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "client/fields_internal.h"

static bool take_service(const json_t *value, struct pebble_service *service, struct error *err) {
    struct client_fields fields;
    if (!client_fields_init(&fields, value, err))
        return false;
    service->name = client_fields_text(&fields, "name");
    service->startup = client_fields_text(&fields, "startup");
    service->current = client_fields_text(&fields, "current");
    service->current_since = client_fields_time(&fields, "current-since", &service->current_since_text);
    return !error_is_set(err);
}

static bool take_services(const json_t *result, struct pebble_services *services, struct pebble_error *error) {
    if (result != NULL && !json_is_array(result))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: not a list where one is due");
    struct pebble_services taken = {.count = json_array_size(result)};
    taken.items = memory_new_array(taken.count, sizeof *taken.items);
    AUTO_ERROR struct error cause = {0};
    for (size_t i = 0; i < taken.count; i++) {
        if (!take_service(json_array_get(result, i), &taken.items[i], &cause)) {
            pebble_services_clear(&taken);
            return client_fail_because(error, "", &cause);
        }
    }
    *services = taken;
    return true;
}

bool pebble_get_services(struct pebble_client *client, const char *const *names, size_t count,
                         struct pebble_services *services, struct pebble_error *error) {
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&target, "/v1/services");
    client_add_query(&target, "names", names, count);
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    return client_get(client, buffer_text(&target), &answer, error) && take_services(answer.result, services, error);
}

void pebble_services_clear(struct pebble_services *services) {
    for (size_t i = 0; i < services->count; i++) {
        struct pebble_service *service = &services->items[i];
        free(service->name);
        free(service->startup);
        free(service->current);
        free(service->current_since_text);
    }
    free(services->items);
    *services = (struct pebble_services){0};
}

// {KEY: VALUE, "services": [NAMES]}
static char *write_body(const char *key, const char *value, const char *const *names, size_t count) {
    struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &body, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, key, value);
    json_writer_key(&writer, "services");
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < count; i++)
        json_writer_string(&writer, names[i]);
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    return buffer_take(&body);
}

bool pebble_services_action(struct pebble_client *client, const char *action, const char *const *names, size_t count,
                            char **change_id, struct pebble_error *error) {
    AUTO_FREE char *body = write_body("action", action, names, count);
    const struct client_request request = {.method = "POST", .target = "/v1/services", .body = body};
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    if (!client_call(client, &request, CLIENT_RESPONSE_ASYNC, &answer, error))
        return false;
    if (change_id != NULL)
        *change_id = TAKE(answer.change);
    return true;
}

bool pebble_send_signal(struct pebble_client *client, const char *signal, const char *const *names, size_t count,
                        struct pebble_error *error) {
    AUTO_FREE char *body = write_body("signal", signal, names, count);
    const struct client_request request = {.method = "POST", .target = "/v1/signals", .body = body};
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    return client_call(client, &request, CLIENT_RESPONSE_SYNC, &answer, error);
}
