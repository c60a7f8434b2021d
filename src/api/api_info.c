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
    json_writer_member_string(&writer, "version", spec->version);
    json_writer_end_object(&writer);
    api_respond_result(call, &result);
}

void api_get_health(struct api_call *call) {
    enum check_level level;
    if (!api_read_level(call, &level)) {
        api_refuse_level(call);
        return;
    }
    AUTO_TEXT_LIST struct text_list names = {0};
    url_query_list(api_query(call), "names", &names);
    bool is_healthy = check_manager_is_healthy(call->api->spec.checks, level, &names);
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&result, is_healthy ? "{\"healthy\":true}" : "{\"healthy\":false}");
    api_respond_result_status(call, is_healthy ? 200 : 502, &result);
}
