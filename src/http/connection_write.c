// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define PIECES_MAX 4

struct write_job {
    uv_write_t write;
    struct connection *connection;
    size_t length;
    char data[];
};

static void on_written(uv_write_t *write, int status) {
    struct write_job *job = CONTAINER_OF(write, struct write_job, write);
    struct connection *connection = job->connection;
    connection->pending_bytes -= job->length;
    free(job);
    if (connection->is_closing)
        return;
    if (status != 0) {
        connection_close(connection);
        return;
    }
    connection_update(connection);
    struct http_request *request = connection->request;
    if (request != NULL && request->is_streaming && connection->pending_bytes < HTTP_STREAM_HIGH_BYTES)
        request_drained(request);
}

static size_t total_length(const struct iovec *pieces, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += pieces[i].iov_len;
    return total;
}

// A copy of the pieces without their first `written` bytes; NULL if there is no memory.
static struct write_job *copy_rest(const struct iovec *pieces, size_t count, size_t written) {
    struct write_job *job = memory_try(sizeof *job + total_length(pieces, count) - written);
    if (job == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t skip = written < pieces[i].iov_len ? written : pieces[i].iov_len;
        size_t length = pieces[i].iov_len - skip;
        if (length > 0)
            memcpy(job->data + job->length, (const char *)pieces[i].iov_base + skip, length);
        job->length += length;
        written -= skip;
    }
    return job;
}

static void queue_rest(struct connection *connection, const struct iovec *pieces, size_t count, size_t written) {
    struct write_job *job = copy_rest(pieces, count, written);
    if (job == NULL) {
        connection_close(connection);
        return;
    }
    job->connection = connection;
    connection->pending_bytes += job->length;
    uv_buf_t buffer = {.base = job->data, .len = job->length};
    if (uv_write(&job->write, &connection->handle.stream, &buffer, 1, on_written) != 0) {
        connection->pending_bytes -= job->length;
        free(job);
        connection_close(connection);
    }
}

// Returns how many bytes went out, or -1 if the connection is broken.
static ssize_t write_now(struct connection *connection, const struct iovec *pieces, size_t count) {
    uv_buf_t buffers[PIECES_MAX];
    size_t used = 0;
    for (; used < count && used < PIECES_MAX; used++)
        buffers[used] = (uv_buf_t){.base = pieces[used].iov_base, .len = pieces[used].iov_len};
    int result = uv_try_write(&connection->handle.stream, buffers, (unsigned)used);
    return result == UV_EAGAIN ? 0 : result < 0 ? -1 : result;
}

void connection_write(struct connection *connection, const struct iovec *pieces, size_t count) {
    if (connection->is_closing)
        return;
    ssize_t written = connection->pending_bytes == 0 ? write_now(connection, pieces, count) : 0;
    if (written < 0)
        connection_close(connection);
    else if ((size_t)written < total_length(pieces, count))
        queue_rest(connection, pieces, count, (size_t)written);
}
