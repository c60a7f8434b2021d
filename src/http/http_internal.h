// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: one connection, and the request that is being handled on it.
//
// Functions of handlers are called from the loop only, never while a handler is inside one of our functions:
// a connection that breaks while its answer is written is closed at once, but its request hears of it in the
// next turn, and the request behind an answered one waits for the next turn, too.
#pragma once

#include <sys/uio.h>

#include "base/clock.h"
#include "base/list.h"
#include "http/server.h"

// What a connection waits for; each kind has its own time limit, and its list is in the order of waiting.
enum connection_wait {
    WAIT_IDLE,     // for a request: no limit, but the first to go when descriptors run out
    WAIT_HEAD,     // for the rest of a head: from its first byte on
    WAIT_PROGRESS, // for more of a body, or for the client to read
    WAIT_LINGER,   // for the client to see an answer that ended the connection
    WAIT_KINDS,
    WAIT_NONE = WAIT_KINDS, // a request is being handled, or the next one is about to be
};

// Constants, but for tests, which lower them before the first connection comes.
struct http_limits {
    int64_t wait_ms[WAIT_KINDS];
    int64_t evict_ms; // a connection that has waited for less is not closed to make room: its request may be there
    size_t connections;
    int descriptor;           // no new connection while the newest one got this number or a higher one
    size_t skipped_bytes;     // of an unread body, before the connection is given up (behaviour/http.md)
    size_t input_bytes;       // of one connection's pipelined input, before reading pauses
    size_t unread_bytes;      // of one connection's answers, before its next request is looked at
    size_t buffered_bytes;    // of all connections, before the oldest incomplete one is closed
    size_t requests_per_turn; // of one connection, so that pipelining does not starve the others
};

struct http_server {
    struct loop *loop;
    struct http_server_hooks hooks;
    struct http_limits limits;
    struct list listeners;         // listener.link
    struct list connections;       // connection.link
    struct list ready;             // connection.ready_link: with input to be looked at in the next turn
    struct list waits[WAIT_KINDS]; // connection.wait_link
    struct list requests;          // http_request.link: all that are not answered yet
    size_t connection_count;
    size_t buffered_bytes; // of incomplete heads, bodies, pipelined input and unread answers
    int newest_descriptor; // -1 since a connection has been closed
    struct timer *wait_timer;
    int64_t wait_due_ms; // when it fires, while it runs
    struct timer *accept_timer;
    struct timer *grace_timer;
    struct deferred turn;
    struct deferred end;
    void (*on_end)(void *data);
    void *on_end_data;
    bool accepts; // listeners are polled
    bool is_stopping;
    bool is_destroyed;   // but requests are still kept
    int64_t date_second; // of date_text
    char date_text[CLOCK_TEXT_SIZE];
    char read_buffer[65536]; // shared: what is read is taken before the next read
};

struct connection {
    struct list link;
    struct list wait_link;
    struct list ready_link;
    struct http_server *server;
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
    } handle;
    struct http_reader reader;
    struct buffer input; // received, but not looked at yet
    struct http_request *request;
    struct peer peer;
    int64_t wait_since_ms;
    size_t pending_bytes; // written but not taken by the client
    size_t queued_bytes;  // the part of these that was left when the wait for progress began
    size_t counted_bytes; // its part of server->buffered_bytes
    size_t skipped_bytes; // of a body that nobody reads
    enum http_transport transport;
    enum connection_wait wait;
    bool is_processing; // inside connection_process(): settling comes at its end
    bool is_reading;
    bool is_closing;
    bool is_lingering; // everything is answered; what still comes is thrown away
    bool has_ended;    // the client sends no more
    bool closes_next;  // after the answer under way
    bool in_message;   // the message that is being read is not complete
};

struct http_request {
    struct list link;
    struct http_server *server;
    struct connection *connection; // NULL once the client is gone
    struct http_head head;         // its headers are borrowed from the reader, and gone when the body has ended
    struct deferred closed_call;   // the client is gone, or half gone: to be told
    char *method;
    struct url_target target;
    struct url_query query;
    enum http_transport transport;
    struct peer peer;
    char remote[64];
    int64_t began_ns;
    void *context;
    struct buffer body;
    http_body_fn on_body;
    void *body_data;
    http_cancel_fn on_cancel;
    void *cancel_data;
    void (*on_drain)(struct http_request *request, void *data);
    void *drain_data;
    int status;
    bool has_query;
    bool body_has_begun;
    bool body_has_ended; // completely or not
    bool is_head_method;
    bool is_streaming;
    bool is_chunked;
    bool was_cancelled;
};

// connection.c
// Takes over the descriptor of an accepted connection.
void connection_open(struct http_server *server, int fd, enum http_transport transport);
// At once; calls no handler.
void connection_close(struct connection *connection);
// Decides what the connection does next, after anything has changed; calls no handler.
void connection_update(struct connection *connection);
void connections_process_ready(struct deferred *turn); // the function of server->turn

// connection_write.c
// Writes, keeping a copy of what does not go out at once; closes the connection if it is broken.
void connection_write(struct connection *connection, const struct iovec *pieces, size_t count);

// connection_wait.c
extern const struct http_limits connection_limits; // the usual ones, those of descriptors unset
void connection_wait_for(struct connection *connection, enum connection_wait wait);
void connection_check_waits(void *server); // the function of server->wait_timer
// Closes the connection that can be missed most; false if all are busy or new.
bool connection_evict(struct http_server *server);
// Brings server->buffered_bytes up to date; closes connections, maybe this one, if it is too much.
void connection_count_bytes(struct connection *connection);

// request.c
// NULL if the target is not one (a bad escape or a NUL in its path).
struct http_request *request_create(struct connection *connection, const struct http_head *head);
void request_body_piece(struct http_request *request, const char *data, size_t length);
void request_body_end(struct http_request *request, const struct error *err); // err NULL: complete
void request_lose_connection(struct http_request *request);
void request_notify_closed_later(struct http_request *request); // that the client is gone, or sends no more
void request_notify_closed(struct http_request *request);       // now: only from the loop
void request_drained(struct http_request *request);

// accept.c
void server_close_listeners(struct http_server *server);
void server_retry_accept(void *server); // the function of server->accept_timer

// server.c
const char *server_date(struct http_server *server);
// A connection has been closed, or a request answered.
void server_connection_ended(struct http_server *server);
void server_request_ended(struct http_server *server);
