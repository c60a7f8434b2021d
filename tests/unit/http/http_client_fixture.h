// SPDX-License-Identifier: GPL-3.0-or-later
// A client, a scripted server in the same loop, and what the client's handlers were called with. The server listens at
// all IPv4 addresses; "one.test" and the names below it resolve to one of them.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http_client_internal.h"
#include "http/proxy.h"
#include "watchdog.h"

enum { ROUTES_MAX = 16, CONNECTIONS_MAX = 32 };

static struct loop *loop;
static struct connector *connector;
static struct proxy_settings *proxies;
static struct http_client *client;
static struct http_fetch *fetch;

// --- the server ---

enum manner {
    RESPOND_AND_CLOSE,
    RESPOND_AND_STAY,  // the connection stays open
    RESPOND_AND_GO_ON, // the same, and the next request is responded to
    RESPOND_IN_DRIPS,  // a byte a turn, then closed
    RESPOND_AND_FLOOD, // the response, then bytes without end
    RESPOND_AND_RESET, // the response, then the connection is reset
    RESPOND_EARLY,     // without reading the request's body, closed with that unread
    RESPOND_AND_CUT,   // closed without the end of TLS
    RESPOND_AND_TUNNEL // with TLS from then on
};

// What the server responds to a target. NULL: nothing at all.
static struct {
    char *target;
    char *response;
    enum manner manner;
} routes[ROUTES_MAX];
static size_t route_count;

struct server_connection {
    struct stream *stream;
    struct deferred drip;
    struct buffer request;
    size_t begin; // of the last request in `request`
    const char *to_drip;
    size_t flooded;
    bool has_responded, has_ended, has_failed;
};

static struct {
    int fd;
    uint16_t port;
    uv_poll_t poll;
    struct tls_context *tls; // borrowed; NULL: none but in tunnels
    struct tls_context *tls_in_tunnels;
    const char *greeting;                                  // sent to whoever connects; may be NULL
    struct server_connection connections[CONNECTIONS_MAX]; // in order
    size_t count;
} server;

static UNUSED void serve_in(const char *target, enum manner manner, const char *response) {
    assert_true(route_count < ROUTES_MAX);
    routes[route_count].target = memory_string(target);
    routes[route_count].response = response != NULL ? memory_string(response) : NULL;
    routes[route_count++].manner = manner;
}

// "PORT" in the response becomes the server's port.
static UNUSED void serve(const char *target, const char *response) {
    const char *mark = strstr(response, "PORT");
    if (mark == NULL) {
        serve_in(target, RESPOND_AND_CLOSE, response);
        return;
    }
    AUTO_FREE char *with_port = memory_printf("%.*s%u%s", (int)(mark - response), response, server.port, mark + 4);
    serve_in(target, RESPOND_AND_CLOSE, with_port);
}

static void send_text(struct stream *stream, const char *text, size_t length) {
    char *copy = memory_copy(text, length);
    stream_write(stream, &(struct iovec){.iov_base = copy, .iov_len = length}, 1);
    free(copy);
}

static void drip(struct deferred *deferred) {
    struct server_connection *connection = CONTAINER_OF(deferred, struct server_connection, drip);
    if (*connection->to_drip == '\0') {
        stream_shut_down(connection->stream);
        return;
    }
    send_text(connection->stream, connection->to_drip++, 1);
    loop_defer(loop, deferred, drip);
}

static void flood(struct server_connection *connection) {
    static const char piece[16384];
    while (!stream_is_broken(connection->stream) && !stream_is_full(connection->stream)) {
        send_text(connection->stream, piece, sizeof piece);
        connection->flooded += sizeof piece;
    }
}

