// SPDX-License-Identifier: LGPL-3.0-or-later
// Running a command: the request, up to three WebSockets, and the change at the end. Declared in pebble.h.
//
//     REQUESTING ──▶ CONNECTING ──▶ RUNNING ──▶ over, when all output has ended and then the change
#include "client/exec_internal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/signal_names.h"
#include "base/text.h"
#include "client/call_internal.h"
#include "client/errors.h"
#include "client/fetch_internal.h"
#include "client/fields_internal.h"
#include "client/query_internal.h"
#include "client/websocket_internal.h"

#define CONNECT_MAX_NS (30 * NS_PER_S)
#define TIMEOUT_GRACE_NS (10 * NS_PER_S) // for the daemon, which kills the command and reports it
#define EXIT_CODE_MAX 255
#define END_MESSAGE "{\"command\":\"end\"}"

enum exec_call_state { EXEC_REQUESTING, EXEC_CONNECTING, EXEC_RUNNING };

enum stream_index { STREAM_CONTROL, STREAM_STDIO, STREAM_STDERR, STREAM_COUNT };

struct exec_call_stream {
    struct client_websocket websocket;
    bool has_ended; // there is no more output
    bool is_lost;   // without an end
};

struct exec_call {
    struct pebble_call call;
    enum exec_call_state state;
    struct client_fetch request; // EXEC_REQUESTING
    size_t stream_count;         // 2 without a stream for standard error
    struct exec_call_stream streams[STREAM_COUNT];
    size_t next_stream;       // to be read; 0 after all of them
    const char *change_id;    // the call's result; NULL before the response
    struct pebble_call *wait; // for the change; NULL before the end of the output
    struct client_watch wait_watch;
    int64_t timeout_ns;
    int64_t connect_end_ns; // deadline of the beginning
    int64_t end_ns;         // deadline of the whole; CLIENT_NO_DEADLINE for none
    bool has_ended_input;
    bool has_sent_end;

    const char *output; // the item
    size_t output_length;
    enum pebble_exec_stream output_stream;
    int exit_code;
};

// It is never taken: it lasts as long as the call.
static const struct client_result_type change_id_result = {free};

static const char *const stream_names[STREAM_COUNT] = {"control", "stdio", "stderr"};

static struct exec_call *exec_of(struct pebble_call *call) {
    return CONTAINER_OF(call, struct exec_call, call);
}

// --- the end ---

static bool read_exit_code(const struct pebble_change *change, int *exit_code, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    AUTO_JSON json_t *data = NULL;
    const struct pebble_task *task = pebble_change_task_at(change, 0);
    if (task == NULL)
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "expected exec change to contain at least one task");
    const char *text = pebble_task_data(task);
    if (text != NULL && !client_json_read(text, strlen(text), &data, &cause))
        return client_fail_because(error, "cannot get exit code: ", &cause);
    const json_t *code = json_member(data, "exit-code");
    if (!json_is_integer(code))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot get exit code: data entry not found");
    if (json_integer_value(code) < 0 || json_integer_value(code) > EXIT_CODE_MAX)
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot get exit code: out of range");
    *exit_code = (int)json_integer_value(code);
    return true;
}

// The first stream without an end; NULL if all are whole.
static const struct exec_call_stream *lost_stream(const struct exec_call *exec) {
    for (size_t i = STREAM_STDIO; i < exec->stream_count; i++) {
        if (exec->streams[i].is_lost)
            return &exec->streams[i];
    }
    return NULL;
}

static enum pebble_call_state fail_lost(const struct exec_call_stream *stream, struct pebble_error *error) {
    const char *fault = stream->websocket.fault;
    client_fail(error, fault != NULL ? PEBBLE_ERROR_PROTOCOL : PEBBLE_ERROR_CONNECTION,
                "cannot read output of command: %s", fault != NULL ? fault : "connection lost");
    return PEBBLE_CALL_FAILED;
}

