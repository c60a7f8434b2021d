// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

static void serves_a_slow_reader_completely(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/large") GET("/next"));
    assert_int_equal(seen.responded, 1);
    assert_true(connection_queued_bytes(only_connection()) > 1000000);
    client_expect(&client, "/next");
    const char *body = strstr(buffer_text(&client.got), "\r\n\r\n") + 4;
    assert_int_equal(strspn(body, "x"), 4000000);
    assert_true(text_has_prefix(body + 4000000, "HTTP/1.1 200 OK\r\n"));
    assert_int_equal(connection_queued_bytes(only_connection()), 0);
}

static void speaks_http_1_0(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_expect(&client, "/old");
    assert_non_null(strstr(buffer_text(&client.got), "HTTP/1.0 200 OK\r\n"));
    assert_non_null(strstr(buffer_text(&client.got), "Connection: keep-alive\r\n"));
    seen.flood_left = 10;
    client_send(&client, "GET /flood HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_expect_end(&client); // is the end of the body
    assert_null(strstr(buffer_text(&client.got), "chunked"));
    assert_memory_equal(client.got.data + client.got.length - 14, "\r\n\r\n\0\0\0\0\0\0\0\0\0\0", 14);
}

static void answers_head_without_a_body(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "HEAD /four HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(&client, "Content-Length: 5\r\n\r\n");
    seen.flood_left = 10;
    client_send(&client, "HEAD /flood HTTP/1.1\r\nHost: x\r\n\r\n" GET("/n"));
    client_expect(&client, "Transfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n");
    assert_null(strstr(buffer_text(&client.got), "/four"));
}

static void streams_in_chunks(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/follow") GET("/next"));
    client_expect(&client, "Transfer-Encoding: chunked\r\n\r\n");
    http_stream_write(seen.kept[0], "hello", 5);
    http_stream_write(seen.kept[0], "", 0);
    http_stream_write(seen.kept[0], "there, you all", 14);
    assert_int_equal(http_stream_pending(seen.kept[0]), 0);
    client_expect(&client, "\r\n\r\n5\r\nhello\r\ne\r\nthere, you all\r\n");
    assert_int_equal(seen.responded, 0);
    http_stream_end(seen.kept[0]);
    client_expect(&client, "all\r\n0\r\n\r\nHTTP/1.1 200 OK");
}

static void cancels_streams(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/follow"));
    client_half_close(&client);
    assert_int_equal(seen.cancelled, 1);
    client_expect_end(&client);
}

// A stream without on_cancel is not left waiting for a client that is gone.
static void lets_a_stream_run_out(void **state UNUSED) {
    struct client client = client_open();
    seen.flood_left = 3000000;
    client_send(&client, GET("/flood"));
    assert_int_equal(seen.responded, 0);
    client_close(&client);
    loop_run_pending(loop);
    assert_int_equal(seen.responded, 1);
    assert_int_equal(seen.flood_left, 0);
}

static void finishes_a_stream_for_a_half_closed_client(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    seen.flood_left = 3000000;
    client_send(&client, GET("/flood"));
    client_half_close(&client);
    client_expect_end(&client);
    assert_true(client.got.length > 3000000);
    assert_memory_equal(client.got.data + client.got.length - 7, "\r\n0\r\n\r\n", 7);
}

static void asks_a_stream_for_more(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    seen.flood_left = 3000000;
    client_send(&client, GET("/flood"));
    assert_int_equal(seen.responded, 0);
    assert_int_equal(seen.drained, 1);
    client_expect(&client, "\r\n\r\n");
    while (seen.responded == 0) {
        (void)client_take(&client);
        loop_run_pending(loop);
    }
    assert_in_range(seen.flood_pending_max, HTTP_STREAM_HIGH_BYTES, HTTP_STREAM_HIGH_BYTES + 10100);
    assert_true(seen.drained > 3);
    client_send(&client, GET("/next"));
    while (client_take(&client) || client.got.length < 3000000)
        loop_run_pending(loop);
    assert_int_equal(http_server_connections(server), 1);
}

// The system would take the answer back if the connection were closed with bytes unread.
static void answers_over_tcp_before_it_closes(void **state UNUSED) {
    in_port_t port = listen_at("127.0.0.1:0");
    AUTO_FREE char *body = memory_new(3000001);
    memset(body, 'b', 3000000);
    for (int i = 0; i < 5; i++) {
        AUTO_CLIENT struct client client = connect_to(port);
        client_send(&client, "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
        assert_true(client_send_bytes(&client, body, 3000000));
        client_expect(&client, "\r\n\r\n/unread");
        client_expect_end(&client);
    }
    AUTO_CLIENT struct client client = connect_to(port);
    client_send(&client,
                "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" GET("/pipelined behind the last"));
    client_expect(&client, "\r\n\r\n/last");
    client_expect_end(&client);
}

// --- headers ---

static void with_headers(struct http_exchange *exchange, void *data UNUSED) {
    http_exchange_set_header(exchange, "X-One", "first");
    http_exchange_set_header(exchange, "X-Two", "with\r\na \x7f line");
    http_exchange_set_header(exchange, "x-one", "second");
    http_exchange_set_header(exchange, "X", "");
    if (text_equal(http_exchange_path(exchange), "/stream")) {
        http_stream_begin(exchange, 200, NULL);
        http_stream_end(exchange);
    } else {
        respond_text(exchange, 200, "done");
    }
}

static void sets_headers(void **state UNUSED) {
    static const char *const requests[] = {GET("/whole"), GET("/stream")};
    server->exchanges.handle = with_headers;
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        AUTO_CLIENT struct client client = client_open();
        client_send(&client, requests[i]);
        client_expect(&client, "\r\nX-Two: with  a   line\r\nx-one: second\r\nX: \r\n");
        client_expect(&client, "\r\n\r\n");
        assert_null(strstr(buffer_text(&client.got), "first"));
    }
}

// --- upgrades ---

static struct {
    struct stream *stream; // of the echo service
    int called;
    bool is_within;
} echo;

static void echo_on_data(struct stream *stream, const char *bytes, size_t length, void *data UNUSED) {
    stream_write(stream, &(const struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = length}, 1);
}

static void echo_on_end(struct stream *stream, void *data UNUSED) {
    stream_destroy(stream);
    echo.stream = NULL;
}

static void echo_on_upgraded(struct stream *stream, const char *bytes, size_t length, void *data) {
    static const struct stream_handlers handlers = {.on_data = echo_on_data, .on_end = echo_on_end};
    assert_ptr_equal(data, &echo);
    assert_false(echo.is_within);
    echo.called++;
    echo.stream = stream;
    if (stream == NULL)
        return;
    stream_set_handlers(stream, &handlers, NULL);
    echo_on_data(stream, bytes, length, NULL);
    stream_read_start(stream);
}

static void upgrade(struct http_exchange *exchange) {
    AUTO_ERROR struct error err = {0};
    http_exchange_set_header(exchange, "X-Echo", "yes");
    echo.is_within = true;
    if (!http_upgrade(exchange, "echo", echo_on_upgraded, &echo, &err))
        respond_text(exchange, err.kind == ERROR_CANCELLED ? 500 : 400, error_text(&err));
    echo.is_within = false;
}

static void upgrade_at_once(struct http_exchange *exchange, void *data UNUSED) {
    upgrade(exchange);
}

static void keep_for_upgrade(struct http_exchange *exchange, void *data UNUSED) {
    keep(exchange);
}

static void begin_echo(void (*handle)(struct http_exchange *exchange, void *data)) {
    memset(&echo, 0, sizeof echo);
    server->exchanges.handle = handle;
}

#define UPGRADE "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nX-Echo: yes\r\n\r\n"

static void talks_another_protocol(struct client *client) {
    client_expect(client, SWITCHED "early ");
    client_send(client, "hello");
    client_expect(client, "early hello");
    assert_int_equal(echo.called, 1);
    assert_int_equal(seen.responded, 1);
    assert_int_equal(seen.last_status, 101);
    assert_int_equal(http_server_connections(server), 0);
    assert_int_equal(server->connections.buffered_bytes, 0);
    client_half_close(client);
    client_expect_end(client);
    assert_null(echo.stream);
}

static void upgrades_at_once(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    begin_echo(upgrade_at_once);
    client_send(&client, UPGRADE "early ");
    talks_another_protocol(&client);
}

static void upgrades_later(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    begin_echo(keep_for_upgrade);
    client_send(&client, UPGRADE "ear");
    client_send(&client, "ly ");
    upgrade(seen.kept[0]);
    assert_int_equal(echo.called, 0);
    talks_another_protocol(&client);
}

static void upgrades_a_connection_that_would_close(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    begin_echo(upgrade_at_once);
    client_send(&client, "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close, Upgrade\r\n\r\nearly ");
    talks_another_protocol(&client);
}

static void refuses_to_upgrade_without_a_client(void **state UNUSED) {
    begin_echo(keep_for_upgrade);
    struct client client = client_open();
    client_send(&client, UPGRADE);
    client_close(&client);
    loop_run_pending(loop);
    upgrade(seen.kept[0]);
    assert_int_equal(seen.last_status, 500);
    AUTO_CLIENT struct client half = client_open();
    client_send(&half, UPGRADE);
    client_half_close(&half);
    upgrade(seen.kept[0]);
    client_expect(&half, "client has gone");
    client_expect_end(&half);
    loop_run_pending(loop);
    assert_int_equal(echo.called, 0);
}

static void refuses_to_upgrade_what_cannot_be(void **state UNUSED) {
    static const struct {
        const char *request, *reason;
    } cases[] = {
        {"GET /echo HTTP/1.0\r\n\r\n", "cannot upgrade HTTP/1.0"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", "body"},
    };
    begin_echo(upgrade_at_once);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_CLIENT struct client client = client_open();
        client_send(&client, cases[i].request);
        client_expect(&client, "400 Bad Request");
        client_expect(&client, cases[i].reason);
    }
    loop_run_pending(loop);
    assert_int_equal(echo.called, 0);
}

// The client is gone when the response is written.
static void gives_no_stream_of_a_client_that_goes(void **state UNUSED) {
    struct client client = client_open();
    begin_echo(keep_for_upgrade);
    client_send(&client, UPGRADE);
    client_close(&client);
    upgrade(seen.kept[0]);
    assert_int_equal(seen.last_status, 101);
    loop_run_pending(loop);
    assert_int_equal(echo.called, 1);
    assert_null(echo.stream);
    assert_int_equal(http_server_connections(server), 0);
}

static void gives_no_stream_of_a_server_that_ends(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    begin_echo(keep_for_upgrade);
    client_send(&client, UPGRADE);
    upgrade(seen.kept[0]);
    http_server_destroy(server);
    server = NULL;
    assert_int_equal(echo.called, 1);
    assert_null(echo.stream);
    client_expect_end(&client);
}

// --- without memory ---

// A kept exchange of a client that does not read, at a server that has no memory for output.
static struct http_exchange *begin_shortage(struct client *client, const char *request) {
    *client = client_open();
    client_send(client, request);
    assert_int_equal(seen.kept_count, 1);
    fill(only_connection());
    server->connections.limits.buffered_bytes = 0;
    return seen.kept[0];
}

static void end_shortage(struct client *client) {
    assert_int_equal(http_server_connections(server), 0);
    loop_run_pending(loop);
    server->connections.limits.buffered_bytes = http_usual_limits.buffered_bytes;
    client_close(client);
}

static void is_closed_by_what_it_writes(void **state UNUSED) {
    struct client client;
    server->exchanges.handle = keep_for_upgrade;
    respond_text(begin_shortage(&client, GET("/")), 200, "whole");
    end_shortage(&client);
    struct http_exchange *exchange = begin_shortage(&client, GET("/"));
    http_stream_begin(exchange, 200, NULL);
    http_stream_write(exchange, "piece", 5);
    http_stream_end(exchange);
    end_shortage(&client);
    exchange =
        begin_shortage(&client, "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    http_exchange_collect_body(exchange, 1, on_body_read, NULL);
    end_shortage(&client);
    assert_int_equal(seen.responded, 3);
    assert_int_equal(seen.last_status, 400); // the body is incomplete
}

static void gives_no_stream_that_is_closed_by_what_it_writes(void **state UNUSED) {
    struct client client;
    begin_echo(keep_for_upgrade);
    begin_shortage(&client, UPGRADE);
    upgrade(seen.kept[0]);
    end_shortage(&client);
    assert_int_equal(seen.last_status, 101);
    assert_int_equal(echo.called, 1);
    assert_null(echo.stream);
}

static void note_end(void *data) {
    *(bool *)data = true;
}

static void shuts_down_without_waiting_for_upgraded_streams(void **state UNUSED) {
    bool has_ended = false;
    AUTO_CLIENT struct client client = client_open();
    begin_echo(upgrade_at_once);
    client_send(&client, UPGRADE "early ");
    client_expect(&client, "early ");
    http_server_shut_down(server, 1000 * NS_PER_S, note_end, &has_ended);
    loop_run_pending(loop);
    assert_true(has_ended);
    client_send(&client, "still here");
    client_expect(&client, "still here");
    http_server_destroy(server);
    server = NULL;
    client_send(&client, " and here");
    client_expect(&client, "still here and here");
    stream_destroy(echo.stream);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(serves_a_slow_reader_completely),
        TEST(speaks_http_1_0),
        TEST(answers_head_without_a_body),
        TEST(streams_in_chunks),
        TEST(cancels_streams),
        TEST(lets_a_stream_run_out),
        TEST(finishes_a_stream_for_a_half_closed_client),
        TEST(asks_a_stream_for_more),
        TEST(answers_over_tcp_before_it_closes),
        TEST(sets_headers),
        TEST(upgrades_at_once),
        TEST(upgrades_later),
        TEST(upgrades_a_connection_that_would_close),
        TEST(refuses_to_upgrade_without_a_client),
        TEST(refuses_to_upgrade_what_cannot_be),
        TEST(gives_no_stream_of_a_client_that_goes),
        TEST(gives_no_stream_of_a_server_that_ends),
        TEST(is_closed_by_what_it_writes),
        TEST(gives_no_stream_that_is_closed_by_what_it_writes),
        TEST(shuts_down_without_waiting_for_upgraded_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
