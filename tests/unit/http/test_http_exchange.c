// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

static void cancel_later(struct http_exchange *exchange, void *data) {
    *(int *)data += 1;
    respond_text(exchange, 200, "");
}

static void cancels_who_asks_too_late(void **state UNUSED) {
    int count = 0;
    struct client client = client_open();
    client_send(&client, GET("/hold"));
    client_close(&client);
    loop_run_pending(loop);
    http_exchange_on_cancel(seen.kept[0], cancel_later, &count);
    assert_int_equal(count, 0);
    loop_run_pending(loop);
    assert_int_equal(count, 1);
    assert_int_equal(seen.kept_count, 0);
}

static void may_respond_before_it_is_cancelled(void **state UNUSED) {
    struct client client = client_open();
    client_send(&client, GET("/keep"));
    assert_true(http_exchange_has_client(seen.kept[0]));
    connections_close_all(&server->connections); // the news is on its way
    assert_false(http_exchange_has_client(seen.kept[0]));
    respond_text(seen.kept[0], 200, "first");
    loop_run_pending(loop);
    assert_int_equal(seen.cancelled, 0);
    assert_int_equal(seen.responded, 1);
    client_close(&client);
}

static void knows_its_parts(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "GET /hold/../hold?a=1&b=x%20y&a=2 HTTP/1.1\r\nHost: x\r\nX-Y: z\r\n\r\n");
    client_send(&client, "BREW /hold?a=1&b=x%20y&a=2 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(seen.kept_count, 1);
    struct http_exchange *exchange = seen.kept[0];
    assert_string_equal(http_exchange_method(exchange), "BREW");
    assert_string_equal(http_exchange_head(exchange)->method, "BREW");
    assert_string_equal(http_head_get(http_exchange_head(exchange), "Host"), "x");
    assert_string_equal(http_exchange_path(exchange), "/hold");
    assert_string_equal(http_exchange_raw_query(exchange), "a=1&b=x%20y&a=2");
    assert_string_equal(url_query_first(http_exchange_query(exchange), "b"), "x y");
    assert_string_equal(url_query_first(http_exchange_query(exchange), "a"), "1");
    assert_int_equal(http_exchange_transport(exchange), HTTP_OVER_UNIX);
    struct peer peer = http_exchange_peer(exchange);
    assert_true(peer.is_known);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, getuid());
    assert_string_equal(http_exchange_remote(exchange), "");
    http_exchange_set_context(exchange, &client);
    assert_ptr_equal(http_exchange_context(exchange), &client);
    respond_text(exchange, 200, "");
}

// A pair takes a few bytes of the target and many when it is parsed, also if it is dropped.
static void counts_its_query(void **state UNUSED) {
    enum { PAIRS = 20000 };
    static const char *const pairs[] = {"&a", "&", "&%"};
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        AUTO_CLIENT struct client client = client_open();
        AUTO_BUFFER struct buffer request = BUFFER_INIT(BUFFER_NO_LIMIT);
        buffer_add_string(&request, "GET /hold?");
        for (int j = 0; j < PAIRS; j++)
            buffer_add_string(&request, pairs[i]);
        buffer_add_string(&request, " HTTP/1.1\r\nHost: x\r\n\r\n");
        client_send(&client, buffer_text(&request));
        size_t before = server->connections.buffered_bytes;
        assert_true(before >= 2 * PAIRS * strlen(pairs[i])); // as it was received, and the parts of the target
        (void)http_exchange_query(seen.kept[0]);
        assert_true(server->connections.buffered_bytes >= before + PAIRS * sizeof(struct url_query_pair));
        respond_text(seen.kept[0], 200, "");
        client_expect(&client, "200 OK");
        assert_int_equal(server->connections.buffered_bytes, 0);
    }
}

