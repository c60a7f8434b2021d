// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/dial_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/tcp.h"
#include "base/text.h"

#define CONNECT_TIMEOUT_NS (30 * NS_PER_S)
#define BACKLOG_PAUSE_NS (20 * NS_PER_MS)

struct dial_target {
    struct sockaddr_un unix_address;
    const struct sockaddr *address;
    socklen_t length;
};

void client_dial_init(struct client_dial *dial, const struct client_endpoint *endpoint) {
    *dial = (struct client_dial){.endpoint = endpoint, .fd = -1};
}

static void close_socket(struct client_dial *dial) {
    client_watch_clear(&dial->watch);
    file_close_at(&dial->fd);
}

void client_dial_finish(struct client_dial *dial) {
    close_socket(dial);
    client_resolution_release(dial->resolution);
    error_clear(&dial->first);
    client_dial_init(dial, dial->endpoint);
}

// --- failing ---

// "unix PATH", "tcp HOST:PORT". Owned.
static char *shown_target(const struct client_endpoint *endpoint) {
    if (endpoint->socket_path != NULL)
        return memory_printf("unix %s", endpoint->socket_path);
    bool is_v6 = strchr(endpoint->host, ':') != NULL;
    return memory_printf(is_v6 ? "tcp [%s]:%d" : "tcp %s:%d", endpoint->host, endpoint->port);
}

static bool fail_connect(struct client_dial *dial, int errnum) {
    if (error_is_set(&dial->first))
        return false;
    AUTO_FREE char *shown = shown_target(dial->endpoint);
    error_set_errno(&dial->first, errnum, "dial %s: connect", shown);
    dial->first.kind = ERROR_CONNECTION;
    return false;
}

// --- one address ---

static bool find_unix_target(struct client_dial *dial, struct dial_target *target) {
    const char *path = dial->endpoint->socket_path;
    struct stat status;
    if (stat(path, &status) != 0) {
        int errnum = errno;
        AUTO_FREE char *quoted = text_quoted(path);
        if (errnum == ENOENT)
            return error_set(&dial->first, ERROR_CONNECTION, "socket %s not found", quoted);
        error_set_errno(&dial->first, errnum, "cannot stat %s: stat %s", quoted, path);
        dial->first.kind = ERROR_CONNECTION;
        return false;
    }
    size_t length = strlen(path);
    if (length >= sizeof target->unix_address.sun_path)
        return fail_connect(dial, EINVAL); // as Pebble has it
    target->unix_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(target->unix_address.sun_path, path, length + 1);
    target->address = (const struct sockaddr *)&target->unix_address;
    target->length = sizeof target->unix_address;
    return true;
}

static bool find_target(struct client_dial *dial, struct dial_target *target) {
    if (dial->address == NULL)
        return find_unix_target(dial, target);
    target->address = dial->address->ai_addr;
    target->length = dial->address->ai_addrlen;
    return true;
}

// A full backlog of a Unix socket refuses at once where TCP would wait (EAGAIN, see connect(2)).
static enum client_progress try_connect(struct client_dial *dial) {
    struct dial_target target;
    if (!find_target(dial, &target))
        return CLIENT_FAILED;
    int family = target.address->sa_family;
    if (dial->fd < 0)
        dial->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (dial->fd >= 0 && connect(dial->fd, target.address, target.length) == 0)
        return CLIENT_DONE;
    if (dial->fd >= 0 && (errno == EINPROGRESS || errno == EINTR)) {
        dial->state = CLIENT_DIAL_CONNECTING;
        return CLIENT_WAITING;
    }
    if (dial->fd >= 0 && errno == EAGAIN && family == AF_UNIX) {
        dial->state = CLIENT_DIAL_WAITING;
        dial->resume_ns = clock_deadline_ns(BACKLOG_PAUSE_NS);
        return CLIENT_WAITING;
    }
    fail_connect(dial, errno);
    return CLIENT_FAILED;
}

