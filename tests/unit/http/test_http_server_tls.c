// SPDX-License-Identifier: GPL-3.0-or-later
// The server over TLS: handshakes and their limits, certificates of clients, ends.
#include "http_fixture.h"

#include "../tls/engine_fixture.h"

static struct chain chain;
static struct certificate_fixture own;
static struct tls_context *server_side, *client_side;
static bool has_certificates; // of the server
static in_port_t port;
static struct {
    int count;
    char *remote, *message; // of the last
} failed;

// --- the server ---

static bool create_engine(struct tls_engine **engine, void *data UNUSED, struct error *err) {
    if (!has_certificates)
        return error_set(err, ERROR_INTERNAL, "no certificates");
    return tls_engine_create(server_side, NULL, engine, err);
}

static void on_handshake_failed(const char *remote, const struct error *err, void *data UNUSED) {
    failed.count++;
    free(failed.remote);
    free(failed.message);
    failed.remote = memory_string(remote);
    failed.message = memory_string(error_text(err));
}

static int open_tls_server(void **state) {
    if (open_server(state) != 0)
        return -1;
    memset(&failed, 0, sizeof failed);
    has_certificates = true;
    chain = chain_make_at((int64_t)time(NULL));
    own = fixture_make((struct certificate_fixture_spec){.name = "client"});
    server_side = server_context(&chain);
    client_side = client_context(&chain, &own);
    const struct http_tls_hooks hooks = {.create_engine = create_engine, .handshake_failed = on_handshake_failed};
    int fd;
    struct sockaddr_in6 name;
    socklen_t length = sizeof name;
    assert_true(listen_tcp("127.0.0.1:0", &fd, NULL));
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    port = name.sin6_port;
    return http_server_listen_tls(server, fd, &hooks, NULL) ? 0 : -1;
}

static int close_tls_server(void **state) {
    int result = close_server(state);
    tls_context_release(server_side);
    tls_context_release(client_side);
    fixture_finish(&own);
    chain_finish(&chain);
    free(failed.remote);
    free(failed.message);
    return result;
}

// --- clients over TLS, in the same loop ---

struct tls_client {
    struct stream *stream;
    struct buffer got;
    bool has_ended, has_failed;
};

static void on_client_data(struct stream *stream UNUSED, const char *bytes, size_t length, void *data) {
    struct tls_client *client = data;
    buffer_add(&client->got, bytes, length);
}

static void on_client_end(struct stream *stream UNUSED, void *data) {
    struct tls_client *client = data;
    client->has_ended = true;
}

static void on_client_failed(struct stream *stream UNUSED, const struct error *err UNUSED, void *data) {
    struct tls_client *client = data;
    client->has_failed = true;
}

static void tls_client_open(struct tls_client *client) {
    static const struct stream_handlers handlers = {
        .on_data = on_client_data, .on_end = on_client_end, .on_failed = on_client_failed};
    struct tls_engine *engine;
    *client = (struct tls_client){.got = BUFFER_INIT(BUFFER_NO_LIMIT)};
    assert_true(tls_engine_create(client_side, "host", &engine, NULL));
    client->stream = stream_create(loop, connect_to(port).fd, STREAM_TLS);
    stream_set_handlers(client->stream, &handlers, client);
    stream_start_tls(client->stream, engine);
    stream_read_start(client->stream);
}

static void tls_client_close(struct tls_client *client) {
    stream_destroy(client->stream);
    buffer_finish(&client->got);
}
#define AUTO_TLS_CLIENT CLEANUP(tls_client_close)

static void tls_client_send(struct tls_client *client, const char *text) {
    stream_write(client->stream, &(const struct iovec){.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)},
                 1);
}

