// SPDX-License-Identifier: GPL-3.0-or-later
// uv_listen() is not used: it closes waiting connections when descriptors run out, and does not return while accept()
// fails for lack of memory.
#include "net/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"

#define ACCEPTING_NS (5 * NS_PER_MS) // in a turn; a client behind many others in the queue does not wait long
#define RETRY_NS (50 * NS_PER_MS)

struct acceptor {
    struct loop *loop;
    struct acceptor_handlers handlers;
    void *data;
    struct list listening; // listening_socket.link
    struct timer *retry_timer;
};

struct listening_socket {
    struct list link;
    struct acceptor *acceptor; // NULL after it is closed
    uv_poll_t poll;
    int fd;
    enum stream_kind kind;
    bool is_paused;
};

static void on_connections_waiting(uv_poll_t *poll, int status, int events);

static void on_listening_closed(uv_handle_t *handle) {
    free(CONTAINER_OF((uv_poll_t *)handle, struct listening_socket, poll));
}

static void listening_close(struct listening_socket *listening) {
    list_remove(&listening->link);
    loop_limit_waits(listening->acceptor->loop); // connections that have not been accepted are closed, too
    listening->acceptor = NULL;
    loop_poll_close(&listening->poll, on_listening_closed);
    (void)close(listening->fd);
}

// --- pausing ---

static void pause_accepting(struct listening_socket *listening) {
    loop_poll_stop(&listening->poll);
    listening->is_paused = true;
    timer_start(listening->acceptor->retry_timer, RETRY_NS);
}

void acceptor_resume(struct acceptor *acceptor) {
    struct listening_socket *listening;
    LIST_FOR_EACH (listening, &acceptor->listening, link) {
        if (!listening->is_paused)
            continue;
        listening->is_paused = false;
        (void)loop_poll_start(&listening->poll, UV_READABLE, on_connections_waiting);
    }
    timer_stop(acceptor->retry_timer);
}

static void on_retry_timer(void *acceptor) {
    acceptor_resume(acceptor);
}

bool acceptor_is_paused(const struct acceptor *acceptor) {
    return timer_is_running(acceptor->retry_timer);
}

// --- accepting ---

static bool may_accept(const struct listening_socket *listening) {
    const struct acceptor *acceptor = listening->acceptor;
    return acceptor->handlers.may_accept(listening->kind, acceptor->data);
}

static bool make_room(struct listening_socket *listening) {
    const struct acceptor *acceptor = listening->acceptor;
    if (acceptor->handlers.make_room(listening->kind, acceptor->data))
        return true;
    pause_accepting(listening);
    return false;
}

static bool is_lost_connection(int errnum) {
    return errnum == EINTR || errnum == ECONNABORTED || errnum == EPROTO || errnum == EPERM;
}

static bool is_shortage(int errnum) {
    return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
}

// Returns whether to try again after accept() has failed.
static bool handle_failure(struct listening_socket *listening, int errnum, bool is_there) {
    if (is_lost_connection(errnum))
        return true;
    if (errnum == EAGAIN || (is_shortage(errnum) && !is_there))
        return false;
    if (is_shortage(errnum))
        return make_room(listening);
    pause_accepting(listening);
    return false;
}

// Returns false if no connection is waiting, or none can be accepted now. Room is made only if a connection is known to
// be waiting: without free descriptors, accept() fails before it checks.
static bool accept_next(struct listening_socket *listening, bool is_there) {
    struct acceptor *acceptor = listening->acceptor;
    if (!may_accept(listening) && !(is_there && make_room(listening)))
        return false;
    int fd = accept4(listening->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return handle_failure(listening, errno, is_there);
    acceptor->handlers.on_accepted(stream_create(acceptor->loop, fd, listening->kind), listening->kind, acceptor->data);
    return listening->acceptor != NULL;
}

static void on_connections_waiting(uv_poll_t *poll, int status UNUSED, int events UNUSED) {
    struct listening_socket *listening = CONTAINER_OF(poll, struct listening_socket, poll);
    int64_t end_ns = clock_monotonic_ns() + ACCEPTING_NS;
    bool goes_on = accept_next(listening, true);
    while (goes_on && clock_monotonic_ns() < end_ns)
        goes_on = accept_next(listening, false);
}

// --- the acceptor ---

struct acceptor *acceptor_create(struct loop *loop, const struct acceptor_handlers *handlers, void *data) {
    struct acceptor *acceptor = memory_new(sizeof *acceptor);
    acceptor->loop = loop;
    acceptor->handlers = *handlers;
    acceptor->data = data;
    acceptor->retry_timer = timer_create_in(loop, on_retry_timer, acceptor);
    list_init(&acceptor->listening);
    return acceptor;
}

void acceptor_destroy(struct acceptor *acceptor) {
    if (acceptor == NULL)
        return;
    struct listening_socket *listening;
    LIST_FOR_EACH (listening, &acceptor->listening, link)
        listening_close(listening);
    timer_destroy(acceptor->retry_timer);
    free(acceptor);
}

bool acceptor_listen(struct acceptor *acceptor, int fd, enum stream_kind kind, struct error *err) {
    struct listening_socket *listening = memory_new(sizeof *listening);
    int code = uv_poll_init(loop_uv(acceptor->loop), &listening->poll, fd);
    if (code != 0) {
        (void)close(fd);
        free(listening);
        return error_set_errno(err, -code, "cannot listen");
    }
    listening->acceptor = acceptor;
    listening->fd = fd;
    listening->kind = kind;
    list_add(&acceptor->listening, &listening->link);
    code = loop_poll_start(&listening->poll, UV_READABLE, on_connections_waiting);
    if (code == 0)
        return true;
    listening_close(listening);
    return error_set_errno(err, -code, "cannot listen");
}