// A command that has succeeded is not a success if a part of its output is missing.
static enum pebble_call_state take_change(struct exec_call *exec, struct pebble_error *error) {
    struct pebble_change *change = pebble_call_take_change(exec->wait);
    int exit_code = 0;
    bool is_read = read_exit_code(change, &exit_code, error);
    pebble_change_destroy(change);
    if (!is_read)
        return PEBBLE_CALL_FAILED;
    const struct exec_call_stream *lost = lost_stream(exec);
    if (exit_code == 0 && lost != NULL)
        return fail_lost(lost, error);
    exec->exit_code = exit_code;
    for (size_t i = 0; i < exec->stream_count; i++)
        client_websocket_close(&exec->streams[i].websocket);
    return PEBBLE_CALL_DONE;
}

// The timeout is one that the caller has set, whoever enforces it.
static enum pebble_call_state fail_wait(struct exec_call *exec, struct pebble_error *error) {
    struct pebble_error *cause = &exec->wait->error;
    if (cause->kind != PEBBLE_ERROR_CHANGE) {
        client_fail(error, cause->kind, "cannot wait for command to finish: %s", cause->message);
        return PEBBLE_CALL_FAILED;
    }
    if (exec->timeout_ns != 0 && strstr(cause->message, "(timed out after ") != NULL)
        client_fail(error, PEBBLE_ERROR_TIMEOUT, "%s", cause->message);
    else
        client_fail_move(error, cause);
    return PEBBLE_CALL_FAILED;
}

static enum pebble_call_state wait_for_change(struct exec_call *exec, struct pebble_error *error) {
    if (exec->wait == NULL && !pebble_call_wait_change(exec->call.client, exec->change_id, NULL, &exec->wait, error))
        return PEBBLE_CALL_FAILED;
    switch (pebble_call_step(exec->wait)) {
    case PEBBLE_CALL_RUNNING:
    case PEBBLE_CALL_ITEM:
        return PEBBLE_CALL_RUNNING;
    case PEBBLE_CALL_DONE:
        return take_change(exec, error);
    case PEBBLE_CALL_FAILED:
        break;
    }
    return fail_wait(exec, error);
}

// --- the streams ---

static struct client_websocket *websocket_at(struct exec_call *exec, enum stream_index index) {
    return &exec->streams[index].websocket;
}

static void send_text(struct client_websocket *websocket, const char *text) {
    client_websocket_send(websocket, WEBSOCKET_TEXT, text, strlen(text));
}

static void send_end(struct exec_call *exec) {
    struct client_websocket *stdio = websocket_at(exec, STREAM_STDIO);
    if (!exec->has_ended_input || exec->has_sent_end || client_websocket_room(stdio) < strlen(END_MESSAGE))
        return;
    exec->has_sent_end = true;
    send_text(stdio, END_MESSAGE);
}

static bool is_end_message(const char *text, size_t length) {
    AUTO_JSON json_t *message = NULL;
    if (!client_json_read(text, length, &message, NULL))
        return false;
    return text_equal(json_string_value(json_member(message, "command")), "end");
}

// What comes after the end is dropped, and so is all that comes through the control stream.
static enum pebble_call_state take_output(struct exec_call *exec, size_t index, const char *data, size_t length) {
    if (index == STREAM_CONTROL || exec->streams[index].has_ended)
        return PEBBLE_CALL_RUNNING;
    exec->output = data;
    exec->output_length = length;
    exec->output_stream = index == STREAM_STDERR ? PEBBLE_EXEC_STDERR : PEBBLE_EXEC_STDOUT;
    return PEBBLE_CALL_ITEM;
}

// RUNNING: nothing more comes for now.
static enum pebble_call_state read_stream(struct exec_call *exec, size_t index) {
    struct exec_call_stream *stream = &exec->streams[index];
    const char *data = NULL;
    size_t length = 0;
    for (;;) {
        enum pebble_call_state state = PEBBLE_CALL_RUNNING;
        switch (client_websocket_step(&stream->websocket, &data, &length, NULL)) {
        case CLIENT_WEBSOCKET_BINARY:
            state = take_output(exec, index, data, length);
            break;
        case CLIENT_WEBSOCKET_TEXT:
            stream->has_ended = stream->has_ended || is_end_message(data, length);
            break;
        case CLIENT_WEBSOCKET_OPENED:
            break;
        case CLIENT_WEBSOCKET_ENDED:
        case CLIENT_WEBSOCKET_FAILED:
            stream->is_lost = stream->is_lost || (!stream->has_ended && !stream->websocket.was_closed);
            stream->has_ended = true;
            return PEBBLE_CALL_RUNNING;
        case CLIENT_WEBSOCKET_WAITING:
            return PEBBLE_CALL_RUNNING;
        }
        if (state != PEBBLE_CALL_RUNNING)
            return state;
    }
}

