// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: what a fetch consists of, for the files of the client.
#pragma once

#include "base/buffer.h"
#include "base/list.h"
#include "http/http_client.h"
#include "http/http_client_trust_internal.h"
#include "net/connector.h"
#include "net/stream.h"
#include "wire/url.h"

#define FETCH_LINE_MAX 128 // of a response that is none, or of a refusal, shown in the error

struct http_client {
    struct loop *loop;
    struct connector *connector;
    const struct proxy_settings *proxies;
    struct client_trust *trust; // NULL before the first https: URL
    struct list fetches;        // http_fetch.link
};

// WAITING -> CONNECTING -> IN_HEAD -> IN_BODY -> ENDED; with https:, LOADING comes before CONNECTING, and through a
// proxy TUNNELLING before IN_HEAD. From IN_HEAD back to WAITING for a redirect; to ENDED from anywhere.
enum fetch_state {
    FETCH_WAITING, // for the turn that begins the hop
    FETCH_LOADING, // what TLS trusts is loaded
    FETCH_CONNECTING,
    FETCH_TUNNELLING, // the proxy's response to CONNECT is awaited
    FETCH_IN_HEAD,    // the request goes out, behind the handshake of TLS; the response's head is awaited
    FETCH_IN_BODY,
    FETCH_ENDED, // on_end is due, or was called
};

struct fetch_header {
    char *name;
    char *value;
};

// One request of those that a fetch may take.
struct fetch_hop {
    struct url url;
    char *shown_url;         // for errors: without password
    const struct url *proxy; // NULL: reached directly
    char *method;
    char *referer; // of a redirect; may be NULL
    bool has_body;
    bool has_left_host; // credentials and cookies of the caller are not for this host
};

struct http_fetch {
    struct list link;
    struct http_client *client;
    struct loop *loop; // the client's, which may go before the fetch does
    struct http_fetch_handlers handlers;
    void *data;
    enum fetch_state state;
    struct deferred turn; // to begin a hop, to read on after a pause, or to call on_end
    deferred_fn on_turn_due;
    struct timer *deadline;
    int64_t deadline_ns; // monotonic; 0: none

    // what is asked for
    char *method;
    struct fetch_header *headers;
    size_t header_count;
    char *user_agent;
    char *body;
    size_t body_length;
    unsigned redirects_max;

    struct fetch_hop hop;
    char *origin_host;  // of the first hop
    unsigned hop_count; // requests begun
    struct trust_wait trust_wait;
    struct connection_attempt *attempt;
    struct stream *stream;
    struct http_kept *kept;  // or NULL
    bool is_reused;          // the connection is one that was kept
    bool is_keepable;        // the response allows another request behind it
    struct timer *handshake; // deadline of the handshake, or NULL

    struct http_reader reader;
    struct buffer held; // came in before a pause, at most what a stream reads at once
    char first_line[FETCH_LINE_MAX + 1];
    size_t first_line_length;
    unsigned interim_count;
    bool is_interim; // the response that is being read
    bool is_paused;
    bool is_dispatching; // a function that calls handlers is running
    bool is_cancelled;   // meanwhile: that function frees the fetch
    struct error err;    // for on_end
};

// --- http_client_connect.c ---

// Begins the hop. Ends the fetch if its URL or proxy cannot be used.
void fetch_begin_hop(struct http_fetch *fetch);

// --- http_client_kept.c ---

// Takes ownership of a connection whose response has been read.
void http_kept_put(struct http_kept *kept, struct stream *stream);
struct stream *http_kept_take(struct http_kept *kept); // NULL if there is none
// Closes a connection that is not kept.
void fetch_close_stream(struct stream *stream);

// --- http_client_tunnel.c ---

// Asks the proxy at the other end of the connection for a tunnel to the server, then sends the request.
void fetch_open_tunnel(struct http_fetch *fetch);

// --- http_client_send.c ---

// Sends the hop's request over the connection, which leads to the server or to a proxy for http:.
void fetch_send(struct http_fetch *fetch);

// --- http_client_end.c ---

void fetch_set_state(struct http_fetch *fetch, enum fetch_state state);
// Has the fetch go on from the loop, as its state is then.
void fetch_defer_turn(struct http_fetch *fetch);
// Fine if there is none.
void fetch_close_connection(struct http_fetch *fetch);
// Ends the fetch: closes the connection, unless it is kept, and has on_end called, with fetch->err if that is set.
void fetch_end(struct http_fetch *fetch);
// The same with an error, which is put behind `Get "URL": ` unless the head has been read, as in Go; the URL is that of
// the hop, or `url`.
void fetch_fail(struct http_fetch *fetch, enum error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);
void fetch_fail_at(struct http_fetch *fetch, const char *url, enum error_kind kind, const char *message);
void fetch_expire(struct http_fetch *fetch); // the same because its deadline is over
// Calls on_end and frees the fetch, which has ended; a success waits for the end of a pause.
void fetch_report_end(struct http_fetch *fetch);
void fetch_free(struct http_fetch *fetch);
void hop_finish(struct fetch_hop *hop);

// --- http_client_request.c ---

bool hop_is_secure(const struct fetch_hop *hop); // https:
bool fetch_keeps_connection(const struct http_fetch *fetch);

// Copies method, headers and body.
void fetch_take_request(struct http_fetch *fetch, const struct http_fetch_request *request);
// Whether they can stand in a request; ERROR_BAD_REQUEST.
bool fetch_check_method(const struct http_fetch *fetch, struct error *err) NODISCARD;
bool fetch_check_headers(const struct http_fetch *fetch, struct error *err) NODISCARD;
// Adds the head of the hop's request.
void fetch_add_request_head(const struct http_fetch *fetch, struct buffer *out);
// Adds a CONNECT request for the server of the hop.
void fetch_add_connect_head(const struct http_fetch *fetch, struct buffer *out);
void fetch_finish_request(struct http_fetch *fetch);

// --- http_client_redirect.c ---

// As with Go, a redirect to nowhere is a response like others.
bool redirect_is_followed(const struct http_head *head);
// Makes the next hop of a response that is a redirect. Ends the fetch and returns false if it cannot be followed.
bool redirect_follow(struct http_fetch *fetch, const struct http_head *head) NODISCARD;
// What the URL reads in errors; owned.
char *hop_shown_url(const struct url *url);

// --- http_client_response.c ---

extern const struct stream_handlers fetch_stream_handlers; // their data is the fetch
// Makes the reader ready for a response.
void fetch_expect_response(struct http_fetch *fetch);
// Keeps the beginning of a response for the error if it is none.
void fetch_keep_first_line(struct http_fetch *fetch, const char *bytes, size_t length);
void fetch_fail_malformed(struct http_fetch *fetch); // after HTTP_FAILED
// Reads what has come, calling handlers, as far as the fetch is not paused or ended. May free the fetch.
void fetch_read(struct http_fetch *fetch, const char *bytes, size_t length);
