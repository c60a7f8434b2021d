// SPDX-License-Identifier: GPL-3.0-or-later
#include "secure_fixture.h"

#define OK_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"

static struct http_kept *kept;

static int open_kept(void **state) {
    int status = open_client(state);
    kept = http_kept_create(loop);
    return status;
}

static int close_kept(void **state) {
    http_client_destroy(TAKE(client));
    http_kept_destroy(kept);
    return close_client(state);
}

static int open_secure_kept(void **state) {
    int status = open_secure(state);
    kept = http_kept_create(loop);
    return status;
}

static int close_secure_kept(void **state) {
    http_client_destroy(TAKE(client));
    http_kept_destroy(kept);
    return close_secure(state);
}

static void post(const char *target) {
    AUTO_FREE char *url = url_of(target);
    forget_seen();
    run_request(
        &(struct http_fetch_request){.method = "POST", .url = url, .body = "body", .body_length = 4, .kept = kept});
}

static void run_until_closed(void) {
    while (http_kept_is_open(kept))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

// --- keeping ---

static void uses_one_connection(void **state UNUSED) {
    serve_in("/", RESPOND_AND_GO_ON, OK_RESPONSE);
    assert_false(http_kept_is_open(kept));
    for (int i = 0; i < 3; i++) {
        post("/");
        expect_response(200, "fine");
        assert_true(http_kept_is_open(kept));
    }
    assert_int_equal(server.count, 1);
    expect_not_in_request(0, "Connection: close");
}

static void connections_of_others_are_closed(void **state UNUSED) {
    serve_in("/", RESPOND_AND_GO_ON, OK_RESPONSE);
    post("/");
    forget_seen();
    run("/");
    expect_in_request(1, "Connection: close");
    assert_true(http_kept_is_open(kept));
    while (!server.connections[1].has_ended)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_false(server.connections[0].has_ended);
}

static void keeps_only_what_may_be_kept(void **state UNUSED) {
    static const char *const responses[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine",
        "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nfine",
        OK_RESPONSE "more",
    };
    for (size_t i = 0; i < ARRAY_COUNT(responses); i++) {
        AUTO_FREE char *target = memory_printf("/%zu", i);
        serve_in(target, RESPOND_AND_STAY, responses[i]);
        post(target);
        expect_response(200, "fine");
        assert_false(http_kept_is_open(kept));
    }
}

static void other_urls_are_not_kept(void **state UNUSED) {
    serve("/", "HTTP/1.1 308 Permanent Redirect\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n");
    serve_in("/next", RESPOND_AND_GO_ON, OK_RESPONSE);
    post("/");
    expect_response(200, "fine");
    expect_in_request(1, "Connection: close");
    assert_false(http_kept_is_open(kept));
}

// --- the end of a connection ---

static void closes_when_the_server_does(void **state UNUSED) {
    serve("/", OK_RESPONSE);
    post("/");
    expect_response(200, "fine");
    run_until_closed();
    post("/");
    expect_response(200, "fine");
    assert_int_equal(server.count, 2);
}

static void closes_when_the_server_sends(void **state UNUSED) {
    serve_in("/", RESPOND_AND_GO_ON, OK_RESPONSE);
    post("/");
    send_text(server.connections[0].stream, "x", 1);
    run_until_closed();
}

static void closes_when_the_server_fails(void **state UNUSED) {
    serve_in("/", RESPOND_AND_GO_ON, OK_RESPONSE);
    post("/");
    reset(&server.connections[0]);
    run_until_closed();
}

static void closes_after_a_while(void **state UNUSED) {
    loop_use_test_clock(loop);
    serve_in("/", RESPOND_AND_GO_ON, OK_RESPONSE);
    post("/");
    loop_advance(loop, 89 * NS_PER_S);
    assert_true(http_kept_is_open(kept));
    loop_advance(loop, NS_PER_S);
    assert_false(http_kept_is_open(kept));
}

// The server has closed the connection, and the client does not know it yet.
static void begins_again_on_a_new_connection(void **state UNUSED) {
    serve_in("/", RESPOND_AND_GO_ON, OK_RESPONSE);
    post("/");
    stream_destroy(TAKE(server.connections[0].stream));
    assert_true(http_kept_is_open(kept));
    post("/");
    expect_response(200, "fine");
    assert_int_equal(server.count, 2);
    expect_in_request(1, "\r\n\r\nbody");
}

static void begins_again_once(void **state UNUSED) {
    serve_in("/", RESPOND_AND_GO_ON, OK_RESPONSE);
    serve_in("/next", RESPOND_AND_RESET, "");
    post("/");
    post("/next");
    assert_int_equal(seen.ends, 1);
    assert_non_null(seen.message);
    assert_int_equal(server.count, 2);
}

// A response that has begun is not asked for again.
static void half_a_response_is_a_failure(void **state UNUSED) {
    serve_in("/", RESPOND_AND_GO_ON, OK_RESPONSE);
    serve_in("/next", RESPOND_AND_CLOSE, "HTTP/1.1 200");
    post("/");
    post("/next");
    assert_non_null(seen.message);
    assert_int_equal(server.count, 1);
}

static void cancelling_closes(void **state UNUSED) {
    serve_in("/", RESPOND_AND_GO_ON, OK_RESPONSE);
    post("/");
    forget_seen();
    seen.cancel_at = AT_HEAD;
    AUTO_FREE char *url = url_of("/");
    run_request(&(struct http_fetch_request){.url = url, .kept = kept});
    assert_false(http_kept_is_open(kept));
}

// --- TLS ---

static void one_handshake_is_enough(void **state UNUSED) {
    serve_in("/", RESPOND_AND_GO_ON, OK_RESPONSE);
    for (int i = 0; i < 3; i++) {
        post("/");
        expect_response(200, "fine");
    }
    assert_int_equal(server.count, 1);
    http_kept_destroy(TAKE(kept));
    while (!server.connections[0].has_ended)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_false(server.connections[0].has_failed); // it has ended in order
}

#define KEPT_TEST(name) cmocka_unit_test_setup_teardown(name, open_kept, close_kept)

int main(void) {
    const struct CMUnitTest tests[] = {
        KEPT_TEST(uses_one_connection),
        KEPT_TEST(connections_of_others_are_closed),
        KEPT_TEST(keeps_only_what_may_be_kept),
        KEPT_TEST(other_urls_are_not_kept),
        KEPT_TEST(closes_when_the_server_does),
        KEPT_TEST(closes_when_the_server_sends),
        KEPT_TEST(closes_when_the_server_fails),
        KEPT_TEST(closes_after_a_while),
        KEPT_TEST(begins_again_on_a_new_connection),
        KEPT_TEST(begins_again_once),
        KEPT_TEST(half_a_response_is_a_failure),
        KEPT_TEST(cancelling_closes),
        cmocka_unit_test_setup_teardown(one_handshake_is_enough, open_secure_kept, close_secure_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