static bool is_late(const struct exec_call *exec) {
    return exec->end_ns != CLIENT_NO_DEADLINE && clock_monotonic_ns() >= exec->end_ns;
}

// The step after an item goes on with its stream. So every stream is read in its turn, and the call waits after all of
// them, even if there is always more.
static enum pebble_call_state read_streams(struct exec_call *exec) {
    exec->output = NULL;
    for (; exec->next_stream < exec->stream_count; exec->next_stream++) {
        if (read_stream(exec, exec->next_stream) == PEBBLE_CALL_ITEM)
            return PEBBLE_CALL_ITEM;
    }
    exec->next_stream = 0;
    return PEBBLE_CALL_RUNNING;
}

static bool has_output_ended(const struct exec_call *exec) {
    bool has_ended = true;
    for (size_t i = STREAM_STDIO; i < exec->stream_count; i++)
        has_ended = has_ended && exec->streams[i].has_ended;
    return has_ended;
}

static enum pebble_call_state run(struct exec_call *exec, struct pebble_error *error) {
    enum pebble_call_state state = read_streams(exec);
    if (state == PEBBLE_CALL_ITEM)
        return state;
    send_end(exec);
    if (has_output_ended(exec))
        state = wait_for_change(exec, error);
    if (state == PEBBLE_CALL_RUNNING && is_late(exec)) {
        client_fail(error, PEBBLE_ERROR_TIMEOUT, "cannot wait for command to finish: timed out");
        return PEBBLE_CALL_FAILED;
    }
    return state;
}

// --- the beginning ---

// A command begins when the streams of its input and output are connected, and one that is short may have ended before
// a control stream comes, which is refused then: that is connected before the others.
static size_t connectable_count(const struct exec_call *exec) {
    bool is_first = exec->streams[STREAM_CONTROL].websocket.state == CLIENT_WEBSOCKET_CONNECTING;
    return is_first ? STREAM_CONTROL + 1 : exec->stream_count;
}

static enum pebble_call_state connect_streams(struct exec_call *exec, struct pebble_error *error) {
    size_t open_count = 0;
    for (size_t i = 0; i < connectable_count(exec); i++) {
        struct client_websocket *websocket = &exec->streams[i].websocket;
        const char *data;
        size_t length;
        if (websocket->state == CLIENT_WEBSOCKET_CONNECTING &&
            client_websocket_step(websocket, &data, &length, error) == CLIENT_WEBSOCKET_FAILED)
            return PEBBLE_CALL_FAILED;
        open_count += websocket->state == CLIENT_WEBSOCKET_OPEN;
    }
    if (open_count < exec->stream_count)
        return PEBBLE_CALL_RUNNING;
    exec->state = EXEC_RUNNING;
    if (exec->timeout_ns > 0 && exec->timeout_ns < INT64_MAX / 2)
        exec->end_ns = clock_deadline_ns(exec->timeout_ns + TIMEOUT_GRACE_NS);
    return run(exec, error);
}

// The first one gets the connection of the request, which is the client's idle one now.
static bool begin_streams(struct exec_call *exec, const char *task_id, struct pebble_error *error) {
    if (!client_check_id("task", task_id, NULL))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot decode response: invalid task ID");
    if (!client_check_id("change", exec->change_id, NULL))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot decode response: invalid change ID");
    if (exec->connect_end_ns == CLIENT_NO_DEADLINE)
        exec->connect_end_ns = clock_monotonic_ns() + CONNECT_MAX_NS;
    for (size_t i = 0; i < exec->stream_count; i++) {
        AUTO_FREE char *target = memory_printf("/v1/tasks/%s/websocket/%s", task_id, stream_names[i]);
        if (!client_websocket_init(&exec->streams[i].websocket, exec->call.client, target, exec->connect_end_ns, error))
            return false;
    }
    exec->state = EXEC_CONNECTING;
    return true;
}

