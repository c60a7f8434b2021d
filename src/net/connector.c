// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/connector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/connector_internal.h"
#include "net/stream.h"

#define DEADLINE_NS (30 * NS_PER_S)

// A socket that is being connected. It may outlive the attempt, until the loop has closed its handle.
struct connect_poll {
    uv_poll_t uv;
    struct connection_attempt *attempt;
    int fd;
};

static void try_next_address(struct connection_attempt *attempt);

// --- the end of an attempt ---

static void on_poll_closed(uv_handle_t *handle) {
    free(CONTAINER_OF((uv_poll_t *)handle, struct connect_poll, uv));
}

// Returns the descriptor.
static int stop_polling(struct connection_attempt *attempt) {
    struct connect_poll *poll = TAKE(attempt->poll);
    loop_poll_close(&poll->uv, on_poll_closed);
    return poll->fd;
}

// Releases everything that the attempt holds.
static void attempt_finish(struct connection_attempt *attempt) {
    attempt->is_over = true;
    list_remove(&attempt->link);
    lookup_leave(attempt);
    loop_defer_cancel(attempt->connector->loop, &attempt->begin);
    timer_destroy(attempt->timer);
    if (attempt->poll != NULL)
        (void)close(stop_polling(attempt));
    address_list_finish(&attempt->addresses);
    free(attempt->host);
    free(attempt->unix_path);
}

static void attempt_free(struct connection_attempt *attempt) {
    error_clear(&attempt->err);
    free(attempt);
}

static void attempt_fail(struct connection_attempt *attempt) {
    attempt_finish(attempt);
    attempt->on_done(attempt, NULL, &attempt->err, attempt->data);
    attempt_free(attempt);
}

static void attempt_succeed(struct connection_attempt *attempt, int fd) {
    struct loop *loop = attempt->connector->loop;
    enum stream_kind kind = attempt->unix_path != NULL ? STREAM_UNIX : STREAM_TCP;
    attempt_finish(attempt);
    attempt->on_done(attempt, stream_create(loop, fd, kind), NULL, attempt->data);
    attempt_free(attempt);
}

void connector_cancel(struct connection_attempt *attempt) {
    if (attempt->is_over)
        return;
    attempt_finish(attempt);
    attempt_free(attempt);
}

// --- errors ---

// Returns the text of the current address; owned.
static char *target_text(const struct connection_attempt *attempt) {
    if (attempt->unix_path != NULL)
        return memory_printf("unix %s", attempt->unix_path);
    AUTO_FREE char *address = address_text(&attempt->addresses.items[attempt->tried_count - 1]);
    return memory_printf("tcp %s", address);
}

static void note_timeout(struct connection_attempt *attempt) {
    if (error_is_set(&attempt->err))
        return;
    AUTO_FREE char *target = target_text(attempt);
    error_set(&attempt->err, ERROR_TIMEOUT, "dial %s: i/o timeout", target);
}

static void note_error(struct connection_attempt *attempt, const char *operation, int errnum) {
    if (error_is_set(&attempt->err))
        return;
    AUTO_FREE char *target = target_text(attempt);
    enum error_kind kind = errnum == ETIMEDOUT ? ERROR_TIMEOUT : ERROR_CONNECTION;
    error_set(&attempt->err, kind, "dial %s: %s: %s", target, operation, error_errno_text(errnum));
    attempt->err.errnum = errnum;
}

static void fail_to_resolve(struct connection_attempt *attempt, enum error_kind kind, const char *reason) {
    error_set(&attempt->err, kind, "dial tcp: lookup %s: %s", attempt->host, reason);
    attempt_fail(attempt);
}

// --- time ---

static int64_t time_left_ns(const struct connection_attempt *attempt) {
    return attempt->deadline_ns - clock_monotonic_ns();
}

static void on_time_over(void *data) {
    struct connection_attempt *attempt = data;
    if (attempt->lookup != NULL) {
        fail_to_resolve(attempt, ERROR_TIMEOUT, "i/o timeout");
        return;
    }
    note_timeout(attempt);
    (void)close(stop_polling(attempt));
    if (time_left_ns(attempt) > 0)
        try_next_address(attempt);
    else
        attempt_fail(attempt);
}

// --- connecting ---

static int connect_result(int fd, int status) {
    int errnum = 0;
    socklen_t length = sizeof errnum;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &length) != 0)
        return errno;
    if (errnum == 0 && address_is_own_peer(fd))
        return ECONNREFUSED;
    return errnum == 0 && status < 0 ? -status : errnum;
}

static void on_connect_ready(uv_poll_t *uv, int status, int events UNUSED) {
    struct connection_attempt *attempt = CONTAINER_OF(uv, struct connect_poll, uv)->attempt;
    int fd = stop_polling(attempt);
    int errnum = connect_result(fd, status);
    if (errnum == 0) {
        attempt_succeed(attempt, fd);
        return;
    }
    (void)close(fd);
    note_error(attempt, "connect", errnum);
    try_next_address(attempt);
}

