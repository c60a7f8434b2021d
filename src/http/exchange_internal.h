// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: the structure of an exchange, for the files that implement it.
#pragma once

#include "http/connection_internal.h"
#include "http/http_body.h"
#include "http/http_exchange.h"
#include "http/http_response.h"

// Shared by all exchanges of a server. Valid until the last one has ended, and the last share that is held is released.
struct exchanges {
    struct loop *loop;
    struct list open; // http_exchange.link: exchanges without a response
    struct shares *shares;
    struct share unowned; // of exchanges whose client has disconnected
    size_t held_shares;   // client_share_create()
    void (*handle)(struct http_exchange *exchange, void *data);
    void (*on_responded)(const struct http_exchange *exchange, int status, int64_t duration_ns, void *data); // or NULL
    void *data;
    void (*on_ended)(struct exchanges *all); // an exchange or a held share has been freed; may free this structure
};

// The state of the body for the handler.
enum body_reading {
    READING_UNASKED,
    READING_PIECES, // pieces are passed on, then the end
    READING_PAUSED,
    READING_REFUSED,  // collected and too large; to be reported
    READING_REPORTED, // on_end was called, or the body is not wanted
};

// The state of the body for the client.
enum body_progress { BODY_COMING, BODY_COMPLETE, BODY_BROKEN };

struct http_exchange {
    struct list link;
    struct exchanges *all;
    struct connection *connection; // NULL after the client has disconnected
    struct http_taken_head request;
    struct url_target target;
    struct url_query query;
    enum http_transport transport;
    struct peer peer;
    char *remote;                    // address of a TCP client, or NULL
    struct certificate *certificate; // of a client over TLS, or NULL
    int64_t began_ns;
    void *context;
    size_t handler_bytes; // http_exchange_count_bytes()
    struct deferred news; // reports events of body and client in the next turn

    enum body_reading reading;
    enum body_progress progress;
    const char *broken_reason; // of BODY_BROKEN
    struct http_body_handlers body_handlers;
    void *body_data;
    struct buffer collected;
    http_body_fn on_collected;
    void *collected_data;
    http_cancel_fn on_cancel;
    void *cancel_data;
    void (*on_drain)(struct http_exchange *exchange, void *data);
    void *drain_data;

    struct buffer headers; // of the response, set by the handler, as lines
    int status;
    bool is_refused_for_memory; // the body, READING_REFUSED
    bool has_query;
    bool has_granted_body; // 100 Continue has been sent
    bool is_head_method;
    bool is_streaming;
    bool is_chunked;
    bool was_cancelled;
};

// --- http_exchange.c ---

extern const struct connection_handlers exchange_connection_handlers;
void exchanges_init(struct exchanges *all, struct loop *loop);
void exchanges_finish(struct exchanges *all); // there are no exchanges
// Reports pending events to the handlers of all exchanges, cancelled or not.
void exchanges_deliver_all(struct exchanges *all);
// Schedules the report of pending events to the handler for the next turn.
void exchange_deliver_later(struct http_exchange *exchange);
void exchange_end(struct http_exchange *exchange); // after the response: frees the exchange

// --- http_body.c ---

bool exchange_body_is_due(const struct http_exchange *exchange); // its end must be reported
void exchange_report_body(struct http_exchange *exchange);       // reports its end
void exchange_add_body(struct http_exchange *exchange, const char *bytes, size_t length);
void exchange_end_body(struct http_exchange *exchange, const char *reason); // NULL: complete
bool exchange_refuse_body(struct http_exchange *exchange);                  // see connection_handlers

// --- http_response.c ---

void exchange_drained(struct http_exchange *exchange);
