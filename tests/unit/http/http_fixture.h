// SPDX-License-Identifier: GPL-3.0-or-later
// A server at a Unix socket in a directory of its own, a handler whose paths say what it does, and clients that
// give the loop its turns while they wait.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http_server_internal.h"
#include "net/listen.h"
#include "watchdog.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
enum { KEPT_MAX = 64, BODY_LIMIT = 100000 };

static struct loop *loop;
static struct http_server *server;
static struct descriptor_budget *descriptors;
static char directory[64];
static char socket_path[80];

static struct {
    int handled, cancelled, responded, drained, last_status;
    int depth, depth_max; // of handlers within handlers
    struct http_exchange *kept[KEPT_MAX];
    int kept_count;
    struct buffer body; // of the last one read
    size_t flood_left, flood_pending_max;
} seen;

// --- the handler ---

static void enter(void) {
    seen.depth++;
    if (seen.depth > seen.depth_max)
        seen.depth_max = seen.depth;
}

static void leave(void) {
    seen.depth--;
}

static void respond_text(struct http_exchange *exchange, int status, const char *text) {
    http_respond(exchange, status, "text/plain", text, strlen(text));
}

static void forget_kept(const struct http_exchange *exchange) {
    for (int i = 0; i < seen.kept_count; i++) {
        if (seen.kept[i] == exchange) {
            memmove(&seen.kept[i], &seen.kept[i + 1], sizeof seen.kept[0] * (size_t)(seen.kept_count - i - 1));
            seen.kept_count--;
            return;
        }
    }
}

static void on_client_closed(struct http_exchange *exchange, void *data UNUSED) {
    enter();
    seen.cancelled++;
    respond_text(exchange, 500, "cancelled");
    leave();
}

static void on_body_read(struct http_exchange *exchange, const struct buffer *body, const struct error *err,
                         void *data UNUSED) {
    enter();
    buffer_clear(&seen.body);
    buffer_add(&seen.body, buffer_text(body), body->length);
    int status = err == NULL ? 200 : err->kind == ERROR_TOO_LARGE ? 413 : 400;
    respond_text(exchange, status, err != NULL ? error_text(err) : buffer_text(body));
    leave();
}

static void flood(struct http_exchange *exchange, void *data UNUSED) {
    static const char piece[10000] = {0};
    seen.drained++;
    while (seen.flood_left > 0 && http_stream_pending(exchange) < HTTP_STREAM_HIGH_BYTES) {
        size_t length = seen.flood_left < sizeof piece ? seen.flood_left : sizeof piece;
        http_stream_write(exchange, piece, length);
        seen.flood_left -= length;
        size_t pending = http_stream_pending(exchange);
        seen.flood_pending_max = pending > seen.flood_pending_max ? pending : seen.flood_pending_max;
    }
    if (seen.flood_left == 0)
        http_stream_end(exchange);
}

static void respond_large(struct http_exchange *exchange, size_t length) {
    AUTO_FREE char *body = memory_new(length + 1);
    memset(body, 'x', length);
    http_respond(exchange, 200, NULL, body, length);
}

static void keep(struct http_exchange *exchange) {
    assert_true(seen.kept_count < KEPT_MAX);
    seen.kept[seen.kept_count++] = exchange;
}

static void on_request_received(struct http_exchange *exchange, void *data UNUSED) {
    const char *path = http_exchange_path(exchange);
    enter();
    seen.handled++;
    if (text_equal(path, "/keep") || text_equal(path, "/follow")) {
        keep(exchange);
        http_exchange_on_cancel(exchange, on_client_closed, NULL);
        if (text_equal(path, "/follow"))
            http_stream_begin(exchange, 200, "text/plain");
    } else if (text_equal(path, "/hold")) {
        keep(exchange);
    } else if (text_equal(path, "/echo")) {
        http_exchange_collect_body(exchange, BODY_LIMIT, on_body_read, NULL);
    } else if (text_equal(path, "/slow")) {
        for (int64_t end_ns = clock_monotonic_ns() + NS_PER_MS; clock_monotonic_ns() < end_ns;) {
        }
        respond_text(exchange, 200, path);
    } else if (text_equal(path, "/large")) {
        respond_large(exchange, 4000000);
    } else if (text_equal(path, "/flood")) {
        http_stream_begin(exchange, 200, NULL);
        http_stream_on_drain(exchange, flood, NULL);
        flood(exchange, NULL);
    } else {
        respond_text(exchange, 200, path);
    }
    leave();
}

static void on_request_responded(const struct http_exchange *exchange, int status, int64_t duration_ns,
                                 void *data UNUSED) {
    assert_true(duration_ns >= 0);
    seen.responded++;
    seen.last_status = status;
    forget_kept(exchange);
}

// --- the fixture ---

static int open_server(void **state UNUSED) {
    (void)signal(SIGPIPE, SIG_IGN);
    memset(&seen, 0, sizeof seen);
    buffer_init(&seen.body, BUFFER_NO_LIMIT);
    (void)snprintf(directory, sizeof directory, "/tmp/http-test-XXXXXX");
    if (mkdtemp(directory) == NULL || !loop_create(&loop, NULL))
        return -1;
    watchdog_open(loop);
    (void)snprintf(socket_path, sizeof socket_path, "%s/socket", directory);
    struct http_server_hooks hooks = {.handle = on_request_received, .responded = on_request_responded};
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -1;
    descriptors = descriptor_budget_create(limit.rlim_cur);
    server = http_server_create(loop, descriptors, &hooks);
    int fd;
    return listen_unix(socket_path, &fd, NULL) && http_server_listen(server, fd, HTTP_OVER_UNIX, NULL) ? 0 : -1;
}

