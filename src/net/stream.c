// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/tcp.h"
#include "net/stream_internal.h"
#include "net/stream_queue_internal.h"

#define READ_BYTES 65536
#define READS_PER_TURN 4
#define WRITES_PER_TURN 8
#define PIECES_MAX 64 // per system call
#define LOW_BYTES ((size_t)16384)
#define HIGH_BYTES ((size_t)65536)

enum stream_life { STREAM_WORKS, STREAM_BREAKS /* on_failed is due */, STREAM_FAILED, STREAM_DESTROYED };
enum reading { READING_STOPPED, READING_STARTED, READING_ENDED };
enum writing { WRITING_OPEN, WRITING_ENDS /* when the queue is empty */, WRITING_ENDED };

struct stream {
    uv_poll_t poll;
    struct loop *loop;
    const struct stream_transport *transport;
    void *transport_state;
    struct stream_handlers handlers;
    void *data;
    struct stream_queue queue;
    size_t low_bytes, high_bytes, read_bytes;
    struct deferred turn;  // a read without waiting for the descriptor, or the call of on_failed
    const char *failed_to; // the failed operation
    int failed_errnum;
    int fd;
    int polled; // events that are polled for
    enum stream_life life;
    enum reading reading;
    enum writing writing;
    bool has_poll;   // registered with the loop, which has to close it before the stream is freed
    bool is_calling; // a handler is being called, and the stream is used afterwards
    bool awaits_handshake;
    bool is_distrusted;
};

// --- the transport's own bytes ---

static bool has_input(const struct stream *stream) {
    const struct stream_transport *transport = stream->transport;
    return transport->has_input != NULL && transport->has_input(stream->transport_state);
}

static size_t held_output(const struct stream *stream) {
    const struct stream_transport *transport = stream->transport;
    return transport->held_output == NULL || stream->life != STREAM_WORKS
               ? 0
               : transport->held_output(stream->transport_state);
}

static bool waits_for_input(const struct stream *stream) {
    const struct stream_transport *transport = stream->transport;
    return transport->waits_for_input != NULL && transport->waits_for_input(stream->transport_state);
}

// --- failing ---

static void on_turn_due(struct deferred *turn);

static void report_failure(struct stream *stream) {
    stream->life = STREAM_FAILED;
    if (stream->handlers.on_failed == NULL)
        return;
    AUTO_ERROR struct error err = {0}; // outlives the stream, which the handler may destroy
    const struct stream_transport *transport = stream->transport;
    const struct error *failure = transport->failure != NULL ? transport->failure(stream->transport_state) : NULL;
    if (failure != NULL)
        (void)error_copy(&err, failure);
    else
        error_set_errno(&err, stream->failed_errnum, "cannot %s", stream->failed_to);
    stream->handlers.on_failed(stream, &err, stream->data);
}

static void stream_break(struct stream *stream, int errnum, const char *failed_to) {
    stream->life = STREAM_BREAKS;
    stream->failed_to = failed_to;
    stream->failed_errnum = errnum;
    stream_queue_clear(&stream->queue);
    if (stream->has_poll)
        loop_poll_stop(&stream->poll);
    loop_defer(stream->loop, &stream->turn, on_turn_due);
}

// --- polling ---

static bool wants_to_read(const struct stream *stream) {
    return stream->life == STREAM_WORKS && stream->reading == READING_STARTED;
}

static void on_poll_ready(uv_poll_t *poll, int status, int events);

static bool open_poll(struct stream *stream) {
    if (stream->has_poll)
        return true;
    int code = uv_poll_init(loop_uv(stream->loop), &stream->poll, stream->fd);
    stream->has_poll = code == 0;
    if (code != 0)
        stream_break(stream, -code, "poll");
    return code == 0;
}

