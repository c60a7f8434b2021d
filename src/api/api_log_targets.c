// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/log-targets. Declared in api/api_internal.h.
#include "api/api_internal.h"
#include "api/call_internal.h"
#include "api/response_internal.h"
#include "base/clock.h"
#include "base/text.h"
#include "data/json.h"

static void write_retry(struct json_writer *writer, int64_t wall_ns) {
    char text[CLOCK_TEXT_SIZE];
    struct wall_time time = clock_now(); // for its zone
    time.ns = wall_ns;
    clock_format(time, text);
    json_writer_member_string(writer, "retry-at", text);
}

static void write_target(const struct log_target_info *info, void *data) {
    struct json_writer *writer = data;
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "name", info->name);
    json_writer_member_string(writer, "type", info->type);
    json_writer_member_string(writer, "location", info->location);
    json_writer_member_int(writer, "pending", (int64_t)info->pending);
    json_writer_member_int(writer, "sent", (int64_t)info->sent);
    json_writer_member_int(writer, "dropped", (int64_t)info->dropped);
    if (!text_is_empty(info->last_error))
        json_writer_member_string(writer, "last-error", info->last_error);
    if (info->retry_at_ns != 0)
        write_retry(writer, info->retry_at_ns);
    json_writer_end_object(writer);
}

void api_get_log_targets(struct api_call *call) {
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_array(&writer);
    forward_manager_list(call->api->spec.forwards, write_target, &writer);
    json_writer_end_array(&writer);
    api_respond_result(call, &result);
}
