// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_readiness_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "data/regular_expression.h"
#include "services/service_check_watch_internal.h"
#include "services/service_notify_internal.h"

#define LINE_MAX_BYTES ((size_t)4096) // of a line of output
#define READ_BYTES ((size_t)4096)

struct fd_poll { // outlives the readiness until libuv has closed it
    uv_poll_t uv;
    struct readiness *readiness;
};

struct readiness {
    struct service_manager *manager;
    const struct readiness_handlers *handlers;
    void *data;
    bool has_been_ready;
    struct deferred report; // on_ready, if it comes of output
    // One of these.
    struct notify_socket *socket;
    int fd_number, reading_fd, writing_fd; // -1: none
    struct fd_poll *poll;
    struct regular_expression *expression;
    struct buffer line;
    char *check;
    struct check_watch *watch;
};

// --- ready ---

static void set_ready(struct readiness *readiness) {
    if (readiness->has_been_ready)
        return;
    readiness->has_been_ready = true;
    readiness->handlers->on_ready(readiness->data);
}

static void on_report_due(struct deferred *deferred) {
    set_ready(CONTAINER_OF(deferred, struct readiness, report));
}

static void on_check_passed(void *data) {
    set_ready(data);
}

// --- sd_notify ---

static void on_message_received(const struct notify_message *message, void *data) {
    struct readiness *readiness = data;
    const struct readiness_handlers *handlers = readiness->handlers;
    void *owner = readiness->data;
    if (message->status != NULL) {
        size_t length =
            message->status_length < NOTIFY_STATUS_MAX_BYTES ? message->status_length : NOTIFY_STATUS_MAX_BYTES;
        AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
        utf8_add_valid(&text, message->status, length);
        handlers->on_status(buffer_text(&text), owner);
    }
    if (message->extension_ns > 0)
        handlers->on_extended(message->extension_ns, owner);
    // The last one: either may destroy the readiness.
    if (message->is_stopping)
        handlers->on_unready(owner);
    else if (message->is_ready)
        set_ready(readiness);
}

// --- a descriptor ---

static void on_poll_closed(uv_handle_t *handle) {
    free(CONTAINER_OF((uv_poll_t *)handle, struct fd_poll, uv));
}

static void close_fd(struct readiness *readiness) {
    if (readiness->poll != NULL) {
        loop_poll_stop(&readiness->poll->uv);
        loop_poll_close(&readiness->poll->uv, on_poll_closed);
        readiness->poll = NULL;
    }
    file_close_at(&readiness->reading_fd);
    file_close_at(&readiness->writing_fd);
}

static void on_fd_readable(uv_poll_t *uv, int status UNUSED, int events UNUSED) {
    struct readiness *readiness = CONTAINER_OF(uv, struct fd_poll, uv)->readiness;
    char bytes[READ_BYTES];
    ssize_t length = read(readiness->reading_fd, bytes, sizeof bytes);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    bool has_line = length > 0 && memchr(bytes, '\n', (size_t)length) != NULL;
    if (length > 0 && !has_line)
        return;
    close_fd(readiness);
    if (has_line)
        set_ready(readiness);
    else
        readiness->handlers->on_closed(readiness->data);
}

static bool open_fd(struct readiness *readiness, struct error *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set_errno(err, errno, "pipe");
    readiness->reading_fd = ends[0];
    readiness->writing_fd = ends[1];
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
        return error_set_errno(err, errno, "pipe");
    struct fd_poll *poll = memory_new(sizeof *poll);
    poll->readiness = readiness;
    int code = uv_poll_init(loop_uv(readiness->manager->spec.loop), &poll->uv, ends[0]);
    if (code != 0) {
        free(poll);
        return error_set_errno(err, -code, "pipe");
    }
    readiness->poll = poll;
    return true;
}

static void watch_fd(struct readiness *readiness) {
    (void)loop_poll_start(&readiness->poll->uv, UV_READABLE, on_fd_readable);
    file_close_at(&readiness->writing_fd);
}

// --- output ---

static void end_line(struct readiness *readiness) {
    if (regular_expression_matches(readiness->expression, buffer_text(&readiness->line), readiness->line.length))
        loop_defer(readiness->manager->spec.loop, &readiness->report, on_report_due);
    buffer_truncate(&readiness->line, 0);
}

void readiness_add_output(struct readiness *readiness, const char *bytes, size_t length) {
    if (readiness->expression == NULL || readiness->has_been_ready || readiness->report.is_waiting)
        return;
    while (length > 0 && !readiness->report.is_waiting) {
        const char *end = memchr(bytes, '\n', length);
        size_t taken = end != NULL ? (size_t)(end - bytes) : length;
        size_t room = LINE_MAX_BYTES - readiness->line.length;
        buffer_add(&readiness->line, bytes, taken < room ? taken : room);
        if (end != NULL)
            end_line(readiness);
        taken += end != NULL ? 1 : 0;
        bytes += taken;
        length -= taken;
    }
}

// --- the object ---

static bool open_way(struct readiness *readiness, const struct service_ready *config, struct error *err) {
    if (config->notify.value)
        return notify_socket_create(readiness->manager->spec.loop, on_message_received, readiness, &readiness->socket,
                                    err);
    if (config->fd != 0) {
        readiness->fd_number = (int)config->fd;
        return open_fd(readiness, err);
    }
    if (!text_is_empty(config->log))
        return regular_expression_create(config->log, &readiness->expression, err);
    readiness->check = memory_string(config->check);
    return true;
}

bool readiness_create(struct service_manager *manager, const struct service_ready *config,
                      const struct readiness_handlers *handlers, void *data, struct readiness **out,
                      struct error *err) {
    struct readiness *created = memory_new(sizeof *created);
    created->manager = manager;
    created->handlers = handlers;
    created->data = data;
    created->reading_fd = created->writing_fd = -1;
    buffer_init(&created->line, BUFFER_NO_LIMIT);
    if (open_way(created, config, err)) {
        *out = created;
        return true;
    }
    readiness_destroy(created);
    return error_prefix(err, "cannot start service: ");
}

void readiness_destroy(struct readiness *readiness) {
    if (readiness == NULL)
        return;
    loop_defer_cancel(readiness->manager->spec.loop, &readiness->report);
    notify_socket_destroy(readiness->socket);
    close_fd(readiness);
    regular_expression_destroy(readiness->expression);
    buffer_finish(&readiness->line);
    check_watch_destroy(readiness->watch);
    free(readiness->check);
    free(readiness);
}

const char *readiness_socket_name(const struct readiness *readiness) {
    return readiness->socket != NULL ? notify_socket_name(readiness->socket) : NULL;
}

int readiness_fd(const struct readiness *readiness, int *number) {
    *number = readiness->fd_number;
    return readiness->writing_fd;
}

void readiness_launched(struct readiness *readiness, uid_t uid) {
    if (readiness->socket != NULL)
        notify_socket_allow(readiness->socket, uid);
    if (readiness->reading_fd >= 0)
        watch_fd(readiness);
    if (readiness->check != NULL)
        readiness->watch = check_watch_create(readiness->manager, readiness->check, on_check_passed, readiness);
}
