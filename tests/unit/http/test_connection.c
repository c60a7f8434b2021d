// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

static void keeps_a_connection(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/one"));
    client_expect(&client, "\r\n\r\n/one");
    client_send(&client, GET("/two"));
    client_expect(&client, "\r\n\r\n/two");
    assert_null(strstr(buffer_text(&client.got), "Connection:"));
    assert_int_equal(http_server_connections(server), 1);
    client_send(&client, "GET /three HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    client_expect(&client, "Connection: close\r\n");
    client_expect_end(&client);
    assert_int_equal(http_server_connections(server), 0);
}

static void waits_behind_a_kept_request(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/keep") GET("/after") GET("/last"));
    assert_true(client_is_quiet(&client));
    assert_int_equal(seen.handled, 1);
    enter(); // as if a handler responded it
    respond_text(seen.kept[0], 200, "kept");
    assert_int_equal(seen.handled, 1);
    leave();
    client_expect(&client, "/last");
    assert_true(strstr(buffer_text(&client.got), "kept") < strstr(buffer_text(&client.got), "/after"));
    assert_int_equal(seen.depth_max, 1);
    assert_int_equal(seen.cancelled, 0);
}

static void answers_a_client_that_has_half_closed(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/hold") GET("/two") "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nthree");
    client_half_close(&client);
    respond_text(seen.kept[0], 200, "one");
    client_expect_end(&client);
    assert_int_equal(client_count(&client, "HTTP/1.1 200 OK"), 3);
    assert_non_null(strstr(buffer_text(&client.got), "three"));
    assert_int_equal(http_server_connections(server), 0);
}

static void cancels_on_half_close(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/keep"));
    assert_int_equal(seen.cancelled, 0);
    client_half_close(&client);
    assert_int_equal(seen.cancelled, 1);
    client_expect(&client, "cancelled");
    client_expect_end(&client);
}

// As long as something is behind it, nobody can know whether the client still waits.
static void cancels_only_the_last_of_a_half_closed_pipeline(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/keep") GET("/keep"));
    client_half_close(&client);
    assert_int_equal(seen.cancelled, 0);
    respond_text(seen.kept[0], 200, "first");
    client_expect(&client, "cancelled");
    assert_int_equal(seen.cancelled, 1);
    assert_int_equal(client_count(&client, "first"), 1);
    client_expect_end(&client);
}

static void cancels_when_the_client_is_gone(void **state UNUSED) {
    struct client client = client_open();
    client_send(&client, GET("/keep"));
    client_close(&client);
    loop_run_pending(loop);
    assert_int_equal(seen.cancelled, 1);
    assert_int_equal(seen.responded, 1);
    assert_int_equal(http_server_connections(server), 0);
}

static void closes_on_half_a_request(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "GET /hea");
    client_half_close(&client);
    client_expect_end(&client);
    assert_int_equal(client.got.length, 0);
    assert_int_equal(seen.handled, 0);
}

static void lingers_only_for_what_may_be_lost(void **state UNUSED) {
    AUTO_CLIENT struct client done = client_open();
    client_send(&done, "GET / HTTP/1.0\r\n\r\n");
    assert_int_equal(http_server_connections(server), 0);
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "POST / HTTP/1.0\r\nContent-Length: 1000000\r\n\r\nx");
    client_expect_end(&client); // the answer's end, and more can be sent
    assert_int_equal(only_connection()->entry.wait, WAIT_LINGER);
    client_send(&client, "yz");
    client_close(&client);
    loop_run_pending(loop);
    assert_int_equal(http_server_connections(server), 0);
}

static void reports_to_nobody_within_a_handler(void **state UNUSED) {
    struct client client = client_open();
    client_send(&client, GET("/follow"));
    struct http_exchange *exchange = seen.kept[0];
    client_close(&client);
    enter(); // the loop has not seen yet that the client is gone: the write finds out
    http_stream_write(exchange, "x", 1);
    assert_int_equal(seen.cancelled, 0);
    http_stream_write(exchange, "y", 1);
    assert_int_equal(http_stream_pending(exchange), 0);
    leave();
    loop_run_pending(loop);
    assert_int_equal(seen.cancelled, 1);
    assert_int_equal(seen.depth_max, 1);
}

static void answers_once_when_the_client_is_gone(void **state UNUSED) {
    struct client client = client_open();
    client_send(&client, GET("/keep"));
    client_close(&client);
    respond_text(seen.kept[0], 200, "too late");
    loop_run_pending(loop);
    assert_int_equal(seen.cancelled, 0);
    assert_int_equal(seen.responded, 1);
    assert_int_equal(http_server_connections(server), 0);
}

static void closes_a_broken_connection(void **state UNUSED) {
    struct client client = client_open();
    loop_run_pending(loop);
    struct connection *connection = only_connection();
    client_close(&client);
    char text[] = "text";
    connection_write(connection, &(const struct iovec){.iov_base = text, .iov_len = 4}, 1);
    assert_int_equal(connection->state, CONNECTION_IDLE); // the loop closes it
    connection_write(connection, &(const struct iovec){.iov_base = text, .iov_len = 4}, 1);
    assert_int_equal(connection_queued_bytes(connection), 0);
    loop_run_pending(loop);
    assert_int_equal(http_server_connections(server), 0);
}

