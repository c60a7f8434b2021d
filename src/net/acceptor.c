// SPDX-License-Identifier: GPL-3.0-or-later
// Listening sockets are polled and accepted from here instead of by uv_listen(), which closes what waits when
// descriptors run out, and does not return while accept() fails for want of memory.
#include "net/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"

#define ACCEPTS_PER_TURN 16
#define RETRY_NS (50 * NS_PER_MS)

struct acceptor {
    struct loop *loop;
    struct acceptor_handlers handlers;
    void *data;
    struct list listening; // listening_socket.link
    struct timer *retry_timer;
    bool is_paused;
};

struct listening_socket {
    struct list link;
    struct acceptor *acceptor; // NULL once it is closed
    uv_poll_t poll;
    int fd;
    enum stream_kind kind;
};

static void on_connections_waiting(uv_poll_t *poll, int status, int events);

static void on_listening_closed(uv_handle_t *handle) {
    free(CONTAINER_OF((uv_poll_t *)handle, struct listening_socket, poll));
}

static void listening_close(struct listening_socket *listening) {
    list_remove(&listening->link);
    listening->acceptor = NULL;
    uv_close((uv_handle_t *)&listening->poll, on_listening_closed);
    (void)close(listening->fd);
}

// --- pausing ---

static void pause_accepting(struct acceptor *acceptor) {
    struct listening_socket *listening;
    LIST_FOR_EACH (listening, &acceptor->listening, link)
        (void)uv_poll_stop(&listening->poll);
    acceptor->is_paused = true;
    timer_start(acceptor->retry_timer, RETRY_NS);
}

void acceptor_resume(struct acceptor *acceptor) {
    if (!acceptor->is_paused)
        return;
    struct listening_socket *listening;
    timer_stop(acceptor->retry_timer);
    acceptor->is_paused = false;
    LIST_FOR_EACH (listening, &acceptor->listening, link)
        (void)uv_poll_start(&listening->poll, UV_READABLE, on_connections_waiting);
}

static void on_retry_timer(void *acceptor) {
    acceptor_resume(acceptor);
}

bool acceptor_is_paused(const struct acceptor *acceptor) {
    return acceptor->is_paused;
}

// --- accepting ---

static bool make_room(struct acceptor *acceptor) {
    if (acceptor->handlers.make_room(acceptor->data))
        return true;
    pause_accepting(acceptor);
    return false;
}

static bool is_lost_connection(int errnum) {
    return errnum == EINTR || errnum == ECONNABORTED || errnum == EPROTO || errnum == EPERM;
}

static bool is_shortage(int errnum) {
    return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
}

// Returns whether to go on after accept() has failed.
static bool handle_failure(struct acceptor *acceptor, int errnum, bool is_there) {
    if (is_lost_connection(errnum))
        return true;
    if (errnum == EAGAIN || (is_shortage(errnum) && !is_there))
        return false;
    if (is_shortage(errnum))
        return make_room(acceptor);
    pause_accepting(acceptor);
    return false;
}

static bool may_accept(const struct acceptor *acceptor) {
    return acceptor->handlers.may_accept(acceptor->data);
}

// False if there is no connection to be accepted, or none may be accepted now. Room is made only for one that is known
// to be there: without descriptors, accept() fails before it looks for one.
static bool accept_next(const struct listening_socket *listening, bool is_there) {
    struct acceptor *acceptor = listening->acceptor;
    if (!may_accept(acceptor) && !(is_there && make_room(acceptor)))
        return false;
    int fd = accept4(listening->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return handle_failure(acceptor, errno, is_there);
    acceptor->handlers.on_accepted(stream_create(acceptor->loop, fd, listening->kind), listening->kind, acceptor->data);
    return listening->acceptor != NULL;
}

static void on_connections_waiting(uv_poll_t *poll, int status UNUSED, int events UNUSED) {
    const struct listening_socket *listening = CONTAINER_OF(poll, struct listening_socket, poll);
    bool goes_on = accept_next(listening, true);
    for (int i = 1; i < ACCEPTS_PER_TURN && goes_on; i++)
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
    if (!acceptor->is_paused)
        code = uv_poll_start(&listening->poll, UV_READABLE, on_connections_waiting);
    if (code == 0)
        return true;
    listening_close(listening);
    return error_set_errno(err, -code, "cannot listen");
}