static bool take_response(struct exec_call *exec, struct client_response *response, struct pebble_error *error) {
    if (!client_response_check(response, CLIENT_RESPONSE_ASYNC, "POST", "/v1/exec", error))
        return false;
    const char *task_id = json_string_value(json_member(response->result, "task-id"));
    exec->change_id = response->change_id;
    client_call_set_result(&exec->call, &change_id_result, TAKE(response->change_id));
    client_fetch_finish(&exec->request);
    return begin_streams(exec, task_id != NULL ? task_id : "", error);
}

static enum pebble_call_state request(struct exec_call *exec, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    switch (client_fetch_step(&exec->request, &response, error)) {
    case CLIENT_WAITING:
        return PEBBLE_CALL_RUNNING;
    case CLIENT_FAILED:
        return PEBBLE_CALL_FAILED;
    case CLIENT_DONE:
        break;
    }
    return take_response(exec, &response, error) ? connect_streams(exec, error) : PEBBLE_CALL_FAILED;
}

// --- the call ---

static enum pebble_call_state exec_step(struct pebble_call *call, struct pebble_error *error) {
    struct exec_call *exec = exec_of(call);
    switch (exec->state) {
    case EXEC_REQUESTING:
        return request(exec, error);
    case EXEC_CONNECTING:
        return connect_streams(exec, error);
    case EXEC_RUNNING:
        break;
    }
    return run(exec, error);
}

static bool watch_wait(struct exec_call *exec, struct client_wants *wants, struct error *err) {
    int64_t timeout_ms = pebble_call_timeout_ms(exec->wait);
    if (timeout_ms >= 0)
        client_wants_time(wants, clock_monotonic_ns() + timeout_ms * NS_PER_MS);
    return client_watch_set(&exec->wait_watch, wants->poll_fd, pebble_call_fd(exec->wait), POLLIN, err);
}

// While some streams are being connected, the others are not read: what comes through them waits.
static bool is_watched(const struct exec_call *exec, size_t index) {
    return exec->state != EXEC_CONNECTING ||
           (index < connectable_count(exec) && exec->streams[index].websocket.state == CLIENT_WEBSOCKET_CONNECTING);
}

static bool exec_watch(struct pebble_call *call, struct client_wants *wants, struct error *err) {
    struct exec_call *exec = exec_of(call);
    if (exec->state == EXEC_REQUESTING)
        return client_transfer_watch(&exec->request.transfer, wants, err);
    for (size_t i = 0; i < exec->stream_count; i++) {
        if (is_watched(exec, i) && !client_websocket_watch(&exec->streams[i].websocket, wants, err))
            return false;
    }
    client_wants_time(wants, exec->end_ns);
    return exec->wait == NULL || watch_wait(exec, wants, err);
}

static void exec_finish(struct pebble_call *call) {
    struct exec_call *exec = exec_of(call);
    client_fetch_finish(&exec->request);
    for (size_t i = 0; i < exec->stream_count; i++)
        client_websocket_finish(&exec->streams[i].websocket);
    client_watch_clear(&exec->wait_watch);
    pebble_call_destroy(TAKE(exec->wait));
    exec->output = NULL;
}

static const struct client_call_type exec_call_type = {
    .size = sizeof(struct exec_call), .step = exec_step, .watch = exec_watch, .finish = exec_finish};

bool pebble_call_exec(struct pebble_client *client, const struct pebble_exec_options *options,
                      struct pebble_call **call, struct pebble_error *error) {
    struct pebble_exec_options own;
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!client_exec_read_options(&own, options, error))
        return false;
    client_exec_write_request(&body, &own);
    const struct client_request post = {
        .method = "POST", .target = "/v1/exec", .body = body.data, .body_length = body.length};
    AUTO_CALL struct pebble_call *created = client_call_create(&exec_call_type, client, error);
    if (created == NULL)
        return false;
    struct exec_call *exec = exec_of(created);
    const struct client_transfer_limits limits = client_transfer_limits_of(client);
    exec->stream_count = own.flags & PEBBLE_EXEC_SPLIT_STDERR ? STREAM_COUNT : STREAM_STDERR;
    exec->timeout_ns = own.timeout_ns;
    exec->connect_end_ns = limits.deadline_ns;
    exec->exit_code = -1;
    if (!client_fetch_init(&exec->request, client, &post, &limits, error))
        return false;
    *call = TAKE(created);
    return true;
}

