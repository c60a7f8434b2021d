// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "peer.h"
#include "with_daemon.h"

#define GOOD "[{\"path\":\"/f\"}]"
#define BAD "[{\"path\":\"/f\",\"error\":{\"kind\":\"not-found\",\"message\":\"open /f: no such file or directory\"}}]"

// The body that has this content, with the boundary of the request.
static char *expected_body(const char *request, const char *file, const char *filename, const char *content) {
    const char *type = strstr(request, "Content-Type: multipart/form-data; boundary=");
    assert_non_null(type);
    type = strchr(type, '=') + 1;
    AUTO_FREE char *boundary = memory_string_n(type, strcspn(type, "\r"));
    assert_int_equal(strlen(boundary), 32);
    return memory_printf("--%s\r\n"
                         "Content-Disposition: form-data; name=\"request\"\r\nContent-Type: application/json\r\n\r\n"
                         "{\"action\":\"write\",\"files\":[%s]}\r\n--%s\r\n"
                         "Content-Disposition: form-data; name=\"files\"; filename=\"%s\"\r\n"
                         "Content-Type: application/octet-stream\r\n\r\n%s\r\n--%s--\r\n",
                         boundary, file, boundary, filename, content, boundary);
}

static void memory_is_pushed(void **state UNUSED) {
    const struct fake_response script[] = {{.result = GOOD}, {.result = GOOD}};
    struct with_daemon with;
    const int64_t user_id = 7;
    struct pebble_push_options options = {.size = sizeof options, .path = "/f", .bytes = "content", .length = 7};
    with_daemon_begin(&with, script, 2);
    assert_true(pebble_push_file(with.client, &options, &with.error));
    options = (struct pebble_push_options){.size = sizeof options,
                                           .path = "/\"f\\",
                                           .flags = PEBBLE_PUSH_MAKE_DIRECTORIES,
                                           .permissions = 0600,
                                           .user_id = &user_id,
                                           .group = "games"};
    assert_true(pebble_push_file(with.client, &options, &with.error));
    with_daemon_stop(&with);
    AUTO_FREE char *first = expected_body(with.requests.items[0], "{\"path\":\"/f\"}", "/f", "content");
    with_daemon_assert_request(&with, 0, "1 POST /v1/files HTTP/1.1", first);
    AUTO_FREE char *second = expected_body(with.requests.items[1],
                                           "{\"path\":\"/\\\"f\\\\\",\"make-dirs\":true,\"permissions\":\"600\","
                                           "\"user-id\":7,\"group\":\"games\"}",
                                           "/\\\"f\\\\", "");
    with_daemon_assert_request(&with, 1, "1 POST /v1/files HTTP/1.1", second);
    with_daemon_end(&with);
}

static bool on_bytes_transferred(uint64_t bytes, void *data) {
    uint64_t *transferred = data;
    assert_true(bytes > *transferred);
    *transferred = bytes;
    return bytes < 1000;
}

static void a_descriptor_is_pushed_by_an_event_loop(void **state UNUSED) {
    struct peer peer;
    struct pebble_call *call;
    int ends[2];
    uint64_t transferred = 0;
    peer_begin(&peer);
    assert_int_equal(pipe(ends), 0);
    const struct pebble_push_options options = {.size = sizeof options,
                                                .path = "/f",
                                                .fd = &ends[0],
                                                .on_transferred = on_bytes_transferred,
                                                .data = &transferred};
    assert_true(pebble_call_push_file(peer.client, &options, &call, NULL));
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int fd = peer_accept(&peer);
    AUTO_FREE char *begun = peer_read(fd);
    assert_non_null(strstr(begun, "Transfer-Encoding: chunked"));
    assert_false(peer_is_ready(call)); // the pipe is empty
    assert_int_equal(write(ends[1], "content", 7), 7);
    assert_true(peer_is_ready(call));
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    assert_int_equal(transferred, 7);
    AUTO_FREE char *piece = peer_read(fd);
    assert_string_equal(piece, "7\r\ncontent\r\n");
    close(ends[1]);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    AUTO_FREE char *end = peer_read(fd);
    assert_true(text_has_suffix(end, "--\r\n\r\n0\r\n\r\n"));
    peer_respond(fd, GOOD);
    assert_int_equal(peer_run(call), PEBBLE_CALL_DONE);
    pebble_call_destroy(call);
    close(ends[0]);
    close(fd);
    peer_end(&peer);
}

