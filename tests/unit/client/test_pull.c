// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "peer.h"
#include "with_daemon.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: multipart/form-data; boundary=01234567890123456789012345678901\r\n"
#define LINE "--01234567890123456789012345678901"
#define FILES(content)                                                                                                 \
    LINE "\r\nContent-Disposition: form-data; name=\"files\"; filename=\"/f\"\r\n"                                     \
         "Content-Type: application/octet-stream\r\n\r\n" content "\r\n"
#define PART(name, content) LINE "\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" content "\r\n"
#define RESULT(result) PART("response", "{\"type\":\"sync\",\"status-code\":200,\"result\":" result "}")
#define GOOD RESULT("[{\"path\":\"/f\"}]")
#define BAD RESULT("[{\"path\":\"/f\",\"error\":{\"kind\":\"not-found\",\"message\":\"no file\"}}]")
#define END LINE "--\r\n"

static void assert_pulled(struct with_daemon *with, const char *expected) {
    const struct pebble_pull_options options = {.size = sizeof options, .path = "/f"};
    struct pebble_content *content = NULL;
    size_t length;
    if (!pebble_pull_file(with->client, &options, &content, &with->error))
        fail_msg("%s", with->error.message);
    assert_string_equal(pebble_content_bytes(content, &length), expected);
    assert_int_equal(length, strlen(expected));
    pebble_content_destroy(content);
}

static void content_is_pulled_however_it_comes(void **state UNUSED) {
    const size_t pieces[] = {0, 1, 7};
    for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
        const struct fake_response script[] = {
            {.bytes = HEAD "\r\n" FILES("some\r\ncontent") GOOD END, .piece = pieces[i], .closes = true},
            {.bytes = HEAD "\r\n" FILES("") GOOD END, .piece = pieces[i], .closes = true},
        };
        struct with_daemon with;
        with_daemon_begin(&with, script, 2);
        assert_pulled(&with, "some\r\ncontent");
        assert_pulled(&with, "");
        with_daemon_assert_request(&with, 0, "1 GET /v1/files?action=read&path=%2Ff HTTP/1.1", "");
        assert_non_null(strstr(with.requests.items[0], "\r\nAccept: multipart/form-data\r\n"));
        with_daemon_end(&with);
    }
}

