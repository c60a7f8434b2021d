// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

// --- accepting ---

static struct rlimit usual_limit;

static void set_descriptor_limit(rlim_t count) {
    struct rlimit limit = {.rlim_cur = count, .rlim_max = usual_limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static int open_limited(void **state) {
    (void)getrlimit(RLIMIT_NOFILE, &usual_limit);
    set_descriptor_limit(300);
    int result = open_server(state);
    (void)setrlimit(RLIMIT_NOFILE, &usual_limit);
    return result;
}

static int close_limited(void **state) {
    (void)setrlimit(RLIMIT_NOFILE, &usual_limit);
    return close_server(state);
}

static void takes_its_limit_from_the_system(void **state UNUSED) {
    assert_int_equal(server->connections.limits.reserved, 43);
    assert_int_equal(descriptor_budget_left(descriptors, DESCRIPTORS_CONNECTIONS), 172 - 43);
    assert_int_equal(server->connections.limits.descriptor, 236);
}

static void evicts_the_oldest_idle_for_a_new_one(void **state UNUSED) {
    static struct client crowd[300];
    set_descriptor_limit(1000);
    server->connections.limits.evict_ns = 0;
    server->connections.limits.descriptor = INT32_MAX; // the clients' descriptors are ours, too
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++) {
        crowd[i] = client_open();
        loop_run_pending(loop);
        assert_true(http_server_connections(server) <= 172);
    }
    assert_int_equal(http_server_connections(server), 172);
    client_expect_end(&crowd[0]);
    client_expect_end(&crowd[127]);
    client_send(&crowd[128], GET("/served"));
    client_expect(&crowd[128], "/served");
    loop_run_pending(loop);
    assert_int_equal(http_server_connections(server), 172);
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++)
        client_close(&crowd[i]);
}

static void waits_until_a_busy_one_ends(void **state UNUSED) {
    AUTO_CLIENT struct client first = client_open();
    AUTO_CLIENT struct client second = client_open();
    server->connections.limits.connections = 2;
    client_send(&first, GET("/keep"));
    client_send(&second, GET("/keep"));
    AUTO_CLIENT struct client third = client_open();
    AUTO_CLIENT struct client fourth = client_open();
    client_send(&third, GET("/third"));
    client_send(&fourth, GET("/fourth"));
    assert_int_equal(http_server_connections(server), 2);
    assert_true(acceptor_is_paused(server->acceptor));
    client_close(&first);
    client_expect(&third, "/third");
    client_expect(&fourth, "/fourth"); // the third is idle, and makes module
    client_expect_end(&third);
    respond_text(seen.kept[0], 200, "second");
    client_expect(&second, "second");
    assert_int_equal(http_server_connections(server), 2);
}

// --- the reserve of administrators ---

// 50 connections, of which 16 are reserved.
static int open_small(void **state) {
    (void)getrlimit(RLIMIT_NOFILE, &usual_limit);
    set_descriptor_limit(100);
    int result = open_server(state);
    set_descriptor_limit(1000);
    server->connections.limits.descriptor = INT32_MAX; // the clients' descriptors are ours, too
    return result;
}

enum { RESERVED = 16, COMMON = 50 - RESERVED };

static void keeps_a_reserve(void **state UNUSED) {
    size_t left = descriptor_budget_left(descriptors, DESCRIPTORS_CONNECTIONS);
    assert_int_equal(server->connections.limits.reserved, RESERVED);
    assert_int_equal(left, COMMON);
    static struct client crowd[50];
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++) {
        crowd[i] = client_open();
        client_send(&crowd[i], GET("/keep"));
        size_t beyond = i < RESERVED ? 0 : i + 1 - RESERVED;
        assert_int_equal(descriptor_budget_left(descriptors, DESCRIPTORS_CONNECTIONS), left - beyond);
    }
    assert_int_equal(http_server_connections(server), 50);
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++)
        client_close(&crowd[i]);
    loop_run_pending(loop);
    assert_int_equal(descriptor_budget_left(descriptors, DESCRIPTORS_CONNECTIONS), left);
    http_server_destroy(TAKE(server));
    assert_int_equal(descriptor_budget_left(descriptors, DESCRIPTORS_CONNECTIONS), left + RESERVED);
}

// The requests of all clients are kept, so that none can be closed.
static void tcp_cannot_take_the_reserve(void **state UNUSED) {
    static struct client crowd[60];
    in_port_t port = listen_at("127.0.0.1:0");
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++) {
        crowd[i] = connect_to(port);
        assert_int_equal(send(crowd[i].fd, GET("/keep"), strlen(GET("/keep")), 0), strlen(GET("/keep")));
    }
    while (http_server_connections(server) < COMMON)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    loop_run_pending(loop);
    assert_int_equal(http_server_connections(server), COMMON);
    AUTO_CLIENT struct client administrator = client_open();
    client_send(&administrator, GET("/served"));
    client_expect(&administrator, "/served");
    client_close(&crowd[0]);
    while (http_server_connections(server) < COMMON + 1) // the next one has waited
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++)
        client_close(&crowd[i]);
}

