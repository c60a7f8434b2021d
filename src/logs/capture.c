// SPDX-License-Identifier: GPL-3.0-or-later
#include "logs/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

#define BLOCK_BYTES ((size_t)65536)
// A pipe that was found full gets this size: fewer turns, and the writer waits less.
#define FLOODED_PIPE_BYTES 262144
#define TURN_BYTES ((size_t)262144)
// So that who follows the ring gets his turn before lines that came in this one give way.
#define FOLLOWED_TURN_BYTES ((size_t)32768)
// The pipe holds no more than this at the end, except if someone still writes.
#define REST_BYTES ((size_t)1048576)

struct capture {
    uv_poll_t poll;
    struct loop *loop;
    int fd; // -1 at the end
    struct ring *ring;
    struct timer *deadline; // NULL until the process has ended
    bool has_large_pipe;
    capture_end_fn on_end;
    capture_tee_fn tee;
    void *data;
    void *tee_data;
};

static void capture_give(struct capture *capture, const char *bytes, size_t length) {
    if (capture->tee != NULL)
        capture->tee(capture->tee_data, bytes, length);
    ring_append(capture->ring, bytes, length, clock_wall_ns());
}

static void capture_enlarge_pipe(struct capture *capture) {
    if (!capture->has_large_pipe) {
        // Refused when the user's pipes take too much already: it stays as it is then.
        capture->has_large_pipe = true;
        (void)fcntl(capture->fd, F_SETPIPE_SZ, FLOODED_PIPE_BYTES);
    }
}

// Reads what there is, about `limit_bytes` at most. False at the end of the output.
static bool capture_read(struct capture *capture, size_t limit_bytes) {
    char block[BLOCK_BYTES];
    size_t block_bytes = limit_bytes < sizeof block ? limit_bytes : sizeof block;
    for (size_t total = 0; total < limit_bytes;) {
        ssize_t length = read(capture->fd, block, block_bytes);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            return length < 0 && errno == EAGAIN;
        capture_give(capture, block, (size_t)length);
        total += (size_t)length;
        if ((size_t)length < block_bytes)
            break;
        if (block_bytes == sizeof block)
            capture_enlarge_pipe(capture);
    }
    return true;
}

static void capture_stop(struct capture *capture) {
    timer_destroy(TAKE(capture->deadline));
    if (capture->fd >= 0) {
        uv_poll_stop(&capture->poll);
        file_close_at(&capture->fd);
    }
}

static void capture_end(struct capture *capture) {
    capture_stop(capture);
    capture->on_end(capture, capture->data);
}

static void on_poll_readable(uv_poll_t *poll, int status UNUSED, int events UNUSED) {
    struct capture *capture = CONTAINER_OF(poll, struct capture, poll);
    bool is_followed = !list_is_empty(&ring_grown(capture->ring)->listeners);
    if (!capture_read(capture, is_followed ? FOLLOWED_TURN_BYTES : TURN_BYTES))
        capture_end(capture);
}

static void on_deadline(void *data) {
    struct capture *capture = data;
    (void)capture_read(capture, REST_BYTES);
    capture_end(capture);
}

bool capture_start(struct loop *loop, int fd, struct ring *ring, capture_end_fn on_end, void *data,
                   struct capture **capture, struct error *err) {
    struct capture *fresh = memory_new(sizeof *fresh);
    int status = uv_poll_init(loop_uv(loop), &fresh->poll, fd);
    if (status != 0) {
        free(fresh);
        return error_set_errno(err, -status, "cannot watch service output");
    }
    fresh->loop = loop;
    fresh->fd = fd;
    fresh->ring = ring;
    fresh->on_end = on_end;
    fresh->data = data;
    ring_begin_run(ring);
    uv_poll_start(&fresh->poll, UV_READABLE, on_poll_readable);
    *capture = fresh;
    return true;
}

void capture_set_tee(struct capture *capture, capture_tee_fn tee, void *data) {
    capture->tee = tee;
    capture->tee_data = data;
}

void capture_expect_end(struct capture *capture, int64_t limit_ns) {
    if (capture->fd < 0)
        return;
    if (capture->deadline == NULL)
        capture->deadline = timer_create_in(capture->loop, on_deadline, capture);
    timer_start(capture->deadline, limit_ns);
}

static void capture_free(uv_handle_t *poll) {
    free(CONTAINER_OF(poll, struct capture, poll));
}

void capture_destroy(struct capture *capture) {
    if (capture == NULL)
        return;
    if (capture->fd >= 0)
        (void)capture_read(capture, REST_BYTES);
    capture_stop(capture);
    uv_close((uv_handle_t *)&capture->poll, capture_free);
}
