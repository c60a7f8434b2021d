// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

#include <sys/resource.h>

enum { CROWD = 1000 };

static void closes_a_head_that_takes_too_long(void **state UNUSED) {
    set_time_limit(WAIT_HEAD, 20);
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
}

// From its first byte on, however it drips; the time of the head before does not count.
static void counts_from_the_first_byte_of_a_head(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, "GET / HTTP/1.1\r\n");
    struct connection *connection = only_connection();
    assert_int_equal(connection->entry.wait, WAIT_HEAD);
    connection->entry.deadline.since_ns -= NS_PER_S;
    int64_t since_ns = connection->entry.deadline.since_ns;
    client_send(&client, "Host: x\r\n");
    assert_int_equal(connection->entry.deadline.since_ns, since_ns);
    client_send(&client, "\r\nGET");
    assert_int_equal(connection->entry.wait, WAIT_HEAD);
    assert_true(connection->entry.deadline.since_ns > since_ns);
    client_send(&client, " / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(connection->entry.wait, WAIT_IDLE);
}

static void does_not_wait_longer_to_linger(void **state UNUSED) {
    set_time_limit(WAIT_LINGER, 20);
    AUTO_CLIENT struct client slow = client_open();
    client_send(&slow, "GET / HTTP/1.1\r\n"); // its time is up in a minute
    AUTO_CLIENT struct client lingering = client_open();
    client_send(&lingering, "rubbish\r\n\r\n");
    assert_int_equal(http_server_connections(server), 2);
    while (http_server_connections(server) > 1)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_true(client_is_quiet(&slow));
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
    AUTO_CLIENT struct client skipping = client_open();
    client_send(&skipping, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na");
    AUTO_CLIENT struct client flushing = client_open();
    client_send(&flushing, GET("/large"));
    AUTO_CLIENT struct client sending = client_open();
    client_send(&sending, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na");
    server->connections.limits.evict_ns = 0;
    struct client *order[] = {&lingering, &old_idle, &new_idle, &head, &skipping, &flushing};
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        assert_int_equal(http_server_connections(server), 8 - i);
        assert_true(connections_evict(&server->connections, true));
        client_expect_end(order[i]);
    }
    assert_false(connections_evict(&server->connections, true));
    assert_true(client_is_quiet(&kept));
    assert_true(client_is_quiet(&sending));
}

static void evicts_administrators_last(void **state UNUSED) {
    struct connections *all = &server->connections;
    AUTO_CLIENT struct client own = client_open();
    AUTO_CLIENT struct client second = client_open();
    loop_run_pending(loop);
    AUTO_CLIENT struct client other = connect_to(listen_at("127.0.0.1:0"));
    client_send(&other, "GET");
    while (http_server_connections(server) < 3)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_int_equal(all->administrators, 2);
    all->limits.evict_ns = 0;
    assert_true(connections_evict(all, true));
    client_expect_end(&other);
    assert_false(connections_evict(all, false)); // they are within the reserve
    all->limits.reserved = 1;
    assert_true(connections_evict(all, false));
    client_expect_end(&own);
    assert_false(connections_evict(all, false));
    assert_true(connections_evict(all, true));
    client_expect_end(&second);
    all->limits.reserved = 0;
}

static void wait_for_connections(size_t count) {
    while (http_server_connections(server) < count)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    loop_run_pending(loop);
}

// Of others than administrators, whatever they do: the longest held request goes last.
static void evicts_strangers_whatever_they_do(void **state UNUSED) {
    in_port_t port = listen_at("127.0.0.1:0");
    AUTO_CLIENT struct client kept = connect_to(port);
    client_send(&kept, GET("/keep"));
    wait_for_connections(1);
    AUTO_CLIENT struct client sending = connect_to(port);
    client_send(&sending, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na");
    wait_for_connections(2);
    client_send(&sending, "b"); // which does not make it newer
    AUTO_CLIENT struct client following = connect_to(port);
    client_send(&following, GET("/follow"));
    wait_for_connections(3);
    AUTO_CLIENT struct client dropped = connect_to(port);
    client_send(&dropped, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na");
    wait_for_connections(4);
    while (seen.handled < 4)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    server->connections.limits.evict_ns = 0;
    struct client *order[] = {&dropped, &kept, &sending, &following};
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        assert_int_equal(http_server_connections(server), 4 - i);
        assert_true(connections_evict(&server->connections, false));
        client_expect_end(order[i]);
    }
    assert_false(connections_evict(&server->connections, false));
}

// Who has many connections makes room for who has few.
static void evicts_from_the_owner_of_most(void **state UNUSED) {
    in_port_t port = listen_at("127.0.0.1:0");
    AUTO_CLIENT struct client modest = connect_from("127.0.0.2", port);
    wait_for_connections(1);
    struct client greedy[4];
    for (size_t i = 0; i < ARRAY_COUNT(greedy); i++) {
        greedy[i] = connect_from("127.0.0.3", port);
        client_send(&greedy[i], GET("/keep"));
        wait_for_connections(2 + i);
    }
    while (seen.kept_count < 4)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    server->connections.limits.evict_ns = 0;
    for (size_t i = 0; i + 1 < ARRAY_COUNT(greedy); i++) {
        assert_true(connections_evict(&server->connections, false));
        client_expect_end(&greedy[i]);
    }
    assert_true(client_is_quiet(&modest));
    for (size_t i = 0; i < ARRAY_COUNT(greedy); i++)
        client_close(&greedy[i]);
}

// The largest of the owner who holds most; neither other owners nor administrators, who were first and are larger.
static void bounds_what_strangers_hold(void **state UNUSED) {
    AUTO_FREE char *filler = memory_new(50001);
    memset(filler, 'a', 50000);
    in_port_t port = listen_at("127.0.0.1:0");
    AUTO_CLIENT struct client own = client_open();
    client_send(&own, "GET / HTTP/1.1\r\nX: ");
    client_send(&own, filler);
    client_send(&own, filler);
    AUTO_CLIENT struct client modest = connect_from("127.0.0.2", port);
    client_send(&modest, "GET / HTTP/1.1\r\nX: ");
    client_send(&modest, filler);
    wait_for_connections(2);
    server->connections.limits.buffered_bytes = 1000000;
    struct client greedy[20];
    for (size_t i = 0; i < ARRAY_COUNT(greedy); i++) {
        greedy[i] = connect_from("127.0.0.3", port);
        client_send(&greedy[i], "GET / HTTP/1.1\r\nX: ");
        (void)client_send_bytes(&greedy[i], filler, 50000);
        for (int turns = 0; turns < 20; turns++)
            loop_run_pending(loop);
        assert_true(server->connections.strangers_bytes <= 500000);
    }
    assert_true(client_is_quiet(&own));
    assert_true(client_is_quiet(&modest));
    assert_true(http_server_connections(server) < 2 + ARRAY_COUNT(greedy));
    for (size_t i = 0; i < ARRAY_COUNT(greedy); i++)
        client_close(&greedy[i]);
}

// Administrators get an error instead of the end of the connection, and the others get their responses.
static void refuses_bodies_that_are_too_much_together(void **state UNUSED) {
    AUTO_FREE char *filler = memory_new(90001);
    memset(filler, 'a', 90000);
    server->connections.limits.buffered_bytes = 400000;
    struct client clients[8];
    for (size_t i = 0; i < ARRAY_COUNT(clients); i++) {
        clients[i] = client_open();
        client_send(&clients[i], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 90001\r\n\r\n");
        client_send(&clients[i], filler);
        assert_true(server->connections.buffered_bytes <= 400000);
    }
    size_t responded = 0, refused = 0;
    for (size_t i = 0; i < ARRAY_COUNT(clients); i++) {
        (void)client_send_bytes(&clients[i], "!", 1);
        client_expect(&clients[i], "\r\n\r\n");
        responded += client_count(&clients[i], "200 OK");
        refused += client_count(&clients[i], "requests use too much memory now; try again later");
        client_close(&clients[i]);
    }
    assert_int_equal(responded + refused, ARRAY_COUNT(clients));
    assert_true(responded > 0 && refused > 0);
    loop_run_pending(loop);
    assert_int_equal(server->connections.buffered_bytes, 0);
}

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
    server->connections.limits.buffered_bytes = 20000000;
    server->connections.limits.connections = 2 * CROWD;
    server->connections.limits.descriptor = INT32_MAX;
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = client_open();
        client_send(&crowd[i], "GET / HTTP/1.1\r\nX: ");
        client_send(&crowd[i], filler);
        assert_true(server->connections.buffered_bytes <= server->connections.limits.buffered_bytes);
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
    assert_int_equal(server->connections.buffered_bytes, 0);
}

static void bounds_what_is_not_read(void **state UNUSED) {
    static struct client crowd[20];
    server->connections.limits.buffered_bytes = 20000000;
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++) {
        crowd[i] = client_open();
        client_send(&crowd[i], GET("/large"));
        assert_true(server->connections.buffered_bytes <= server->connections.limits.buffered_bytes);
    }
    assert_int_equal(http_server_connections(server), 5);
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++)
        client_close(&crowd[i]);
    loop_run_pending(loop);
    assert_int_equal(server->connections.buffered_bytes, 0);
}

