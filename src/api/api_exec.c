// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/exec, and the websockets of its tasks.
#include "api/api_internal.h"

#include <string.h>

#include "api/body_internal.h"
#include "api/response_internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/http_response.h"
#include "state/task.h"

// --- the request ---

struct exec_body {
    struct text_list command;
    struct run_context overrides;
    const char *timeout; // "" if there is none
    struct exec_request request;
};

static void body_finish(struct exec_body *body) {
    text_list_clear(&body->command);
    run_context_finish(&body->overrides);
}

static bool read_text(const json_t *body, const char *name, char **text, struct error *err) {
    const char *found = NULL;
    if (!json_get_string(body, "execPayload", name, &found, err))
        return false;
    *text = found != NULL ? memory_string(found) : NULL;
    return true;
}

static bool read_id(const json_t *body, const char *name, struct optional_id *id, struct error *err) {
    id->is_set = json_member(body, name) != NULL;
    return json_get_int(body, "execPayload", name, &id->value, err);
}

static bool read_overrides(const json_t *body, struct run_context *overrides, struct error *err) {
    return json_get_string_map(body, "execPayload", "environment", &overrides->environment, err) &&
           read_text(body, "working-dir", &overrides->working_dir, err) &&
           read_id(body, "user-id", &overrides->user_id, err) && read_text(body, "user", &overrides->user, err) &&
           read_id(body, "group-id", &overrides->group_id, err) && read_text(body, "group", &overrides->group, err);
}

static bool read_body(const json_t *json, struct exec_body *body, struct error *err) {
    static const char what[] = "execPayload";
    struct exec_request *request = &body->request;
    return json_get_strings(json, what, "command", &body->command, err) &&
           json_get_text(json, what, "service-context", &request->service_context, err) &&
           read_overrides(json, &body->overrides, err) && json_get_text(json, what, "timeout", &body->timeout, err) &&
           json_get_bool(json, what, "terminal", &request->is_terminal, err) &&
           json_get_bool(json, what, "interactive", &request->is_interactive, err) &&
           json_get_bool(json, what, "split-stderr", &request->splits_errors, err) &&
           json_get_int(json, what, "width", &request->width, err) &&
           json_get_int(json, what, "height", &request->height, err);
}

static bool check_body(struct exec_body *body, struct error *err) {
    if (body->command.count == 0)
        return error_set(err, ERROR_BAD_REQUEST, "must specify command");
    body->request.command = &body->command;
    body->request.overrides = &body->overrides;
    return text_is_empty(body->timeout) || duration_parse(body->timeout, &body->request.timeout_ns, err) ||
           error_prefix(err, "invalid timeout: ");
}

// --- the response ---

static void write_environment(struct json_writer *writer, char *const *environment) {
    json_writer_begin_object(writer);
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL)
            continue;
        AUTO_FREE char *name = memory_string_n(*environment, (size_t)(equals - *environment));
        json_writer_member_string(writer, name, equals + 1);
    }
    json_writer_end_object(writer);
}

static void respond_started(struct api_call *call, const struct exec_started *started) {
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_object(&writer);
    json_writer_key(&writer, "environment");
    write_environment(&writer, started->environment);
    json_writer_member_string(&writer, "task-id", task_id(started->task));
    json_writer_member_string(&writer, "working-dir", started->directory);
    json_writer_end_object(&writer);
    api_respond_change_result(call, started->change, &result);
}

static void log_command(const struct api_call *call, const struct exec_started *started) {
    AUTO_FREE char *event = memory_printf("authz_admin:%s,exec", api_identity(call)->user);
    AUTO_FREE char *words = memory_printf("Executing command %s", started->program);
    log_security(LOG_SECURITY_WARN, event, words);
}

static void on_exec_started(const struct exec_started *started, const struct error *err, void *data) {
    struct api_call *call = data;
    call_keep(call, NULL, NULL);
    if (started == NULL) {
        api_respond_error(call, err);
        return;
    }
    log_command(call, started);
    respond_started(call, started);
}