// --- while it runs ---

static const struct exec_call *exec_at(const struct pebble_call *call) {
    return call->type == &exec_call_type ? (const struct exec_call *)(const void *)call : NULL;
}

// NULL if the stream is not open.
static struct client_websocket *open_websocket(struct pebble_call *call, enum stream_index index) {
    if (exec_at(call) == NULL || exec_of(call)->state != EXEC_RUNNING)
        return NULL;
    struct client_websocket *websocket = websocket_at(exec_of(call), index);
    return websocket->state == CLIENT_WEBSOCKET_OPEN ? websocket : NULL;
}

const char *pebble_call_exec_output(const struct pebble_call *call, enum pebble_exec_stream *stream, size_t *length) {
    const struct exec_call *exec = exec_at(call);
    if (exec == NULL || call->state != PEBBLE_CALL_ITEM)
        return NULL;
    *stream = exec->output_stream;
    *length = exec->output_length;
    return exec->output;
}

int pebble_call_exit_code(const struct pebble_call *call) {
    return exec_at(call) != NULL && call->state == PEBBLE_CALL_DONE ? exec_at(call)->exit_code : -1;
}

const char *pebble_call_exec_change_id(const struct pebble_call *call) {
    return exec_at(call) != NULL ? exec_at(call)->change_id : NULL;
}

bool pebble_exec_is_connected(const struct pebble_call *call) {
    const struct exec_call *exec = exec_at(call);
    return exec != NULL && exec->state == EXEC_RUNNING &&
           exec->streams[STREAM_STDIO].websocket.state == CLIENT_WEBSOCKET_OPEN;
}

size_t pebble_exec_input_room(const struct pebble_call *call) {
    const struct exec_call *exec = exec_at(call);
    bool is_open = pebble_exec_is_connected(call) && !exec->has_ended_input;
    return is_open ? client_websocket_room(&exec->streams[STREAM_STDIO].websocket) : 0;
}

// What is queued needs a step, after which the call waits for the socket.
static void note_queue(struct pebble_call *call, const struct client_websocket *websocket) {
    call->is_due = call->is_due || client_websocket_has_queue(websocket);
}

bool pebble_exec_write(struct pebble_call *call, const void *bytes, size_t length, size_t *taken) {
    const struct exec_call *exec = exec_at(call);
    if (exec == NULL || exec->has_ended_input || (exec->state == EXEC_RUNNING && !pebble_exec_is_connected(call)) ||
        pebble_call_poll_events(call) == 0)
        return false;
    size_t room = pebble_exec_input_room(call);
    *taken = length < room ? length : room;
    if (*taken == 0)
        return true;
    struct client_websocket *stdio = open_websocket(call, STREAM_STDIO);
    client_websocket_send(stdio, WEBSOCKET_BINARY, bytes, *taken);
    note_queue(call, stdio);
    return true;
}

bool pebble_exec_end_input(struct pebble_call *call) {
    if (exec_at(call) == NULL || exec_of(call)->has_ended_input || pebble_call_poll_events(call) == 0)
        return false;
    exec_of(call)->has_ended_input = true;
    send_end(exec_of(call));
    call->is_due = true;
    return true;
}

static bool send_control(struct pebble_call *call, const struct buffer *message) {
    struct client_websocket *control = open_websocket(call, STREAM_CONTROL);
    if (control == NULL || client_websocket_room(control) < message->length)
        return false;
    send_text(control, buffer_text(message));
    note_queue(call, control);
    return true;
}

bool pebble_exec_send_signal(struct pebble_call *call, const char *signal) {
    if (signal_by_name(signal) == 0)
        return false;
    AUTO_BUFFER struct buffer message = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&message, "{\"command\":\"signal\",\"signal\":{\"name\":");
    json_add_string(&message, signal, strlen(signal), false);
    buffer_add_string(&message, "}}");
    return send_control(call, &message);
}

bool pebble_exec_resize(struct pebble_call *call, int columns, int rows) {
    AUTO_BUFFER struct buffer message = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_printf(&message, "{\"command\":\"resize\",\"resize\":{\"width\":%d,\"height\":%d}}", columns, rows);
    return columns > 0 && rows > 0 && send_control(call, &message);
}
