// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/connection_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define CONNECT_PATIENCE_NS (30 * NS_PER_S) // for one address
#define BACKLOG_PAUSE_MS 20
// With an interrupt function no wait is longer: a signal that comes just before poll() is noticed soon all the same.
#define INTERRUPT_SLICE_NS (250 * NS_PER_MS)
#define POLL_MAX_NS (NS_PER_S * 3600)
// A TCP peer that is gone without a word is noticed after about a minute.
#define KEEPALIVE_IDLE_S 30
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES 3

void client_connection_init(struct client_connection *connection) {
    *connection = (struct client_connection){.fd = -1};
}

void client_connection_close(struct client_connection *connection) {
    file_close_at(&connection->fd);
}

void client_connection_finish(struct client_connection *connection) {
    client_connection_close(connection);
    free(connection->socket_path);
    free(connection->host);
    client_connection_init(connection);
}

static bool ask_interrupt(const struct client_connection *connection, struct error *err) {
    if (connection->interrupt == NULL || connection->interrupt(connection->interrupt_data))
        return true;
    return error_set(err, ERROR_CANCELLED, "interrupted");
}

// Rounded up, so that a wait does not end a little before its time.
static int poll_timeout_ms(const struct client_connection *connection, int64_t deadline_ns) {
    int64_t left_ns = POLL_MAX_NS;
    if (deadline_ns != CLIENT_NO_DEADLINE)
        left_ns = deadline_ns - clock_monotonic_ns();
    int64_t most_ns = connection->interrupt != NULL ? INTERRUPT_SLICE_NS : POLL_MAX_NS;
    left_ns = left_ns < 0 ? 0 : left_ns > most_ns ? most_ns : left_ns;
    return (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS);
}

static bool is_past(int64_t deadline_ns) {
    return deadline_ns != CLIENT_NO_DEADLINE && clock_monotonic_ns() >= deadline_ns;
}

// Waits for any of the events (or an error or hang-up, which count as all of them) on `fd`.
static bool wait_for(const struct client_connection *connection, int fd, short *events, int64_t deadline_ns,
                     struct error *err) {
    for (;;) {
        if (!ask_interrupt(connection, err))
            return false;
        struct pollfd watched = {.fd = fd, .events = *events};
        int count = poll(&watched, 1, poll_timeout_ms(connection, deadline_ns));
        if (count > 0) {
            *events = watched.revents;
            return true;
        }
        if (count < 0 && errno != EINTR && errno != EAGAIN)
            return error_set_errno(err, errno, "cannot wait for server");
        if (count == 0 && is_past(deadline_ns))
            return error_set(err, ERROR_TIMEOUT, "timed out waiting for server");
    }
}

bool client_connection_pause(struct client_connection *connection, int64_t pause_ms, struct error *err) {
    int64_t end_ns = clock_monotonic_ns() + pause_ms * NS_PER_MS;
    while (ask_interrupt(connection, err)) {
        // No descriptor: only time or a signal ends it.
        int count = poll(NULL, 0, poll_timeout_ms(connection, end_ns));
        if (count < 0 || is_past(end_ns))
            return true;
    }
    return false;
}

// --- opening ---

struct target {
    const struct sockaddr *address;
    socklen_t length;
    const char *shown; // "unix PATH", "tcp HOST:PORT"
};

static bool fail_dial(struct error *err, const struct target *target, int errnum) {
    error_set_errno(err, errnum, "dial %s: connect", target->shown);
    if (err != NULL)
        err->kind = ERROR_CONNECTION;
    return false;
}

// A full backlog of a Unix socket refuses at once where TCP would wait (EAGAIN, see connect(2)).
static bool connect_begin(struct client_connection *connection, int fd, const struct target *target,
                          int64_t deadline_ns, struct error *err) {
    while (connect(fd, target->address, target->length) != 0) {
        if (errno == EINPROGRESS || errno == EINTR) {
            short events = POLLOUT;
            return wait_for(connection, fd, &events, deadline_ns, err);
        }
        if (errno != EAGAIN)
            return fail_dial(err, target, errno);
        if (is_past(deadline_ns))
            return error_set(err, ERROR_TIMEOUT, "dial %s: i/o timeout", target->shown);
        if (!client_connection_pause(connection, BACKLOG_PAUSE_MS, err))
            return false;
    }
    return true;
}

// Uses the sooner of the deadline and our own patience; when it is the latter, the server is out of reach.
static bool connect_to(struct client_connection *connection, const struct target *target, int64_t deadline_ns,
                       struct error *err) {
    AUTO_CLOSE int fd = socket(target->address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail_dial(err, target, errno);
    int64_t patience_end_ns = clock_monotonic_ns() + CONNECT_PATIENCE_NS;
    bool is_callers = deadline_ns != CLIENT_NO_DEADLINE && deadline_ns < patience_end_ns;
    AUTO_ERROR struct error cause = {0};
    if (!connect_begin(connection, fd, target, is_callers ? deadline_ns : patience_end_ns, &cause)) {
        if (cause.kind == ERROR_TIMEOUT && !is_callers)
            return fail_dial(err, target, ETIMEDOUT);
        return error_move(err, &cause);
    }
    int errnum = 0;
    socklen_t size = sizeof errnum;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &size) != 0)
        errnum = errno;
    if (errnum != 0)
        return fail_dial(err, target, errnum);
    connection->fd = fd;
    fd = -1;
    return true;
}

