// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static void ask(const char *request, const char *answer) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, request);
    client_expect(&client, answer);
}

#define POST "POST /echo HTTP/1.1\r\nHost: x\r\n"

static void reads_bodies(void **state UNUSED) {
    ask(POST "Content-Length: 5\r\n\r\nhello", "\r\n\r\nhello");
    ask(POST "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0006\r\n world\r\n0\r\nA: b\r\n\r\n",
        "\r\n\r\nhello world");
    ask(POST "Content-Length: 0\r\n\r\n", "HTTP/1.1 200 OK");
    assert_int_equal(seen.body.length, 0);
    ask(POST "\r\n", "HTTP/1.1 200 OK");
    ask("POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nab", "\r\n\r\nab");
}

static void reports_broken_bodies(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n");
    client_expect(&client, "invalid byte in chunk length");
    assert_string_equal(buffer_text(&seen.body), "abc");
    client_half_close(&client);
    client_expect_end(&client);
    AUTO_CLIENT struct client cut = client_open();
    client_send(&cut, POST "Content-Length: 5\r\n\r\nhell");
    client_half_close(&cut);
    client_expect(&cut, "HTTP/1.1 400 Bad Request\r\n");
    client_expect(&cut, "unexpected EOF");
    client_expect_end(&cut);
    assert_non_null(strstr(buffer_text(&cut.got), "Connection: close\r\n"));
}

static void tells_when_the_client_goes_within_a_body(void **state UNUSED) {
    struct client client = client_open();
    client_send(&client, POST "Content-Length: 5\r\n\r\nhe");
    (void)shutdown(client.fd, SHUT_RD);
    client_close(&client);
    loop_run_pending(loop);
    assert_int_equal(seen.last_status, 400);
    assert_int_equal(seen.responded, 1);
    assert_int_equal(http_server_connections(server), 0);
}

// A length beyond the limit is refused before anything is asked for; chunks when they get there.
static void limits_bodies(void **state UNUSED) {
    ask(POST "Expect: 100-continue\r\nContent-Length: 100001\r\n\r\n", "HTTP/1.1 413 ");
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 10000; i++)
        buffer_add_string(&body, "0123456789");
    AUTO_CLIENT struct client fits = client_open();
    client_send(&fits, POST "Content-Length: 100000\r\n\r\n");
    client_send(&fits, buffer_text(&body));
    client_expect(&fits, "HTTP/1.1 200 OK");
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, POST "Transfer-Encoding: chunked\r\n\r\n186a1\r\n");
    client_send(&client, buffer_text(&body));
    client_send(&client, "!\r\n0\r\n\r\n" GET("/next"));
    client_expect(&client, "request body is larger than 100000 bytes");
    client_expect(&client, "/next");
}

static void asks_for_an_expected_body_when_it_is_read(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&client, "hello");
    client_expect(&client, "\r\n\r\nhello");
    AUTO_CLIENT struct client unread = client_open();
    client_send(&unread, "POST /other HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    client_expect(&unread, "Connection: close\r\n");
    client_expect_end(&unread);
    assert_true(text_has_prefix(buffer_text(&unread.got), "HTTP/1.1 200 OK\r\n"));
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

static void cancel_later(struct http_request *request, void *data) {
    *(int *)data += 1;
    answer_text(request, 200, "");
}

static void cancels_who_asks_too_late(void **state UNUSED) {
    int count = 0;
    struct client client = client_open();
    client_send(&client, GET("/hold"));
    client_close(&client);
    loop_run_pending(loop);
    http_request_on_cancel(seen.kept[0], cancel_later, &count);
    assert_int_equal(count, 0);
    loop_run_pending(loop);
    assert_int_equal(count, 1);
    assert_int_equal(seen.kept_count, 0);
}

static void may_answer_before_it_is_cancelled(void **state UNUSED) {
    struct client client = client_open();
    client_send(&client, GET("/keep"));
    struct connection *connection = only_connection();
    connection_close(connection); // the news is on its way
    answer_text(seen.kept[0], 200, "first");
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
    struct http_request *request = seen.kept[0];
    assert_string_equal(http_request_method(request), "BREW");
    assert_string_equal(http_request_head(request)->method, "BREW");
    assert_null(http_head_get(http_request_head(request), "Host")); // no longer
    assert_string_equal(http_request_path(request), "/hold");
    assert_string_equal(http_request_raw_query(request), "a=1&b=x%20y&a=2");
    assert_string_equal(url_query_first(http_request_query(request), "b"), "x y");
    assert_string_equal(url_query_first(http_request_query(request), "a"), "1");
    assert_int_equal(http_request_transport(request), HTTP_OVER_UNIX);
    struct peer peer = http_request_peer(request);
    assert_true(peer.is_known);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, getuid());
    assert_string_equal(http_request_remote(request), "");
    http_request_set_context(request, &client);
    assert_ptr_equal(http_request_context(request), &client);
    answer_text(request, 200, "");
}

static void escapes_for_the_log(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    struct http_request *request = seen.kept[0];
    free(request->target.path);
    request->target.path = memory_string("/a\nb \"c");
    request->target.path_length = 7;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    http_request_log_target(request, &text);
    assert_string_equal(buffer_text(&text), "/a%0Ab%20%22c");
    answer_text(request, 200, "");
}

// The port of a listening socket that the system has chosen.
static in_port_t listen_at(const char *address) {
    int fd;
    struct sockaddr_in6 name;
    socklen_t length = sizeof name;
    assert_true(listen_tcp(address, &fd, NULL));
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    assert_true(http_server_listen(server, fd, HTTP_OVER_TCP, NULL));
    return name.sin6_port; // at the same place for both families
}

static struct client connect_to(in_port_t port) {
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .got = BUFFER_INIT(BUFFER_NO_LIMIT)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(client.fd, (const struct sockaddr *)&address, sizeof address), 0);
    return client;
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
        assert_string_equal(http_request_remote(seen.kept[0]), remote);
        assert_int_equal(http_request_transport(seen.kept[0]), HTTP_OVER_TCP);
        assert_false(http_request_peer(seen.kept[0]).is_known);
        answer_text(seen.kept[0], 200, "");
        client_expect(&client, "200 OK");
    }
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

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(reads_bodies),
        TEST(reports_broken_bodies),
        TEST(tells_when_the_client_goes_within_a_body),
        TEST(limits_bodies),
        TEST(asks_for_an_expected_body_when_it_is_read),
        TEST(speaks_http_1_0),
        TEST(answers_head_without_a_body),
        TEST(streams_in_chunks),
        TEST(cancels_streams),
        TEST(lets_a_stream_run_out),
        TEST(finishes_a_stream_for_a_half_closed_client),
        TEST(cancels_who_asks_too_late),
        TEST(may_answer_before_it_is_cancelled),
        TEST(knows_its_parts),
        TEST(escapes_for_the_log),
        TEST(names_the_remote_end_of_tcp),
        TEST(answers_over_tcp_before_it_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