static void counts_bodies_until_they_are_answered(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    AUTO_FREE char *piece = memory_new(50001);
    memset(piece, 'b', 50000);
    client_send(&client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50001\r\n\r\n");
    client_send(&client, piece);
    assert_in_range(server->connections.buffered_bytes, 50000, 200000);
    client_send(&client, "!");
    client_expect(&client, "b!");
    assert_int_equal(server->connections.buffered_bytes, 0);
}

// The headers of requests that are being handled last as long as these do. Who holds most of them has to go, and there
// is room for others.
static void bounds_what_kept_requests_hold(void **state UNUSED) {
    AUTO_FREE char *filler = memory_new(500001);
    struct client greedy[5];
    AUTO_CLIENT struct client modest = client_open();
    memset(filler, 'a', 500000);
    client_send(&modest, GET("/keep"));
    server->connections.limits.buffered_bytes = 2400000;
    for (size_t i = 0; i < ARRAY_COUNT(greedy); i++) {
        greedy[i] = client_open();
        client_send(&greedy[i], "GET /keep HTTP/1.1\r\nHost: x\r\nX: ");
        client_send(&greedy[i], filler);
        client_send(&greedy[i], "\r\n\r\n");
        assert_true(server->connections.buffered_bytes <= 2400000);
    }
    assert_int_equal(seen.cancelled, 3);
    assert_true(client_is_quiet(&modest));
    AUTO_CLIENT struct client slow = client_open();
    client_send(&slow, "POST /echo HTTP/1.1\r\n");
    client_send(&slow, "Host: x\r\nContent-Length: 100000\r\n\r\n");
    assert_true(client_send_bytes(&slow, filler, 100000));
    client_expect(&slow, "200 OK");
    for (size_t i = 0; i < ARRAY_COUNT(greedy); i++)
        client_close(&greedy[i]);
}

// Of many streams that are written in one turn of the loop.
static void bounds_what_streams_queue(void **state UNUSED) {
    enum { LIMIT = 1000000 };
    static const char piece[10000] = {0};
    struct client followers[30];
    server->connections.limits.buffered_bytes = LIMIT;
    for (size_t i = 0; i < ARRAY_COUNT(followers); i++) {
        followers[i] = client_open();
        client_send(&followers[i], GET("/follow"));
    }
    for (int i = 0; i < seen.kept_count; i++) {
        const struct http_exchange *exchange = seen.kept[i];
        while (exchange->connection != NULL && http_stream_pending(exchange) < HTTP_STREAM_HIGH_BYTES) {
            http_stream_write(seen.kept[i], piece, sizeof piece);
            assert_true(server->connections.busy_bytes <= LIMIT / 2);
        }
    }
    assert_in_range(http_server_connections(server), LIMIT / 2 / 90000, LIMIT / 2 / 60000);
    loop_run_pending(loop);
    assert_int_equal(seen.cancelled, ARRAY_COUNT(followers) - http_server_connections(server));
    for (size_t i = 0; i < ARRAY_COUNT(followers); i++)
        client_close(&followers[i]);
    loop_run_pending(loop);
    assert_int_equal(server->connections.buffered_bytes, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(closes_a_head_that_takes_too_long), TEST(counts_from_the_first_byte_of_a_head),
        TEST(does_not_wait_longer_to_linger),    TEST(evicts_by_worth_and_age),
        TEST(evicts_administrators_last),        TEST(bounds_what_incomplete_requests_hold),
        TEST(bounds_what_is_not_read),           TEST(counts_bodies_until_they_are_answered),
        TEST(bounds_what_kept_requests_hold),    TEST(bounds_what_streams_queue),
        TEST(evicts_strangers_whatever_they_do), TEST(evicts_from_the_owner_of_most),
        TEST(bounds_what_strangers_hold),        TEST(refuses_bodies_that_are_too_much_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