static bool open_unix(struct client_connection *connection, int64_t deadline_ns, struct error *err) {
    const char *path = connection->socket_path;
    struct stat status;
    if (stat(path, &status) != 0 && errno == ENOENT) {
        AUTO_FREE char *quoted = text_quoted(path);
        return error_set(err, ERROR_CONNECTION, "socket %s not found", quoted);
    }
    AUTO_FREE char *shown = memory_printf("unix %s", path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct target target = {(const struct sockaddr *)&address, sizeof address, shown};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path)
        return fail_dial(err, &target, ENAMETOOLONG);
    memcpy(address.sun_path, path, length + 1);
    return connect_to(connection, &target, deadline_ns, err);
}

static void set_option(int fd, int level, int name, int value) {
    // What fails here only makes a broken line be noticed later.
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

static void tune_tcp(int fd) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

// Tries the addresses of the host in turn; the first one's failure is told.
static bool open_tcp(struct client_connection *connection, int64_t deadline_ns, struct error *err) {
    char port[16];
    snprintf(port, sizeof port, "%d", connection->port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int problem = getaddrinfo(connection->host, port, &hints, &found);
    if (problem != 0) {
        return error_set(err, ERROR_CONNECTION, "dial tcp: lookup %s: %s", connection->host,
                         problem == EAI_SYSTEM ? error_errno_text(errno) : gai_strerror(problem));
    }
    bool is_v6 = strchr(connection->host, ':') != NULL;
    AUTO_FREE char *shown = memory_printf(is_v6 ? "tcp [%s]:%s" : "tcp %s:%s", connection->host, port);
    AUTO_ERROR struct error first = {0};
    for (const struct addrinfo *info = found; info != NULL && connection->fd < 0; info = info->ai_next) {
        const struct target target = {info->ai_addr, info->ai_addrlen, shown};
        AUTO_ERROR struct error cause = {0};
        if (connect_to(connection, &target, deadline_ns, &cause))
            tune_tcp(connection->fd);
        else if (cause.kind != ERROR_CONNECTION || !error_is_set(&first))
            error_move(&first, &cause);
        if (error_is_set(&first) && first.kind != ERROR_CONNECTION) {
            break; // out of time, or cancelled
        }
    }
    freeaddrinfo(found);
    return connection->fd >= 0 || error_move(err, &first);
}

bool client_connection_open(struct client_connection *connection, int64_t deadline_ns, struct error *err) {
    client_connection_close(connection);
    return connection->socket_path != NULL ? open_unix(connection, deadline_ns, err)
                                           : open_tcp(connection, deadline_ns, err);
}

// --- talking ---

bool client_connection_is_quiet(const struct client_connection *connection) {
    if (connection->fd < 0)
        return false;
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static bool fail_line(struct error *err, const struct client_connection *connection, const char *what, int errnum) {
    error_set_errno(err, errnum, "%s %s", what,
                    connection->socket_path != NULL ? connection->socket_path : connection->host);
    if (err != NULL)
        err->kind = ERROR_CONNECTION;
    return false;
}

bool client_connection_send(struct client_connection *connection, const void *data, size_t length, size_t *sent,
                            int64_t deadline_ns, struct error *err) {
    *sent = 0;
    while (*sent < length) {
        ssize_t count = send(connection->fd, (const char *)data + *sent, length - *sent, MSG_NOSIGNAL);
        if (count >= 0) {
            *sent += (size_t)count;
            continue;
        }
        if (errno == EPIPE || errno == ECONNRESET) {
            return true; // perhaps there is an answer that says why
        }
        if (errno != EAGAIN && errno != EINTR)
            return fail_line(err, connection, "write", errno);
        short events = POLLOUT | POLLIN;
        if (!wait_for(connection, connection->fd, &events, deadline_ns, err))
            return false;
        if ((events & POLLOUT) == 0)
            return true;
    }
    return true;
}

bool client_connection_receive(struct client_connection *connection, void *data, size_t size, size_t *received,
                               int64_t deadline_ns, struct error *err) {
    // Asked even if the peer sends without a pause.
    while (ask_interrupt(connection, err)) {
        ssize_t count = recv(connection->fd, data, size, MSG_DONTWAIT);
        if (count >= 0) {
            *received = (size_t)count;
            return true;
        }
        if (errno != EAGAIN && errno != EINTR)
            return fail_line(err, connection, "read", errno);
        short events = POLLIN;
        if (!wait_for(connection, connection->fd, &events, deadline_ns, err))
            return false;
    }
    return false;
}
