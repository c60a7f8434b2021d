// SPDX-License-Identifier: GPL-3.0-or-later
// The streams of a command, and its output. Declared in exec/exec_internal.h.
#include "exec/exec_internal.h"

#include <stdlib.h>

#include "base/memory.h"

static const char END_COMMAND[] = "{\"command\":\"end\"}";

// --- creating and releasing ---

void exec_stream_free(struct exec_stream *stream) {
    struct exec_manager *manager = stream->manager;
    loop_defer_cancel(manager->spec.loop, &stream->break_off);
    list_remove(&stream->link);
    websocket_destroy(stream->websocket);
    if (manager->spec.descriptors != NULL)
        descriptor_budget_give_back(manager->spec.descriptors, DESCRIPTORS_PROCESSES, 1);
    free(stream);
}

static size_t count_streams(const struct exec_options *options) {
    return options->splits_errors ? EXEC_STREAMS : EXEC_STREAMS - 1;
}

bool exec_streams_take_descriptors(const struct exec_manager *manager, const struct exec_options *options,
                                   struct error *err) {
    struct descriptor_budget *budget = manager->spec.descriptors;
    return budget == NULL || descriptor_budget_take(budget, DESCRIPTORS_PROCESSES, count_streams(options), err);
}

void exec_streams_create(struct exec *exec) {
    for (enum exec_stream_kind kind = 0; kind < EXEC_STREAMS; kind++) {
        if (kind == EXEC_STDERR && !exec->options.splits_errors)
            continue;
        struct exec_stream *stream = memory_new(sizeof *stream);
        stream->manager = exec->manager;
        stream->exec = exec;
        stream->kind = kind;
        list_init(&stream->link);
        exec->streams[kind] = stream;
    }
}

static void on_session_closed(struct websocket *websocket UNUSED, void *data) {
    exec_stream_free(data);
}

void exec_stream_release(struct exec_stream *stream, unsigned close_code) {
    static const struct websocket_handlers closing = {.on_closed = on_session_closed};
    struct exec_manager *manager = stream->manager;
    stream->exec = NULL;
    loop_defer_cancel(manager->spec.loop, &stream->break_off);
    if (stream->state == EXEC_STREAM_CONNECTED) {
        stream->state = EXEC_STREAM_CLOSING;
        list_add(&manager->closing, &stream->link);
        websocket_set_handlers(stream->websocket, &closing, stream);
        websocket_close(stream->websocket, close_code);
    } else if (stream->state == EXEC_STREAM_FREE) {
        exec_stream_free(stream);
    } // else it is freed when the handshake is over
}

void exec_streams_release(struct exec_stream *streams[EXEC_STREAMS], unsigned close_code) {
    for (size_t i = 0; i < EXEC_STREAMS; i++) {
        if (streams[i] != NULL)
            exec_stream_release(TAKE(streams[i]), close_code);
    }
}

void exec_streams_destroy_closing(struct exec_manager *manager) {
    struct exec_stream *stream;
    LIST_FOR_EACH (stream, &manager->closing, link)
        exec_stream_free(stream);
}

// --- output ---

enum job_stream exec_stream_output(const struct exec_stream *stream) {
    return stream->kind == EXEC_STDERR ? JOB_ERRORS : JOB_OUTPUT;
}

void exec_stream_break_off(struct exec_stream *stream) {
    struct exec *exec = stream->exec;
    stream->is_paused = false;
    if (exec->job == NULL)
        return;
    exec->manager->spec.jobs->close_output(exec->job, exec_stream_output(stream));
    if (stream->kind == EXEC_STDIO && exec->options.is_interactive)
        exec_input_close(exec); // it holds the terminal open
}

static void on_break_off_due(struct deferred *deferred) {
    exec_stream_break_off(CONTAINER_OF(deferred, struct exec_stream, break_off));
}

static void write_output(void *data, const char *bytes, size_t length) {
    struct exec_stream *stream = data;
    const struct exec_manager_spec *manager = &stream->manager->spec;
    websocket_send(stream->websocket, WEBSOCKET_BINARY, bytes, length);
    bool is_broken = websocket_is_broken(stream->websocket);
    if (is_broken)
        loop_defer(manager->loop, &stream->break_off, on_break_off_due);
    if (is_broken || websocket_is_full(stream->websocket)) {
        stream->is_paused = true;
        manager->jobs->pause_output(stream->exec->job, exec_stream_output(stream));
    }
}

struct job_sink exec_stream_sink(struct exec *exec, enum exec_stream_kind kind) {
    struct exec_stream *stream = exec->streams[kind];
    return (struct job_sink){.write = stream != NULL ? write_output : NULL, .data = stream};
}

static const enum exec_stream_kind output_kinds[] = {EXEC_STDIO, EXEC_STDERR};

static struct websocket *output_session(const struct exec *exec, size_t index) {
    const struct exec_stream *stream = exec->streams[output_kinds[index]];
    return stream != NULL ? stream->websocket : NULL;
}

void exec_streams_begin(struct exec *exec) {
    for (size_t i = 0; i < EXEC_STREAMS; i++) {
        const struct exec_stream *stream = exec->streams[i];
        if (stream != NULL && stream->websocket != NULL)
            websocket_read_start(stream->websocket);
    }
}

bool exec_streams_are_connected(const struct exec *exec) {
    for (size_t i = 0; i < ARRAY_COUNT(output_kinds); i++) {
        if (exec->streams[output_kinds[i]] != NULL && output_session(exec, i) == NULL)
            return false;
    }
    return true;
}

void exec_streams_send_end(struct exec *exec) {
    for (size_t i = 0; i < ARRAY_COUNT(output_kinds); i++) {
        struct websocket *websocket = output_session(exec, i);
        if (websocket != NULL)
            websocket_send(websocket, WEBSOCKET_TEXT, END_COMMAND, sizeof END_COMMAND - 1);
    }
}

bool exec_streams_are_sent(const struct exec *exec) {
    for (size_t i = 0; i < ARRAY_COUNT(output_kinds); i++) {
        const struct websocket *websocket = output_session(exec, i);
        if (websocket != NULL && websocket_queued_bytes(websocket) > 0)
            return false;
    }
    return true;
}