static void progress_may_cancel(void **state UNUSED) {
    struct with_daemon with;
    uint64_t transferred = 0;
    AUTO_FREE char *bytes = memory_new(1 << 20);
    const struct fake_response script[] = {{.result = GOOD}};
    const struct pebble_push_options options = {.size = sizeof options,
                                                .path = "/f",
                                                .bytes = bytes,
                                                .length = 1 << 20,
                                                .on_transferred = on_bytes_transferred,
                                                .data = &transferred};
    with_daemon_begin(&with, script, 1);
    assert_false(pebble_push_file(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CANCELLED, "interrupted");
    with_daemon_end(&with);
}

static void failures_are_reported(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = BAD},
        {.result = "[]"},
        {.json = "{\"type\":\"error\",\"status-code\":400,\"result\":{\"message\":\"no\"}}", .status = 400},
    };
    struct with_daemon with;
    const struct pebble_push_options options = {.size = sizeof options, .path = "/f", .bytes = "x", .length = 1};
    with_daemon_begin(&with, script, 3);
    assert_false(pebble_push_file(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PATH, "open /f: no such file or directory");
    assert_string_equal(with.error.api_kind, "not-found");
    assert_false(pebble_push_file(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "expected exactly one result from API, got 0");
    assert_false(pebble_push_file(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "no");
    assert_int_equal(with.error.status, 400);
    with_daemon_end(&with);
}

static void a_source_that_cannot_be_read_is_reported_as_such(void **state UNUSED) {
    struct with_daemon with;
    const struct fake_response script[] = {{.result = GOOD}};
    const int fd = 1000;
    const struct pebble_push_options options = {.size = sizeof options, .path = "/f", .fd = &fd};
    with_daemon_begin(&with, script, 1);
    assert_false(pebble_push_file(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_FILE, "cannot read from source: bad file descriptor");
    with_daemon_end(&with);
}

static bool on_content_wanted(void *buffer UNUSED, size_t size UNUSED, size_t *length UNUSED, void *data UNUSED) {
    return false;
}

static void options_are_checked(void **state UNUSED) {
    struct with_daemon with;
    const int fd = 0, failed = -1;
    const struct {
        struct pebble_push_options options;
        const char *message;
    } cases[] = {
        {{.bytes = "x"}, "cannot use options: no path"},
        {{.path = "/f", .bytes = "x", .fd = &fd}, "cannot use options: more than one content"},
        {{.path = "/f", .on_read = on_content_wanted, .fd = &fd}, "cannot use options: more than one content"},
        {{.path = "/f", .length = 1}, "cannot use options: a length without bytes"},
        {{.path = "/f", .fd = &failed}, "cannot use options: invalid descriptor"},
        {{.path = "/f", .flags = 2}, "cannot use options: unknown flags 0x2"},
    };
    with_daemon_begin(&with, NULL, 0);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct pebble_push_options options = cases[i].options;
        options.size = sizeof options;
        assert_false(pebble_push_file(with.client, &options, &with.error));
        with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, cases[i].message);
    }
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_pushed),
        cmocka_unit_test(a_descriptor_is_pushed_by_an_event_loop),
        cmocka_unit_test(progress_may_cancel),
        cmocka_unit_test(failures_are_reported),
        cmocka_unit_test(a_source_that_cannot_be_read_is_reported_as_such),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
