// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/system-info and /v1/health.
#include "api/api_internal.h"
#include "api/response_internal.h"

void api_get_system_info(struct api_call *call) {
    const struct api_spec *spec = &call->api->spec;
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "boot-id", spec->boot_id);
    if (!text_is_empty(spec->http_address))
        json_writer_member_string(&writer, "http-address", spec->http_address);
    if (!text_is_empty(spec->https_address))
        json_writer_member_string(&writer, "https-address", spec->https_address);
    json_writer_member_string(&writer, "version", spec->version);
    json_writer_end_object(&writer);
    api_respond_result(call, &result);
}

// Those that say when they are ready, and count as checks of a level until then.
static bool are_services_healthy(struct api_call *call, enum check_level level) {
    static const enum ready_level levels[] = {
        [CHECK_LEVEL_UNSET] = READY_LEVEL_UNSET,
        [CHECK_LEVEL_ALIVE] = READY_LEVEL_ALIVE,
        [CHECK_LEVEL_READY] = READY_LEVEL_READY,
    };
    return service_manager_is_healthy(call->api->spec.services, levels[level]);
}

// Anybody may ask this: nothing is allocated for the names.
static bool is_healthy(struct api_call *call, enum check_level level) {
    const struct check_manager *checks = call->api->spec.checks;
    struct url_query_items names;
    const char *name;
    size_t length;
    bool has_names = false;
    bool are_checks_healthy = check_manager_is_healthy(checks, CHECK_LEVEL_UNSET); // then any of them are
    if (are_checks_healthy && are_services_healthy(call, level))
        return true;
    url_query_items_init(&names, api_query(call), "names");
    while (url_query_next_item(&names, &name, &length)) {
        has_names = true;
        if (!check_manager_is_one_healthy(checks, level, name, length))
            return false;
    }
    return has_names || (check_manager_is_healthy(checks, level) && are_services_healthy(call, level));
}

void api_get_health(struct api_call *call) {
    enum check_level level;
    if (!api_read_level(call, &level)) {
        api_refuse_level(call);
        return;
    }
    AUTO_ERROR struct error err = {0};
    if (!api_check_list(call, "names", API_NAMES_MAX, &err)) {
        api_respond_error(call, &err);
        return;
    }
    bool healthy = is_healthy(call, level);
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&result, healthy ? "{\"healthy\":true}" : "{\"healthy\":false}");
    api_respond_result_status(call, healthy ? 200 : 502, &result);
}