static int close_server(void **state UNUSED) {
    http_server_destroy(server);
    while (seen.kept_count > 0)
        respond_text(seen.kept[0], 503, "");
    loop_destroy(loop);
    descriptor_budget_destroy(descriptors);
    buffer_finish(&seen.body);
    (void)unlink(socket_path);
    return rmdir(directory);
}

// --- clients ---

struct client {
    int fd;
    bool has_ended;
    struct buffer got;
};

static struct client client_open(void) {
    struct client client = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .got = BUFFER_INIT(BUFFER_NO_LIMIT)};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    assert_true(client.fd >= 0);
    assert_int_equal(connect(client.fd, (const struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static void client_close(struct client *client) {
    if (client->fd >= 0)
        (void)close(client->fd);
    client->fd = -1;
    buffer_finish(&client->got);
}
#define AUTO_CLIENT CLEANUP(client_close)

static void wait_for_either(int fd, short events) {
    struct pollfd polled[2] = {{.fd = fd, .events = events}, {.fd = uv_backend_fd(loop_uv(loop)), .events = POLLIN}};
    (void)poll(polled, 2, uv_backend_timeout(loop_uv(loop)));
}

// Takes what is there; false if that is nothing.
static bool client_take(struct client *client) {
    char piece[65536];
    ssize_t got = recv(client->fd, piece, sizeof piece, MSG_DONTWAIT);
    if (got > 0)
        buffer_add(&client->got, piece, (size_t)got);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        client->has_ended = true;
    return got > 0;
}

// Sends all, reading meanwhile; false if the server does not take it any more.
static UNUSED bool client_send_bytes(struct client *client, const char *data, size_t length) {
    watchdog_restart("the server to read");
    while (length > 0) {
        ssize_t sent = send(client->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent > 0) {
            data += sent;
            length -= (size_t)sent;
        }
        loop_run_pending(loop);
        if (!client_take(client) && sent < 0)
            wait_for_either(client->fd, POLLIN | POLLOUT);
    }
    return true;
}

static UNUSED void client_send(struct client *client, const char *text) {
    assert_true(client_send_bytes(client, text, strlen(text)));
    loop_run_pending(loop);
}

// Reads until `text` has come, or fails when the connection ends.
static UNUSED void client_expect(struct client *client, const char *text) {
    watchdog_restart(text);
    while (strstr(buffer_text(&client->got), text) == NULL) {
        loop_run_pending(loop);
        if (client_take(client))
            continue;
        if (client->has_ended)
            fail_msg("expected \"%s\", got \"%.300s\" and the end", text, buffer_text(&client->got));
        wait_for_either(client->fd, POLLIN);
    }
}

static UNUSED void client_expect_end(struct client *client) {
    watchdog_restart("the end of the connection");
    while (!client->has_ended) {
        loop_run_pending(loop);
        if (!client_take(client) && !client->has_ended)
            wait_for_either(client->fd, POLLIN);
    }
}

// Whether nothing more comes and the connection is open, now that the loop has done all it can.
static UNUSED bool client_is_quiet(struct client *client) {
    loop_run_pending(loop);
    return !client_take(client) && !client->has_ended;
}

static UNUSED size_t client_count(const struct client *client, const char *text) {
    size_t count = 0;
    for (const char *at = buffer_text(&client->got); (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

static UNUSED void client_half_close(struct client *client) {
    (void)shutdown(client->fd, SHUT_WR);
    loop_run_pending(loop);
}

// The server's side of the only connection.
static UNUSED struct connection *only_connection(void) {
    assert_int_equal(http_server_connections(server), 1);
    return LIST_ITEM(server->connections.open.next, struct connection, entry.link);
}

// Leaves a little that the client has not taken.
static UNUSED void fill(struct connection *connection) {
    static char piece[1000];
    while (connection_queued_bytes(connection) == 0)
        connection_write(connection, &(const struct iovec){.iov_base = piece, .iov_len = sizeof piece}, 1);
}

static UNUSED void set_time_limit(enum connection_wait wait, int64_t ms) {
    deadline_list_set_duration(server->connections.waits[wait], ms * NS_PER_MS);
}

// --- TCP ---

// The port of a listening socket that the system has chosen.
static UNUSED in_port_t listen_at(const char *address) {
    int fd;
    struct sockaddr_in6 name;
    socklen_t length = sizeof name;
    assert_true(listen_tcp(address, &fd, NULL));
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    assert_true(http_server_listen(server, fd, HTTP_OVER_TCP, NULL));
    return name.sin6_port; // at the same place for both families
}

// From an address such as "127.0.0.2".
static UNUSED struct client connect_from(const char *source, in_port_t port) {
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .got = BUFFER_INIT(BUFFER_NO_LIMIT)};
    struct sockaddr_in address = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, source, &address.sin_addr), 1);
    assert_int_equal(bind(client.fd, (const struct sockaddr *)&address, sizeof address), 0);
    address.sin_port = port;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(client.fd, (const struct sockaddr *)&address, sizeof address), 0);
    return client;
}

static UNUSED struct client connect_to(in_port_t port) {
    return connect_from("127.0.0.1", port);
}