static void reset(struct server_connection *connection) {
    const struct linger linger = {.l_onoff = 1};
    (void)setsockopt(stream_fd(connection->stream), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    stream_destroy(TAKE(connection->stream));
}

static void start_server_tls(struct stream *stream, struct tls_context *context) {
    struct tls_engine *engine;
    assert_true(tls_engine_create(context, NULL, &engine, NULL));
    stream_start_tls(stream, engine);
}

static void expect_request(struct server_connection *connection) {
    connection->begin = connection->request.length;
    connection->has_responded = false;
}

// The next request comes through the tunnel.
static void open_tunnel(struct server_connection *connection) {
    start_server_tls(connection->stream, server.tls_in_tunnels);
    expect_request(connection);
}

// The route of a request whose head is complete.
static size_t find_route(const char *request) {
    const char *target = strchr(request, ' ') + 1;
    AUTO_FREE char *copy = memory_string_n(target, strcspn(target, " "));
    for (size_t i = 0; i < route_count; i++) {
        if (text_equal(routes[i].target, copy))
            return i;
    }
    fail_msg("the client asks for %s", copy);
    return 0;
}

static void respond_to(struct server_connection *connection, size_t i) {
    connection->has_responded = true;
    if (routes[i].response == NULL)
        return;
    if (routes[i].manner == RESPOND_IN_DRIPS) {
        connection->to_drip = routes[i].response;
        drip(&connection->drip);
        return;
    }
    send_text(connection->stream, routes[i].response, strlen(routes[i].response));
    if (routes[i].manner == RESPOND_AND_CLOSE)
        stream_shut_down(connection->stream);
    else if (routes[i].manner == RESPOND_AND_FLOOD)
        flood(connection);
    else if (routes[i].manner == RESPOND_AND_RESET)
        reset(connection);
    else if (routes[i].manner == RESPOND_EARLY || routes[i].manner == RESPOND_AND_CUT)
        stream_destroy(TAKE(connection->stream));
    else if (routes[i].manner == RESPOND_AND_TUNNEL)
        open_tunnel(connection);
    else if (routes[i].manner == RESPOND_AND_GO_ON)
        expect_request(connection);
}

static bool body_is_complete(const char *request, size_t bytes) {
    const char *end = strstr(request, "\r\n\r\n") + 4;
    const char *length = strstr(request, "Content-Length: ");
    return length == NULL || (size_t)(end - request) + strtoul(length + 16, NULL, 10) <= bytes;
}

static void on_request_bytes(struct stream *stream UNUSED, const char *bytes, size_t length, void *data) {
    struct server_connection *connection = data;
    buffer_add(&connection->request, bytes, length);
    const char *request = buffer_text(&connection->request) + connection->begin;
    if (connection->has_responded || strstr(request, "\r\n\r\n") == NULL)
        return;
    size_t route = find_route(request);
    if (routes[route].manner == RESPOND_EARLY ||
        body_is_complete(request, connection->request.length - connection->begin))
        respond_to(connection, route);
}

static void on_request_end(struct stream *stream UNUSED, void *data) {
    ((struct server_connection *)data)->has_ended = true;
}

static void on_request_drained(struct stream *stream UNUSED, void *data) {
    struct server_connection *connection = data;
    if (connection->flooded > 0)
        flood(connection);
}

static void on_request_failed(struct stream *stream UNUSED, const struct error *err UNUSED, void *data) {
    struct server_connection *connection = data;
    connection->has_ended = true;
    connection->has_failed = true;
}

static void on_client_waiting(uv_poll_t *poll UNUSED, int status UNUSED, int events UNUSED) {
    static const struct stream_handlers handlers = {.on_data = on_request_bytes,
                                                    .on_end = on_request_end,
                                                    .on_drained = on_request_drained,
                                                    .on_failed = on_request_failed};
    int fd = accept4(server.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0 && server.count < CONNECTIONS_MAX);
    struct server_connection *connection = &server.connections[server.count++];
    *connection = (struct server_connection){.request = BUFFER_INIT(BUFFER_NO_LIMIT)};
    connection->stream = stream_create(loop, fd, STREAM_TCP);
    stream_set_handlers(connection->stream, &handlers, connection);
    if (server.tls != NULL)
        start_server_tls(connection->stream, server.tls);
    if (server.greeting != NULL)
        send_text(connection->stream, server.greeting, strlen(server.greeting));
    stream_read_start(connection->stream);
}

static void server_open(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t length = sizeof address;
    memset(&server, 0, sizeof server);
    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(server.fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server.fd, 16), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&address, &length), 0);
    server.port = ntohs(address.sin_port);
    assert_int_equal(uv_poll_init(loop_uv(loop), &server.poll, server.fd), 0);
    assert_int_equal(uv_poll_start(&server.poll, UV_READABLE, on_client_waiting), 0);
}

