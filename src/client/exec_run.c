// SPDX-License-Identifier: LGPL-3.0-or-later
// The blocking form of pebble_call_exec(): moves bytes between the call and descriptors, functions and memory. Declared
// in pebble.h.
#include "client/exec_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/nonblocking.h"
#include "client/blocking_internal.h"
#include "client/call_internal.h"
#include "client/errors_internal.h"
#include "client/options_internal.h"

#define READ_BYTES ((size_t)65536)
#define MEMORY_LIMIT_BYTES ((size_t)67108864)

struct pebble_exec_result {
    int exit_code;
    struct buffer output;
    struct buffer error_output;
};

int pebble_exec_result_exit_code(const struct pebble_exec_result *result) {
    return result->exit_code;
}

static const char *text_of(const struct buffer *buffer, size_t *length) {
    if (length != NULL)
        *length = buffer->length;
    return buffer_text(buffer);
}

const char *pebble_exec_result_output(const struct pebble_exec_result *result, size_t *length) {
    return text_of(&result->output, length);
}

const char *pebble_exec_result_error_output(const struct pebble_exec_result *result, size_t *length) {
    return text_of(&result->error_output, length);
}

void pebble_exec_result_destroy(struct pebble_exec_result *result) {
    if (result == NULL)
        return;
    buffer_finish(&result->output);
    buffer_finish(&result->error_output);
    free(result);
}

// --- output ---

struct exec_sink {
    pebble_write_fn write;
    struct nonblocking_output descriptor; // fd -1: none
    struct buffer *memory;
};

struct exec_run {
    struct pebble_call *call;
    struct pebble_exec_io io;
    struct exec_sink sinks[2]; // standard output, standard error
    char *piece;               // of input_fd or read_input
    const char *input;         // not written yet
    size_t input_length;
    bool has_read_all; // there is no more input to get
};

