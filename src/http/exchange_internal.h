// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: what an exchange consists of, for the files that make up its functions.
#pragma once

#include "base/clock.h"
#include "http/connection_internal.h"
#include "http/http_body.h"
#include "http/http_exchange.h"
#include "http/http_response.h"

// What all exchanges of a server share; lasts until the last of them has ended.
struct exchanges {
    struct loop *loop;
    struct list open; // http_exchange.link: all that are not responded yet
    void (*handle)(struct http_exchange *exchange, void *data);
    void (*on_responded)(const struct http_exchange *exchange, int status, int64_t duration_ns, void *data); // or NULL
    void *data;
    void (*on_ended)(struct exchanges *all); // one has been freed; may free this
    int64_t date_second;                     // of date_text
    char date_text[CLOCK_TEXT_SIZE];
};

// How far the handler is with the body.
enum body_reading {
    READING_UNASKED,
    READING_PIECES, // asked for; its pieces are passed on, then its end
    READING_PAUSED,
    READING_REFUSED,  // collected, and too large: that is to be reported
    READING_REPORTED, // on_end was called, or the body is not wanted
};

// How far the client is with it.
enum body_progress { BODY_COMING, BODY_COMPLETE, BODY_BROKEN };

struct http_exchange {
    struct list link;
    struct exchanges *all;
    struct connection *connection; // NULL once the client is gone
    struct http_taken_head request;
    struct url_target target;
    struct url_query query;
    enum http_transport transport;
    struct peer peer;
    char remote[PEER_ADDRESS_SIZE];
    int64_t began_ns;
    void *context;
    struct deferred news; // of the body or the client, to be told in the next turn

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

    struct buffer headers; // of the response, as lines, that the handler has set
    int status;
    bool has_query;
    bool has_granted_body; // the client that waited to be asked for its body was
    bool is_head_method;
    bool is_streaming;
    bool is_chunked;
    bool was_cancelled;
};

// --- http_exchange.c ---

extern const struct connection_handlers exchange_connection_handlers;
void exchanges_init(struct exchanges *all, struct loop *loop);
// Delivers what is due to the handlers of all, as far as they are cancelled by that or not.
void exchanges_deliver_all(struct exchanges *all);
const char *exchanges_date(struct exchanges *all); // of now, for a response
// Calls the handler's functions in the next turn, for what is due then.
void exchange_deliver_later(struct http_exchange *exchange);
void exchange_end(struct http_exchange *exchange); // it is responded: frees it

// --- http_body.c ---

bool exchange_body_is_due(const struct http_exchange *exchange); // its end is to be reported
void exchange_report_body(struct http_exchange *exchange);       // and is now
void exchange_add_body(struct http_exchange *exchange, const char *bytes, size_t length);
void exchange_end_body(struct http_exchange *exchange, const char *reason); // reason NULL: complete

// --- http_response.c ---

void exchange_drained(struct http_exchange *exchange);
