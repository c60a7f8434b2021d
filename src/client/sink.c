// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/sink_internal.h"

#include <errno.h>
#include <poll.h>

#include "client/errors.h"

#define DEFAULT_LIMIT_BYTES ((size_t)67108864)

void client_sink_init(struct client_sink *sink, const struct client_target *target) {
    *sink = (struct client_sink){.descriptor = {.fd = -1}, .on_write = target->on_write, .data = target->data};
    if (target->fd != NULL)
        nonblocking_output_init(&sink->descriptor, *target->fd);
    buffer_init(&sink->kept, target->limit_bytes > 0 ? target->limit_bytes : DEFAULT_LIMIT_BYTES);
}

void client_sink_finish(struct client_sink *sink) {
    client_watch_clear(&sink->watch);
    nonblocking_output_finish(&sink->descriptor);
    buffer_finish(&sink->kept);
}

// --- descriptors ---

static enum client_progress write_descriptor(const struct client_sink *sink, const char *bytes, size_t length,
                                             size_t *written, struct pebble_error *error) {
    ssize_t count = nonblocking_write_quietly(&sink->descriptor, bytes, length);
    if (count < 0 && errno == EAGAIN)
        return CLIENT_WAITING;
    if (count <= 0) {
        client_fail(error, PEBBLE_ERROR_FILE, "cannot write to target: %s", error_errno_text(count < 0 ? errno : EIO));
        return CLIENT_FAILED;
    }
    *written = (size_t)count;
    return CLIENT_DONE;
}

// --- the whole ---

static bool keep(struct client_sink *sink, const char *bytes, size_t length, struct pebble_error *error) {
    buffer_add(&sink->kept, bytes, length);
    return buffer_is_whole(&sink->kept) ||
           client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot keep content in memory: more than %zu bytes",
                       sink->kept.limit_bytes);
}

static enum client_progress write_some(struct client_sink *sink, const char *bytes, size_t length, size_t *written,
                                       struct pebble_error *error) {
    if (sink->descriptor.fd >= 0)
        return write_descriptor(sink, bytes, length, written, error);
    bool is_good = false;
    if (sink->on_write == NULL)
        is_good = keep(sink, bytes, length, error);
    else if (!(is_good = sink->on_write(bytes, length, sink->data)))
        client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
    *written = is_good ? length : 0;
    return is_good ? CLIENT_DONE : CLIENT_FAILED;
}

enum client_progress client_sink_write(struct client_sink *sink, const char *bytes, size_t length, size_t *written,
                                       struct pebble_error *error) {
    enum client_progress progress = write_some(sink, bytes, length, written, error);
    if (progress == CLIENT_DONE)
        sink->done += *written;
    return progress;
}

bool client_sink_watch(struct client_sink *sink, struct client_wants *wants, bool is_wanted, struct error *err) {
    if (is_wanted)
        return client_watch_set(&sink->watch, wants->poll_fd, sink->descriptor.fd, POLLOUT, err);
    client_watch_clear(&sink->watch);
    return true;
}