static enum client_progress check_connect(struct client_dial *dial) {
    struct pollfd watched = {.fd = dial->fd, .events = POLLOUT};
    if (poll(&watched, 1, 0) <= 0)
        return CLIENT_WAITING;
    int errnum = 0;
    socklen_t size = sizeof errnum;
    if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &errnum, &size) != 0)
        errnum = errno;
    if (errnum == 0)
        return CLIENT_DONE;
    fail_connect(dial, errnum);
    return CLIENT_FAILED;
}

// Goes on with the address that is tried.
static enum client_progress continue_connect(struct client_dial *dial) {
    enum client_progress progress = CLIENT_WAITING;
    int64_t now_ns = clock_monotonic_ns();
    if (dial->state == CLIENT_DIAL_CONNECTING)
        progress = check_connect(dial);
    else if (now_ns >= dial->resume_ns)
        progress = try_connect(dial);
    if (progress == CLIENT_WAITING && now_ns >= dial->deadline_ns) {
        fail_connect(dial, ETIMEDOUT);
        return CLIENT_FAILED;
    }
    return progress;
}

// --- all of them ---

static enum client_progress begin_address(struct client_dial *dial, const struct addrinfo *address) {
    close_socket(dial);
    dial->address = address;
    dial->deadline_ns = clock_deadline_ns(CONNECT_TIMEOUT_NS);
    return try_connect(dial);
}

static enum client_progress check_resolution(struct client_dial *dial) {
    if (!client_resolution_is_done(dial->resolution)) {
        if (clock_monotonic_ns() < dial->deadline_ns)
            return CLIENT_WAITING;
        error_set(&dial->first, ERROR_CONNECTION, "dial tcp: lookup %s: i/o timeout", dial->endpoint->host);
        return CLIENT_FAILED;
    }
    const struct addrinfo *addresses = client_resolution_addresses(dial->resolution, &dial->first);
    return addresses != NULL ? begin_address(dial, addresses) : CLIENT_FAILED;
}

static enum client_progress begin(struct client_dial *dial) {
    if (dial->endpoint->socket_path != NULL)
        return begin_address(dial, NULL);
    dial->state = CLIENT_DIAL_RESOLVING;
    dial->deadline_ns = clock_deadline_ns(CONNECT_TIMEOUT_NS);
    dial->resolution = client_resolution_start(dial->endpoint->host, dial->endpoint->port, &dial->first);
    return dial->resolution != NULL ? check_resolution(dial) : CLIENT_FAILED;
}

static enum client_progress continue_dial(struct client_dial *dial) {
    enum client_progress progress = dial->state == CLIENT_DIAL_IDLE        ? begin(dial)
                                    : dial->state == CLIENT_DIAL_RESOLVING ? check_resolution(dial)
                                                                           : continue_connect(dial);
    while (progress == CLIENT_FAILED && dial->address != NULL && dial->address->ai_next != NULL)
        progress = begin_address(dial, dial->address->ai_next);
    return progress;
}

enum client_progress client_dial_step(struct client_dial *dial, int *fd, struct error *err) {
    enum client_progress progress = continue_dial(dial);
    if (progress == CLIENT_WAITING)
        return CLIENT_WAITING;
    if (progress == CLIENT_DONE) {
        client_watch_clear(&dial->watch);
        if (dial->address != NULL)
            tcp_tune(dial->fd);
        *fd = dial->fd;
        dial->fd = -1;
    } else {
        error_move(err, &dial->first);
    }
    client_dial_finish(dial);
    return progress;
}

bool client_dial_watch(struct client_dial *dial, struct client_wants *wants, struct error *err) {
    client_wants_time(wants, dial->deadline_ns);
    switch (dial->state) {
    case CLIENT_DIAL_IDLE:
        return true;
    case CLIENT_DIAL_RESOLVING:
        return client_watch_set(&dial->watch, wants->poll_fd, client_resolution_fd(dial->resolution), POLLIN, err);
    case CLIENT_DIAL_CONNECTING:
        return client_watch_set(&dial->watch, wants->poll_fd, dial->fd, POLLOUT, err);
    case CLIENT_DIAL_WAITING:
        client_wants_time(wants, dial->resume_ns);
        return true;
    }
    return true;
}
