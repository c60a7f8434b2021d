// SPDX-License-Identifier: GPL-3.0-or-later
#include "sender_fixture.h"

static int listener;
static uint16_t port;
static struct buffer request;

static int listen_and_set_up(void **state) {
    listener = bind_socket(SOCK_STREAM, &port);
    buffer_init(&request, BUFFER_NO_LIMIT);
    return set_up_senders(state);
}

static int close_and_tear_down(void **state) {
    (void)tear_down_senders(state);
    buffer_finish(&request);
    return close(listener);
}

static void create_at(enum log_target_type type, const char *path) {
    AUTO_FREE char *location = memory_printf("http://user:secret@127.0.0.1:%u%s", port, path);
    create(type, location);
}

// Sends the payload "body" and responds to it.
static void exchange(const char *response) {
    buffer_clear(&payload.text);
    payload.count = 0;
    add_to_payload("body");
    sender_start(sender, &payload);
    int fd = accept_connection(listener);
    receive_until(fd, "\r\n\r\nbody", &request);
    assert_int_equal(write(fd, response, strlen(response)), (ssize_t)strlen(response));
    wait_for_result();
    (void)close(fd);
}

static void loki_posts_to_the_location(void **state UNUSED) {
    create_at(LOG_TARGET_LOKI, "/loki/push?x=y");
    exchange("HTTP/1.1 204 No Content\r\n\r\n");
    assert_int_equal(seen.outcome, SEND_DONE);
    assert_true(text_has_prefix(buffer_text(&request), "POST /loki/push?x=y HTTP/1.1\r\n"));
    assert_non_null(strstr(buffer_text(&request), "\r\nContent-Type: application/json; charset=utf-8\r\n"));
    assert_non_null(strstr(buffer_text(&request), "\r\nUser-Agent: pebble/test\r\n"));
    assert_non_null(strstr(buffer_text(&request), "\r\nAuthorization: Basic dXNlcjpzZWNyZXQ=\r\n"));
}

static void opentelemetry_posts_below_the_location(void **state UNUSED) {
    create_at(LOG_TARGET_OPENTELEMETRY, "/base");
    exchange("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    assert_int_equal(seen.outcome, SEND_DONE);
    assert_true(text_has_prefix(buffer_text(&request), "POST /base/v1/logs HTTP/1.1\r\n"));
    assert_non_null(strstr(buffer_text(&request), "\r\nContent-Type: application/json\r\n"));
}

static void the_status_decides(void **state UNUSED) {
    static const struct {
        const char *response;
        enum send_outcome outcome;
        const char *message;
        int64_t retry_after_s;
    } cases[] = {
        {"201 Created\r\n", SEND_FAILED, "unexpected response from server: 201 Created", 0},
        {"304 Not Modified\r\n", SEND_FAILED, "unexpected response from server: 304 Not Modified", 0},
        {"600 \r\n", SEND_FAILED, "unexpected response from server: 600 ", 0},
        {"400 Bad Request\r\n", SEND_REFUSED, "server returned HTTP 400 Bad Request", 0},
        {"404 Not Found\r\n", SEND_REFUSED, "server returned HTTP 404 Not Found", 0},
        {"429 Slow Down\r\nRetry-After: 7\r\n", SEND_FAILED, "server returned HTTP 429 Slow Down", 7},
        {"503 X\r\nRetry-After: 99999\r\n", SEND_FAILED, "server returned HTTP 503 X", 300},
        {"503 X\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nRetry-After: Tue, 15 Nov 1994 08:13:01 GMT\r\n", SEND_FAILED,
         "server returned HTTP 503 X", 30},
        {"500 X\r\nRetry-After: soon\r\n", SEND_FAILED, "server returned HTTP 500 X", 0},
        {"200 OK\r\n", SEND_DONE, NULL, 0},
    };
    create_at(LOG_TARGET_LOKI, "/");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *response = memory_printf("HTTP/1.1 %sContent-Length: 0\r\n\r\n", cases[i].response);
        exchange(response);
        assert_int_equal(seen.outcome, cases[i].outcome);
        assert_true(text_equal(seen.message, cases[i].message));
        assert_int_equal(seen.retry_after_ns, cases[i].retry_after_s * NS_PER_S);
        AUTO_FREE char *status = memory_printf("%d ", seen.status);
        assert_true(text_has_prefix(cases[i].response, status));
    }
}

static void no_response_is_a_failure(void **state UNUSED) {
    static const struct {
        enum log_target_type type;
        const char *prefix;
    } cases[] = {{LOG_TARGET_LOKI, "Post \"http://"}, {LOG_TARGET_OPENTELEMETRY, "cannot send logs: Post \"http://"}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        create_at(cases[i].type, "/");
        exchange("nonsense\r\n\r\n");
        assert_int_equal(seen.outcome, SEND_FAILED);
        assert_int_equal(seen.status, 0);
        assert_true(text_has_prefix(seen.message, cases[i].prefix));
        assert_null(strstr(seen.message, "secret"));
        sender_destroy(TAKE(sender));
    }
}

static void a_long_reason_is_cut(void **state UNUSED) {
    char reason[1000] = {0};
    memset(reason, 'r', sizeof reason - 1);
    AUTO_FREE char *response = memory_printf("HTTP/1.1 500 %s\r\nContent-Length: 0\r\n\r\n", reason);
    create_at(LOG_TARGET_LOKI, "/");
    exchange(response);
    assert_int_equal(strlen(seen.message), strlen("server returned HTTP 500 ") + 128);
}

static void sockets_are_in_the_budget(void **state UNUSED) {
    create_at(LOG_TARGET_LOKI, "/");
    limit_descriptors(0);
    add_to_payload("x");
    send_payload();
    assert_int_equal(seen.outcome, SEND_FAILED);
    assert_string_equal(seen.message, "dial tcp: socket: too many open files");
    descriptor_budget_give_back(spec.descriptors, DESCRIPTORS_PROCESSES, 1);
    exchange("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    assert_int_equal(descriptors_left(), 1);
    exchange("HTTP/1.1 204 No Content\r\n\r\n");
    assert_int_equal(descriptors_left(), 0); // that of the connection, which is kept
    exchange("nonsense\r\n\r\n");
    assert_int_equal(descriptors_left(), 1);
    sender_start(sender, &payload);
    assert_int_equal(descriptors_left(), 0);
    sender_destroy(sender);
    sender = NULL;
    assert_int_equal(descriptors_left(), 1);
}

static void destroying_cancels(void **state UNUSED) {
    create_at(LOG_TARGET_LOKI, "/");
    add_to_payload("x");
    sender_start(sender, &payload);
    int fd = accept_connection(listener);
    sender_destroy(sender);
    sender = NULL;
    loop_run_pending(loop);
    assert_int_equal(seen.count, 0);
    (void)close(fd);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, listen_and_set_up, close_and_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(loki_posts_to_the_location), TEST(opentelemetry_posts_below_the_location),
        TEST(the_status_decides),         TEST(a_long_reason_is_cut),
        TEST(no_response_is_a_failure),   TEST(sockets_are_in_the_budget),
        TEST(destroying_cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
