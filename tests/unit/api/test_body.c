// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <semaphore.h>

static void broken_bodies_are_refused(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    static const char *const bodies[] = {"", "{", "[]", "7", "{\"action\":5}", "{\"services\":\"x\"}"};
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++)
        assert_response(&fixture, "POST /v1/services", bodies[i], 400,
                        "\"message\":\"cannot decode data from request body: ");
    assert_response(&fixture, "POST /v1/layers", "{", 400, "\"message\":\"cannot decode request body: ");
    assert_response(&fixture, "POST /v1/services", "null", 400, "must specify services for  action");
    assert_null(state_find_change(fixture.state, "1"));
    fixture_end(&fixture);
}

static void send_all(struct fixture *fixture, int fd, const char *bytes, size_t length) {
    for (size_t sent = 0; sent < length;) {
        ssize_t count = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (count > 0)
            sent += (size_t)count;
        else if (errno != EAGAIN)
            break; // the server has closed the connection
        uv_run(loop_uv(fixture->loop), UV_RUN_NOWAIT);
    }
}

// Sends a body that does not fit into the buffer of the socket. The response, owned.
static char *post_large(struct fixture *fixture, const char *path, const char *body, size_t length) {
    int fd = fixture_connect(fixture);
    AUTO_FREE char *head = memory_printf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", path, length);
    send_all(fixture, fd, head, strlen(head));
    send_all(fixture, fd, body, length);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    return fixture_receive(fixture, fd);
}

static void a_body_beyond_the_limit_is_too_large(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    size_t length = BODY_LIMIT_BYTES + 1;
    AUTO_FREE char *body = memory_new(length);
    memset(body, ' ', length);
    AUTO_FREE char *response = post_large(&fixture, "/v1/services", body, length);
    assert_non_null(strstr(response, "HTTP/1.1 413 "));
    fixture_end(&fixture);
}

// A body of `before`, `count` times `item`, and `after`. Owned.
static char *body_of(const char *before, size_t count, const char *item, const char *after) {
    struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&body, before);
    for (size_t i = 0; i < count; i++)
        buffer_add_string(&body, item);
    buffer_add_string(&body, after);
    return buffer_take(&body);
}

static void what_is_made_of_a_body_is_limited(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *values = body_of("{\"a\":[0", BODY_VALUES_MAX, ",0", "]}");
    AUTO_FREE char *names = body_of("{\"action\":\"stop\",\"services\":[\"a\"", API_NAMES_MAX, ",\"a\"", "]}");
    AUTO_FREE char *checks = body_of("{\"action\":\"stop\",\"checks\":[\"a\"", API_NAMES_MAX, ",\"a\"", "]}");
    AUTO_FREE char *action = body_of("{\"action\":\"", 200000, "\\u007f", "\"}");
    AUTO_FREE char *label = body_of("{\"action\":\"add\",\"format\":\"yaml\",\"label\":\"", 4097, "a", "\"}");
    AUTO_FREE char *too_many = post_large(&fixture, "/v1/services", values, strlen(values));
    AUTO_FREE char *too_long = post_large(&fixture, "/v1/services", action, strlen(action));
    assert_non_null(strstr(too_many, "\"cannot decode data from request body: too many values\""));
    assert_non_null(strstr(too_long, "\x7f\x7f\xe2\x80\xa6\"}"));
    assert_response(&fixture, "POST /v1/services", names, 400, "cannot have more than 10000 \\\"services\\\"");
    assert_response(&fixture, "POST /v1/signals", names, 400, "cannot have more than 10000 \\\"services\\\"");
    assert_response(&fixture, "POST /v1/checks", checks, 400, "cannot have more than 10000 \\\"checks\\\"");
    assert_response(&fixture, "POST /v1/layers", label, 400, "label must not have more than 4096 bytes");
    fixture_end(&fixture);
}

// --- in a worker ---

static sem_t release;

static void wait_for_release(struct work_item *item UNUSED) {
    assert_int_equal(sem_wait(&release), 0);
}

static void on_work_done(struct work_item *item UNUSED) {
}

// Until release_all().
static void keep_busy(const struct fixture *fixture, struct work_item *items, size_t count) {
    assert_int_equal(sem_init(&release, 0, 0), 0);
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct work_item){.work = wait_for_release, .done = on_work_done};
        assert_true(worker_pool_submit(fixture->api->parsers, &items[i], NULL));
    }
}

static void release_all(size_t count) {
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sem_post(&release), 0);
}

static char *large_body(void) {
    return body_of("{\"action\":\"stop\",\"services\":[\"none\"],\"x\":\"", BODY_AT_ONCE_BYTES, "x", "\"}");
}

static void large_bodies_do_not_stop_the_loop(void **unused UNUSED) {
    struct fixture fixture;
    struct work_item busy[BODY_PARSERS] = {{0}};
    fixture_begin(&fixture);
    keep_busy(&fixture, busy, ARRAY_COUNT(busy));
    AUTO_FREE char *body = large_body();
    AUTO_FREE char *head =
        memory_printf("POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", strlen(body));
    int fd = fixture_connect(&fixture);
    send_all(&fixture, fd, head, strlen(head));
    send_all(&fixture, fd, body, strlen(body));
    assert_response(&fixture, "GET /v1/health", "", 200, "\"healthy\":true");
    release_all(ARRAY_COUNT(busy));
    AUTO_FREE char *response = fixture_receive(&fixture, fd);
    assert_non_null(strstr(response, "service \\\"none\\\" does not exist"));
    fixture_end(&fixture);
}

static void many_large_bodies_are_refused(void **unused UNUSED) {
    struct fixture fixture;
    struct work_item busy[BODY_PARSERS + BODY_PARSERS_QUEUE] = {{0}};
    fixture_begin(&fixture);
    keep_busy(&fixture, busy, ARRAY_COUNT(busy));
    AUTO_FREE char *body = large_body();
    AUTO_FREE char *response = post_large(&fixture, "/v1/services", body, strlen(body));
    assert_non_null(strstr(response, "HTTP/1.1 503 "));
    assert_non_null(strstr(response, "too many large requests at once; try again later"));
    release_all(ARRAY_COUNT(busy));
    fixture_end(&fixture);
}

static void the_end_of_the_api_does_not_handle_them(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *body = body_of("{\"action\":\"start\",\"services\":[\"none\"],\"x\":\"", 1 << 24, "x", "\"}");
    AUTO_FREE char *head =
        memory_printf("POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", strlen(body));
    int fd = fixture_connect(&fixture);
    send_all(&fixture, fd, head, strlen(head));
    send_all(&fixture, fd, body, strlen(body));
    fixture_end(&fixture);
    (void)close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_bodies_are_refused),
        cmocka_unit_test(what_is_made_of_a_body_is_limited),
        cmocka_unit_test(a_body_beyond_the_limit_is_too_large),
        cmocka_unit_test(large_bodies_do_not_stop_the_loop),
        cmocka_unit_test(many_large_bodies_are_refused),
        cmocka_unit_test(the_end_of_the_api_does_not_handle_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
