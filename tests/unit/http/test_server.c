// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

static int ends;

static void on_end(void *data) {
    assert_ptr_equal(data, &ends);
    ends++;
}

static void shut_down(int64_t grace_ns) {
    ends = 0;
    http_server_shut_down(server, grace_ns, on_end, &ends);
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
    answer_text(seen.kept[0], 200, "kept");
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
    struct http_request *request = seen.kept[0];
    assert_string_equal(http_request_path(request), "/hold");
    assert_string_equal(url_query_first(http_request_query(request), "a"), "b");
    http_stream_begin(request, 200, "text/plain");
    http_stream_write(request, "x", 1);
    assert_int_equal(http_stream_pending(request), 0);
    http_stream_end(request);
    assert_int_equal(seen.responded, 4);
    client_expect_end(&kept);
    client_expect_end(&held);
    client_expect_end(&streaming);
    client_expect_end(&sending);
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
    while (list_is_empty(&server->ready))
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

static void dates_its_answers(void **state UNUSED) {
    AUTO_FREE char *date = memory_string(server_date(server));
    assert_int_equal(strlen(date), strlen("Tue, 15 Nov 1994 08:12:31 GMT"));
    server->date_second--;
    server->date_text[0] = '?';
    assert_int_not_equal(server_date(server)[0], '?');
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(shuts_down_with_idle_connections),
        TEST(shuts_down_without_connections),
        TEST(waits_for_busy_connections),
        TEST(ends_when_the_grace_is_over),
        TEST(answers_to_nobody_after_the_server),
        TEST(destroys_in_any_state),
        TEST(destroys_nothing),
        TEST(dates_its_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