static void server_close(void) {
    for (size_t i = 0; i < server.count; i++) {
        loop_defer_cancel(loop, &server.connections[i].drip);
        stream_destroy(server.connections[i].stream);
        buffer_finish(&server.connections[i].request);
    }
    (void)uv_poll_stop(&server.poll);
    (void)close(server.fd);
    for (; route_count > 0; route_count--) {
        free(routes[route_count - 1].target);
        free(routes[route_count - 1].response);
    }
}

// The request that came over the connection of that number.
static UNUSED const char *request_of(size_t i) {
    assert_true(i < server.count);
    return buffer_text(&server.connections[i].request);
}

static UNUSED void expect_in_request(size_t i, const char *text) {
    if (strstr(request_of(i), text) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", text, request_of(i));
}

static UNUSED void expect_not_in_request(size_t i, const char *text) {
    if (strstr(request_of(i), text) != NULL)
        fail_msg("\"%s\" is in \"%s\"", text, request_of(i));
}

// --- the handlers ---

enum moment { NEVER, AT_HEAD, AT_BODY, AT_END };

static struct {
    enum moment cancel_at, pause_at, destroy_at;
    bool is_starting;
    int heads, bodies, ends, status;
    struct buffer headers; // "name=value\n" each
    struct buffer body;
    enum error_kind kind;
    int errnum;
    char *message; // NULL: no error
} seen;

static void act(enum moment moment) {
    assert_false(seen.is_starting);
    if (seen.pause_at == moment)
        http_fetch_pause(fetch);
    if (seen.cancel_at == moment) {
        http_fetch_cancel(fetch);
        loop_stop(loop);
    }
    if (seen.destroy_at == moment) {
        http_client_destroy(client);
        client = NULL;
        loop_stop(loop);
    }
}

static void on_head_complete(struct http_fetch *source, const struct http_head *head, void *data) {
    assert_ptr_equal(source, fetch);
    assert_ptr_equal(data, &seen);
    assert_int_equal(seen.heads + seen.bodies + seen.ends, 0);
    seen.heads++;
    act(AT_HEAD);
    seen.status = head->status; // good for the whole call, whatever became of the fetch
    for (size_t i = 0; i < head->header_count; i++)
        buffer_printf(&seen.headers, "%s=%s\n", head->headers[i].name, head->headers[i].value);
}

static void on_body_piece(struct http_fetch *source, const char *bytes, size_t length, void *data UNUSED) {
    assert_ptr_equal(source, fetch);
    assert_int_equal(seen.heads, 1);
    assert_int_equal(seen.ends, 0);
    assert_true(length > 0);
    seen.bodies++;
    act(AT_BODY);
    buffer_add(&seen.body, bytes, length);
}

static void on_fetch_end(struct http_fetch *source, const struct error *err, void *data UNUSED) {
    assert_ptr_equal(source, fetch);
    assert_true(seen.heads == 1 || err != NULL);
    seen.ends++;
    if (err != NULL) {
        seen.kind = err->kind;
        seen.errnum = err->errnum;
        seen.message = memory_string(error_text(err));
    }
    act(AT_END);
    fetch = NULL;
    loop_stop(loop);
}

static const struct http_fetch_handlers noting = {
    .on_head = on_head_complete, .on_body = on_body_piece, .on_end = on_fetch_end};

// --- fetching ---

static void start_request(const struct http_fetch_request *request) {
    seen.is_starting = true;
    fetch = http_fetch_start(client, request, &noting, &seen);
    seen.is_starting = false;
}

// "http://127.0.0.1:PORT", or https:, and the target; owned.
static char *url_of(const char *target) {
    return memory_printf("%s://127.0.0.1:%u%s", server.tls != NULL ? "https" : "http", server.port, target);
}

static UNUSED void start(const char *target) {
    AUTO_FREE char *url = url_of(target);
    start_request(&(struct http_fetch_request){.url = url});
}

static UNUSED void run_request(const struct http_fetch_request *request) {
    start_request(request);
    loop_run(loop);
}

static UNUSED void run(const char *target) {
    start(target);
    loop_run(loop);
}

static UNUSED void expect_response(int status, const char *body) {
    if (seen.message != NULL)
        fail_msg("%s", seen.message);
    assert_int_equal(seen.ends, 1);
    assert_int_equal(seen.status, status);
    assert_string_equal(buffer_text(&seen.body), body);
}

// `Get "URL": ` in front, where the URL is the server's with this target.
static UNUSED void expect_error(const char *target, enum error_kind kind, const char *message) {
    AUTO_FREE char *url = target[0] == '/' ? url_of(target) : memory_string(target);
    // An error of the body is without the URL.
    AUTO_FREE char *whole = seen.heads == 0 ? memory_printf("Get \"%s\": %s", url, message) : memory_string(message);
    assert_int_equal(seen.ends, 1);
    assert_non_null(seen.message);
    assert_string_equal(seen.message, whole);
    assert_int_equal(seen.kind, kind);
}

static UNUSED void expect_nothing(void) {
    loop_run_pending(loop);
    assert_int_equal(seen.heads + seen.bodies + seen.ends, 0);
}

static UNUSED void forget_seen(void) {
    buffer_finish(&seen.headers);
    buffer_finish(&seen.body);
    free(seen.message);
    memset(&seen, 0, sizeof seen);
    buffer_init(&seen.headers, BUFFER_NO_LIMIT);
    buffer_init(&seen.body, BUFFER_NO_LIMIT);
}

// --- the fixture ---

static bool resolve_test_names(const char *name, struct address_list *found, struct error *err) {
    static const char *const known[] = {"one.test", "www.one.test", "notone.test"};
    size_t i = 0;
    while (i < ARRAY_COUNT(known) && !text_equal_nocase(name, known[i]))
        i++;
    if (i == ARRAY_COUNT(known))
        return error_set(err, ERROR_CONNECTION, "no such host");
    found->items = memory_new(sizeof *found->items);
    found->count = 1;
    struct sockaddr_in *address = (struct sockaddr_in *)found->items;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return true;
}

// With a new client; takes the settings over.
static UNUSED void use_proxy_settings(struct proxy_settings *settings) {
    http_client_destroy(client);
    proxy_settings_destroy(proxies);
    proxies = settings;
    client = http_client_create(loop, connector, proxies);
}

static UNUSED void use_proxies(const char *http_proxy, const char *https_proxy, const char *no_proxy) {
    use_proxy_settings(proxy_settings_create(http_proxy, https_proxy, no_proxy));
}

static int open_client(void **state UNUSED) {
    (void)signal(SIGPIPE, SIG_IGN);
    forget_seen();
    fetch = NULL;
    if (!loop_create(&loop, NULL))
        return -1;
    watchdog_open(loop);
    server_open();
    connector = connector_create(loop, resolve_test_names);
    proxies = proxy_settings_create(NULL, NULL, NULL);
    client = http_client_create(loop, connector, proxies);
    return 0;
}

static int close_client(void **state UNUSED) {
    http_client_destroy(client);
    proxy_settings_destroy(TAKE(proxies));
    connector_destroy(connector);
    server_close();
    loop_destroy(loop);
    forget_seen();
    return 0;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_client, close_client)