// Requests that are responded to before their bodies have ended.
static void unfinished_bodies_make_room(void **state UNUSED) {
    static struct client crowd[60];
    in_port_t port = listen_at("127.0.0.1:0");
    server->connections.limits.evict_ns = 0;
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++) {
        crowd[i] = connect_to(port);
        client_send(&crowd[i], "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\na");
        client_expect(&crowd[i], "200 OK");
        assert_true(http_server_connections(server) <= COMMON);
    }
    client_expect_end(&crowd[0]);
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++)
        client_close(&crowd[i]);
}

static struct client client_open_as(uid_t uid) {
    assert_int_equal(seteuid(uid), 0);
    struct client client = client_open();
    assert_int_equal(seteuid(getuid()), 0);
    return client;
}

static void users_cannot_take_the_reserve(void **state UNUSED) {
    static struct client crowd[COMMON];
    if (getuid() != 0)
        skip(); // cannot become another user
    assert_int_equal(chmod(directory, 0711), 0);
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++) {
        crowd[i] = client_open_as(1);
        client_send(&crowd[i], GET("/keep"));
    }
    assert_int_equal(http_server_connections(server), COMMON);
    AUTO_CLIENT struct client user = client_open_as(2);
    loop_run_pending(loop);
    client_expect_end(&user);
    AUTO_CLIENT struct client administrator = client_open();
    client_send(&administrator, GET("/served"));
    client_expect(&administrator, "/served");
    assert_int_equal(seen.cancelled, 0);
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++)
        client_close(&crowd[i]);
}

// --- descriptors ---

// What the rest of the process has open counts, too.
static void leaves_descriptors_to_others(void **state UNUSED) {
    int next = dup(0);
    assert_true(next >= 0);
    (void)close(next);
    server->connections.limits.evict_ns = 0;
    server->connections.limits.descriptor = next + 3;
    struct client clients[4];
    for (int i = 0; i < 4; i++)
        clients[i] = client_open();
    loop_run_pending(loop);
    assert_int_equal(http_server_connections(server), 1);
    client_expect_end(&clients[0]);
    client_send(&clients[3], GET("/served"));
    client_expect(&clients[3], "/served");
    for (int i = 0; i < 4; i++)
        client_close(&clients[i]);
}

static int fill_descriptors(int *fillers, int max) {
    int count = 0;
    while (count < max && (fillers[count] = dup(0)) >= 0)
        count++;
    return count;
}

static void closes_an_idle_one_without_descriptors(void **state UNUSED) {
    static int fillers[400];
    AUTO_CLIENT struct client idle = client_open();
    loop_run_pending(loop);
    AUTO_CLIENT struct client client = client_open();
    set_descriptor_limit(200);
    int count = fill_descriptors(fillers, 400);
    client_send(&client, GET("/served"));
    client_expect(&client, "/served");
    client_expect_end(&idle);
    while (count > 0)
        (void)close(fillers[--count]);
}

// More than there may be: none of them is closed before its request has been read.
static void serves_bursts(void **state UNUSED) {
    static struct client crowd[100];
    server->connections.limits.connections = 30;
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++) {
        crowd[i] = client_open();
        assert_int_equal(send(crowd[i].fd, GET("/"), strlen(GET("/")), 0), strlen(GET("/")));
    }
    for (size_t i = 0; i < ARRAY_COUNT(crowd); i++) {
        client_expect(&crowd[i], "200 OK");
        assert_true(http_server_connections(server) <= 30);
        client_close(&crowd[i]);
    }
}

// --- shutting down ---

static int ends;

static void on_server_ended(void *data) {
    assert_ptr_equal(data, &ends);
    ends++;
}

static void shut_down(int64_t grace_ns) {
    ends = 0;
    http_server_shut_down(server, grace_ns, on_server_ended, &ends);
    assert_int_equal(ends, 0); // never before it has returned
    loop_run_pending(loop);
}

static void shuts_down_with_idle_connections(void **state UNUSED) {
    AUTO_CLIENT struct client silent = client_open();
    AUTO_CLIENT struct client used = client_open();
    AUTO_CLIENT struct client half = client_open();
    client_send(&used, GET("/"));
    client_send(&half, "GET / HT");
    shut_down(NS_PER_S * 1000);
    assert_int_equal(ends, 1);
    assert_int_equal(http_server_connections(server), 0);
    client_expect_end(&silent);
    client_expect_end(&half);
    client_expect_end(&used);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), -1);
    (void)close(fd);
    shut_down(0); // counts for nothing
    assert_int_equal(ends, 0);
}

static void shuts_down_without_connections(void **state UNUSED) {
    shut_down(NS_PER_S * 1000);
    assert_int_equal(ends, 1);
}

