// SPDX-License-Identifier: LGPL-3.0-or-later
// What the daemon says of itself: GET /v1/system-info and /v1/health.
#include "client/response_internal.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "client/fields_internal.h"

static bool take_info(const json_t *result, struct pebble_system_info *info, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct client_fields fields;
    if (!client_fields_init(&fields, result, &cause))
        return client_fail_because(error, "", &cause);
    struct pebble_system_info taken = {
        .version = client_fields_text(&fields, "version"),
        .boot_id = client_fields_text(&fields, "boot-id"),
        .http_address = client_fields_text_or_null(&fields, "http-address"),
        .https_address = client_fields_text_or_null(&fields, "https-address"),
    };
    if (error_is_set(&cause)) {
        pebble_system_info_clear(&taken);
        return client_fail_because(error, "", &cause);
    }
    *info = taken;
    return true;
}

bool pebble_get_system_info(struct pebble_client *client, struct pebble_system_info *info, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    return client_get(client, "/v1/system-info", &answer, error) && take_info(answer.result, info, error);
}

void pebble_system_info_clear(struct pebble_system_info *info) {
    free(info->version);
    free(info->boot_id);
    free(info->http_address);
    free(info->https_address);
    *info = (struct pebble_system_info){0};
}

bool pebble_get_health(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                       bool *healthy, struct pebble_error *error) {
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&target, "/v1/health");
    client_add_query(&target, "level", &level, level != NULL ? 1 : 0);
    client_add_query(&target, "names", names, count);
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    if (!client_get(client, buffer_text(&target), &answer, error))
        return false;
    AUTO_ERROR struct error cause = {0};
    struct client_fields fields;
    bool found = client_fields_init(&fields, answer.result, &cause) && client_fields_bool(&fields, "healthy");
    if (error_is_set(&cause))
        return client_fail_because(error, "", &cause);
    *healthy = found;
    return true;
}
