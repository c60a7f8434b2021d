// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/changes and below.
#include "api/api_internal.h"

#include <stdlib.h>
#include <string.h>

#include "api/body_internal.h"
#include "api/response_internal.h"
#include "api/waiter_internal.h"
#include "base/memory.h"

// --- changes as JSON ---

static void write_time(struct json_writer *writer, const char *key, struct wall_time time) {
    if (!time.is_set)
        return;
    char text[CLOCK_TEXT_SIZE];
    clock_format(time, text);
    json_writer_member_string(writer, key, text);
}

static void write_data(struct json_writer *writer, const json_t *data) {
    if (!json_is_object(data) || json_object_size(data) == 0)
        return;
    json_writer_key(writer, "data");
    json_writer_value(writer, data);
}

static void write_progress(struct json_writer *writer, const struct task *task) {
    const char *label = "";
    int64_t done = 0, total = 0;
    task_progress(task, &label, &done, &total);
    json_writer_key(writer, "progress");
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "label", label);
    json_writer_member_int(writer, "done", done);
    json_writer_member_int(writer, "total", total);
    json_writer_end_object(writer);
}

static void write_task(struct json_writer *writer, const struct task *task) {
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "id", task_id(task));
    json_writer_member_string(writer, "kind", task_kind(task));
    json_writer_member_string(writer, "summary", task_summary(task));
    json_writer_member_string(writer, "status", status_name(task_status(task)));
    if (task_log_count(task) > 0) {
        json_writer_key(writer, "log");
        json_writer_begin_array(writer);
        for (size_t i = 0; i < task_log_count(task); i++)
            json_writer_string(writer, task_log_line(task, i));
        json_writer_end_array(writer);
    }
    write_progress(writer, task);
    write_time(writer, "spawn-time", task_spawn_time(task));
    write_time(writer, "ready-time", task_ready_time(task));
    write_data(writer, task_data(task, "api-data"));
    json_writer_end_object(writer);
}

static void write_change(struct json_writer *writer, const struct change *change) {
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "id", change_id(change));
    json_writer_member_string(writer, "kind", change_kind(change));
    json_writer_member_string(writer, "summary", change_summary(change));
    json_writer_member_string(writer, "status", status_name(change_status(change)));
    if (change_task_count(change) > 0) {
        json_writer_key(writer, "tasks");
        json_writer_begin_array(writer);
        for (size_t i = 0; i < change_task_count(change); i++)
            write_task(writer, change_task(change, i));
        json_writer_end_array(writer);
    }
    json_writer_member_bool(writer, "ready", status_is_ready(change_status(change)));
    AUTO_FREE char *fault = change_error(change);
    if (fault != NULL)
        json_writer_member_string(writer, "err", fault);
    write_time(writer, "spawn-time", change_spawn_time(change));
    write_time(writer, "ready-time", change_ready_time(change));
    write_data(writer, change_data(change, "api-data"));
    json_writer_end_object(writer);
}

static void respond_with_change(struct api_call *call, const struct change *change) {
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    write_change(&writer, change);
    api_respond_result(call, &result);
}

// --- the list ---

struct selection {
    struct json_writer writer;
    bool ready, unready;
    const char *service; // NULL: all
};

static bool is_for(const struct change *change, const char *service) {
    const json_t *names = change_data(change, "service-names");
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)(uintptr_t)names, i, name) {
        if (text_equal(json_string_value(name), service))
            return true;
    }
    return false;
}

static bool select_change(struct change *change, void *data) {
    struct selection *selection = data;
    bool is_ready = status_is_ready(change_status(change));
    if ((is_ready ? selection->ready : selection->unready) &&
        (selection->service == NULL || is_for(change, selection->service)))
        write_change(&selection->writer, change);
    return true;
}

void api_get_changes(struct api_call *call) {
    const char *select = url_query_first(api_query(call), "select");
    const char *service = url_query_first(api_query(call), "for");
    struct selection selection = {.service = text_is_empty(service) ? NULL : service};
    if (text_is_empty(select) || text_equal(select, "in-progress")) {
        selection.unready = true;
    } else if (text_equal(select, "ready")) {
        selection.ready = true;
    } else if (text_equal(select, "all")) {
        selection.ready = selection.unready = true;
    } else {
        api_respond_failure(call, ERROR_BAD_REQUEST, "select should be one of: all,in-progress,ready");
        return;
    }
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    json_writer_init(&selection.writer, &result, true);
    json_writer_begin_array(&selection.writer);
    state_each_change(call->api->spec.state, select_change, &selection);
    json_writer_end_array(&selection.writer);
    api_respond_result(call, &result);
}

// --- one change ---

static struct change *find_change(struct api_call *call) {
    const char *id = call->match.values[0];
    struct change *change = state_find_change(call->api->spec.state, id);
    if (change == NULL) {
        AUTO_FREE char *quoted = text_quoted(id);
        api_respond_failure(call, ERROR_NOT_FOUND, "cannot find change with id %s", quoted);
    }
    return change;
}

void api_get_change(struct api_call *call) {
    struct change *change = find_change(call);
    if (change != NULL)
        respond_with_change(call, change);
}

static void on_change_body(struct api_call *call, const json_t *body) {
    const char *action = "";
    AUTO_ERROR struct error err = {0};
    struct change *change = find_change(call);
    if (change == NULL)
        return;
    if (!json_get_text(body, "request", "action", &action, &err)) {
        api_respond_decode_error(call, &err);
    } else if (!text_equal(action, "abort")) {
        AUTO_FREE char *quoted = text_quoted(action);
        api_respond_failure(call, ERROR_BAD_REQUEST, "invalid action %s", quoted);
    } else if (!change_abort(change, &err)) {
        api_respond_error(call, &err);
    } else {
        respond_with_change(call, change);
    }
}

void api_post_change(struct api_call *call) {
    if (find_change(call) != NULL)
        api_read_json(call, "cannot decode data from request body", on_change_body);
}

// --- waiting for one ---

// The change that is waited for may be pruned: only its id is kept.
static bool is_change_ready(struct api_call *call, void *argument, void *data UNUSED) {
    return text_equal(change_id(argument), call->match.values[0]);
}

static bool respond_when_ready(struct api_call *call, void *data UNUSED) {
    api_get_change(call);
    return true;
}

static void respond_timeout(struct api_call *call, int64_t timeout_ns, void *data UNUSED) {
    char text[DURATION_TEXT_SIZE];
    duration_format(timeout_ns, text);
    api_respond_failure(call, ERROR_TIMEOUT, "timed out waiting for change after %s", text);
}

void api_get_change_wait(struct api_call *call) {
    struct change *change = find_change(call);
    if (change == NULL)
        return;
    const char *text = url_query_first(api_query(call), "timeout");
    int64_t timeout_ns = 0;
    AUTO_ERROR struct error err = {0};
    if (!text_is_empty(text) && !duration_parse(text, &timeout_ns, &err)) {
        api_respond_failure(call, ERROR_BAD_REQUEST, "invalid timeout: %s", error_text(&err));
        return;
    }
    const struct api_wait wait = {
        .event = state_change_ready(call->api->spec.state),
        .is_over = is_change_ready,
        .respond = respond_when_ready,
        .on_timeout = respond_timeout,
        .timeout_ns = timeout_ns,
    };
    if (change_is_ready(change))
        respond_with_change(call, change);
    else if (timeout_ns < 0)
        respond_timeout(call, timeout_ns, NULL);
    else
        api_wait(call, &wait);
}
