// SPDX-License-Identifier: LGPL-3.0-or-later
// What the daemon tells of itself: GET /v1/system-info and /v1/health. Declared in pebble.h.
#include "client/system_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"
#include "client/options_internal.h"
#include "client/query_internal.h"

// --- system info ---

struct pebble_system_info {
    char *version;
    char *boot_id;
    char *http_address;
    char *https_address;
};

void pebble_system_info_destroy(struct pebble_system_info *info) {
    if (info == NULL)
        return;
    free(info->version);
    free(info->boot_id);
    free(info->http_address);
    free(info->https_address);
    free(info);
}

const char *pebble_system_info_version(const struct pebble_system_info *info) {
    return info->version;
}

const char *pebble_system_info_boot_id(const struct pebble_system_info *info) {
    return info->boot_id;
}

const char *pebble_system_info_http_address(const struct pebble_system_info *info) {
    return info->http_address;
}

const char *pebble_system_info_https_address(const struct pebble_system_info *info) {
    return info->https_address;
}

static void destroy_info(void *result) {
    pebble_system_info_destroy(result);
}

struct pebble_system_info *client_system_info_read(const json_t *value, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct client_fields fields;
    if (!client_fields_init(&fields, value, &cause)) {
        client_fail_because(error, "", &cause);
        return NULL;
    }
    struct pebble_system_info *info = memory_new(sizeof *info);
    info->version = client_fields_text(&fields, "version");
    info->boot_id = client_fields_text(&fields, "boot-id");
    info->http_address = client_fields_text_or_null(&fields, "http-address");
    info->https_address = client_fields_text_or_null(&fields, "https-address");
    if (!error_is_set(&cause))
        return info;
    client_fail_because(error, "", &cause);
    pebble_system_info_destroy(info);
    return NULL;
}

static void *read_info(struct client_response *response, struct pebble_error *error) {
    return client_system_info_read(response->result, error);
}

static const struct client_result_type info_result = {destroy_info};
static const struct client_query_type info_query = {CLIENT_RESPONSE_SYNC, &info_result, read_info};

bool pebble_call_get_system_info(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error) {
    const struct client_request request = {.method = "GET", .target = CLIENT_SYSTEM_INFO_TARGET};
    return client_query_start(client, &request, &info_query, call, error);
}

struct pebble_system_info *pebble_call_take_system_info(struct pebble_call *call) {
    return client_call_take_result(call, &info_result);
}

bool pebble_get_system_info(struct pebble_client *client, struct pebble_system_info **info,
                            struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_system_info(client, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *info = pebble_call_take_system_info(call);
    return true;
}

// --- health ---

static void *read_health(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct client_fields fields;
    bool is_healthy = client_fields_init(&fields, response->result, &cause) && client_fields_bool(&fields, "healthy");
    if (!error_is_set(&cause))
        return memory_copy(&is_healthy, sizeof is_healthy);
    client_fail_because(error, "", &cause);
    return NULL;
}

static const struct client_result_type health_result = {free};
static const struct client_query_type health_query = {CLIENT_RESPONSE_SYNC, &health_result, read_health};

bool pebble_call_get_health(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                            struct pebble_call **call, struct pebble_error *error) {
    if (!client_options_check_texts("names", names, count, error))
        return false;
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&target, "/v1/health");
    client_add_query(&target, "level", &level, level != NULL ? 1 : 0);
    client_add_query(&target, "names", names, count);
    const struct client_request request = {.method = "GET", .target = buffer_text(&target)};
    return client_query_start(client, &request, &health_query, call, error);
}

bool pebble_call_is_healthy(const struct pebble_call *call) {
    return call->result_type == &health_result && call->result != NULL && *(const bool *)call->result;
}

bool pebble_get_health(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                       bool *is_healthy, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_health(client, level, names, count, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *is_healthy = pebble_call_is_healthy(call);
    return true;
}