// Sets what the loop waits for. A handler may want one thing after the other, and often closes in the end: what counts
// is what is wanted when it has returned.
static void update_polling(struct stream *stream) {
    if (stream->life != STREAM_WORKS || stream->is_calling)
        return;
    int wanted = stream->reading == READING_STARTED ? UV_READABLE : 0;
    if (held_output(stream) > 0 || (stream->queue.bytes > 0 && !waits_for_input(stream)))
        wanted |= UV_WRITABLE;
    if (wanted == stream->polled || !open_poll(stream))
        return;
    stream->polled = wanted;
    if (wanted == 0)
        loop_poll_stop(&stream->poll);
    else
        (void)loop_poll_start(&stream->poll, wanted, on_poll_ready);
}

// Around whatever calls handlers and goes on with the stream.
static void begin_calling(struct stream *stream) {
    stream->is_calling = true;
}

static void end_calling(struct stream *stream) {
    stream->is_calling = false;
    if (stream->life == STREAM_DESTROYED) {
        if (!stream->has_poll)
            free(stream);
        return;
    }
    update_polling(stream);
    if (wants_to_read(stream) && has_input(stream))
        loop_defer(stream->loop, &stream->turn, on_turn_due);
}

// --- creating and destroying ---

struct stream *stream_create(struct loop *loop, int fd, enum stream_kind kind) {
    struct stream *stream = memory_new(sizeof *stream);
    stream->loop = loop;
    stream->fd = fd;
    stream->transport = kind == STREAM_FILE ? &stream_file_transport : &stream_socket_transport;
    stream->low_bytes = LOW_BYTES;
    stream->high_bytes = HIGH_BYTES;
    stream->read_bytes = READ_BYTES;
    stream_queue_init(&stream->queue);
    int on = 1;
    if (kind == STREAM_TCP || kind == STREAM_TLS)
        tcp_tune(fd);
    if (kind == STREAM_FILE) // sockets have a flag for each call instead
        (void)ioctl(fd, FIONBIO, &on);
    return stream;
}

void stream_start_tls(struct stream *stream, struct tls_engine *engine) {
    stream->transport = &stream_tls_transport;
    stream->transport_state = stream_tls_create(engine);
    stream->awaits_handshake = true;
}

struct tls_engine *stream_tls(const struct stream *stream) {
    return stream->transport == &stream_tls_transport ? stream_tls_engine(stream->transport_state) : NULL;
}

static void on_poll_closed(uv_handle_t *handle) {
    free(CONTAINER_OF((uv_poll_t *)handle, struct stream, poll));
}

void stream_distrust(struct stream *stream) {
    stream->is_distrusted = true;
}

static void limit_waits(const struct stream *stream) {
    if (stream->is_distrusted)
        loop_limit_waits(stream->loop);
}

void stream_destroy(struct stream *stream) {
    if (stream == NULL)
        return;
    stream->life = STREAM_DESTROYED;
    loop_defer_cancel(stream->loop, &stream->turn);
    stream_queue_clear(&stream->queue);
    if (stream->transport->destroy != NULL)
        stream->transport->destroy(stream->transport_state);
    if (stream->has_poll)
        loop_poll_close(&stream->poll, on_poll_closed);
    limit_waits(stream);
    (void)close(stream->fd);
    if (!stream->has_poll && !stream->is_calling)
        free(stream);
}

void stream_set_handlers(struct stream *stream, const struct stream_handlers *handlers, void *data) {
    stream->handlers = *handlers;
    stream->data = data;
    if (stream->reading == READING_ENDED)
        stream->reading = READING_STOPPED;
    if (stream->life == STREAM_FAILED) {
        stream->life = STREAM_BREAKS;
        loop_defer(stream->loop, &stream->turn, on_turn_due);
    }
}

void stream_set_water_marks(struct stream *stream, size_t low_bytes, size_t high_bytes) {
    stream->low_bytes = low_bytes;
    stream->high_bytes = high_bytes;
}

// --- reading ---

void stream_set_read_bytes(struct stream *stream, size_t bytes) {
    stream->read_bytes = bytes < READ_BYTES ? bytes : READ_BYTES;
}

static void end_reading(struct stream *stream) {
    stream->reading = READING_ENDED;
    if (stream->handlers.on_end != NULL)
        stream->handlers.on_end(stream, stream->data);
}

