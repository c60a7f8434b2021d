// SPDX-License-Identifier: GPL-3.0-or-later
// The standard input of a command: a pipe, or its terminal if it is interactive. Declared in exec/exec_internal.h.
#include "exec/exec_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "data/json.h"

#define LOSS_WAIT_NS (100 * NS_PER_MS)

static const char END_OF_INPUT[] = "\x04"; // Ctrl-D

// Reading from the session goes on, also when nothing is written any more, to notice its end.
static void resume_session(struct exec *exec) {
    const struct exec_stream *stdio = exec->streams[EXEC_STDIO];
    if (stdio != NULL && stdio->websocket != NULL)
        websocket_read_start(stdio->websocket);
}

static void on_input_drained(struct stream *stream, void *data) {
    struct exec *exec = data;
    if (exec->has_input_ended && !exec->options.is_interactive && stream_queued_bytes(stream) == 0)
        exec_input_close(exec);
    else
        resume_session(exec);
}

// The command has closed its input.
static void on_input_failed(struct stream *stream UNUSED, const struct error *err UNUSED, void *data) {
    exec_input_close(data);
}

void exec_input_open(struct exec *exec) {
    static const struct stream_handlers handlers = {.on_drained = on_input_drained, .on_failed = on_input_failed};
    int fd = exec->manager->spec.jobs->take_input(exec->job);
    if (fd < 0)
        return;
    exec->input = stream_create(exec->manager->spec.loop, fd, STREAM_FILE);
    stream_set_handlers(exec->input, &handlers, exec);
}

static void write_bytes(const struct exec *exec, const char *bytes, size_t length) {
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    stream_write(exec->input, &piece, 1);
}

void exec_input_write(struct exec *exec, const char *bytes, size_t length) {
    if (exec->input == NULL || exec->has_input_ended)
        return;
    write_bytes(exec, bytes, length);
    if (stream_is_full(exec->input))
        websocket_read_stop(exec->streams[EXEC_STDIO]->websocket);
}

void exec_input_end(struct exec *exec) {
    if (exec->input == NULL || exec->has_input_ended)
        return;
    exec->has_input_ended = true;
    if (exec->options.is_interactive)
        write_bytes(exec, END_OF_INPUT, 1);
    else if (stream_queued_bytes(exec->input) == 0)
        exec_input_close(exec);
}

static void on_loss_due(void *data) {
    exec_input_end(data);
}

void exec_input_lose(struct exec *exec) {
    if (exec->input == NULL || exec->has_input_ended)
        return;
    if (exec->options.is_interactive) {
        exec_input_end(exec);
        return;
    }
    exec->lost_input = timer_create_in(exec->manager->spec.loop, on_loss_due, exec);
    timer_start(exec->lost_input, LOSS_WAIT_NS);
}

void exec_input_close(struct exec *exec) {
    timer_destroy(TAKE(exec->lost_input));
    if (exec->input == NULL)
        return;
    exec->has_input_ended = true;
    stream_destroy(TAKE(exec->input));
    resume_session(exec);
}

static bool read_command(const char *text, size_t length, json_t **value, const char **command, struct error *err) {
    return json_read_whole(text, length, value, err) && json_is_object_or_null(*value, "ioCommand", err) &&
           json_get_text(*value, "ioCommand", "command", command, err);
}

void exec_input_take_command(struct exec *exec, const char *text, size_t length) {
    if (exec->has_input_ended)
        return;
    AUTO_JSON json_t *value = NULL;
    AUTO_ERROR struct error err = {0};
    const char *command = "";
    if (!read_command(text, length, &value, &command, &err)) {
        log_notice("Cannot decode I/O command: %s", error_text(&err));
    } else if (text_equal(command, "end")) {
        exec_input_end(exec);
    } else {
        AUTO_FREE char *quoted = text_quoted(command);
        log_notice("Invalid I/O command %s", quoted);
    }
}
