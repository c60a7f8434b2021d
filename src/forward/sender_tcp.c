// SPDX-License-Identifier: GPL-3.0-or-later
// Sends lines over one TCP connection, which stays open. Declared in forward/sender_internal.h.
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "forward/sender_internal.h"
#include "net/connector.h"
#include "net/stream.h"

struct sender_tcp {
    struct sender sender;
    char *host;
    uint16_t port;
    const struct payload *payload;      // what is being sent, or NULL
    struct connection_attempt *attempt; // or NULL
    struct stream *stream;              // or NULL
    struct timer *deadline;
};

static void end_payload(struct sender_tcp *tcp, const char *failure) {
    timer_stop(tcp->deadline);
    if (tcp->payload == NULL)
        return;
    tcp->payload = NULL;
    sender_end(&tcp->sender, failure == NULL ? SEND_DONE : SEND_FAILED, failure);
}

static void disconnect(struct sender_tcp *tcp, const char *reason) {
    AUTO_FREE char *message = sender_send_failure(reason);
    stream_destroy(tcp->stream);
    tcp->stream = NULL;
    sender_give_back_socket(&tcp->sender);
    end_payload(tcp, message);
}

static void fail_to_connect(struct sender_tcp *tcp, const struct error *err) {
    AUTO_FREE char *message = sender_connect_failure(&tcp->sender, error_text(err));
    sender_give_back_socket(&tcp->sender);
    end_payload(tcp, message);
}

static void on_deadline_expired(void *data) {
    disconnect(data, "i/o timeout");
}

// --- the connection ---

static void on_stream_ended(struct stream *stream UNUSED, void *data) {
    disconnect(data, "connection closed by the target");
}

static void on_stream_failed(struct stream *stream UNUSED, const struct error *err, void *data) {
    disconnect(data, error_text(err));
}

static void on_stream_drained(struct stream *stream UNUSED, void *data) {
    end_payload(data, NULL);
}

// Targets send nothing. It is read to notice the end of the connection.
static void on_stream_data(struct stream *stream UNUSED, const char *bytes UNUSED, size_t length UNUSED,
                           void *data UNUSED) {
}

static void write_payload(struct sender_tcp *tcp) {
    const struct iovec piece = {.iov_base = tcp->payload->text.data, .iov_len = tcp->payload->text.length};
    timer_start(tcp->deadline, SEND_DEADLINE_NS);
    stream_write(tcp->stream, &piece, 1);
    if (!stream_is_broken(tcp->stream) && stream_queued_bytes(tcp->stream) == 0)
        end_payload(tcp, NULL);
}

static void on_attempt_done(struct connection_attempt *attempt UNUSED, struct stream *stream, const struct error *err,
                            void *data) {
    static const struct stream_handlers handlers = {.on_data = on_stream_data,
                                                    .on_end = on_stream_ended,
                                                    .on_drained = on_stream_drained,
                                                    .on_failed = on_stream_failed};
    struct sender_tcp *tcp = data;
    tcp->attempt = NULL;
    if (err != NULL) {
        fail_to_connect(tcp, err);
        return;
    }
    tcp->stream = stream;
    stream_set_water_marks(stream, 0, 1); // drained means that all is written
    stream_set_handlers(stream, &handlers, tcp);
    stream_read_start(stream);
    write_payload(tcp);
}

// --- the sender ---

static void tcp_start(struct sender *sender, const struct payload *payload) {
    struct sender_tcp *tcp = CONTAINER_OF(sender, struct sender_tcp, sender);
    const struct connect_target target = {.host = tcp->host, .port = tcp->port, .deadline_ns = SEND_DEADLINE_NS};
    AUTO_ERROR struct error err = {0};
    tcp->payload = payload;
    if (tcp->stream != NULL)
        write_payload(tcp);
    else if (!sender_take_socket(sender, "dial tcp", &err))
        fail_to_connect(tcp, &err);
    else
        tcp->attempt = connector_start(sender->spec->connector, &target, on_attempt_done, tcp);
}

static void tcp_destroy(struct sender *sender) {
    struct sender_tcp *tcp = CONTAINER_OF(sender, struct sender_tcp, sender);
    if (tcp->attempt != NULL)
        connector_cancel(tcp->attempt);
    stream_destroy(tcp->stream);
    timer_destroy(tcp->deadline);
    sender_finish(sender);
    free(tcp->host);
    free(tcp);
}

static const struct sender_class tcp_class = {.encoder = &syslog_encoder, .start = tcp_start, .destroy = tcp_destroy};

struct sender *sender_tcp_create(const struct forward_spec *spec, const char *host, uint16_t port) {
    struct sender_tcp *tcp = memory_new(sizeof *tcp);
    sender_init(&tcp->sender, &tcp_class, spec);
    tcp->host = memory_string(host);
    tcp->port = port;
    tcp->deadline = timer_create_in(spec->loop, on_deadline_expired, tcp);
    return &tcp->sender;
}