static void counts_what_its_handler_keeps(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    size_t before = server->connections.buffered_bytes;
    http_exchange_count_bytes(seen.kept[0], 5000);
    assert_int_equal(server->connections.buffered_bytes, before + 5000);
    http_exchange_count_bytes(seen.kept[0], 1000);
    assert_int_equal(server->connections.buffered_bytes, before + 1000);
    respond_text(seen.kept[0], 200, "");
    client_expect(&client, "200 OK");
    assert_int_equal(server->connections.buffered_bytes, 0);
}

// The exchange outlives the connection.
static void is_closed_for_its_query(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "GET /keep?a=1&b HTTP/1.1\r\nHost: x\r\n\r\n");
    server->connections.limits.buffered_bytes = 2 * server->connections.buffered_bytes;
    assert_string_equal(url_query_first(http_exchange_query(seen.kept[0]), "a"), "1");
    assert_int_equal(http_server_connections(server), 0);
    client_expect_end(&client);
    assert_int_equal(seen.cancelled, 1);
}

static void keep_each(struct http_exchange *exchange, void *data UNUSED) {
    keep(exchange);
}

static void expect_logged(const char *request, const char *logged) {
    AUTO_CLIENT struct client client = client_open();
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    server->exchanges.handle = keep_each;
    client_send(&client, request);
    http_exchange_log_request(seen.kept[0], &text);
    assert_string_equal(buffer_text(&text), logged);
    respond_text(seen.kept[0], 200, "");
}

static void escapes_for_the_log(void **state UNUSED) {
    expect_logged(GET("/a%0ab%20%22c%9b%7f"), "GET /a%0ab%20%22c%9b%7f");
    expect_logged(GET("/v1/a%2Fb%41!$&'()*+,;=:@[]~"), "GET /v1/a%2Fb%41!$&'()*+,;=:@[]~");
    expect_logged(GET("/v1/\xc3\xa9%41!(%2f)"), "GET /v1/%C3%A9A%21%28/%29");
    expect_logged(GET("/v1/{a}|\"<>^#`\\"), "GET /v1/%7Ba%7D%7C%22%3C%3E%5E%23%60%5C");
    expect_logged(GET("/a?b=%20&c=\"'<\\\x9b"
                      "31m\xff\xc3\xa9~"),
                  "GET /a?b=%20&c=\"'<\\\x9b"
                  "31m\xff\xc3\xa9~");
    expect_logged(GET("/?"), "GET /?");
    expect_logged(GET("http://u:secret@host:1/v1/a%2fb?q"), "GET http://host:1/v1/a%2fb?q");
    expect_logged("BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", "BREW /pot");
}

static void cuts_for_the_log(void **state UNUSED) {
    AUTO_FREE char *longest = memory_new(HTTP_LOG_TARGET_BYTES + 1);
    AUTO_FREE char *huge = memory_new(1000001);
    memset(longest, 'a', HTTP_LOG_TARGET_BYTES);
    memset(huge, 'a', 1000000);
    static const struct {
        const char *request, *logged; // with longest or huge in place of %s
        bool is_huge;
    } cases[] = {
        {"GET /%.2047s HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%.2047s", false},
        {"GET /%.2048s HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%.2047s...", false},
        {"GET /?%.2046s HTTP/1.1\r\nHost: x\r\n\r\n", "GET /?%.2046s", false},
        {"GET /?%.2047s HTTP/1.1\r\nHost: x\r\n\r\n", "GET /?%.2046s...", false},
        {"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%.2047s...", true},
        {"GET /?%s HTTP/1.1\r\nHost: x\r\n\r\n", "GET /?%.2046s...", true},
        {"%.32s / HTTP/1.1\r\nHost: x\r\n\r\n", "%.32s /", false},
        {"%.33s / HTTP/1.1\r\nHost: x\r\n\r\n", "%.32s... /", false},
        {"%s / HTTP/1.1\r\nHost: x\r\n\r\n", "%.32s... /", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *filler = cases[i].is_huge ? huge : longest;
        AUTO_FREE char *request = memory_printf(cases[i].request, filler);
        AUTO_FREE char *logged = memory_printf(cases[i].logged, filler);
        expect_logged(request, logged);
    }
}

static void names_the_remote_end_of_tcp(void **state UNUSED) {
    static const char *const addresses[] = {"127.0.0.1:0", ":0"};
    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
        AUTO_CLIENT struct client client = connect_to(listen_at(addresses[i]));
        client_send(&client, GET("/hold"));
        while (seen.kept_count == 0)
            uv_run(loop_uv(loop), UV_RUN_ONCE);
        struct sockaddr_in name;
        socklen_t length = sizeof name;
        (void)getsockname(client.fd, (struct sockaddr *)&name, &length);
        AUTO_FREE char *remote = memory_printf("127.0.0.1:%u", ntohs(name.sin_port));
        assert_string_equal(http_exchange_remote(seen.kept[0]), remote);
        assert_int_equal(http_exchange_transport(seen.kept[0]), HTTP_OVER_TCP);
        assert_false(http_exchange_peer(seen.kept[0]).is_known);
        respond_text(seen.kept[0], 200, "");
        client_expect(&client, "200 OK");
    }
}

