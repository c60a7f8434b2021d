// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

#include <sys/resource.h>

static void closes_a_head_that_takes_too_long(void **state UNUSED) {
    server->limits.wait_ms[WAIT_HEAD] = 20;
    AUTO_CLIENT struct client idle = client_open();
    AUTO_CLIENT struct client kept = client_open();
    client_send(&kept, GET("/keep"));
    AUTO_CLIENT struct client slow = client_open();
    client_send(&slow, "GET / HTTP/1.1\r\n");
    client_expect_end(&slow);
    assert_int_equal(slow.got.length, 0);
    assert_int_equal(http_server_connections(server), 2);
    assert_true(client_is_quiet(&idle));
    assert_int_equal(seen.cancelled, 0);
    assert_false(timer_is_running(server->wait_timer));
}

// From its first byte on, however it drips; the time of the head before does not count.
static void counts_from_the_first_byte_of_a_head(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "GET / HTTP/1.1\r\n");
    struct connection *connection = only_connection();
    assert_int_equal(connection->wait, WAIT_HEAD);
    connection->wait_since_ms -= 1000;
    int64_t since_ms = connection->wait_since_ms;
    client_send(&client, "Host: x\r\n");
    assert_int_equal(connection->wait_since_ms, since_ms);
    client_send(&client, "\r\nGET");
    assert_int_equal(connection->wait, WAIT_HEAD);
    assert_true(connection->wait_since_ms > since_ms);
    client_send(&client, " / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(connection->wait, WAIT_IDLE);
}

