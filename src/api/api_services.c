// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/services and /v1/signals.
#include "api/api_internal.h"

#include "api/body_internal.h"
#include "api/response_internal.h"
#include "base/memory.h"

static void write_service(const struct service_info *info, void *data) {
    struct json_writer *writer = data;
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "name", info->name);
    json_writer_member_string(writer, "startup", info->is_enabled ? "enabled" : "disabled");
    json_writer_member_string(writer, "current", info->status);
    if (info->since != NULL)
        json_writer_member_string(writer, "current-since", info->since);
    json_writer_end_object(writer);
}

void api_get_services(struct api_call *call) {
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_ERROR struct error err = {0};
    if (!api_read_list(call, "names", API_NAMES_MAX, &names, &err)) {
        api_respond_error(call, &err);
        return;
    }
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_array(&writer);
    service_manager_list(call->api->spec.services, &names, write_service, &writer);
    json_writer_end_array(&writer);
    api_respond_result(call, &result);
}

static bool read_action(const json_t *body, const char **action, struct text_list *services, struct error *err) {
    return json_get_string(body, "request", "action", action, err) &&
           json_get_strings(body, "request", "services", services, err);
}

static void on_services_body(struct api_call *call, const json_t *body) {
    const char *name = "";
    AUTO_TEXT_LIST struct text_list services = {0};
    AUTO_ERROR struct error err = {0};
    if (!read_action(body, &name, &services, &err)) {
        api_respond_decode_error(call, &err);
        return;
    }
    enum service_action action;
    if (!service_action_by_name(name, &action)) {
        // As in the reference, an empty list is reported before an invalid action.
        AUTO_FREE char *quoted = text_quoted(name);
        if (services.count == 0)
            api_respond_failure(call, ERROR_BAD_REQUEST, "must specify services for %s action", name);
        else
            api_respond_failure(call, ERROR_BAD_REQUEST, "invalid action %s", quoted);
        return;
    }
    struct change *change = NULL;
    if (!service_manager_request(call->api->spec.services, action, &services, &change, &err)) {
        api_respond_error(call, &err);
        return;
    }
    if (action == SERVICE_REPLAN)
        check_manager_replan(call->api->spec.checks);
    api_respond_change(call, change);
}

void api_post_services(struct api_call *call) {
    api_read_json(call, "cannot decode data from request body", on_services_body);
}

void api_any_service(struct api_call *call) {
    api_respond_failure(call, ERROR_BAD_REQUEST, "not implemented");
}

static void on_signals_body(struct api_call *call, const json_t *body) {
    const char *signal = "";
    AUTO_TEXT_LIST struct text_list services = {0};
    AUTO_ERROR struct error err = {0};
    if (!json_get_string(body, "request", "signal", &signal, &err) ||
        !json_get_strings(body, "request", "services", &services, &err)) {
        api_respond_decode_error(call, &err);
    } else if (services.count == 0) {
        api_respond_failure(call, ERROR_BAD_REQUEST, "must specify one or more services");
    } else if (!service_manager_signal(call->api->spec.services, &services, signal, &err)) {
        api_respond_error(call, &err);
    } else {
        api_respond_true(call);
    }
}

void api_post_signals(struct api_call *call) {
    api_read_json(call, "cannot decode request body", on_signals_body);
}
