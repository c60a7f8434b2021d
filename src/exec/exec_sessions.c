// SPDX-License-Identifier: GPL-3.0-or-later
// Connects sessions, and turns their callbacks into events. Declared in exec/exec_manager.h.
#include "exec/exec_manager.h"

#include "exec/exec_machine_internal.h"

static void on_session_drained(struct websocket *websocket, void *data) {
    struct exec_stream *stream = data;
    struct exec *exec = stream->exec;
    if (stream->is_paused && websocket_is_broken(websocket)) {
        exec_stream_break_off(stream);
    } else if (stream->is_paused) {
        stream->is_paused = false;
        if (exec->job != NULL)
            exec->manager->spec.jobs->resume_output(exec->job, exec_stream_output(stream));
    }
    if (exec->state == EXEC_SENDING && exec_streams_are_sent(exec))
        exec_handle(exec, EVENT_SENT);
}

static void on_input_received(struct websocket *websocket UNUSED, const char *bytes, size_t length, void *data) {
    const struct exec_stream *stream = data;
    exec_input_write(stream->exec, bytes, length);
}

static void on_input_command(struct websocket *websocket UNUSED, const char *text, size_t length, void *data) {
    const struct exec_stream *stream = data;
    exec_input_take_command(stream->exec, text, length);
}

static void on_stdio_ended(struct websocket *websocket UNUSED, enum websocket_end end, void *data) {
    const struct exec_stream *stream = data;
    if (end == WEBSOCKET_END_LOST)
        exec_input_lose(stream->exec);
    else
        exec_input_end(stream->exec);
}

static void on_control_command(struct websocket *websocket UNUSED, const char *text, size_t length, void *data) {
    const struct exec_stream *stream = data;
    exec_control_take_command(stream->exec, text, length);
}

static void on_control_ended(struct websocket *websocket UNUSED, enum websocket_end end, void *data) {
    const struct exec_stream *stream = data;
    if (end == WEBSOCKET_END_LOST)
        exec_handle(stream->exec, EVENT_CONTROL_LOST);
}

// --- connecting ---

static const struct websocket_handlers session_handlers[EXEC_STREAMS] = {
    [EXEC_STDIO] = {.on_binary = on_input_received,
                    .on_text = on_input_command,
                    .on_drained = on_session_drained,
                    .on_ended = on_stdio_ended},
    [EXEC_STDERR] = {.on_drained = on_session_drained},
    [EXEC_CONTROL] = {.on_text = on_control_command, .on_ended = on_control_ended},
};

static bool has_begun(const struct exec *exec) {
    return exec->state >= EXEC_RUNNING && exec->state < EXEC_OVER;
}

void exec_stream_connect(struct exec_stream *stream, struct websocket *websocket) {
    struct exec *exec = stream->exec;
    stream->websocket = websocket;
    stream->state = EXEC_STREAM_CONNECTED;
    if (exec == NULL) { // the command has ended meanwhile
        exec_stream_release(stream, WEBSOCKET_CODE_NORMAL);
        return;
    }
    websocket_set_handlers(websocket, &session_handlers[stream->kind], stream);
    if (has_begun(exec))
        websocket_read_start(websocket);
    else if (exec_streams_are_connected(exec))
        exec_handle(exec, EVENT_CONNECTED);
}

void exec_stream_give_up(struct exec_stream *stream) {
    if (stream->exec != NULL)
        stream->state = EXEC_STREAM_FREE;
    else
        exec_stream_free(stream);
}
