// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/sink_internal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/errors_internal.h"

#define DEFAULT_LIMIT_BYTES ((size_t)67108864)

static mode_t type_of(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

void client_sink_init(struct client_sink *sink, const struct pebble_pull_options *options) {
    *sink = (struct client_sink){.fd = -1, .on_write = options->on_write, .data = options->data};
    if (options->fd != NULL) {
        sink->fd = *options->fd;
        sink->type = type_of(sink->fd);
    }
    buffer_init(&sink->kept, options->limit_bytes > 0 ? options->limit_bytes : DEFAULT_LIMIT_BYTES);
}

void client_sink_finish(struct client_sink *sink) {
    client_watch_clear(&sink->watch);
    buffer_finish(&sink->kept);
}

// --- descriptors ---

// As write(), without the signal for a pipe that nobody reads. The thread's mask is as before afterwards.
static ssize_t write_quietly(int fd, const char *bytes, size_t length) {
    sigset_t pipe_signal, old, pending;
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)sigpending(&pending);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
    ssize_t count = write(fd, bytes, length);
    int errnum = errno;
    if (count < 0 && errnum == EPIPE && !sigismember(&pending, SIGPIPE))
        (void)sigtimedwait(&pipe_signal, NULL, &(const struct timespec){0});
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = errnum;
    return count;
}

// Writes what does not wait. A pipe that is ready takes PIPE_BUF bytes (pipe(7)), and a terminal writes what it can.
static ssize_t write_now(const struct client_sink *sink, const char *bytes, size_t length) {
    if (sink->type == S_IFREG || sink->type == S_IFBLK)
        return write(sink->fd, bytes, length);
    if (sink->type == S_IFSOCK)
        return send(sink->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    struct pollfd watched = {.fd = sink->fd, .events = POLLOUT};
    if (poll(&watched, 1, 0) > 0)
        return write_quietly(sink->fd, bytes, length < PIPE_BUF ? length : PIPE_BUF);
    errno = EAGAIN;
    return -1;
}

static enum client_progress write_descriptor(const struct client_sink *sink, const char *bytes, size_t length,
                                             size_t *written, struct pebble_error *error) {
    ssize_t count;
    do
        count = write_now(sink, bytes, length);
    while (count < 0 && errno == EINTR);
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
    if (sink->fd >= 0)
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
        return client_watch_set(&sink->watch, wants->poll_fd, sink->fd, POLLOUT, err);
    client_watch_clear(&sink->watch);
    return true;
}
