// SPDX-License-Identifier: LGPL-3.0-or-later
// The blocking form of pebble_call_exec(): moves bytes between the call and descriptors, functions and memory. Declared
// in pebble.h.
#include "client/exec_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/call_internal.h"
#include "client/errors.h"
#include "client/exec_result_internal.h"
#include "client/options_internal.h"
#include "client/sink_internal.h"

#define READ_BYTES ((size_t)65536)
#define LINE_MAX_BYTES ((size_t)4096) // of a line in a message, which quotes less

// --- output ---

struct exec_run {
    struct pebble_call *call;
    struct pebble_exec_io io;
    struct client_sink output;
    struct client_sink error_output;
    char *piece;       // of input_fd or on_read_input
    const char *input; // not written yet
    size_t input_length;
    bool has_read_all; // there is no more input to get
};

static bool write_output(struct exec_run *run, struct pebble_error *error) {
    enum pebble_exec_stream stream;
    size_t length;
    const char *bytes = pebble_call_exec_output(run->call, &stream, &length);
    struct client_sink *sink = stream == PEBBLE_EXEC_STDERR ? &run->error_output : &run->output;
    while (length > 0) {
        struct pollfd room = {.fd = sink->descriptor.fd, .events = POLLOUT};
        size_t written = 0;
        enum client_progress progress = client_sink_write(sink, bytes, length, &written, error);
        if (progress == CLIENT_FAILED ||
            (progress == CLIENT_WAITING && !client_wait(run->call->client, NULL, &room, error)))
            return false;
        bytes += written;
        length -= written;
    }
    return true;
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
    if (!run->io.on_read_input(run->piece, READ_BYTES, &length, run->io.data) || length > READ_BYTES)
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
    if (run->input_length == 0 && run->io.on_read_input != NULL && !run->has_read_all && !read_function(run, error))
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

// Whether there is input to write that needs not be waited for.
static bool has_input(const struct exec_run *run) {
    bool has_more = run->input_length > 0 || (run->io.on_read_input != NULL && !run->has_read_all);
    return has_more && pebble_exec_input_room(run->call) > 0;
}

static bool wait_and_write(struct exec_run *run, struct pebble_error *error) {
    struct pollfd input = {.fd = -1, .events = POLLIN};
    if (!write_input(run, error))
        return false;
    if (has_input(run))
        run->call->is_due = true; // only the interrupt descriptor is looked at
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

static bool check_io(const struct pebble_exec_io *io, uint64_t flags, struct pebble_error *error) {
    int input_count = (io->input != NULL) + (io->input_fd != NULL) + (io->on_read_input != NULL);
    bool has_error_target = io->error_fd != NULL || io->on_write_error != NULL;
    if (input_count > 1 || (io->output_fd != NULL && io->on_write_output != NULL) ||
        (io->error_fd != NULL && io->on_write_error != NULL))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: two ways for one stream");
    if (io->input == NULL && io->input_length > 0)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: a length without bytes");
    if (has_error_target && (flags & PEBBLE_EXEC_SPLIT_STDERR) == 0)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: standard error is not split");
    return client_options_check_fd(io->input_fd, error) && client_options_check_fd(io->output_fd, error) &&
           client_options_check_fd(io->error_fd, error);
}

static void begin_input(struct exec_run *run) {
    run->input = run->io.input;
    run->input_length = run->io.input_length;
    run->has_read_all = run->io.input_fd == NULL && run->io.on_read_input == NULL;
    if (!run->has_read_all)
        run->piece = memory_new(READ_BYTES);
    else if (run->input_length == 0)
        (void)pebble_exec_end_input(run->call);
}

static struct pebble_exec_result *make_result(struct exec_run *run) {
    return client_exec_result_create(pebble_call_exit_code(run->call), &run->output.kept, &run->error_output.kept);
}

static bool run_with_io(struct exec_run *run, struct pebble_exec_result **result, struct pebble_error *error) {
    const struct pebble_exec_io *io = &run->io;
    const struct client_target output = {
        .fd = io->output_fd, .on_write = io->on_write_output, .data = io->data, .limit_bytes = io->limit_bytes};
    const struct client_target error_output = {
        .fd = io->error_fd, .on_write = io->on_write_error, .data = io->data, .limit_bytes = io->limit_bytes};
    client_sink_init(&run->output, &output);
    client_sink_init(&run->error_output, &error_output);
    begin_input(run);
    bool is_done = run_call(run, error);
    if (is_done && result != NULL)
        *result = make_result(run);
    client_sink_finish(&run->output);
    client_sink_finish(&run->error_output);
    free(run->piece);
    return is_done;
}

bool pebble_exec(struct pebble_client *client, const struct pebble_exec_options *options,
                 const struct pebble_exec_io *io, struct pebble_exec_result **result, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    struct pebble_exec_options own;
    struct exec_run run = {0};
    if (!client_exec_read_options(&own, options, error) || !client_options_read(&run.io, sizeof run.io, io, error) ||
        !check_io(&run.io, own.flags, error) || !pebble_call_exec(client, options, &call, error))
        return false;
    run.call = call;
    return run_with_io(&run, result, error);
}

// --- the function that checks the exit code ---

// The last line that is not empty, without its end.
static const char *last_line(const char *text, size_t text_length, size_t *length) {
    const char *end = text + text_length;
    while (end > text && strchr("\r\n", end[-1]) != NULL)
        end--;
    const char *start = end;
    while (start > text && strchr("\r\n", start[-1]) == NULL)
        start--;
    *length = (size_t)(end - start);
    return start;
}

static bool fail_exit_code(struct pebble_exec_result *result, const char *program, struct pebble_error *error) {
    size_t output_length;
    size_t length;
    const char *output = pebble_exec_result_error_output(result, &output_length);
    if (output_length == 0)
        output = pebble_exec_result_output(result, &output_length);
    const char *line = last_line(output, output_length, &length);
    AUTO_FREE char *quoted = client_quoted(program);
    AUTO_FREE char *words = memory_string_n(line, length < LINE_MAX_BYTES ? length : LINE_MAX_BYTES);
    AUTO_FREE char *reason = client_quoted(words);
    client_fail(error, PEBBLE_ERROR_EXEC, "command %s failed with exit code %d%s%s", quoted,
                pebble_exec_result_exit_code(result), length > 0 ? ": " : "", length > 0 ? reason : "");
    if (error != NULL)
        error->exec_result = result;
    else
        pebble_exec_result_destroy(result);
    return false;
}

bool pebble_exec_check(struct pebble_client *client, const struct pebble_exec_options *options,
                       const struct pebble_exec_io *io, struct pebble_exec_result **result,
                       struct pebble_error *error) {
    struct pebble_exec_result *ended = NULL;
    if (!pebble_exec(client, options, io, &ended, error))
        return false;
    if (pebble_exec_result_exit_code(ended) != 0)
        return fail_exit_code(ended, options->words[0], error);
    if (result != NULL)
        *result = ended;
    else
        pebble_exec_result_destroy(ended);
    return true;
}
