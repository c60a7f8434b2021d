// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/job_output_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define BLOCK_BYTES ((size_t)65536)
// A pipe that filled a whole block is enlarged to this size: fewer turns, and the writer blocks less.
#define FLOODED_PIPE_BYTES 262144
// More than a pipe holds at its end, unless a process still writes.
#define REST_BYTES ((size_t)1048576)

struct job_output {
    uv_poll_t poll;
    struct loop *loop;
    struct deferred next_read; // while finishing, instead of poll: a silent writer causes no event
    int fd;
    struct job_sink sink;
    bool is_paused, is_finishing, has_large_pipe;
    size_t rest_bytes; // limit while finishing
    job_output_ended_fn on_ended;
    void *data;
};

enum read_result { READ_MORE, READ_EMPTY, READ_END };
// A short read ends the turn while the program runs: another would return a few bytes from a writer that is writing.
enum read_extent { READ_TO_SHORT, READ_TO_END };

static void enlarge_pipe(struct job_output *output) {
    if (output->has_large_pipe)
        return;
    // Fails for a terminal, and beyond the user's limits of pipe(7); neither is an error.
    output->has_large_pipe = true;
    (void)fcntl(output->fd, F_SETPIPE_SZ, FLOODED_PIPE_BYTES);
}

static size_t turn_bytes(const struct job_output *output) {
    size_t bytes = output->sink.turn_bytes != NULL ? output->sink.turn_bytes(output->sink.data) : JOB_TURN_BYTES;
    return output->is_finishing && output->rest_bytes < bytes ? output->rest_bytes : bytes;
}

// The master of a terminal reports EIO when the last slave is closed.
static enum read_result read_block(struct job_output *output, char *block, size_t block_bytes, size_t *length) {
    ssize_t got;
    do {
        got = read(output->fd, block, block_bytes);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got < 0 && errno == EAGAIN ? READ_EMPTY : READ_END;
    *length = (size_t)got;
    if (*length == BLOCK_BYTES)
        enlarge_pipe(output);
    return READ_MORE;
}

static enum read_result read_turn(struct job_output *output, enum read_extent extent) {
    char block[BLOCK_BYTES];
    size_t limit = turn_bytes(output), total = 0, length = 0, wanted = 0;
    while (total < limit && !output->is_paused && (length == wanted || extent == READ_TO_END)) {
        wanted = limit - total < sizeof block ? limit - total : sizeof block;
        enum read_result result = read_block(output, block, wanted, &length);
        if (result != READ_MORE)
            return result;
        if (output->sink.write != NULL)
            output->sink.write(output->sink.data, block, length);
        total += length;
    }
    if (output->is_finishing)
        output->rest_bytes -= total;
    return output->is_finishing && output->rest_bytes == 0 ? READ_END : READ_MORE;
}

static void stop(struct job_output *output) {
    loop_defer_cancel(output->loop, &output->next_read);
    if (output->fd >= 0) {
        loop_poll_stop(&output->poll);
        file_close_at(&output->fd);
    }
}

static void on_next_read(struct deferred *deferred) {
    job_output_read(CONTAINER_OF(deferred, struct job_output, next_read));
}

static void read_output(struct job_output *output, enum read_extent extent) {
    if (output->is_paused || output->fd < 0)
        return;
    enum read_result result = read_turn(output, extent);
    if (result == READ_END || (result == READ_EMPTY && output->is_finishing)) {
        stop(output);
        output->on_ended(output, output->data);
    } else if (output->is_finishing) {
        loop_defer(output->loop, &output->next_read, on_next_read);
    }
}

void job_output_read(struct job_output *output) {
    read_output(output, READ_TO_END);
}

static void on_poll_readable(uv_poll_t *poll, int status UNUSED, int events UNUSED) {
    struct job_output *output = CONTAINER_OF(poll, struct job_output, poll);
    read_output(output, READ_TO_SHORT);
}

bool job_output_create(struct loop *loop, int fd, const struct job_sink *sink, job_output_ended_fn on_ended, void *data,
                       struct job_output **out, struct error *err) {
    struct job_output *output = memory_new(sizeof *output);
    int status = uv_poll_init(loop_uv(loop), &output->poll, fd);
    if (status != 0) {
        free(output);
        return error_set_errno(err, -status, "cannot watch output");
    }
    output->loop = loop;
    output->fd = fd;
    output->sink = *sink;
    output->is_paused = true;
    output->on_ended = on_ended;
    output->data = data;
    *out = output;
    return true;
}

static void job_output_free(uv_handle_t *poll) {
    free(CONTAINER_OF(poll, struct job_output, poll));
}

void job_output_destroy(struct job_output *output) {
    if (output == NULL)
        return;
    stop(output);
    loop_poll_close(&output->poll, job_output_free);
}

int job_output_fd(const struct job_output *output) {
    return output->fd;
}

void job_output_pause(struct job_output *output) {
    output->is_paused = true;
    if (output->fd >= 0)
        loop_poll_stop(&output->poll);
}

void job_output_resume(struct job_output *output) {
    if (!output->is_paused || output->fd < 0)
        return;
    output->is_paused = false;
    if (output->is_finishing)
        loop_defer(output->loop, &output->next_read, on_next_read);
    else
        loop_poll_start(&output->poll, UV_READABLE, on_poll_readable);
}

void job_output_drop(struct job_output *output) {
    output->sink = (struct job_sink){0};
    job_output_resume(output);
}

void job_output_finish(struct job_output *output) {
    if (output->fd >= 0)
        loop_poll_stop(&output->poll);
    output->is_finishing = true;
    output->rest_bytes = REST_BYTES;
    job_output_read(output);
}