// Waits for the connection. Returns 0 or an error number.
static int start_polling(struct connection_attempt *attempt, int fd) {
    struct connect_poll *poll = memory_new(sizeof *poll);
    *poll = (struct connect_poll){.attempt = attempt, .fd = fd};
    int code = uv_poll_init(loop_uv(attempt->connector->loop), &poll->uv, fd);
    if (code != 0) {
        free(poll);
        return -code;
    }
    (void)loop_poll_start(&poll->uv, UV_WRITABLE, on_connect_ready);
    attempt->poll = poll;
    return 0;
}

// Returns true if the attempt has succeeded or is in progress.
static bool connect_begin(struct connection_attempt *attempt, const struct sockaddr *address, socklen_t length) {
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        note_error(attempt, "socket", errno);
        return false;
    }
    int errnum = connect(fd, address, length) == 0 ? 0 : errno;
    if (errnum == 0) {
        attempt_succeed(attempt, fd);
        return true;
    }
    if (errnum == EINPROGRESS || errnum == EINTR)
        errnum = start_polling(attempt, fd);
    if (attempt->poll != NULL)
        return true;
    (void)close(fd);
    note_error(attempt, "connect", errnum);
    return false;
}

static void try_next_address(struct connection_attempt *attempt) {
    struct address_list *addresses = &attempt->addresses;
    while (attempt->tried_count < addresses->count) {
        timer_start(attempt->timer, time_left_ns(attempt) / (int64_t)(addresses->count - attempt->tried_count));
        struct sockaddr_storage *address = &addresses->items[attempt->tried_count++];
        socklen_t length = address_set_port(address, attempt->port);
        if (connect_begin(attempt, (const struct sockaddr *)address, length))
            return;
    }
    attempt_fail(attempt);
}

static void connect_unix(struct connection_attempt *attempt) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(attempt->unix_path);
    if (length == 0 || length >= sizeof address.sun_path) {
        note_error(attempt, "connect", EINVAL);
        attempt_fail(attempt);
        return;
    }
    memcpy(address.sun_path, attempt->unix_path, length + 1);
    timer_start(attempt->timer, time_left_ns(attempt));
    if (!connect_begin(attempt, (const struct sockaddr *)&address, sizeof address))
        attempt_fail(attempt);
}

// --- start ---

void attempt_resolved(struct connection_attempt *attempt, const struct address_list *found, const struct error *err) {
    if (err != NULL) {
        fail_to_resolve(attempt, err->kind, error_text(err));
        return;
    }
    address_list_copy(&attempt->addresses, found);
    try_next_address(attempt);
}

static void resolve(struct connection_attempt *attempt) {
    AUTO_ERROR struct error err = {0};
    timer_start(attempt->timer, time_left_ns(attempt));
    if (!lookup_join(attempt, &err))
        fail_to_resolve(attempt, err.kind, error_text(&err));
}

static void attempt_begin(struct deferred *begin) {
    struct connection_attempt *attempt = CONTAINER_OF(begin, struct connection_attempt, begin);
    if (attempt->unix_path != NULL)
        connect_unix(attempt);
    else if (address_parse(attempt->host, &attempt->addresses))
        try_next_address(attempt);
    else
        resolve(attempt);
}

struct connection_attempt *connector_start(struct connector *connector, const struct connect_target *target,
                                           connect_done_fn on_done, void *data) {
    struct connection_attempt *attempt = memory_new(sizeof *attempt);
    attempt->connector = connector;
    attempt->on_done = on_done;
    attempt->data = data;
    attempt->timer = timer_create_in(connector->loop, on_time_over, attempt);
    attempt->deadline_ns = clock_deadline_ns(target->deadline_ns != 0 ? target->deadline_ns : DEADLINE_NS);
    if (target->unix_path != NULL)
        attempt->unix_path = memory_string(target->unix_path);
    else
        attempt->host = memory_string(target->host);
    attempt->port = target->port;
    list_add(&connector->attempts, &attempt->link);
    loop_defer(connector->loop, &attempt->begin, attempt_begin);
    return attempt;
}

struct connector *connector_create(struct loop *loop, resolve_fn resolve_name) {
    struct connector *connector = memory_new(sizeof *connector);
    connector->loop = loop;
    connector->pool = worker_pool_create(loop, "resolve", RESOLVE_THREADS, RESOLVE_QUEUE_MAX);
    connector->localhost_pool = worker_pool_create(loop, "resolve", 1, 1);
    connector->resolve = resolve_name != NULL ? resolve_name : resolve_with_getaddrinfo;
    list_init(&connector->attempts);
    list_init(&connector->lookups);
    return connector;
}

void connector_destroy(struct connector *connector) {
    if (connector == NULL)
        return;
    while (!list_is_empty(&connector->attempts))
        connector_cancel(LIST_ITEM(connector->attempts.next, struct connection_attempt, link));
    (void)worker_pool_destroy_within(connector->pool, 0);
    (void)worker_pool_destroy_within(connector->localhost_pool, 0);
    lookup_abandon_all(connector);
    free(connector);
}
