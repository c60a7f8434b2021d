// SPDX-License-Identifier: GPL-3.0-or-later
// Watches descriptors with libuv. When it has to add one to epoll and the system has no memory for that, or the user
// has too many (/proc/sys/fs/epoll/max_user_watches), libuv ends the program. So each is added beforehand: libuv finds
// it there, and modifies it, which needs no memory. One that cannot be added is asked for its events from time to time,
// until it can.
// Declared in loop/loop.h.
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/memory.h"
#include "loop/loop_internal.h"

#define RETRY_MS 20

struct poll_retry {
    struct list link;
    uv_poll_t *poll;
    int fd;
    int events; // enum uv_poll_event
    uv_poll_cb ready;
};

#ifdef PEBBLE_TEST_SEAMS
bool loop_poll_fails;
#endif

// False if the system refuses.
static bool add_to_epoll(const uv_poll_t *poll, int fd) {
    struct epoll_event event = {.data.fd = fd};
#ifdef PEBBLE_TEST_SEAMS
    if (loop_poll_fails)
        return false;
#endif
    return epoll_ctl(uv_backend_fd(poll->loop), EPOLL_CTL_ADD, fd, &event) == 0 || (errno != ENOMEM && errno != ENOSPC);
}

static struct poll_retry *find_retry(const struct loop_polls *polls, const uv_poll_t *poll) {
    struct poll_retry *retry;
    LIST_FOR_EACH (retry, &polls->waiting, link) {
        if (retry->poll == poll)
            return retry;
    }
    return NULL;
}

static void drop_retry(const uv_poll_t *poll) {
    struct loop_polls *polls = poll->loop->data;
    if (list_is_empty(&polls->waiting))
        return;
    struct poll_retry *retry = find_retry(polls, poll);
    if (retry != NULL)
        list_remove(&retry->link);
    free(retry);
    if (list_is_empty(&polls->waiting))
        uv_timer_stop(&polls->timer);
}

// Its events that are there now.
static int events_now(const struct poll_retry *retry) {
    short wanted = (short)((retry->events & UV_READABLE ? POLLIN : 0) | (retry->events & UV_WRITABLE ? POLLOUT : 0) |
                           (retry->events & UV_PRIORITIZED ? POLLPRI : 0));
    struct pollfd watched = {.fd = retry->fd, .events = wanted};
    if (poll(&watched, 1, 0) <= 0)
        return 0;
    if ((watched.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
        return retry->events;
    return (watched.revents & POLLIN ? UV_READABLE : 0) | (watched.revents & POLLOUT ? UV_WRITABLE : 0) |
           (watched.revents & POLLPRI ? UV_PRIORITIZED : 0);
}

// What is called may start, stop and close any of them, so that the list begins anew after each call.
static void on_retry_due(uv_timer_t *timer) {
    struct loop_polls *polls = timer->data;
    size_t count = list_count(&polls->waiting);
    for (; count > 0 && !list_is_empty(&polls->waiting); count--) {
        struct poll_retry *retry = LIST_ITEM(polls->waiting.next, struct poll_retry, link);
        uv_poll_t *watched = retry->poll;
        int events = retry->events, now = events_now(retry);
        uv_poll_cb ready = retry->ready;
        (void)loop_poll_start(watched, events, ready); // goes to the end of the list, or leaves it
        if (now != 0 && find_retry(polls, watched) != NULL)
            ready(watched, 0, now);
    }
}

static void add_retry(uv_poll_t *poll, int fd, int events, uv_poll_cb ready) {
    struct loop_polls *polls = poll->loop->data;
    struct poll_retry *retry = memory_new(sizeof *retry);
    *retry = (struct poll_retry){.poll = poll, .fd = fd, .events = events, .ready = ready};
    list_add(&polls->waiting, &retry->link);
    if (!uv_is_active((const uv_handle_t *)&polls->timer))
        uv_timer_start(&polls->timer, on_retry_due, RETRY_MS, RETRY_MS);
}

int loop_poll_start(uv_poll_t *poll, int events, uv_poll_cb ready) {
    uv_os_fd_t fd = -1;
    drop_retry(poll);
    int code = uv_poll_start(poll, events, ready);
    if (code != 0 || events == 0 || uv_fileno((const uv_handle_t *)poll, &fd) != 0 || add_to_epoll(poll, fd))
        return code;
    (void)uv_poll_stop(poll);
    add_retry(poll, fd, events, ready);
    return 0;
}

void loop_poll_stop(uv_poll_t *poll) {
    drop_retry(poll);
    (void)uv_poll_stop(poll);
}

void loop_poll_close(uv_poll_t *poll, uv_close_cb on_closed) {
    drop_retry(poll);
    uv_close((uv_handle_t *)poll, on_closed);
}

void loop_polls_init(struct loop_polls *polls, uv_loop_t *uv) {
    list_init(&polls->waiting);
    uv_timer_init(uv, &polls->timer);
    polls->timer.data = uv->data = polls;
}

void loop_polls_finish(struct loop_polls *polls) {
    struct poll_retry *retry;
    LIST_FOR_EACH (retry, &polls->waiting, link) {
        list_remove(&retry->link);
        free(retry);
    }
}
