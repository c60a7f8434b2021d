// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/system-info and /v1/health: what monitors ask.
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
    const char *level = url_query_first(api_query(call), "level");
    if (!text_is_empty(level) && !text_equal(level, "alive") && !text_equal(level, "ready")) {
        api_respond_failure(call, ERROR_BAD_REQUEST, "level must be \"alive\" or \"ready\"");
        return;
    }
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&result, "{\"healthy\":true}");
    api_respond_result(call, &result);
}
