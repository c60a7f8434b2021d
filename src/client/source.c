// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/source_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "client/errors.h"

// In this order. An empty one is passed over.
enum source_state { SOURCE_BEFORE, SOURCE_CONTENT, SOURCE_AFTER, SOURCE_ENDED };

void client_source_init(struct client_source *source, const struct client_content *content) {
    *source = (struct client_source){.before = BUFFER_INIT(BUFFER_NO_LIMIT), .after = BUFFER_INIT(BUFFER_NO_LIMIT)};
    source->content = *content;
    source->fd = content->fd != NULL ? *content->fd : -1;
    source->content.fd = NULL;
}

void client_source_measure(struct client_source *source) {
    source->has_length = source->fd < 0 && source->content.on_read == NULL;
    if (source->has_length)
        source->length = source->before.length + source->content.length + source->after.length;
}

void client_source_finish(struct client_source *source) {
    client_watch_clear(&source->watch);
    buffer_finish(&source->before);
    buffer_finish(&source->after);
    pebble_error_clear(&source->error);
    *source = (struct client_source){0};
}

static void enter_next(struct client_source *source) {
    source->state++;
    source->offset = 0;
}

static size_t copy(struct client_source *source, const char *from, size_t from_length, char *bytes, size_t size) {
    size_t length = from_length - source->offset < size ? from_length - source->offset : size;
    if (length > 0)
        memcpy(bytes, from + source->offset, length);
    source->offset += length;
    return length;
}

// --- the content ---

// A regular file is always ready. A pipe, a socket and a terminal are read when that does not wait.
static enum client_progress read_descriptor(struct client_source *source, char *bytes, size_t size, size_t *length) {
    struct pollfd watched = {.fd = source->fd, .events = POLLIN};
    if (poll(&watched, 1, 0) <= 0)
        return CLIENT_WAITING;
    ssize_t count;
    do
        count = read(source->fd, bytes, size);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno == EAGAIN)
        return CLIENT_WAITING;
    if (count < 0) {
        client_fail(&source->error, PEBBLE_ERROR_FILE, "cannot read from source: %s", error_errno_text(errno));
        return CLIENT_FAILED;
    }
    *length = (size_t)count;
    return CLIENT_DONE;
}

static enum client_progress read_callback(struct client_source *source, char *bytes, size_t size, size_t *length) {
    size_t count = 0;
    bool is_good = source->content.on_read(bytes, size, &count, source->content.data);
    if (!is_good)
        client_fail(&source->error, PEBBLE_ERROR_CANCELLED, "interrupted");
    else if (count > size)
        client_fail(&source->error, PEBBLE_ERROR_ARGUMENT, "cannot read from source: more than there is room for");
    if (!is_good || count > size)
        return CLIENT_FAILED;
    *length = count;
    return CLIENT_DONE;
}

static enum client_progress read_content(struct client_source *source, char *bytes, size_t size, size_t *length) {
    if (source->fd >= 0)
        return read_descriptor(source, bytes, size, length);
    if (source->content.on_read != NULL)
        return read_callback(source, bytes, size, length);
    *length = copy(source, source->content.bytes, source->content.length, bytes, size);
    return CLIENT_DONE;
}

// --- the whole ---

static enum client_progress read_state(struct client_source *source, char *bytes, size_t size, size_t *length) {
    if (source->state == SOURCE_CONTENT)
        return read_content(source, bytes, size, length);
    const struct buffer *text = source->state == SOURCE_BEFORE ? &source->before : &source->after;
    *length = copy(source, text->data, text->length, bytes, size);
    return CLIENT_DONE;
}

// Goes on after the end of one part, so that a small content is read at once with the text around it.
enum client_progress client_source_read(struct client_source *source, char *bytes, size_t size, size_t *length) {
    size_t filled = 0;
    while (source->state != SOURCE_ENDED && filled < size) {
        size_t count = 0;
        enum client_progress progress = read_state(source, bytes + filled, size - filled, &count);
        if (progress == CLIENT_WAITING && filled > 0)
            break;
        if (progress != CLIENT_DONE)
            return progress;
        if (count == 0)
            enter_next(source);
        else if (source->state == SOURCE_CONTENT)
            source->done += count;
        filled += count;
    }
    *length = filled;
    return CLIENT_DONE;
}

bool client_source_watch(struct client_source *source, struct client_wants *wants, bool is_wanted, struct error *err) {
    if (is_wanted)
        return client_watch_set(&source->watch, wants->poll_fd, source->fd, POLLIN, err);
    client_watch_clear(&source->watch);
    return true;
}
