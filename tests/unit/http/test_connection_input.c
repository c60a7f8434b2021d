// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

static void repeat(struct buffer *out, const char *text, int count) {
    for (int i = 0; i < count; i++)
        buffer_add_string(out, text);
}

static void takes_a_request_in_pieces(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    const char *text =
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" GET("/b");
    for (; *text != '\0'; text++)
        client_send(&client, (char[]){*text, '\0'});
    client_expect(&client, "\r\n\r\nabcHTTP/1.1 200 OK");
    client_expect(&client, "/b");
}

static void answers_pipelined_requests_in_order(void **state UNUSED) {
    enum { COUNT = 3000 };
    AUTO_CLIENT struct client client = client_open();
    AUTO_BUFFER struct buffer requests = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < COUNT; i++)
        buffer_printf(&requests, "GET /number-%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
    assert_true(client_send_bytes(&client, requests.data, requests.length));
    client_expect(&client, "/number-2999");
    const char *at = buffer_text(&client.got);
    for (int i = 0; i < COUNT; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "\r\n\r\n/number-%d", i);
        at = strstr(at, path);
        assert_non_null(at);
    }
    assert_int_equal(seen.depth_max, 1);
}

// One client's many slow requests take many turns, in which others are served.
static void does_not_starve_others(void **state UNUSED) {
    AUTO_CLIENT struct client greedy = client_open();
    AUTO_CLIENT struct client modest = client_open();
    AUTO_BUFFER struct buffer requests = BUFFER_INIT(BUFFER_NO_LIMIT);
    loop_run_pending(loop);
    repeat(&requests, GET("/slow"), 500);
    assert_int_equal(send(greedy.fd, requests.data, requests.length, MSG_DONTWAIT), requests.length);
    for (int turns = 0; turns < 3; turns++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_in_range(seen.handled, 1, 150);
    int before = seen.handled;
    assert_int_equal(send(modest.fd, GET("/"), strlen(GET("/")), MSG_DONTWAIT), strlen(GET("/")));
    while (!client_take(&modest))
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_in_range(seen.handled, before + 1, before + 5 * (int)http_usual_limits.requests_per_turn);
    loop_run_pending(loop);
    assert_int_equal(seen.handled, 501);
}

// Reading pauses: neither lost nor kept without bound.
static void bounds_what_waits_behind_a_kept_request(void **state UNUSED) {
    enum { COUNT = 20000 };
    AUTO_CLIENT struct client client = client_open();
    AUTO_BUFFER struct buffer requests = BUFFER_INIT(BUFFER_NO_LIMIT);
    repeat(&requests, GET("/"), COUNT);
    client_send(&client, GET("/keep"));
    size_t sent = 0;
    for (ssize_t count; (count = send(client.fd, requests.data + sent, requests.length - sent, MSG_DONTWAIT)) > 0;) {
        sent += (size_t)count;
        loop_run_pending(loop);
    }
    assert_true(sent < requests.length);
    struct connection *connection = only_connection();
    assert_in_range(connection->input.length, http_usual_limits.input_bytes[true],
                    2 * http_usual_limits.input_bytes[true]);
    assert_in_range(server->connections.buffered_bytes, connection->input.capacity, connection->input.capacity + 1000);
    respond_text(seen.kept[0], 200, "kept");
    assert_true(client_send_bytes(&client, requests.data + sent, requests.length - sent));
    while (seen.handled < COUNT + 1) {
        (void)client_take(&client);
        loop_run_pending(loop);
    }
    while (client_take(&client))
        loop_run_pending(loop);
    assert_int_equal(client_count(&client, "HTTP/1.1 200 OK"), COUNT + 1);
}

// A client that sends and sends but does not read: its next requests wait, in a bounded space.
static void stops_when_answers_are_not_read(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    AUTO_BUFFER struct buffer requests = BUFFER_INIT(BUFFER_NO_LIMIT);
    repeat(&requests, GET("/large"), 5000);
    size_t sent = 0;
    for (ssize_t count; (count = send(client.fd, requests.data + sent, requests.length - sent, MSG_DONTWAIT)) > 0;) {
        sent += (size_t)count;
        loop_run_pending(loop);
    }
    struct connection *connection = only_connection();
    assert_int_equal(seen.handled, 1);
    assert_in_range(connection_queued_bytes(connection), 1, 4000200);
    assert_in_range(connection->input.length, 1, 2 * http_usual_limits.input_bytes[true]);
    assert_int_equal(connection->entry.wait, WAIT_REST);
    while (seen.handled < 3) {
        (void)client_take(&client);
        loop_run_pending(loop);
    }
    assert_int_equal(seen.depth_max, 1);
}

static void tells_of_a_body_cut_behind_a_kept_request(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/hold") "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nthree");
    client_half_close(&client);
    respond_text(seen.kept[0], 200, "one");
    client_expect(&client, "unexpected EOF");
    client_expect_end(&client);
}

static void skips_small_unread_bodies(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    AUTO_BUFFER struct buffer request = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&request, "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
    repeat(&request, "0123456789", 20000);
    buffer_add_string(&request, GET("/next"));
    assert_true(client_send_bytes(&client, request.data, request.length));
    client_expect(&client, "/next");
    assert_null(strstr(buffer_text(&client.got), "Connection: close"));
}

static void gives_up_large_unread_bodies(void **state UNUSED) {
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    repeat(&body, "0123456789", 300000);
    const char *heads[] = {"Content-Length: 3000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2dc6c0\r\n"};
    for (int i = 0; i < 2; i++) {
        AUTO_CLIENT struct client client = client_open();
        client_send(&client, "POST /unread HTTP/1.1\r\nHost: x\r\n");
        client_send(&client, heads[i]);
        assert_true(client_send_bytes(&client, body.data, body.length));
        client_expect(&client, "\r\n\r\n/unread");
        client_expect_end(&client);
        assert_int_equal(client_count(&client, "Connection: close"), i == 0);
        assert_in_range(server->connections.buffered_bytes, 0, 1000);
    }
}

static void refuses_what_is_no_request(void **state UNUSED) {
    static const struct {
        const char *request, *response;
    } cases[] = {
        {"rubbish\r\n\r\n", "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: "
                            "close\r\n\r\n400 Bad Request"},
        {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad Request"},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
        {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header"},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "\r\n\r\nUnsupported transfer encoding"},
        {"POST / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n",
         "417 Expectation Failed\r\nConnection: close\r\nDate: "},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_CLIENT struct client client = client_open();
        client_send(&client, GET("/before"));
        client_send(&client, cases[i].request);
        client_expect(&client, cases[i].response);
        assert_true(strstr(buffer_text(&client.got), "/before") < strstr(buffer_text(&client.got), cases[i].response));
        client_half_close(&client);
        client_expect_end(&client);
    }
    assert_int_equal(seen.handled, ARRAY_COUNT(cases));
}

static void refuses_a_large_head(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    AUTO_BUFFER struct buffer head = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&head, "GET / HTTP/1.1\r\nHost: x\r\nX: ");
    repeat(&head, "0123456789", 150000);
    (void)client_send_bytes(&client, head.data, head.length);
    client_expect(&client, "HTTP/1.1 431 ");
    client_half_close(&client);
    client_expect_end(&client);
    assert_int_equal(server->connections.buffered_bytes, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(takes_a_request_in_pieces),       TEST(answers_pipelined_requests_in_order),
        TEST(does_not_starve_others),          TEST(bounds_what_waits_behind_a_kept_request),
        TEST(stops_when_answers_are_not_read), TEST(tells_of_a_body_cut_behind_a_kept_request),
        TEST(skips_small_unread_bodies),       TEST(gives_up_large_unread_bodies),
        TEST(refuses_what_is_no_request),      TEST(refuses_a_large_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