static void drops_what_is_pending_when_the_client_goes(void **state UNUSED) {
    struct client client = client_open();
    client_send(&client, GET("/large"));
    assert_true(server->connections.buffered_bytes > 0);
    client_close(&client);
    loop_run_pending(loop);
    assert_int_equal(http_server_connections(server), 0);
    assert_int_equal(server->connections.buffered_bytes, 0);
}

static void closes_a_body_without_progress(void **state UNUSED) {
    set_time_limit(WAIT_PROGRESS, 20);
    struct client client = client_open();
    client_send(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    client_expect_end(&client);
    loop_run_pending(loop);
    assert_int_equal(seen.last_status, 400); // to nobody
    assert_string_equal(buffer_text(&seen.body), "ab");
    client_close(&client);
}

// As if the time limit of its wait were over.
static void expire(struct connection *connection) {
    deadline_stop(&connection->entry.deadline);
    connection_entry_functions.on_due(&connection->entry);
}

static void wait_until_received(size_t bytes) {
    while (http_server_connections(server) < 1 || only_connection()->received_bytes < bytes)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void counts_progress_of_a_body(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    struct connection *connection = only_connection();
    assert_int_equal(connection->entry.wait, WAIT_PROGRESS);
    client_send(&client, "c");
    expire(connection);
    assert_true(deadline_is_running(&connection->entry.deadline));
    expire(connection);
    client_expect_end(&client);
}

// A byte now and then is not enough from others than administrators, neither of a body that is read nor of one that is
// dropped.
static void wants_more_progress_of_strangers(void **state UNUSED) {
    static const char *const requests[] = {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
                                           "POST /drop HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n"};
    AUTO_FREE char *filler = memory_new(65537);
    memset(filler, 'b', 65536);
    in_port_t port = listen_at("127.0.0.1:0");
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        AUTO_CLIENT struct client client = connect_to(port);
        client_send(&client, requests[i]);
        client_send(&client, filler);
        wait_until_received(65536);
        struct connection *connection = only_connection();
        assert_int_equal(connection->entry.wait, i == 0 ? WAIT_PROGRESS : WAIT_REST);
        expire(connection);
        client_send(&client, "c");
        wait_until_received(1);
        expire(connection);
        client_expect_end(&client);
    }
}

static void closes_a_client_that_does_not_read(void **state UNUSED) {
    set_time_limit(WAIT_REST, 20);
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/large"));
    while (http_server_connections(server) > 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_int_equal(server->connections.buffered_bytes, 0);
}

// One response may take longer than the limit, as long as some of it is read in that time.
static void counts_progress_within_a_response(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/large"));
    struct connection *connection = only_connection();
    size_t before = connection_queued_bytes(connection);
    connection_entry_functions.on_due(&connection->entry);
    assert_int_equal(connection->state, CONNECTION_CLOSED);
    loop_run_pending(loop);
    AUTO_CLIENT struct client reading = client_open();
    client_send(&reading, GET("/large"));
    connection = only_connection();
    for (int i = 0; i < 3; i++) {
        while (connection_queued_bytes(connection) == connection->queued_bytes) {
            assert_true(client_take(&reading));
            loop_run_pending(loop);
        }
        connection_entry_functions.on_due(&connection->entry);
        assert_int_equal(connection->state, CONNECTION_FLUSHING);
        assert_true(deadline_is_running(&connection->entry.deadline));
    }
    assert_true(connection_queued_bytes(connection) < before);
    connection_entry_functions.on_due(&connection->entry);
    assert_int_equal(http_server_connections(server), 0);
}

// A follower may stop reading for as long as it likes, also what was written before.
static void lets_streams_stall(void **state UNUSED) {
    static const char piece[300000] = {0};
    AUTO_CLIENT struct client client = client_open();
    loop_run_pending(loop);
    struct connection *connection = only_connection();
    fill(connection);
    client_send(&client, GET("/hold"));
    assert_int_equal(connection->entry.wait, WAIT_PROGRESS);
    http_stream_begin(seen.kept[0], 200, "text/plain");
    assert_int_equal(connection->entry.wait, WAIT_NONE);
    http_stream_write(seen.kept[0], piece, sizeof piece);
    loop_run_pending(loop);
    assert_true(http_stream_pending(seen.kept[0]) > 0);
    assert_int_equal(connection->entry.wait, WAIT_NONE);
    http_stream_end(seen.kept[0]);
    assert_int_equal(connection->entry.wait, WAIT_REST);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(keeps_a_connection),
        TEST(waits_behind_a_kept_request),
        TEST(answers_a_client_that_has_half_closed),
        TEST(cancels_on_half_close),
        TEST(cancels_only_the_last_of_a_half_closed_pipeline),
        TEST(cancels_when_the_client_is_gone),
        TEST(closes_on_half_a_request),
        TEST(lingers_only_for_what_may_be_lost),
        TEST(reports_to_nobody_within_a_handler),
        TEST(answers_once_when_the_client_is_gone),
        TEST(closes_a_broken_connection),
        TEST(drops_what_is_pending_when_the_client_goes),
        TEST(closes_a_body_without_progress),
        TEST(wants_more_progress_of_strangers),
        TEST(counts_progress_of_a_body),
        TEST(closes_a_client_that_does_not_read),
        TEST(counts_progress_within_a_response),
        TEST(lets_streams_stall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
