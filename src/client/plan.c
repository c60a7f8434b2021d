// SPDX-License-Identifier: LGPL-3.0-or-later
// The plan and its layers. Declared in pebble.h.
#include "client/query_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"
#include "client/options_internal.h"

// --- the plan ---

struct pebble_plan {
    char *yaml;
};

void pebble_plan_destroy(struct pebble_plan *plan) {
    if (plan == NULL)
        return;
    free(plan->yaml);
    free(plan);
}

const char *pebble_plan_yaml(const struct pebble_plan *plan, size_t *length) {
    if (length != NULL)
        *length = strlen(plan->yaml);
    return plan->yaml;
}

static void destroy_plan(void *result) {
    pebble_plan_destroy(result);
}

static void *read_plan(struct client_response *response, struct pebble_error *error) {
    if (!json_is_string(response->result)) {
        client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: not a string where one is due");
        return NULL;
    }
    AUTO_ERROR struct error cause = {0};
    struct pebble_plan *plan = memory_new(sizeof *plan);
    plan->yaml = client_json_string(response->result, &cause);
    if (!error_is_set(&cause))
        return plan;
    client_fail_because(error, "cannot decode response: ", &cause);
    pebble_plan_destroy(plan);
    return NULL;
}

static const struct client_result_type plan_result = {destroy_plan};
static const struct client_query_type plan_query = {CLIENT_RESPONSE_SYNC, &plan_result, read_plan};

bool pebble_call_get_plan(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error) {
    const struct client_request request = {.method = "GET", .target = "/v1/plan?format=yaml"};
    return client_query_start(client, &request, &plan_query, call, error);
}

struct pebble_plan *pebble_call_take_plan(struct pebble_call *call) {
    return client_call_take_result(call, &plan_result);
}

bool pebble_get_plan(struct pebble_client *client, struct pebble_plan **plan, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_plan(client, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *plan = pebble_call_take_plan(call);
    return true;
}

// --- layers ---

// The text of the layer: *built is owned, if it is made here.
static bool read_layer_options(struct pebble_layer_options *options, char **built, struct pebble_error *error) {
    if (options->layer != NULL && options->yaml != NULL)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot add layer: it is given twice");
    if (options->label == NULL || (options->layer == NULL && options->yaml == NULL && options->yaml_length > 0))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot add layer: it has no label or no text");
    if (options->yaml == NULL)
        options->yaml = "";
    if (options->layer == NULL)
        return true;
    if (!pebble_layer_yaml(options->layer, built, &options->yaml_length, error))
        return false;
    options->yaml = *built;
    return true;
}

static void write_layer(struct buffer *body, const struct pebble_layer_options *options) {
    struct json_writer writer;
    json_writer_init(&writer, body, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "action", "add");
    json_writer_member_bool(&writer, "combine", (options->flags & PEBBLE_LAYER_COMBINE) != 0);
    json_writer_member_bool(&writer, "inner", (options->flags & PEBBLE_LAYER_INNER) != 0);
    json_writer_member_bool(&writer, "advice", true);
    json_writer_member_string(&writer, "label", options->label);
    json_writer_member_string(&writer, "format", "yaml");
    json_writer_key(&writer, "layer");
    json_add_string(body, options->yaml, options->yaml_length, false);
    json_writer_end_object(&writer);
}

static const struct client_query_type layer_query = {.response = CLIENT_RESPONSE_SYNC};

bool pebble_call_add_layer(struct pebble_client *client, const struct pebble_layer_options *options,
                           struct pebble_call **call, struct pebble_error *error) {
    struct pebble_layer_options own;
    if (!client_options_read(&own, sizeof own, options, error) ||
        !client_options_check_flags(own.flags, PEBBLE_LAYER_COMBINE | PEBBLE_LAYER_INNER, error))
        return false;
    AUTO_FREE char *built = NULL;
    if (!read_layer_options(&own, &built, error))
        return false;
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    write_layer(&body, &own);
    const struct client_request request = {
        .method = "POST", .target = "/v1/layers", .body = buffer_text(&body), .body_length = body.length};
    return client_query_start(client, &request, &layer_query, call, error);
}

bool pebble_add_layer(struct pebble_client *client, const struct pebble_layer_options *options,
                      struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    return pebble_call_add_layer(client, options, &call, error) && client_run(call, NULL, NULL, error);
}
