// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/plan and /v1/layers.
#include "api/api_internal.h"

#include <string.h>

#include "api/body_internal.h"
#include "api/response_internal.h"
#include "base/log.h"
#include "base/memory.h"

#define LABEL_MAX_BYTES ((size_t)4096)

// The text of the plan is cached as a JSON string until the plan changes.
static const struct buffer *plan_json(struct api *api) {
    struct plan *plan = plan_store_current(api->spec.plans);
    if (plan == api->plan_cached)
        return &api->plan_json;
    plan_release(api->plan_cached);
    api->plan_cached = plan_hold(plan);
    buffer_clear(&api->plan_json);
    AUTO_BUFFER struct buffer yaml = BUFFER_INIT(BUFFER_NO_LIMIT);
    plan_write_yaml(plan, &yaml);
    json_add_string(&api->plan_json, buffer_text(&yaml), yaml.length, true);
    return &api->plan_json;
}

void api_get_plan(struct api_call *call) {
    const char *format = url_query_first(api_query(call), "format");
    if (!text_equal(format, "yaml")) {
        AUTO_FREE char *quoted = text_quoted(format != NULL ? format : "");
        api_respond_failure(call, ERROR_BAD_REQUEST, "invalid format %s", quoted);
        return;
    }
    api_respond_result(call, plan_json(call->api));
}

struct layer_request {
    const char *action, *label, *format, *text;
    bool combine, inner, advice;
};

static bool read_request(const json_t *body, struct layer_request *request, struct error *err) {
    *request = (struct layer_request){.action = "", .label = "", .format = "", .text = ""};
    return json_get_text(body, "request", "action", &request->action, err) &&
           json_get_bool(body, "request", "combine", &request->combine, err) &&
           json_get_bool(body, "request", "inner", &request->inner, err) &&
           json_get_bool(body, "request", "advice", &request->advice, err) &&
           json_get_text(body, "request", "label", &request->label, err) &&
           json_get_text(body, "request", "format", &request->format, err) &&
           json_get_text(body, "request", "layer", &request->text, err);
}

static bool check_request(const struct layer_request *request, struct error *err) {
    AUTO_FREE char *action = text_quoted(request->action);
    AUTO_FREE char *format = text_quoted(request->format);
    if (!text_equal(request->action, "add"))
        return error_set(err, ERROR_BAD_REQUEST, "invalid action %s", action);
    if (text_is_empty(request->label))
        return error_set(err, ERROR_BAD_REQUEST, "label must be set");
    if (strnlen(request->label, LABEL_MAX_BYTES + 1) > LABEL_MAX_BYTES)
        return error_set(err, ERROR_BAD_REQUEST, "label must not have more than %zu bytes", LABEL_MAX_BYTES);
    if (!text_equal(request->format, "yaml"))
        return error_set(err, ERROR_BAD_REQUEST, "invalid format %s", format);
    return true;
}

static void log_layer(const struct api_call *call, const struct plan_update_result *result) {
    AUTO_FREE char *event = memory_printf("authz_admin:%s,add_layer", api_identity(call)->user);
    AUTO_FREE char *words = memory_printf("Adding layer %s", result->label);
    log_security(LOG_SECURITY_WARN, event, words);
    for (size_t i = 0; i < result->warnings->count; i++)
        log_notice("%s", result->warnings->items[i]);
}

// Pebble reports the first fault, and not its place. The rest is for those who ask for it.
static void respond_refused(struct api_call *call, const struct error *err) {
    const char *text = error_text(err);
    AUTO_FREE char *first = memory_string_n(text, plan_first_fault_length(text));
    const struct error plain = {.kind = err->kind, .code = err->code, .message = first};
    api_respond_error(call, call->wants_advice ? err : &plain);
}

static void on_plan_updated(const struct plan_update_result *result, void *data) {
    struct api_call *call = data;
    if (result->warnings != NULL)
        log_layer(call, result);
    if (result->err != NULL)
        respond_refused(call, result->err);
    else
        api_respond_true(call);
}

static void on_layers_body(struct api_call *call, const json_t *body) {
    struct layer_request request;
    AUTO_ERROR struct error err = {0};
    if (!read_request(body, &request, &err)) {
        api_respond_decode_error(call, &err);
        return;
    }
    call->wants_advice = request.advice;
    struct plan_update_request update = {
        .label = request.label,
        .text = request.text,
        .length = strlen(request.text),
        .placement = {.combine = request.combine, .inner = request.inner},
    };
    if (!check_request(&request, &err) ||
        !plan_updater_add_layer(call->api->spec.updater, &update, on_plan_updated, call, &err))
        api_respond_error(call, &err);
}

void api_post_layers(struct api_call *call) {
    api_read_json(call, "cannot decode request body", on_layers_body);
}