static void the_connection_is_kept(void **state UNUSED) {
#define BODY FILES("x") GOOD END
    AUTO_FREE char *whole = memory_printf(HEAD "Content-Length: %zu\r\n\r\n" BODY, strlen(BODY));
    const struct fake_response script[] = {{.bytes = whole}, {.bytes = whole}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    assert_pulled(&with, "x");
    assert_pulled(&with, "x");
    with_daemon_assert_request(&with, 1, "1 GET /v1/files?action=read&path=%2Ff HTTP/1.1", "");
    with_daemon_end(&with);
}

static void assert_not_pulled(const char *response, enum pebble_error_kind kind, const char *message) {
    const struct fake_response script[] = {{.bytes = response, .closes = true}};
    const struct pebble_pull_options options = {.size = sizeof options, .path = "/f"};
    struct with_daemon with;
    struct pebble_content *content = NULL;
    with_daemon_begin(&with, script, 1);
    assert_false(pebble_pull_file(with.client, &options, &content, &with.error));
    with_daemon_assert_error(&with, kind, message);
    assert_null(content);
    with_daemon_end(&with);
}

static void failures_are_reported(void **state UNUSED) {
    assert_not_pulled(HEAD "\r\n" BAD END, PEBBLE_ERROR_PATH, "no file");
    assert_not_pulled(HEAD "\r\n" FILES("part of it") BAD END, PEBBLE_ERROR_PATH, "no file");
    assert_not_pulled("HTTP/1.1 401 ?\r\nContent-Type: application/json\r\n\r\n"
                      "{\"type\":\"error\",\"status-code\":401,\"result\":{\"message\":\"access denied\"}}",
                      PEBBLE_ERROR_API, "access denied");
    assert_not_pulled(HEAD "\r\n" PART("response", "{\"type\":\"error\",\"result\":{\"message\":\"no way\"}}") END,
                      PEBBLE_ERROR_API, "no way");
}

static void other_responses_are_refused(void **state UNUSED) {
    assert_not_pulled("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"type\":\"sync\"}",
                      PEBBLE_ERROR_PROTOCOL, "expected a multipart response");
    assert_not_pulled(HEAD "\r\n" GOOD END, PEBBLE_ERROR_PROTOCOL, "cannot decode multipart payload: no file content");
    assert_not_pulled(HEAD "\r\n" FILES("x") END, PEBBLE_ERROR_PROTOCOL,
                      "cannot decode multipart payload: no response");
    assert_not_pulled(HEAD "\r\n" FILES("x") GOOD, PEBBLE_ERROR_PROTOCOL,
                      "cannot decode multipart payload: unexpected EOF");
    assert_not_pulled(HEAD "\r\n", PEBBLE_ERROR_PROTOCOL, "cannot decode multipart payload: EOF");
    assert_not_pulled(HEAD "\r\n" PART("other", "x") GOOD END, PEBBLE_ERROR_PROTOCOL,
                      "expected first field name to be \"files\", got \"other\"");
    assert_not_pulled(HEAD "\r\n" FILES("x") FILES("y") GOOD END, PEBBLE_ERROR_PROTOCOL,
                      "expected second field name to be \"response\", got \"files\"");
    assert_not_pulled(HEAD "\r\n" FILES("x") RESULT("[]") END, PEBBLE_ERROR_PROTOCOL,
                      "expected exactly one result from API, got 0");
}

static void memory_is_bounded(void **state UNUSED) {
    const struct fake_response script[] = {{.bytes = HEAD "\r\n" FILES("12345") GOOD END, .closes = true},
                                           {.bytes = HEAD "\r\n" FILES("123456") GOOD END, .closes = true}};
    const struct pebble_pull_options options = {.size = sizeof options, .path = "/f", .limit_bytes = 5};
    struct with_daemon with;
    struct pebble_content *content;
    with_daemon_begin(&with, script, 2);
    assert_true(pebble_pull_file(with.client, &options, &content, &with.error));
    pebble_content_destroy(content);
    assert_false(pebble_pull_file(with.client, &options, &content, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot keep content in memory: more than 5 bytes");
    with_daemon_end(&with);
}

static bool on_bytes_transferred(uint64_t bytes, void *data) {
    *(uint64_t *)data = bytes;
    return true;
}

static void a_file_is_written(void **state UNUSED) {
    const struct fake_response script[] = {{.bytes = HEAD "\r\n" FILES("content") GOOD END, .closes = true}};
    struct with_daemon with;
    struct pebble_content *content = (struct pebble_content *)&with;
    uint64_t transferred = 0;
    char bytes[16] = "";
    FILE *file = tmpfile();
    int fd = fileno(file);
    const struct pebble_pull_options options = {
        .size = sizeof options, .path = "/f", .fd = &fd, .on_transferred = on_bytes_transferred, .data = &transferred};
    with_daemon_begin(&with, script, 1);
    assert_true(pebble_pull_file(with.client, &options, &content, &with.error));
    assert_null(content);
    assert_int_equal(transferred, 7);
    assert_int_equal(pread(fd, bytes, sizeof bytes, 0), 7);
    assert_string_equal(bytes, "content");
    (void)fclose(file);
    with_daemon_end(&with);
}

// While the target is full, nothing more is received, and the call waits for the target.
static void a_full_target_stops_the_transfer(void **state UNUSED) {
    struct peer peer;
    struct pebble_call *call;
    int ends[2];
    AUTO_FREE char *large = memory_new(1 << 20);
    AUTO_BUFFER struct buffer got = BUFFER_INIT(BUFFER_NO_LIMIT);
    memset(large, 'x', (1 << 20) - 1);
    peer_begin(&peer);
    assert_int_equal(pipe(ends), 0);
    const struct pebble_pull_options options = {.size = sizeof options, .path = "/f", .fd = &ends[1]};
    assert_true(pebble_call_pull_file(peer.client, &options, &call, NULL));
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int fd = peer_accept(&peer);
    AUTO_FREE char *request = peer_read(fd);
    assert_true(text_has_prefix(request, "GET /v1/files?action=read&path=%2Ff "));
    peer_send(fd, HEAD "\r\n" LINE "\r\nContent-Disposition: form-data; name=files\r\n\r\n");
    // What the pipe, the socket and the call hold is less than this.
    size_t sent = 0;
    for (ssize_t count = 1; count > 0;) {
        assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
        count = send(fd, large, (1 << 20) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += count > 0 ? (size_t)count : 0;
        assert_true(sent < 16 << 20);
    }
    assert_false(peer_is_ready(call)); // there is more to receive, but the pipe is full
    while (got.length < sent) {
        char bytes[65536];
        ssize_t count = read(ends[0], bytes, sizeof bytes);
        assert_true(count > 0);
        buffer_add(&got, bytes, (size_t)count);
        assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    }
    peer_send(fd, "\r\n" GOOD END);
    close(fd);
    assert_int_equal(peer_run(call), PEBBLE_CALL_DONE);
    assert_null(pebble_call_take_content(call));
    pebble_call_destroy(call);
    close(ends[0]);
    close(ends[1]);
    peer_end(&peer);
}

static void a_full_target_does_not_stop_the_time(void **state UNUSED) {
    char path[] = "/nonexistent";
    int ends[2];
    AUTO_FREE char *large = memory_new(1 << 20);
    memset(large, 'x', (1 << 20) - 1);
    AUTO_FREE char *response =
        memory_printf(HEAD "\r\n" LINE "\r\nContent-Disposition: form-data; name=files\r\n\r\n%s", large);
    const struct fake_response script[] = {{.bytes = response, .holds = true}};
    struct with_daemon with;
    struct pebble_client *client;
    with_daemon_begin(&with, script, 1);
    assert_int_equal(pipe(ends), 0);
    const struct pebble_client_options client_options = {
        .size = sizeof client_options, .socket_path = with.path, .timeout_ms = 50};
    const struct pebble_pull_options options = {.size = sizeof options, .path = path, .fd = &ends[1]};
    assert_true(pebble_client_create(&client_options, &client, NULL));
    assert_false(pebble_pull_file(client, &options, NULL, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_TIMEOUT);
    pebble_client_destroy(client);
    with_daemon_end(&with);
    close(ends[0]);
    close(ends[1]);
}

static bool on_content_arrived(const void *bytes UNUSED, size_t length UNUSED, void *data UNUSED) {
    return false;
}

static void options_are_checked(void **state UNUSED) {
    const int fd = 1, failed = -1;
    struct with_daemon with;
    struct pebble_pull_options options = {.size = sizeof options};
    with_daemon_begin(&with, NULL, 0);
    assert_false(pebble_pull_file(with.client, &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: no path");
    options =
        (struct pebble_pull_options){.size = sizeof options, .path = "/f", .fd = &fd, .on_write = on_content_arrived};
    assert_false(pebble_pull_file(with.client, &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: more than one target");
    options = (struct pebble_pull_options){.size = sizeof options, .path = "/f", .fd = &failed};
    assert_false(pebble_pull_file(with.client, &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: invalid descriptor");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_is_pulled_however_it_comes),
        cmocka_unit_test(the_connection_is_kept),
        cmocka_unit_test(failures_are_reported),
        cmocka_unit_test(other_responses_are_refused),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(a_file_is_written),
        cmocka_unit_test(a_full_target_stops_the_transfer),
        cmocka_unit_test(a_full_target_does_not_stop_the_time),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