static void cancel_start(void *start) {
    exec_start_cancel(start);
}

static void start_exec(struct api_call *call, const struct exec_request *request) {
    AUTO_ERROR struct error err = {0};
    struct exec_start *start = NULL;
    const struct api_spec *spec = &call->api->spec;
    if (exec_start(spec->execs, plan_store_current(spec->plans), request, on_exec_started, call, &start, &err))
        call_keep(call, start, cancel_start);
    else
        api_respond_error(call, &err);
}

static void on_exec_body(struct api_call *call, const json_t *json) {
    struct exec_body body = {.timeout = ""};
    map_init(&body.overrides.environment, free);
    AUTO_ERROR struct error err = {0};
    if (!read_body(json, &body, &err))
        api_respond_decode_error(call, &err);
    else if (!check_body(&body, &err))
        api_respond_error(call, &err);
    else
        start_exec(call, &body.request);
    body_finish(&body);
}

void api_post_exec(struct api_call *call) {
    api_read_json(call, "cannot decode request body", on_exec_body);
}

// --- websockets ---

// Refusals are logged too, because many clients do not show the response to a handshake.
static void refuse(struct api_call *call, const struct task *task, const char *name, const struct error *err) {
    if (err->kind == ERROR_NOT_FOUND)
        log_notice("Websocket %s: cannot find %s websocket", task_id(task), name);
    else
        log_notice("Websocket %s: cannot connect to %s websocket: %s", task_id(task), name, error_text(err));
    if (err->kind == ERROR_BAD_REQUEST)
        api_respond_bad_handshake(call, err);
    else
        api_respond_error(call, err);
}

static void on_websocket_accepted(struct websocket *websocket, void *data) {
    struct exec_stream *stream = data;
    if (websocket != NULL)
        exec_stream_connect(stream, websocket);
    else
        exec_stream_give_up(stream);
}

static void accept_websocket(struct api_call *call, const struct task *task, const char *name) {
    AUTO_ERROR struct error err = {0};
    struct exec_stream *stream = NULL;
    if (!exec_reserve_stream(call->api->spec.execs, task_id(task), name, &stream, &err)) {
        refuse(call, task, name, &err);
    } else if (!websocket_accept(call->exchange, call->api->spec.loop, on_websocket_accepted, stream, &err)) {
        exec_stream_give_up(stream);
        refuse(call, task, name, &err);
    }
}

// The command has ended. As in the reference, the response is empty if it has not failed.
static void refuse_ended(struct api_call *call, const struct task *task, const char *name) {
    AUTO_FREE char *message = change_error(task_change(task));
    if (message == NULL) {
        http_respond(call->exchange, 200, NULL, NULL, 0);
        return;
    }
    AUTO_ERROR struct error err = {0};
    error_set(&err, ERROR_INTERNAL, "%s", message);
    refuse(call, task, name, &err);
}

void api_get_task_websocket(struct api_call *call) {
    const char *id = call->match.values[0], *name = call->match.values[1];
    const struct task *task = state_find_task(call->api->spec.state, id);
    AUTO_FREE char *quoted = text_quoted(task == NULL ? id : task_kind(task));
    if (task == NULL) {
        log_notice("Websocket: cannot find task %s", quoted);
        api_respond_failure(call, ERROR_NOT_FOUND, "cannot find task %s", quoted);
    } else if (!text_equal(task_kind(task), "exec")) {
        log_notice("Websocket %s: %s tasks do not have websockets", task_id(task), quoted);
        api_respond_failure(call, ERROR_BAD_REQUEST, "%s tasks do not have websockets", quoted);
    } else if (change_is_ready(task_change(task))) {
        refuse_ended(call, task, name);
    } else {
        accept_websocket(call, task, name);
    }
}
