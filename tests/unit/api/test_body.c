// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

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

static void a_body_beyond_the_limit_is_too_large(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    size_t length = BODY_LIMIT_BYTES + 1;
    AUTO_FREE char *body = memory_new(length);
    memset(body, ' ', length);
    int fd = fixture_connect(&fixture);
    AUTO_FREE char *head =
        memory_printf("POST /v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", length);
    assert_int_equal(send(fd, head, strlen(head), MSG_NOSIGNAL), strlen(head));
    for (size_t sent = 0; sent < length;) {
        ssize_t count = send(fd, body + sent, length - sent, MSG_NOSIGNAL);
        if (count > 0)
            sent += (size_t)count;
        else if (errno != EAGAIN)
            break; // it has had enough
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    }
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    AUTO_FREE char *response = fixture_receive(&fixture, fd);
    assert_non_null(strstr(response, "HTTP/1.1 413 "));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_bodies_are_refused),
        cmocka_unit_test(a_body_beyond_the_limit_is_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