static void on_end_keeps(struct http_exchange *exchange, const struct error *err, void *data UNUSED) {
    assert_null(err);
    keep(exchange);
}

static void on_piece_drops(struct http_exchange *exchange UNUSED, const char *bytes UNUSED, size_t length UNUSED,
                           void *data UNUSED) {
}

static void keep_after_body(struct http_exchange *exchange, void *data UNUSED) {
    static const struct http_body_handlers handlers = {.on_piece = on_piece_drops, .on_end = on_end_keeps};
    http_exchange_read_body(exchange, &handlers, NULL);
}

// Though the body has ended, the next request is here, and the client is gone.
static void keeps_its_headers(void **state UNUSED) {
    struct client client = client_open();
    server->exchanges.handle = keep_after_body;
    client_send(&client, "PUT /x?y HTTP/1.1\r\nHost: x\r\nX-Y: some value\r\nTransfer-Encoding: chunked\r\n\r\n");
    client_send(&client, "2\r\nab\r\n0\r\n\r\n" GET("/next"));
    assert_int_equal(seen.kept_count, 1);
    const struct http_head *head = http_exchange_head(seen.kept[0]);
    assert_string_equal(http_head_get(head, "x-y"), "some value");
    client_close(&client);
    loop_run_pending(loop);
    assert_string_equal(http_head_get(head, "x-y"), "some value");
    assert_string_equal(head->target, "/x?y");
    assert_string_equal(http_exchange_method(seen.kept[0]), "PUT");
    respond_text(seen.kept[0], 200, "");
}

static void hold_and_cancel(struct http_exchange *exchange, void *data UNUSED) {
    keep(exchange);
    http_exchange_on_cancel(exchange, on_client_closed, NULL);
}

// As long as a body waits, only what is read can tell that the client has gone.
static void notices_a_client_that_goes_once_the_body_is_skipped(void **state UNUSED) {
    static const char *const requests[] = {
        "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel",
        "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
        "POST /hold HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    };
    server->exchanges.handle = hold_and_cancel;
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        struct client client = client_open();
        client_send(&client, requests[i]);
        client_close(&client);
        loop_run_pending(loop);
        assert_int_equal(seen.cancelled, i);
        assert_int_equal(http_server_connections(server), 1);
        http_exchange_skip_body(seen.kept[0]);
        assert_int_equal(seen.cancelled, i);
        loop_run_pending(loop);
        assert_int_equal(seen.cancelled, i + 1);
        assert_int_equal(http_server_connections(server), 0);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(cancels_who_asks_too_late),
        TEST(may_respond_before_it_is_cancelled),
        TEST(knows_its_parts),
        TEST(counts_its_query),
        TEST(counts_what_its_handler_keeps),
        TEST(is_closed_for_its_query),
        TEST(escapes_for_the_log),
        TEST(cuts_for_the_log),
        TEST(names_the_remote_end_of_tcp),
        TEST(keeps_its_headers),
        TEST(notices_a_client_that_goes_once_the_body_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
