// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/errors.h"
#include "client/fetch_internal.h"
#include "peer.h"
#include "with_daemon.h"

// Waits as a blocking function does.
static void assert_refused(struct with_daemon *with, enum pebble_error_kind kind, const char *message) {
    struct pebble_response *response = NULL;
    const struct pebble_request_options options = {.size = sizeof options, .method = "GET", .path_and_query = "/v1/x"};
    assert_false(pebble_request(with->client, &options, &response, &with->error));
    assert_null(response);
    with_daemon_assert_error(with, kind, message);
}

// One byte more than the limit, in a body that is nothing but white space: no more is kept than the limit.
static void oversized_response_is_refused(void **state UNUSED) {
    size_t length = CLIENT_RESPONSE_LIMIT_BYTES + 1;
    static const char head[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    size_t head_length = strlen(head);
    char *bytes = memory_try(head_length + length);
    if (bytes == NULL)
        skip();
    memset(bytes, ' ', head_length + length);
    for (size_t i = 0; i < head_length; i++)
        bytes[i] = head[i];
    const struct fake_response script[] = {{.bytes = bytes, .length = head_length + length}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot read response: too large");
    with_daemon_end(&with);
    free(bytes);
}

static void announced_length_is_refused_at_once(void **state UNUSED) {
    const struct fake_response script[] = {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n{"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot read response: too large"); // though nothing more comes
    with_daemon_end(&with);
}

static void malformed_response_is_refused(void **state UNUSED) {
    const struct fake_response script[] = {{.json = "<html>"},
                                           {.json = ""},
                                           {.json = "{\"type\":\"sync\","},
                                           {.json = "{\"type\":\"sync\",\"result\":1}"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL,
                   "cannot decode response: invalid character '<' looking for beginning of value");
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot decode response: EOF");
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot decode response: unexpected EOF");
    with_daemon_stop(&with);
    // The connection was whole all the time.
    for (size_t i = 0; i < with.requests.count; i++)
        assert_true(text_has_prefix(with.requests.items[i], "1 GET /v1/x"));
    with_daemon_end(&with);
}

static void responses_are_put_together(void **state UNUSED) {
    const struct client_request request = {.method = "GET", .target = "/x"};
    struct client_fetch fetch = {0};
    struct client_response response = {0};
    struct peer peer;
    peer_begin(&peer);
    assert_true(client_fetch_init(&fetch, peer.client, &request, NULL, NULL));
    assert_int_equal(client_fetch_step(&fetch, &response, NULL), CLIENT_WAITING);
    int fd = peer_accept(&peer);
    peer_send(fd, "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"cha\r\n");
    assert_int_equal(client_fetch_step(&fetch, &response, NULL), CLIENT_WAITING);
    assert_null(response.envelope);
    peer_send(fd, "9\r\nnge\":\"7\"}\r\n0\r\n\r\n");
    assert_int_equal(client_fetch_step(&fetch, &response, NULL), CLIENT_DONE);
    assert_string_equal(response.change_id, "7");
    assert_int_equal(response.status, 202);
    client_response_finish(&response);
    client_fetch_finish(&fetch);
    client_fetch_finish(&fetch);
    peer_end(&peer);
    close(fd);
}

static void limit_can_be_lower(void **state UNUSED) {
    static const struct {
        size_t limit;
        enum client_progress progress;
    } cases[] = {{14, CLIENT_DONE}, {13, CLIENT_FAILED}};
    const struct client_request request = {.method = "GET", .target = "/x"};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_CLIENT_RESPONSE struct client_response response = {0};
        AUTO_PEBBLE_ERROR struct pebble_error error = {0};
        struct client_fetch fetch = {0};
        struct peer peer;
        peer_begin(&peer);
        assert_true(client_fetch_init(&fetch, peer.client, &request, NULL, NULL));
        client_fetch_set_limit(&fetch, cases[i].limit);
        assert_int_equal(client_fetch_step(&fetch, &response, &error), CLIENT_WAITING);
        int fd = peer_accept(&peer);
        peer_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"change\":\"7\"}");
        assert_int_equal(client_fetch_step(&fetch, &response, &error), cases[i].progress);
        client_fetch_finish(&fetch);
        peer_end(&peer);
        close(fd);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oversized_response_is_refused),
        cmocka_unit_test(announced_length_is_refused_at_once),
        cmocka_unit_test(malformed_response_is_refused),
        cmocka_unit_test(responses_are_put_together),
        cmocka_unit_test(limit_can_be_lower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