static bool write_descriptor(struct exec_run *run, const struct nonblocking_output *output, const char *bytes,
                             size_t length, struct pebble_error *error) {
    while (length > 0) {
        struct pollfd room = {.fd = output->fd, .events = POLLOUT};
        ssize_t count = nonblocking_write_quietly(output, bytes, length);
        if (count < 0 && errno != EAGAIN)
            return client_fail(error, PEBBLE_ERROR_FILE, "cannot write output: %s", error_errno_text(errno));
        if (count < 0 && !client_wait(run->call->client, NULL, &room, error))
            return false;
        bytes += count > 0 ? count : 0;
        length -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

static bool write_output(struct exec_run *run, struct pebble_error *error) {
    enum pebble_exec_stream stream;
    size_t length;
    const char *bytes = pebble_call_exec_output(run->call, &stream, &length);
    const struct exec_sink *sink = &run->sinks[stream == PEBBLE_EXEC_STDERR ? 1 : 0];
    if (sink->write != NULL)
        return sink->write(bytes, length, run->io.data) || client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
    if (sink->descriptor.fd >= 0)
        return write_descriptor(run, &sink->descriptor, bytes, length, error);
    buffer_add(sink->memory, bytes, length);
    return buffer_is_whole(sink->memory) ||
           client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot keep output of command: too large");
}

// --- input ---

// Whether input is to be read from the descriptor now.
static bool wants_descriptor(const struct exec_run *run) {
    return run->io.input_fd != NULL && !run->has_read_all && run->input_length == 0 &&
           pebble_exec_input_room(run->call) > 0;
}

static bool read_descriptor(struct exec_run *run, struct pebble_error *error) {
    ssize_t count = read(*run->io.input_fd, run->piece, READ_BYTES);
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (count < 0)
        return client_fail(error, PEBBLE_ERROR_FILE, "cannot read input: %s", error_errno_text(errno));
    run->input = run->piece;
    run->input_length = (size_t)count;
    run->has_read_all = count == 0;
    return true;
}

static bool read_function(struct exec_run *run, struct pebble_error *error) {
    size_t length = 0;
    if (!run->io.read_input(run->piece, READ_BYTES, &length, run->io.data) || length > READ_BYTES)
        return client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
    run->input = run->piece;
    run->input_length = length;
    run->has_read_all = length == 0;
    return true;
}

// Writes what there is, and gets more of it from the function.
static bool write_input(struct exec_run *run, struct pebble_error *error) {
    size_t taken = 0;
    if (pebble_exec_input_room(run->call) == 0)
        return true;
    if (run->input_length == 0 && run->io.read_input != NULL && !run->has_read_all && !read_function(run, error))
        return false;
    // A failure is a lost connection, which a step reports.
    if (run->input_length > 0 && pebble_exec_write(run->call, run->input, run->input_length, &taken)) {
        run->input += taken;
        run->input_length -= taken;
    }
    if (run->has_read_all && run->input_length == 0)
        (void)pebble_exec_end_input(run->call);
    return true;
}

// --- both ---

// There is input to write that needs not be waited for.
static bool has_input(const struct exec_run *run) {
    bool has_more = run->input_length > 0 || (run->io.read_input != NULL && !run->has_read_all);
    return has_more && pebble_exec_input_room(run->call) > 0;
}

static bool wait_and_write(struct exec_run *run, struct pebble_error *error) {
    struct pollfd input = {.fd = -1, .events = POLLIN};
    if (!write_input(run, error))
        return false;
    if (has_input(run))
        return true;
    if (wants_descriptor(run))
        input.fd = *run->io.input_fd;
    if (!client_wait(run->call->client, run->call, &input, error))
        return false;
    return input.revents == 0 || (read_descriptor(run, error) && write_input(run, error));
}

static bool run_call(struct exec_run *run, struct pebble_error *error) {
    for (;;) {
        switch (pebble_call_step(run->call)) {
        case PEBBLE_CALL_RUNNING:
            if (!wait_and_write(run, error))
                return false;
            break;
        case PEBBLE_CALL_ITEM:
            if (!write_output(run, error))
                return false;
            break;
        case PEBBLE_CALL_DONE:
            return true;
        case PEBBLE_CALL_FAILED:
            return client_fail_move(error, &run->call->error);
        }
    }
}

// --- the function ---

static bool read_io(struct pebble_exec_io *own, const struct pebble_exec_io *io, struct pebble_error *error) {
    if (!client_options_read(own, sizeof *own, io, error))
        return false;
    int input_count = (own->input_length > 0) + (own->input_fd != NULL) + (own->read_input != NULL);
    if (input_count > 1 || (own->output_fd != NULL && own->write_output != NULL) ||
        (own->error_fd != NULL && own->write_error != NULL))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: two ways for one stream");
    if (own->memory_limit == 0)
        own->memory_limit = MEMORY_LIMIT_BYTES;
    return true;
}

static void sink_init(struct exec_sink *sink, const int *fd, pebble_write_fn write, struct buffer *memory) {
    *sink = (struct exec_sink){.write = write, .descriptor = {.fd = -1}, .memory = memory};
    if (fd != NULL)
        nonblocking_output_init(&sink->descriptor, *fd);
}

static bool run_with_io(struct exec_run *run, struct pebble_exec_result *result, struct pebble_error *error) {
    const struct pebble_exec_io *io = &run->io;
    buffer_init(&result->output, io->memory_limit);
    buffer_init(&result->error_output, io->memory_limit);
    sink_init(&run->sinks[0], io->output_fd, io->write_output, &result->output);
    sink_init(&run->sinks[1], io->error_fd, io->write_error, &result->error_output);
    run->input = io->input;
    run->input_length = io->input_length;
    run->has_read_all = io->input_fd == NULL && io->read_input == NULL;
    if (!run->has_read_all)
        run->piece = memory_new(READ_BYTES);
    if (run->has_read_all && run->input_length == 0)
        (void)pebble_exec_end_input(run->call);
    bool is_done = run_call(run, error);
    result->exit_code = pebble_call_exit_code(run->call);
    nonblocking_output_finish(&run->sinks[0].descriptor);
    nonblocking_output_finish(&run->sinks[1].descriptor);
    free(run->piece);
    return is_done;
}

bool pebble_exec(struct pebble_client *client, const struct pebble_exec_options *options,
                 const struct pebble_exec_io *io, struct pebble_exec_result **result, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    struct exec_run run = {0};
    if (!read_io(&run.io, io, error) || !pebble_call_exec(client, options, &call, error))
        return false;
    struct pebble_exec_result *made = memory_new(sizeof *made);
    run.call = call;
    bool is_done = run_with_io(&run, made, error);
    if (is_done && result != NULL)
        *result = TAKE(made);
    pebble_exec_result_destroy(made);
    return is_done;
}
