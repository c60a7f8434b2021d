// SPDX-License-Identifier: GPL-3.0-or-later
// Sends each line as a datagram. Declared in forward/sender_internal.h.
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "forward/sender_internal.h"
#include "forward/udp_lookup_internal.h"

#define FULL_WAIT_NS (20 * NS_PER_MS) // the socket's buffer is full

struct sender_udp {
    struct sender sender;
    char *host;
    uint16_t port;
    const struct payload *payload; // what is being sent, or NULL
    size_t next;                   // its next datagram
    // Or NULL. Lasts beyond the deadline of a payload, for the next one: its thread may hang, and is to be the only
    // one.
    struct udp_lookup *lookup;
    struct timer *full;
    struct timer *deadline;
    int fd; // connected, or -1
};

static void end_payload(struct sender_udp *udp, const char *failure) {
    timer_stop(udp->full);
    timer_stop(udp->deadline);
    if (failure != NULL) { // the address may have changed
        file_close_at(&udp->fd);
        sender_give_back_socket(&udp->sender);
    }
    sender_end(&udp->sender, failure == NULL ? SEND_DONE : SEND_FAILED, failure);
    udp->payload = NULL;
}

static void fail_to_connect(struct sender_udp *udp, const char *reason) {
    AUTO_FREE char *message = sender_connect_failure(&udp->sender, reason);
    end_payload(udp, message);
}

static void fail_to_send(struct sender_udp *udp, const char *reason) {
    AUTO_FREE char *text = memory_printf("write udp: %s", reason);
    AUTO_FREE char *message = sender_send_failure(text);
    end_payload(udp, message);
}

static void on_deadline_expired(void *data) {
    struct sender_udp *udp = data;
    if (udp->lookup == NULL) {
        fail_to_send(udp, "i/o timeout");
        return;
    }
    AUTO_FREE char *reason = memory_printf("dial udp: lookup %s: i/o timeout", udp->host);
    fail_to_connect(udp, reason);
}

// A datagram that is too large for the network is dropped: it would never be sent. Returns false to wait or fail.
static bool send_next(struct sender_udp *udp) {
    size_t start = udp->next > 0 ? udp->payload->ends[udp->next - 1] : 0;
    size_t length = udp->payload->ends[udp->next] - start;
    ssize_t sent = send(udp->fd, udp->payload->text.data + start, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0 || errno == EMSGSIZE) {
        udp->next++;
        udp->sender.result.dropped += sent >= 0 ? 0 : 1;
        return true;
    }
    if (errno == EINTR)
        return true;
    if (errno == EAGAIN || errno == ENOBUFS)
        timer_start(udp->full, FULL_WAIT_NS);
    else
        fail_to_send(udp, error_errno_text(errno));
    return false;
}

static void send_all(void *data) {
    struct sender_udp *udp = data;
    while (udp->next < udp->payload->count) {
        if (!send_next(udp))
            return;
    }
    end_payload(udp, NULL);
}

static bool open_socket(struct sender_udp *udp, const struct sockaddr_storage *address) {
    AUTO_ERROR struct error err = {0};
    socklen_t length = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (!sender_take_socket(&udp->sender, "dial udp", &err)) {
        fail_to_connect(udp, error_text(&err));
        return false;
    }
    udp->fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (udp->fd >= 0 && connect(udp->fd, (const struct sockaddr *)address, length) == 0)
        return true;
    AUTO_FREE char *reason = memory_printf("dial udp: %s", error_errno_text(errno));
    fail_to_connect(udp, reason);
    return false;
}

static void on_lookup_done(const struct sockaddr_storage *address, const struct error *err, void *data) {
    struct sender_udp *udp = data;
    udp->lookup = NULL;
    if (udp->payload == NULL)
        return; // too late for it
    if (err != NULL)
        fail_to_connect(udp, error_text(err));
    else if (open_socket(udp, address))
        send_all(udp);
}

static void udp_start(struct sender *sender, const struct payload *payload) {
    struct sender_udp *udp = CONTAINER_OF(sender, struct sender_udp, sender);
    udp->payload = payload;
    udp->next = 0;
    timer_start(udp->deadline, SEND_DEADLINE_NS);
    if (udp->fd >= 0)
        send_all(udp);
    else if (udp->lookup == NULL)
        udp->lookup = udp_lookup_start(sender->spec->loop, udp->host, udp->port, on_lookup_done, udp);
}

static void udp_destroy(struct sender *sender) {
    struct sender_udp *udp = CONTAINER_OF(sender, struct sender_udp, sender);
    udp_lookup_cancel(udp->lookup);
    file_close_at(&udp->fd);
    timer_destroy(udp->full);
    timer_destroy(udp->deadline);
    sender_finish(sender);
    free(udp->host);
    free(udp);
}

static const struct sender_class udp_class = {
    .encoder = &syslog_datagram_encoder, .start = udp_start, .destroy = udp_destroy};

struct sender *sender_udp_create(const struct forward_spec *spec, const char *host, uint16_t port) {
    struct sender_udp *udp = memory_new(sizeof *udp);
    sender_init(&udp->sender, &udp_class, spec);
    udp->host = memory_string(host);
    udp->port = port;
    udp->fd = -1;
    udp->full = timer_create_in(spec->loop, send_all, udp);
    udp->deadline = timer_create_in(spec->loop, on_deadline_expired, udp);
    return &udp->sender;
}
