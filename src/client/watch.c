// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/watch_internal.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

void client_wants_time(struct client_wants *wants, int64_t time_ns) {
    if (time_ns == CLIENT_NO_DEADLINE)
        return;
    if (wants->wake_ns == CLIENT_NO_DEADLINE || time_ns < wants->wake_ns)
        wants->wake_ns = time_ns;
}

bool client_watch_set(struct client_watch *watch, int poll_fd, int fd, short events, struct error *err) {
    if (watch->events == events)
        return true;
    struct epoll_event event = {.events = (events & POLLIN ? EPOLLIN : 0u) | (events & POLLOUT ? EPOLLOUT : 0u)};
    if (epoll_ctl(poll_fd, watch->events != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
        return error_set_errno(err, errno, "cannot wait for server");
    *watch = (struct client_watch){poll_fd, fd, events};
    return true;
}

void client_watch_clear(struct client_watch *watch) {
    if (watch->events != 0)
        (void)epoll_ctl(watch->poll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    *watch = (struct client_watch){0};
}
