// SPDX-License-Identifier: LGPL-3.0-or-later
// The plan and its layers.
#include "client/response_internal.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "client/fields_internal.h"

bool pebble_get_plan(struct pebble_client *client, char **yaml, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    if (!client_get(client, "/v1/plan?format=yaml", &answer, error))
        return false;
    if (!json_is_string(answer.result))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: not a string where one is due");
    *yaml = client_json_string(answer.result);
    return true;
}

bool pebble_add_layer(struct pebble_client *client, const struct pebble_layer_options *options,
                      struct pebble_error *error) {
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &body, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "action", "add");
    json_writer_member_bool(&writer, "combine", options->combine);
    json_writer_member_bool(&writer, "inner", options->inner);
    json_writer_member_string(&writer, "label", options->label);
    json_writer_member_string(&writer, "format", "yaml");
    json_writer_member_string(&writer, "layer", options->yaml);
    json_writer_end_object(&writer);
    const struct client_request request = {.method = "POST", .target = "/v1/layers", .body = buffer_text(&body)};
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    return client_call(client, &request, CLIENT_RESPONSE_SYNC, &answer, error);
}
