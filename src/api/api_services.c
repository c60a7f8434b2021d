// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/services and /v1/signals.
#include "api/api_internal.h"

#include <stdlib.h>

#include "api/body_internal.h"
#include "api/response_internal.h"
#include "api/waiter_internal.h"
#include "base/memory.h"

// --- lists ---

struct service_writer {
    const struct service_manager *services;
    struct json_writer json;
    bool has_all_details; // of services without keys beyond Pebble's, too
};

static void write_text(struct json_writer *writer, const char *name, const char *text) {
    if (!text_is_empty(text))
        json_writer_member_string(writer, name, text);
}

// What is empty is left out.
static void write_details(struct json_writer *writer, const struct service_details *details) {
    json_writer_key(writer, "details");
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "state", details->state);
    if (details->has_ready)
        json_writer_member_bool(writer, "ready", details->is_ready);
    if (details->waiting_for.count > 0)
        json_writer_member_strings(writer, "waiting-for", &details->waiting_for);
    write_text(writer, "status-text", details->status_text);
    if (details->pid > 0)
        json_writer_member_int(writer, "pid", details->pid);
    if (details->has_ended) {
        json_writer_member_int(writer, "exit-code", details->exit_code);
        json_writer_member_string(writer, "ended", details->ended);
    }
    if (details->restarts > 0)
        json_writer_member_int(writer, "restarts", details->restarts);
    if (details->has_retries)
        json_writer_member_int(writer, "retries-left", details->retries_left);
    write_text(writer, "next-restart", details->next_restart);
    write_text(writer, "note", details->note);
    json_writer_end_object(writer);
}

static void write_service(const struct service_info *info, void *data) {
    struct service_writer *services = data;
    struct json_writer *writer = &services->json;
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "name", info->name);
    json_writer_member_string(writer, "startup", info->is_enabled ? "enabled" : "disabled");
    json_writer_member_string(writer, "current", info->status);
    if (info->since != NULL)
        json_writer_member_string(writer, "current-since", info->since);
    if (services->has_all_details || service_manager_is_extended(services->services, info->name)) {
        AUTO_SERVICE_DETAILS struct service_details details;
        service_manager_details(services->services, info->name, &details);
        write_details(writer, &details);
    }
    json_writer_end_object(writer);
}

static void write_services(struct api *api, const struct text_list *names, bool has_all_details, struct buffer *out) {
    struct service_writer writer = {.services = api->spec.services, .has_all_details = has_all_details};
    json_writer_init(&writer.json, out, true);
    json_writer_begin_array(&writer.json);
    service_manager_list(api->spec.services, names, write_service, &writer);
    json_writer_end_array(&writer.json);
}

// The text is kept until a service changes.
static const struct buffer *all_services_json(struct api *api) {
    uint64_t version = service_manager_list_version(api->spec.services);
    if (version != api->services_version) {
        buffer_clear(&api->services_json);
        write_services(api, NULL, false, &api->services_json);
        api->services_version = version;
    }
    return &api->services_json;
}

void api_get_services(struct api_call *call) {
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_ERROR struct error err = {0};
    if (!api_read_list(call, "names", API_NAMES_MAX, &names, &err)) {
        api_respond_error(call, &err);
        return;
    }
    const char *which = url_query_first(api_query(call), "details");
    if (!text_is_empty(which) && !text_equal(which, "all")) {
        api_respond_failure(call, ERROR_BAD_REQUEST, "details should be \"all\"");
        return;
    }
    bool has_all_details = !text_is_empty(which);
    if (names.count == 0 && !has_all_details && !service_manager_has_extended(call->api->spec.services)) {
        api_respond_result(call, all_services_json(call->api));
        return;
    }
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    write_services(call->api, &names, has_all_details, &result);
    api_respond_result(call, &result);
}

// --- waiting for one ---

