// SPDX-License-Identifier: GPL-3.0-or-later
// Private to forward/: senders bring encoded lines to the location of a target, one payload at a time.
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "forward/encoder_internal.h"
#include "forward/forward_manager.h"
#include "loop/loop.h"
#include "plan/plan.h"

#define PAYLOAD_LINES_MAX ((size_t)100)
#define SEND_DEADLINE_NS (10 * NS_PER_S)

// Encoded lines.
struct payload {
    struct buffer text;
    size_t count;                   // lines
    size_t ends[PAYLOAD_LINES_MAX]; // where each line ends in the text; for datagrams
};

enum send_outcome {
    SEND_DONE,
    SEND_FAILED,  // to be sent again
    SEND_REFUSED, // not to be sent again
};
struct send_result {
    enum send_outcome outcome;
    int status;             // of the HTTP response, 0 if there was none
    int64_t retry_after_ns; // as the target asks for, 0 if it does not
    size_t dropped;         // lines of a payload that is done, but they can never be sent
    char *message;          // why it was not done; owned by the sender
};
typedef void (*send_done_fn)(const struct send_result *result, void *data);

struct sender;
struct sender_class {
    const struct encoder *encoder;
    const char *failure_prefix;                                          // of messages about the connection, over HTTP
    void (*start)(struct sender *sender, const struct payload *payload); // ends with sender_end()
    void (*destroy)(struct sender *sender);                              // frees the sender, and cancels what it does
};
struct sender {
    const struct sender_class *class;
    const struct forward_spec *spec;
    char *location;  // for messages; owned, NULL over HTTP
    bool has_socket; // taken from the budget
    send_done_fn on_done;
    void *data;
    struct send_result result;
    struct deferred report; // of the result
};

// The result is borrowed for the call of on_done, which may start the sender again or destroy it. A location that
// cannot be used makes each payload fail. `spec` is borrowed.
struct sender *sender_create(const struct forward_spec *spec, enum log_target_type type, const char *location)
    __attribute__((returns_nonnull));
void sender_on_done(struct sender *sender, send_done_fn on_done, void *data);
void sender_destroy(struct sender *sender); // cancels; NULL is fine
// The payload is borrowed until the end. on_done is called once, from the loop, unless the sender is destroyed.
void sender_start(struct sender *sender, const struct payload *payload);

// --- for the kinds of sender ---

void sender_init(struct sender *sender, const struct sender_class *class, const struct forward_spec *spec);
void sender_finish(struct sender *sender);
// Takes a socket from the budget unless the sender has it. ERROR_UNAVAILABLE: `PREFIX: socket: too many open files`.
bool sender_take_socket(struct sender *sender, const char *prefix, struct error *err) NODISCARD;
void sender_give_back_socket(struct sender *sender); // no effect if it has none
// Messages of failures to connect to the target and to send to it, in the words of the reference. For the caller to
// free.
char *sender_connect_failure(const struct sender *sender, const char *reason) __attribute__((returns_nonnull));
char *sender_send_failure(const char *reason) __attribute__((returns_nonnull));
// Ends the payload, with a message unless it is done.
void sender_end(struct sender *sender, enum send_outcome outcome, const char *message);

struct sender *sender_http_create(const struct forward_spec *spec, const struct sender_class *class, const char *url)
    __attribute__((returns_nonnull));
extern const struct sender_class sender_loki, sender_opentelemetry;
struct sender *sender_tcp_create(const struct forward_spec *spec, const char *host, uint16_t port)
    __attribute__((returns_nonnull));
struct sender *sender_udp_create(const struct forward_spec *spec, const char *host, uint16_t port)
    __attribute__((returns_nonnull));