static void report_handshake(struct stream *stream) {
    if (!stream->awaits_handshake || !tls_engine_is_established(stream_tls(stream)))
        return;
    stream->awaits_handshake = false;
    if (stream->handlers.on_established != NULL)
        stream->handlers.on_established(stream, stream->data);
}

// Reads once and reports the data. Returns the number of bytes.
static size_t read_once(struct stream *stream) {
    char bytes[READ_BYTES];
    limit_waits(stream);
    ssize_t got = stream->transport->read(stream->transport_state, stream->fd, bytes, stream->read_bytes);
    int errnum = errno;
    report_handshake(stream);
    if (stream->life == STREAM_WORKS && got <= 0 && stream->handlers.on_no_data != NULL)
        stream->handlers.on_no_data(stream, stream->data);
    if (stream->life != STREAM_WORKS)
        return 0;
    if (got > 0) {
        if (stream->handlers.on_data != NULL)
            stream->handlers.on_data(stream, bytes, (size_t)got, stream->data);
    } else if (got == 0) {
        end_reading(stream);
    } else if (!stream_errnum_is_passing(errnum)) {
        stream_break(stream, errnum, "read");
    }
    return got < 0 ? 0 : (size_t)got;
}

// Returns false if there was nothing to read.
static bool read_some(struct stream *stream) {
    size_t got = wants_to_read(stream) ? read_once(stream) : 0;
    bool has_read = got > 0;
    // If the buffer is not full, nothing is left.
    for (int i = 1; i < READS_PER_TURN && got == stream->read_bytes && wants_to_read(stream); i++)
        got = read_once(stream);
    return has_read;
}

static bool may_read(struct stream *stream) {
    return !wants_to_read(stream) || stream->handlers.may_read == NULL ||
           stream->handlers.may_read(stream, stream->data);
}

static bool drain(struct stream *stream);

static void read_and_drain(struct stream *stream, bool reads) {
    begin_calling(stream);
    if (reads)
        (void)read_some(stream);
    if (held_output(stream) > 0)
        (void)drain(stream);
    end_calling(stream);
}

static void on_turn_due(struct deferred *turn) {
    struct stream *stream = CONTAINER_OF(turn, struct stream, turn);
    if (stream->life == STREAM_BREAKS)
        report_failure(stream);
    else
        read_and_drain(stream, may_read(stream));
}

void stream_read_now(struct stream *stream) {
    if (stream->life != STREAM_WORKS)
        return;
    loop_defer_cancel(stream->loop, &stream->turn);
    read_and_drain(stream, true);
}

// The first bytes of a new connection have usually come when it is accepted, and many end after one request and its
// response: opening a poll handle, which takes several system calls, is put off until there is nothing to read.
void stream_read_start(struct stream *stream) {
    if (stream->reading != READING_STOPPED)
        return;
    stream->reading = READING_STARTED;
    if (stream->has_poll)
        update_polling(stream);
    if (!stream->has_poll || has_input(stream))
        loop_defer(stream->loop, &stream->turn, on_turn_due);
}

void stream_read_stop(struct stream *stream) {
    if (stream->reading != READING_STARTED)
        return;
    stream->reading = READING_STOPPED;
    update_polling(stream);
}

bool stream_has_unread(const struct stream *stream) {
    int length = 0;
    return has_input(stream) || (ioctl(stream->fd, FIONREAD, &length) == 0 && length > 0);
}

// --- writing ---

static void end_writing(struct stream *stream) {
    stream->writing = WRITING_ENDED;
    stream->transport->shut_down(stream->transport_state, stream->fd);
}

static size_t total_length(const struct iovec *pieces, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += pieces[i].iov_len;
    return total;
}

// Returns the number of bytes written, 0 if the stream is broken.
static size_t write_once(struct stream *stream, const struct iovec *pieces, size_t count) {
    ssize_t written = stream->transport->write(stream->transport_state, stream->fd, pieces, count);
    if (written < 0 && !stream_errnum_is_passing(errno))
        stream_break(stream, errno, "write");
    return written < 0 ? 0 : (size_t)written;
}