static void respond_with_service(struct api_call *call, const char *name) {
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct service_writer writer = {.services = call->api->spec.services, .has_all_details = true};
    text_list_add(&names, name);
    json_writer_init(&writer.json, &result, true);
    service_manager_list(call->api->spec.services, &names, write_service, &writer);
    api_respond_result(call, &result);
}

struct goal_wait {
    enum service_goal goal;
    enum service_prospect prospect;
    char *reason; // why the goal is impossible, or NULL
};

static void goal_wait_destroy(void *data) {
    struct goal_wait *wait = data;
    free(wait->reason);
    free(wait);
}

static bool judge_service(struct api_call *call, struct goal_wait *wait) {
    wait->prospect = service_manager_judge(call->api->spec.services, call->match.values[0], wait->goal, &wait->reason);
    return wait->prospect != SERVICE_GOAL_OPEN;
}

static bool respond_to_wait(struct api_call *call, void *data) {
    const struct goal_wait *wait = data;
    if (wait->prospect == SERVICE_GOAL_REACHED)
        respond_with_service(call, call->match.values[0]);
    else
        api_respond_failure(call, ERROR_CONFLICT, "%s", wait->reason);
    return true;
}

static bool is_wait_over(struct api_call *call, void *argument, void *data) {
    const struct service_change *change = argument;
    return text_equal(change->name, call->match.values[0]) && judge_service(call, data);
}

static void respond_timeout(struct api_call *call, int64_t timeout_ns, void *data UNUSED) {
    char text[DURATION_TEXT_SIZE];
    duration_format(timeout_ns, text);
    api_respond_failure(call, ERROR_TIMEOUT, "timed out waiting for service after %s", text);
}

static bool read_wait(struct api_call *call, enum service_goal *goal, int64_t *timeout_ns, struct error *err) {
    const char *wanted = url_query_first(api_query(call), "for");
    const char *timeout = url_query_first(api_query(call), "timeout");
    *goal = SERVICE_GOAL_READY;
    if (!text_is_empty(wanted) && !service_goal_by_name(wanted, goal))
        return error_set(err, ERROR_BAD_REQUEST, "for should be one of: started,ready,completed,exited,stopped");
    if (!text_is_empty(timeout) && !duration_parse(timeout, timeout_ns, err))
        return error_prefix(err, "invalid timeout: ");
    return true;
}

void api_get_service_wait(struct api_call *call) {
    const char *name = call->match.values[0];
    enum service_goal goal;
    int64_t timeout_ns = 0;
    AUTO_ERROR struct error err = {0};
    if (!read_wait(call, &goal, &timeout_ns, &err)) {
        api_respond_failure(call, ERROR_BAD_REQUEST, "%s", error_text(&err));
        return;
    }
    if (!service_manager_has(call->api->spec.services, name)) {
        AUTO_FREE char *quoted = text_quoted(name);
        api_respond_failure(call, ERROR_NOT_FOUND, "service %s does not exist", quoted);
        return;
    }
    struct goal_wait *state = memory_new(sizeof *state);
    state->goal = goal;
    if (judge_service(call, state)) {
        respond_to_wait(call, state);
    } else if (timeout_ns >= 0) {
        api_wait(call, &(const struct api_wait){.event = service_manager_changed(call->api->spec.services),
                                                .is_over = is_wait_over,
                                                .respond = respond_to_wait,
                                                .on_timeout = respond_timeout,
                                                .data = state,
                                                .destroy_data = goal_wait_destroy,
                                                .timeout_ns = timeout_ns});
        return;
    } else {
        respond_timeout(call, timeout_ns, NULL);
    }
    goal_wait_destroy(state);
}

// --- actions ---

static bool read_action(const json_t *body, const char **action, struct text_list *services, struct error *err) {
    return json_get_text(body, "request", "action", action, err) && api_read_names(body, "services", services, err);
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
    if (!json_get_text(body, "request", "signal", &signal, &err) ||
        !api_read_names(body, "services", &services, &err)) {
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