static void closes_a_body_without_progress(void **state UNUSED) {
    server->limits.wait_ms[WAIT_PROGRESS] = 20;
    struct client client = client_open();
    client_send(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    client_expect_end(&client);
    loop_run_pending(loop);
    assert_int_equal(seen.last_status, 400); // to nobody
    assert_string_equal(buffer_text(&seen.body), "ab");
    client_close(&client);
}

static void counts_progress_of_a_body(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    struct connection *connection = only_connection();
    assert_int_equal(connection->wait, WAIT_PROGRESS);
    connection->wait_since_ms -= 59000;
    int64_t since_ms = connection->wait_since_ms;
    client_send(&client, "c");
    assert_true(connection->wait_since_ms > since_ms);
}

static void closes_a_client_that_does_not_read(void **state UNUSED) {
    server->limits.wait_ms[WAIT_PROGRESS] = 20;
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/large"));
    while (http_server_connections(server) > 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_int_equal(server->buffered_bytes, 0);
}

// One answer may take longer than the limit, as long as some of it is read in that time.
static void counts_progress_within_an_answer(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/large"));
    struct connection *connection = only_connection();
    size_t pending = connection->pending_bytes;
    for (int i = 0; i < 3; i++) {
        while (uv_stream_get_write_queue_size(&connection->handle.stream) == connection->queued_bytes) {
            assert_true(client_take(&client));
            loop_run_pending(loop);
        }
        connection->wait_since_ms -= 60001;
        connection_check_waits(server);
        assert_false(connection->is_closing);
        assert_int_equal(connection->pending_bytes, pending);
    }
    connection->wait_since_ms -= 60001;
    connection_check_waits(server);
    assert_int_equal(http_server_connections(server), 0);
}

// Leaves a little that the client has not taken.
static void fill(struct connection *connection) {
    static char piece[1000];
    while (connection->pending_bytes == 0)
        connection_write(connection, &(const struct iovec){.iov_base = piece, .iov_len = sizeof piece}, 1);
}

// A follower may stop reading for as long as it likes, also what was written before.
static void lets_streams_stall(void **state UNUSED) {
    static const char piece[300000] = {0};
    AUTO_CLIENT struct client client = client_open();
    loop_run_pending(loop);
    struct connection *connection = only_connection();
    fill(connection);
    client_send(&client, GET("/hold"));
    assert_int_equal(connection->wait, WAIT_PROGRESS);
    http_stream_begin(seen.kept[0], 200, "text/plain");
    assert_int_equal(connection->wait, WAIT_NONE);
    http_stream_write(seen.kept[0], piece, sizeof piece);
    loop_run_pending(loop);
    assert_true(http_stream_pending(seen.kept[0]) > 0);
    assert_int_equal(connection->wait, WAIT_NONE);
    http_stream_end(seen.kept[0]);
    assert_int_equal(connection->wait, WAIT_PROGRESS);
}

static void does_not_wait_longer_to_linger(void **state UNUSED) {
    server->limits.wait_ms[WAIT_LINGER] = 20;
    AUTO_CLIENT struct client slow = client_open();
    client_send(&slow, "GET / HTTP/1.1\r\n"); // its time is up in a minute
    AUTO_CLIENT struct client lingering = client_open();
    client_send(&lingering, "rubbish\r\n\r\n");
    assert_int_equal(http_server_connections(server), 2);
    while (http_server_connections(server) > 1)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_true(client_is_quiet(&slow));
    assert_true(timer_is_running(server->wait_timer));
}

static void evicts_by_worth_and_age(void **state UNUSED) {
    AUTO_CLIENT struct client head = client_open();
    client_send(&head, "GET");
    AUTO_CLIENT struct client kept = client_open();
    client_send(&kept, GET("/keep"));
    AUTO_CLIENT struct client old_idle = client_open();
    loop_run_pending(loop);
    AUTO_CLIENT struct client new_idle = client_open();
    loop_run_pending(loop);
    AUTO_CLIENT struct client lingering = client_open();
    client_send(&lingering, "rubbish\r\n\r\n");
    server->limits.evict_ms = 0;
    struct client *order[] = {&lingering, &old_idle, &new_idle, &head};
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        assert_int_equal(http_server_connections(server), 5 - i);
        assert_true(connection_evict(server));
        client_expect_end(order[i]);
    }
    assert_false(connection_evict(server));
    assert_true(client_is_quiet(&kept));
}

enum { CROWD = 1000 };

// Each sends as much of a head as it can; the oldest of them go, and others are served in between.
// A descriptor at each end of each connection, and some.
static bool may_have_descriptors(rlim_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < wanted)
        return false;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void bounds_what_incomplete_requests_hold(void **state UNUSED) {
    static struct client crowd[CROWD];
    if (!may_have_descriptors(3 * CROWD))
        skip();
    AUTO_FREE char *filler = memory_new(60000);
    memset(filler, 'a', 59999);
    server->limits.buffered_bytes = 20000000;
    server->limits.connections = 2 * CROWD;
    server->limits.descriptor = INT32_MAX;
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = client_open();
        client_send(&crowd[i], "GET / HTTP/1.1\r\nX: ");
        client_send(&crowd[i], filler);
        assert_true(server->buffered_bytes <= server->limits.buffered_bytes);
        if (i % 100 != 99)
            continue;
        AUTO_CLIENT struct client probe = client_open();
        client_send(&probe, "GET /health HTTP/1.1\r\n");
        client_send(&probe, "Host: x\r\n\r\n");
        client_expect(&probe, "/health");
    }
    assert_in_range(http_server_connections(server), 10000000 / 70000, 20000000 / 60000);
    client_expect_end(&crowd[0]);
    assert_true(client_is_quiet(&crowd[CROWD - 1]));
    for (int i = 0; i < CROWD; i++)
        client_close(&crowd[i]);
    loop_run_pending(loop);
    assert_int_equal(server->buffered_bytes, 0);
}

static void bounds_what_is_not_read(void **state UNUSED) {
    static struct client crowd[20];
    server->limits.buffered_bytes = 20000000;
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++) {
        crowd[i] = client_open();
        client_send(&crowd[i], GET("/large"));
        assert_true(server->buffered_bytes <= server->limits.buffered_bytes);
    }
    assert_int_equal(http_server_connections(server), 5);
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++)
        client_close(&crowd[i]);
    loop_run_pending(loop);
    assert_int_equal(server->buffered_bytes, 0);
}

static void counts_bodies_until_they_are_answered(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    AUTO_FREE char *piece = memory_new(50001);
    memset(piece, 'b', 50000);
    client_send(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50001\r\n\r\n");
    client_send(&client, piece);
    assert_in_range(server->buffered_bytes, 50000, 200000);
    client_send(&client, "!");
    client_expect(&client, "b!");
    assert_int_equal(server->buffered_bytes, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(closes_a_head_that_takes_too_long),
        TEST(counts_from_the_first_byte_of_a_head),
        TEST(closes_a_body_without_progress),
        TEST(counts_progress_of_a_body),
        TEST(closes_a_client_that_does_not_read),
        TEST(counts_progress_within_an_answer),
        TEST(lets_streams_stall),
        TEST(does_not_wait_longer_to_linger),
        TEST(evicts_by_worth_and_age),
        TEST(bounds_what_incomplete_requests_hold),
        TEST(bounds_what_is_not_read),
        TEST(counts_bodies_until_they_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
