// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/link_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/memory.h"

struct testing_link *testing_link_create(int client_fd, struct testing_records *records) {
    struct testing_link *link = memory_new(sizeof *link);
    link->client.fd = client_fd;
    link->daemon.fd = -1;
    link->to_daemon.bytes = memory_new(TESTING_LINK_BYTES);
    link->to_client.bytes = memory_new(TESTING_LINK_BYTES);
    testing_recorder_init(&link->recorder, records);
    return link;
}

void testing_link_connect(struct testing_link *link, int daemon_fd) {
    link->daemon.fd = daemon_fd;
}

void testing_link_destroy(struct testing_link *link) {
    file_close_at(&link->client.fd);
    file_close_at(&link->daemon.fd);
    free(link->to_daemon.bytes);
    free(link->to_client.bytes);
    testing_recorder_finish(&link->recorder);
    free(link);
}

// --- waiting ---

static bool can_read(const struct testing_flow *from) {
    return !from->has_ended && from->length == 0;
}

// `from`: what comes from the side, `to`: what goes to it. A side that is gone, and is not to be read, would be ready
// again and again.
static struct pollfd watch_side(const struct testing_side *side, const struct testing_flow *from,
                                const struct testing_flow *to) {
    short events = 0;
    if (can_read(from))
        events |= POLLIN;
    if (to->length > 0 && !side->is_gone)
        events |= POLLOUT;
    return (struct pollfd){.fd = side->is_gone && events == 0 ? -1 : side->fd, .events = events};
}

void testing_link_watch(const struct testing_link *link, struct pollfd polls[TESTING_LINK_POLLS]) {
    if (link->daemon.fd < 0) {
        polls[0] = polls[1] = (struct pollfd){.fd = -1}; // until it is connected
        return;
    }
    polls[0] = watch_side(&link->client, &link->to_daemon, &link->to_client);
    polls[1] = watch_side(&link->daemon, &link->to_client, &link->to_daemon);
}

// --- passing on ---

// False if the connection is broken.
static bool receive(struct testing_flow *flow, const struct testing_side *source) {
    ssize_t length = recv(source->fd, flow->bytes, TESTING_LINK_BYTES, MSG_DONTWAIT);
    if (length < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->has_ended = length == 0;
    flow->start = 0;
    flow->length = (size_t)length;
    return true;
}

// A target that is gone takes nothing: the source gets an error when it writes more.
static void discard(struct testing_flow *flow, const struct testing_side *source) {
    (void)shutdown(source->fd, SHUT_RD);
    flow->length = 0;
    flow->has_ended = true;
    flow->has_passed_on = true;
}

static void transmit(struct testing_flow *flow, const struct testing_side *source, struct testing_side *target) {
    while (flow->length > 0) {
        ssize_t sent = send(target->fd, flow->bytes + flow->start, flow->length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0) {
            discard(flow, source);
            return;
        }
        flow->start += (size_t)sent;
        flow->length -= (size_t)sent;
    }
    if (flow->has_ended && !flow->has_passed_on) {
        (void)shutdown(target->fd, SHUT_WR);
        flow->has_passed_on = true;
    }
}

typedef void (*testing_record_fn)(struct testing_recorder *recorder, const char *bytes, size_t length);

static bool pass(struct testing_link *link, struct testing_flow *flow, struct testing_side *source,
                 struct testing_side *target, testing_record_fn record) {
    if (can_read(flow)) {
        if (!receive(flow, source))
            return false;
        record(&link->recorder, flow->bytes, flow->length);
    }
    transmit(flow, source, target);
    return true;
}

static bool is_hung_up(const struct pollfd *poll) {
    return (poll->revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

// A side that has closed its socket is read to the end, and gets nothing more.
static void note_gone(struct testing_side *side, const struct testing_side *other, struct testing_flow *to) {
    side->is_gone = true;
    if (!to->has_passed_on)
        discard(to, other);
}

bool testing_link_step(struct testing_link *link, const struct pollfd polls[TESTING_LINK_POLLS]) {
    if (link->daemon.fd < 0)
        return true;
    if (!pass(link, &link->to_daemon, &link->client, &link->daemon, testing_recorder_add_request) ||
        !pass(link, &link->to_client, &link->daemon, &link->client, testing_recorder_add_response))
        return false;
    if (is_hung_up(&polls[0]) && !link->client.is_gone)
        note_gone(&link->client, &link->daemon, &link->to_client);
    if (is_hung_up(&polls[1]) && !link->daemon.is_gone)
        note_gone(&link->daemon, &link->client, &link->to_daemon);
    // When the daemon is gone, all that it has sent has to reach the client, and the other way round.
    return !link->to_daemon.has_passed_on || !link->to_client.has_passed_on;
}
