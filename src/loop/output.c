// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/output.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/nonblocking.h"

struct output {
    struct loop *loop;
    struct nonblocking_output writer;
    uv_poll_t room;     // watches `epoll_fd`, if that is not -1
    int epoll_fd;       // contains its `fd`: libuv would set O_NONBLOCK on a descriptor that it watches
    bool is_waiting;    // for `room`
    struct buffer kept; // kept lines; the first `written` bytes have been written
    size_t written;
    size_t limit_bytes;
    size_t lost_lines;
    struct buffer batch; // to be written by `turn`
    struct deferred turn;
};

#define BATCH_BYTES_MAX ((size_t)8192)

struct output *output_create(struct loop *loop, int fd, size_t limit_bytes) {
    struct output *output = memory_new(sizeof *output);
    output->loop = loop;
    output->epoll_fd = -1;
    output->limit_bytes = limit_bytes;
    buffer_init(&output->kept, BUFFER_NO_LIMIT);
    buffer_init(&output->batch, BUFFER_NO_LIMIT);
    nonblocking_output_init(&output->writer, fd);
    return output;
}

// Writes as many bytes as possible and sets *written to their number. False if the rest can never be written.
static bool write_some(const struct output *output, const char *data, size_t length, size_t *written) {
    size_t done = 0;
    bool is_alive = true;
    while (done < length) {
        ssize_t got = nonblocking_write(&output->writer, data + done, length - done);
        if (got > 0) {
            done += (size_t)got;
        } else {
            is_alive = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS);
            break;
        }
    }
    *written = done;
    return is_alive;
}

static void count_lost(struct output *output, const char *data, size_t length) {
    size_t lines = 0;
    for (size_t i = 0; i < length; i++)
        lines += data[i] == '\n';
    output->lost_lines += lines > 0 ? lines : 1;
}

static size_t kept_length(const struct output *output) {
    return output->kept.length - output->written;
}

static void drop_kept(struct output *output) {
    if (kept_length(output) > 0)
        count_lost(output, output->kept.data + output->written, kept_length(output));
    buffer_clear(&output->kept);
    output->written = 0;
}

static size_t format_notice(const struct output *output, char text[64]) {
    return (size_t)snprintf(text, 64, "(%zu %s lost: output was not read)\n", output->lost_lines,
                            output->lost_lines == 1 ? "line" : "lines");
}

// Call while nothing is kept. The count is reset when the report has been written or kept.
static void report_lost(struct output *output) {
    char text[64];
    size_t length = format_notice(output, text);
    size_t written;
    bool is_alive = write_some(output, text, length, &written);
    if (!is_alive && written == 0)
        return;
    output->lost_lines = 0;
    if (is_alive)
        buffer_add(&output->kept, text + written, length - written);
}

static void drain(struct output *output) {
    if (kept_length(output) > 0) {
        size_t written;
        bool is_alive = write_some(output, output->kept.data + output->written, kept_length(output), &written);
        output->written += written;
        if (!is_alive)
            drop_kept(output);
        if (kept_length(output) > 0)
            return;
    }
    buffer_finish(&output->kept); // freed, because stalls are rare and the buffer may be large
    output->written = 0;
    if (output->lost_lines > 0)
        report_lost(output);
}

static void wait_for_room(struct output *output);

static void on_output_writable(uv_poll_t *room, int status UNUSED, int events UNUSED) {
    struct output *output = room->data;
    drain(output);
    wait_for_room(output);
}

static bool open_watch(struct output *output) {
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        return false;
    struct epoll_event writable = {.events = EPOLLOUT};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, output->writer.fd, &writable) != 0 ||
        uv_poll_init(loop_uv(output->loop), &output->room, epoll_fd) != 0) {
        close(epoll_fd);
        return false;
    }
    output->room.data = output;
    output->epoll_fd = epoll_fd;
    return true;
}

// Starts or stops watching. If the descriptor cannot be watched, each new line tries to write.
static void wait_for_room(struct output *output) {
    bool needs_room = kept_length(output) > 0;
    if (needs_room == output->is_waiting || (output->epoll_fd < 0 && !open_watch(output)))
        return;
    if (needs_room)
        loop_poll_start(&output->room, UV_READABLE, on_output_writable);
    else
        loop_poll_stop(&output->room);
    output->is_waiting = needs_room;
}

// Appends to the kept lines, within the limit.
static void queue(struct output *output, const char *data, size_t length) {
    // After a loss, lines are dropped until half of the space is free. Otherwise every other line would be a report.
    size_t limit = output->lost_lines > 0 ? output->limit_bytes / 2 : output->limit_bytes;
    size_t kept = kept_length(output);
    if (kept > limit || length > limit - kept) {
        count_lost(output, data, length);
        return;
    }
    if (output->written > output->kept.length / 2) {
        buffer_consume(&output->kept, output->written);
        output->written = 0;
    }
    if (output->lost_lines > 0) {
        char text[64];
        size_t notice_length = format_notice(output, text);
        output->lost_lines = 0;
        buffer_add(&output->kept, text, notice_length);
    }
    buffer_add(&output->kept, data, length);
}

static void write_or_keep(struct output *output, const char *data, size_t length) {
    size_t written;
    bool is_alive = write_some(output, data, length, &written);
    if (written == length)
        return;
    if (!is_alive)
        count_lost(output, data + written, length - written);
    else if (written > 0) // partly written, so the rest is kept even beyond the limit
        buffer_add(&output->kept, data + written, length - written);
    else
        queue(output, data, length);
}

static void write_now(struct output *output, const char *data, size_t length) {
    if (!output->is_waiting)
        drain(output);
    if (kept_length(output) > 0)
        queue(output, data, length);
    else
        write_or_keep(output, data, length);
    wait_for_room(output);
}

// --- a batch of lines ---

static void write_batch(struct output *output) {
    loop_defer_cancel(output->loop, &output->turn);
    if (output->batch.length > 0)
        write_now(output, output->batch.data, output->batch.length);
    buffer_clear(&output->batch);
}

static void on_turn_ended(struct deferred *turn) {
    write_batch(CONTAINER_OF(turn, struct output, turn));
}

void output_write(struct output *output, const char *data, size_t length) {
    write_batch(output);
    if (length > 0)
        write_now(output, data, length);
}

void output_write_later(struct output *output, const char *data, size_t length) {
    if (length > BATCH_BYTES_MAX - output->batch.length) {
        output_write(output, data, length);
        return;
    }
    buffer_add(&output->batch, data, length);
    loop_defer(output->loop, &output->turn, on_turn_ended);
}

// --- the end ---

void output_flush(struct output *output, int timeout_ms) {
    write_batch(output);
    int64_t end_ns = clock_deadline_ns(timeout_ms * NS_PER_MS);
    for (;;) {
        drain(output);
        int64_t left_ns = end_ns - clock_monotonic_ns();
        if (kept_length(output) == 0 || left_ns <= 0)
            break;
        struct pollfd writable = {.fd = output->writer.fd, .events = POLLOUT};
        if (poll(&writable, 1, (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS)) < 0 && errno != EINTR)
            break;
    }
    wait_for_room(output);
}

static void output_free(uv_handle_t *room) {
    free(room->data);
}

void output_destroy(struct output *output) {
    if (output == NULL)
        return;
    write_batch(output);
    drain(output);
    buffer_finish(&output->batch);
    buffer_finish(&output->kept);
    bool is_watched = output->epoll_fd >= 0;
    if (is_watched) {
        loop_poll_close(&output->room, output_free);
        close(output->epoll_fd);
    }
    nonblocking_output_finish(&output->writer);
    if (!is_watched)
        free(output);
}
