// SPDX-License-Identifier: GPL-3.0-or-later
// A loop, a stream whose handlers note what they are told, and the other end as a plain descriptor.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/stream.h"

static struct loop *loop;
static struct stream *stream;
static int peer = -1; // where the test reads and writes
static struct {
    struct buffer got;
    int ended, drained, failed;
    int depth; // of handlers, and of calls to the stream by the test
    char *failure;
} seen;

static void on_stream_data(struct stream *source, const char *bytes, size_t length, void *data) {
    assert_ptr_equal(source, stream);
    assert_ptr_equal(data, &seen);
    assert_int_equal(seen.depth, 0);
    assert_int_equal(seen.ended, 0);
    buffer_add(&seen.got, bytes, length);
}

static void on_stream_end(struct stream *source UNUSED, void *data UNUSED) {
    assert_int_equal(seen.depth, 0);
    seen.ended++;
}

static void on_stream_drained(struct stream *source UNUSED, void *data UNUSED) {
    assert_int_equal(seen.depth, 0);
    seen.drained++;
}

static void on_stream_failed(struct stream *source UNUSED, const struct error *err, void *data UNUSED) {
    assert_int_equal(seen.depth, 0);
    seen.failed++;
    free(seen.failure);
    seen.failure = memory_string(error_text(err));
}

static const struct stream_handlers noting = {
    .on_data = on_stream_data, .on_end = on_stream_end, .on_drained = on_stream_drained, .on_failed = on_stream_failed};

static int open_loop(void **state UNUSED) {
    (void)signal(SIGPIPE, SIG_IGN);
    memset(&seen, 0, sizeof seen);
    buffer_init(&seen.got, BUFFER_NO_LIMIT);
    return loop_create(&loop, NULL) ? 0 : -1;
}

static int close_loop(void **state UNUSED) {
    stream_destroy(stream);
    stream = NULL;
    file_close_at(&peer);
    loop_destroy(loop);
    buffer_finish(&seen.got);
    free(seen.failure);
    return 0;
}

// --- the kinds of streams ---

static UNUSED void open_with(int fd, enum stream_kind kind, int other) {
    peer = other;
    stream = stream_create(loop, fd, kind);
    stream_set_handlers(stream, &noting, &seen);
}

static UNUSED void open_socket(void) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    open_with(pair[0], STREAM_UNIX, pair[1]);
}

static UNUSED void open_pipe_to_read(void) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    open_with(ends[0], STREAM_FILE, ends[1]);
}

static UNUSED void open_pipe_to_write(void) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    open_with(ends[1], STREAM_FILE, ends[0]);
}

// The stream has the side of the program that runs the terminal.
static UNUSED void open_terminal(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;
    assert_int_equal(tcgetattr(slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
    open_with(master, STREAM_FILE, slave);
}

// --- both sides ---

static UNUSED void write_text(const char *text) {
    seen.depth++;
    stream_write(stream, &(const struct iovec){.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)}, 1);
    seen.depth--;
}

// So much of the text, again and again, that some of it is queued.
static UNUSED size_t fill(void) {
    static char text[10000];
    size_t total = 0;
    memset(text, 'f', sizeof text);
    seen.depth++;
    for (; stream_queued_bytes(stream) < 100000; total += sizeof text)
        stream_write(stream, &(const struct iovec){.iov_base = text, .iov_len = sizeof text}, 1);
    seen.depth--;
    return total;
}

static UNUSED void peer_sends(const char *text) {
    assert_int_equal(write(peer, text, strlen(text)), strlen(text));
}

static UNUSED void wait_for_text(const char *text) {
    while (strstr(buffer_text(&seen.got), text) == NULL)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

// Reads `length` bytes at the other end, which the loop may have yet to write.
static UNUSED void peer_takes(struct buffer *taken, size_t length) {
    char bytes[65536];
    while (taken->length < length) {
        struct pollfd readable = {.fd = peer, .events = POLLIN};
        loop_run_pending(loop);
        if (poll(&readable, 1, 0) == 0)
            continue;
        ssize_t got = read(peer, bytes, sizeof bytes);
        assert_true(got > 0);
        buffer_add(taken, bytes, (size_t)got);
    }
}