static void run_once(const char *what) {
    watchdog_restart(what);
    (void)uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void tls_client_expect(struct tls_client *client, const char *text) {
    while (strstr(buffer_text(&client->got), text) == NULL && !client->has_failed)
        run_once(text);
    assert_false(client->has_failed);
}

// --- requests ---

static void serves_requests(void **state UNUSED) {
    AUTO_TLS_CLIENT struct tls_client client;
    tls_client_open(&client);
    tls_client_send(&client, GET("/first") GET("/hold"));
    tls_client_expect(&client, "/first");
    while (seen.kept_count == 0)
        run_once("the second request");
    struct http_exchange *exchange = seen.kept[0];
    AUTO_CERTIFICATE struct certificate *expected = fixture_certificate(&own);
    assert_int_equal(http_exchange_transport(exchange), HTTP_OVER_TLS);
    assert_true(text_has_prefix(http_exchange_remote(exchange), "127.0.0.1:"));
    assert_true(certificate_equal(http_exchange_certificate(exchange), expected));
    assert_false(http_exchange_peer(exchange).is_known);
    // The certificate outlives the connection.
    tls_client_close(&client);
    client.stream = NULL;
    while (http_server_connections(server) > 0)
        run_once("the end of the connection");
    assert_true(certificate_equal(http_exchange_certificate(exchange), expected));
    assert_int_equal(failed.count, 0);
}

static void has_no_certificate_over_other_transports(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/hold"));
    assert_null(http_exchange_certificate(seen.kept[0]));
}

static void large_bodies_pass(void **state UNUSED) {
    AUTO_TLS_CLIENT struct tls_client client;
    tls_client_open(&client);
    seen.flood_left = 3000000;
    tls_client_send(&client, GET("/large") GET("/flood"));
    while (client.got.length < 7000000)
        run_once("the bodies");
    assert_true(seen.flood_pending_max < 2 * HTTP_STREAM_HIGH_BYTES);
}

static void ends_in_order(void **state UNUSED) {
    AUTO_TLS_CLIENT struct tls_client client;
    tls_client_open(&client);
    tls_client_send(&client, "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    while (!client.has_ended)
        run_once("the end");
    assert_non_null(strstr(buffer_text(&client.got), "/last"));
    assert_false(client.has_failed);
}

static void ends_idle_connections_in_order(void **state UNUSED) {
    AUTO_TLS_CLIENT struct tls_client client;
    tls_client_open(&client);
    tls_client_send(&client, GET("/"));
    tls_client_expect(&client, "200 OK");
    http_server_shut_down(server, NS_PER_S, NULL, NULL);
    while (!client.has_ended)
        run_once("the end");
    assert_false(client.has_failed);
}

// --- handshakes ---

static void waits_for_a_request_without_limit(void **state UNUSED) {
    AUTO_TLS_CLIENT struct tls_client client;
    tls_client_open(&client);
    while (http_server_connections(server) == 0 || only_connection()->state != CONNECTION_IDLE)
        run_once("the handshake");
    assert_int_equal(only_connection()->entry.wait, WAIT_IDLE);
    assert_int_equal(server->connections.handshakes, 0);
}

static void stalled_handshakes_time_out(void **state UNUSED) {
    set_time_limit(WAIT_HANDSHAKE, 5);
    AUTO_CLIENT struct client silent = connect_to(port);
    client_expect_end(&silent);
    assert_int_equal(failed.count, 1);
    assert_string_equal(failed.message, "timed out");
    assert_true(text_has_prefix(failed.remote, "127.0.0.1:"));
    assert_int_equal(server->connections.handshakes, 0);
}

static void plain_http_ends_the_connection(void **state UNUSED) {
    AUTO_CLIENT struct client plain = connect_to(port);
    client_send(&plain, GET("/"));
    client_expect_end(&plain);
    assert_string_equal(failed.message, "client sent an HTTP request to an HTTPS server");
    assert_int_equal(seen.handled, 0);
}

static void cut_handshakes_end_the_connection(void **state UNUSED) {
    AUTO_CLIENT struct client first = connect_to(port);
    client_send(&first, "\x16\x03\x01");
    client_half_close(&first);
    client_expect_end(&first);
    assert_string_equal(failed.message, "unexpected EOF");
}

// An alert that ends the connection in order, in the middle of the handshake.
static void ended_handshakes_are_failures(void **state UNUSED) {
    static const char close_notify[] = "\x15\x03\x03\x00\x02\x01\x00";
    AUTO_CLIENT struct client client = connect_to(port);
    struct tls_engine *engine;
    char none[1];
    size_t length;
    assert_true(tls_engine_create(client_side, "host", &engine, NULL));
    assert_int_equal(tls_engine_read(engine, none, sizeof none, &length, NULL), TLS_WAITING);
    const char *hello = tls_engine_output(engine, &length);
    assert_true(client_send_bytes(&client, hello, length));
    assert_true(client_send_bytes(&client, close_notify, sizeof close_notify - 1));
    client_expect_end(&client);
    assert_int_equal(failed.count, 1);
    assert_string_equal(failed.message, "ended by the client");
    tls_engine_destroy(engine);
}

static void clients_that_are_gone_have_no_address(void **state UNUSED) {
    const struct linger reset = {.l_onoff = 1};
    struct client client = connect_to(port);
    assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    client_close(&client);
    while (failed.count == 0)
        run_once("a connection that was reset");
    assert_string_equal(failed.remote, "unknown address");
}

static void without_certificates_connections_are_closed(void **state UNUSED) {
    has_certificates = false;
    AUTO_CLIENT struct client client = connect_to(port);
    client_expect_end(&client);
    assert_string_equal(failed.message, "no certificates");
    assert_int_equal(http_server_connections(server), 0);
    has_certificates = true;
    AUTO_TLS_CLIENT struct tls_client later;
    tls_client_open(&later);
    tls_client_send(&later, GET("/later"));
    tls_client_expect(&later, "/later");
}

// More wait in the queue of the socket; other transports are not affected.
static void handshakes_are_limited(void **state UNUSED) {
    server->connections.limits.handshakes = 2;
    server->connections.limits.handshake_evict_ns = INT64_MAX;
    AUTO_CLIENT struct client first = connect_to(port);
    AUTO_CLIENT struct client second = connect_to(port);
    AUTO_TLS_CLIENT struct tls_client third;
    while (server->connections.handshakes < 2)
        run_once("the handshakes");
    tls_client_open(&third);
    tls_client_send(&third, GET("/third"));
    AUTO_CLIENT struct client local = client_open();
    client_send(&local, GET("/local"));
    client_expect(&local, "/local");
    assert_int_equal(server->connections.handshakes, 2);
    assert_true(acceptor_is_paused(server->acceptor));
    client_close(&first);
    tls_client_expect(&third, "/third");
    assert_true(client_is_quiet(&second));
}

static void long_handshakes_make_room(void **state UNUSED) {
    server->connections.limits.handshakes = 1;
    server->connections.limits.handshake_evict_ns = 0;
    AUTO_CLIENT struct client first = connect_to(port);
    while (server->connections.handshakes < 1)
        run_once("the handshake");
    AUTO_TLS_CLIENT struct tls_client second;
    tls_client_open(&second);
    tls_client_send(&second, GET("/second"));
    tls_client_expect(&second, "/second");
    client_expect_end(&first);
    assert_string_equal(failed.message, "closed to make room for others");
}

// Those of other transports are not counted, and not closed for them. Those with a request are closed last.
static void connections_are_limited(void **state UNUSED) {
    struct connections *all = &server->connections;
    all->limits.tls = 2;
    all->limits.evict_ns = 0;
    AUTO_CLIENT struct client local = client_open();
    client_send(&local, GET("/local"));
    AUTO_TLS_CLIENT struct tls_client busy, idle, third, fourth;
    tls_client_open(&busy);
    tls_client_send(&busy, GET("/first") GET("/keep"));
    tls_client_expect(&busy, "/first");
    tls_client_open(&idle);
    tls_client_send(&idle, GET("/second"));
    tls_client_expect(&idle, "/second");
    assert_int_equal(all->tls, 2);
    tls_client_open(&third);
    tls_client_send(&third, GET("/third") GET("/keep"));
    tls_client_expect(&third, "/third");
    while (!idle.has_ended)
        run_once("the end of an idle connection");
    while (seen.kept_count < 2)
        run_once("the requests");
    assert_int_equal(all->tls, 2);
    // Nobody can be closed for this one yet.
    all->limits.evict_ns = INT64_MAX;
    tls_client_open(&fourth);
    tls_client_send(&fourth, GET("/fourth"));
    client_send(&local, GET("/again"));
    client_expect(&local, "/again");
    while (!acceptor_is_paused(server->acceptor))
        run_once("the pause");
    assert_int_equal(all->tls, 2);
    all->limits.evict_ns = 0;
    tls_client_expect(&fourth, "/fourth"); // in the place of the request that has been kept longest
    assert_int_equal(seen.cancelled, 1);
}

static void a_shutdown_ends_handshakes(void **state UNUSED) {
    AUTO_CLIENT struct client client = connect_to(port);
    while (server->connections.handshakes < 1)
        run_once("the handshake");
    http_server_shut_down(server, NS_PER_S, NULL, NULL);
    client_expect_end(&client);
    assert_int_equal(failed.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_tls_server, close_tls_server)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(serves_requests),
        TEST(has_no_certificate_over_other_transports),
        TEST(large_bodies_pass),
        TEST(ends_in_order),
        TEST(ends_idle_connections_in_order),
        TEST(waits_for_a_request_without_limit),
        TEST(stalled_handshakes_time_out),
        TEST(plain_http_ends_the_connection),
        TEST(cut_handshakes_end_the_connection),
        TEST(ended_handshakes_are_failures),
        TEST(clients_that_are_gone_have_no_address),
        TEST(without_certificates_connections_are_closed),
        TEST(handshakes_are_limited),
        TEST(long_handshakes_make_room),
        TEST(connections_are_limited),
        TEST(a_shutdown_ends_handshakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
