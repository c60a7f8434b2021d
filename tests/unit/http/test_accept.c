// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

#include <fcntl.h>
#include <sys/resource.h>

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
    assert_int_equal(server->limits.connections, 172);
    assert_int_equal(server->limits.descriptor, 236);
}

static void evicts_the_oldest_idle_for_a_new_one(void **state UNUSED) {
    static struct client crowd[300];
    set_descriptor_limit(2000);
    server->limits.evict_ms = 0;
    server->limits.descriptor = INT32_MAX; // the clients' descriptors are ours, too
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
    server->limits.connections = 2;
    client_send(&first, GET("/keep"));
    client_send(&second, GET("/keep"));
    AUTO_CLIENT struct client third = client_open();
    AUTO_CLIENT struct client fourth = client_open();
    client_send(&third, GET("/third"));
    client_send(&fourth, GET("/fourth"));
    assert_int_equal(http_server_connections(server), 2);
    assert_false(server->accepts);
    client_close(&first);
    client_expect(&third, "/third");
    client_expect(&fourth, "/fourth"); // the third is idle, and makes module
    client_expect_end(&third);
    answer_text(seen.kept[0], 200, "second");
    client_expect(&second, "second");
    assert_int_equal(http_server_connections(server), 2);
}

// What the rest of the process has open counts, too.
static void leaves_descriptors_to_others(void **state UNUSED) {
    int next = dup(0);
    assert_true(next >= 0);
    (void)close(next);
    server->limits.evict_ms = 0;
    server->limits.descriptor = next + 3;
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

static void does_not_spin_without_descriptors(void **state UNUSED) {
    static int fillers[400];
    AUTO_CLIENT struct client kept = client_open();
    client_send(&kept, GET("/keep"));
    AUTO_CLIENT struct client client = client_open();
    set_descriptor_limit(200);
    int count = fill_descriptors(fillers, 400);
    assert_true(count > 0 && count < 400);
    for (int turns = 0; turns < 100; turns++) // none of them hangs
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_false(server->accepts);
    assert_true(timer_is_running(server->accept_timer));
    assert_int_equal(http_server_connections(server), 1);
    while (count > 0)
        (void)close(fillers[--count]);
    client_send(&client, GET("/served"));
    client_expect(&client, "/served"); // nobody was turned away
    assert_true(server->accepts);
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
    server->limits.connections = 30;
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

static void refuses_what_cannot_be_polled(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_false(http_server_listen(server, fd, HTTP_OVER_TCP, &err));
    assert_true(text_has_prefix(error_text(&err), "cannot listen: "));
    assert_int_equal(fcntl(fd, F_GETFD), -1); // closed: it was taken over
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_limited, close_limited)
    const struct CMUnitTest tests[] = {
        TEST(takes_its_limit_from_the_system),
        TEST(evicts_the_oldest_idle_for_a_new_one),
        TEST(waits_until_a_busy_one_ends),
        TEST(leaves_descriptors_to_others),
        TEST(does_not_spin_without_descriptors),
        TEST(closes_an_idle_one_without_descriptors),
        TEST(serves_bursts),
        TEST(refuses_what_cannot_be_polled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