static void flush(struct stream *stream) {
    if (stream->transport->flush != NULL && stream->transport->flush(stream->transport_state, stream->fd) != 0)
        stream_break(stream, errno, "write");
}

// Writes queued bytes as far as possible. Returns false if none were written.
static bool write_queued(struct stream *stream) {
    size_t before = stream->queue.bytes, held = held_output(stream);
    flush(stream);
    bool has_flushed = held_output(stream) < held;
    for (int i = 0; i < WRITES_PER_TURN && stream->queue.bytes > 0; i++) {
        struct iovec pieces[PIECES_MAX];
        size_t count = stream_queue_front(&stream->queue, pieces, PIECES_MAX);
        size_t written = write_once(stream, pieces, count);
        if (written == 0)
            break;
        bool is_full = written < total_length(pieces, count);
        stream_queue_consume(&stream->queue, written);
        if (is_full)
            break;
    }
    return stream->life == STREAM_WORKS && (has_flushed || stream->queue.bytes < before);
}

// Returns false if nothing was written.
static bool drain(struct stream *stream) {
    if (stream->life != STREAM_WORKS || !write_queued(stream))
        return false;
    if (stream_queued_bytes(stream) == 0 && stream->writing == WRITING_ENDS)
        end_writing(stream);
    if (stream_queued_bytes(stream) <= stream->low_bytes && stream->handlers.on_drained != NULL)
        stream->handlers.on_drained(stream, stream->data);
    return true;
}

void stream_write(struct stream *stream, const struct iovec *pieces, size_t count) {
    if (stream->life != STREAM_WORKS || stream->writing != WRITING_OPEN)
        return;
    size_t written = 0;
    // Only drain() sends what is held or queued, because on_drained is called when that has been sent.
    if (stream_queued_bytes(stream) == 0)
        written = write_once(stream, pieces, count < PIECES_MAX ? count : PIECES_MAX);
    if (stream->life != STREAM_WORKS)
        return;
    if (!stream_queue_add(&stream->queue, pieces, count, written))
        stream_break(stream, ENOMEM, "write");
    update_polling(stream);
}

size_t stream_queued_bytes(const struct stream *stream) {
    return stream->queue.bytes + held_output(stream);
}

size_t stream_held_bytes(const struct stream *stream) {
    const struct stream_transport *transport = stream->transport;
    size_t bytes = transport->held_bytes != NULL ? transport->held_bytes(stream->transport_state) : 0;
    return bytes + stream->queue.held_bytes;
}

bool stream_is_full(const struct stream *stream) {
    return stream_queued_bytes(stream) >= stream->high_bytes;
}

bool stream_is_broken(const struct stream *stream) {
    return stream->life != STREAM_WORKS;
}

void stream_shut_down(struct stream *stream) {
    if (stream->life != STREAM_WORKS || stream->writing != WRITING_OPEN)
        return;
    stream->writing = WRITING_ENDS;
    if (stream_queued_bytes(stream) == 0)
        end_writing(stream);
    update_polling(stream);
}

int stream_fd(const struct stream *stream) {
    return stream->fd;
}

// --- the loop ---

// libuv stops polling a descriptor in an error state and does not report the error, so reading or writing must find it.
// Data received before a disconnect is read first. If neither makes progress, polling again would spin.
static void on_poll_error(struct stream *stream) {
    stream->polled = 0;
    bool may = may_read(stream);
    bool has_read = may && read_some(stream);
    bool has_written = drain(stream);
    if (may && stream->life == STREAM_WORKS && stream->reading != READING_ENDED && !has_read && !has_written)
        stream_break(stream, EIO, "poll");
}

static void on_poll_ready(uv_poll_t *poll, int status, int events) {
    struct stream *stream = CONTAINER_OF(poll, struct stream, poll);
    begin_calling(stream);
    if (status < 0) {
        on_poll_error(stream);
    } else {
        if ((events & UV_READABLE) != 0 && may_read(stream))
            (void)read_some(stream);
        if ((events & UV_WRITABLE) != 0 || held_output(stream) > 0)
            (void)drain(stream);
    }
    end_calling(stream);
}