static void waits_for_busy_connections(void **state UNUSED) {
    AUTO_CLIENT struct client sending = client_open();
    AUTO_CLIENT struct client reading = client_open();
    AUTO_CLIENT struct client kept = client_open();
    client_send(&sending, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
    client_send(&reading, GET("/large"));
    client_send(&kept, GET("/keep") GET("/dropped"));
    shut_down(NS_PER_S * 1000);
    assert_int_equal(http_server_connections(server), 3);
    assert_int_equal(seen.cancelled, 0);
    client_send(&sending, "lo");
    client_expect(&sending, "\r\n\r\nhello");
    client_expect(&sending, "Connection: close\r\n");
    client_expect_end(&sending);
    respond_text(seen.kept[0], 200, "kept");
    client_expect_end(&kept);
    assert_non_null(strstr(buffer_text(&kept.got), "kept"));
    assert_int_equal(seen.handled, 3);
    assert_int_equal(ends, 0);
    client_expect_end(&reading);
    assert_true(reading.got.length > 4000000);
    loop_run_pending(loop);
    assert_int_equal(ends, 1);
}

static void ends_when_the_grace_is_over(void **state UNUSED) {
    AUTO_CLIENT struct client kept = client_open();
    AUTO_CLIENT struct client held = client_open();
    AUTO_CLIENT struct client reading = client_open();
    client_send(&kept, GET("/keep"));
    client_send(&held, GET("/hold"));
    client_send(&reading, GET("/large"));
    shut_down(20 * NS_PER_MS);
    while (ends == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_int_equal(seen.cancelled, 1); // before the end was told
    assert_int_equal(http_server_connections(server), 0);
    assert_int_equal(seen.kept_count, 1);
    client_expect_end(&kept);
    client_expect_end(&held);
}

static void answers_to_nobody_after_the_server(void **state UNUSED) {
    AUTO_CLIENT struct client kept = client_open();
    AUTO_CLIENT struct client held = client_open();
    AUTO_CLIENT struct client streaming = client_open();
    AUTO_CLIENT struct client sending = client_open();
    client_send(&kept, GET("/keep"));
    client_send(&held, GET("/hold?a=b"));
    client_send(&streaming, GET("/follow"));
    client_send(&sending, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
    http_server_destroy(server);
    server = NULL;
    assert_int_equal(seen.cancelled, 2);
    assert_int_equal(seen.responded, 3);
    assert_int_equal(seen.kept_count, 1);
    loop_run_pending(loop);
    struct http_exchange *exchange = seen.kept[0];
    assert_string_equal(http_exchange_path(exchange), "/hold");
    assert_string_equal(url_query_first(http_exchange_query(exchange), "a"), "b");
    http_stream_begin(exchange, 200, "text/plain");
    http_stream_write(exchange, "x", 1);
    assert_int_equal(http_stream_pending(exchange), 0);
    http_stream_end(exchange);
    assert_int_equal(seen.responded, 4);
    client_expect_end(&kept);
    client_expect_end(&held);
    client_expect_end(&streaming);
    client_expect_end(&sending);
}

static bool has_ready_connection(void) {
    struct connection *connection;
    LIST_FOR_EACH (connection, &server->connections.open, entry.link) {
        if (connection->state == CONNECTION_READY)
            return true;
    }
    return false;
}

static void destroys_in_any_state(void **state UNUSED) {
    AUTO_CLIENT struct client idle = client_open();
    AUTO_CLIENT struct client ready = client_open();
    AUTO_CLIENT struct client pending = client_open();
    AUTO_CLIENT struct client lingering = client_open();
    loop_run_pending(loop);
    client_send(&pending, GET("/large"));
    client_send(&lingering, "rubbish\r\n\r\n");
    AUTO_BUFFER struct buffer requests = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 100; i++)
        buffer_add_string(&requests, GET("/"));
    assert_true(send(ready.fd, requests.data, requests.length, 0) > 0);
    while (!has_ready_connection())
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    http_server_destroy(server);
    server = NULL;
    client_expect_end(&idle);
    client_expect_end(&ready);
    client_expect_end(&lingering);
}

static void destroys_nothing(void **state UNUSED) {
    http_server_destroy(NULL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
#define LIMITED(name) cmocka_unit_test_setup_teardown(name, open_limited, close_limited)
#define SMALL(name) cmocka_unit_test_setup_teardown(name, open_small, close_limited)
    const struct CMUnitTest tests[] = {
        LIMITED(takes_its_limit_from_the_system),
        LIMITED(evicts_the_oldest_idle_for_a_new_one),
        LIMITED(waits_until_a_busy_one_ends),
        LIMITED(leaves_descriptors_to_others),
        LIMITED(closes_an_idle_one_without_descriptors),
        LIMITED(serves_bursts),
        SMALL(keeps_a_reserve),
        SMALL(tcp_cannot_take_the_reserve),
        SMALL(unfinished_bodies_make_room),
        SMALL(users_cannot_take_the_reserve),
        TEST(shuts_down_with_idle_connections),
        TEST(shuts_down_without_connections),
        TEST(waits_for_busy_connections),
        TEST(ends_when_the_grace_is_over),
        TEST(answers_to_nobody_after_the_server),
        TEST(destroys_in_any_state),
        TEST(destroys_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
