// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "client/request_internal.h"
#include "with_daemon.h"

#define GET_PREFIX "cannot communicate with server: Get \"http://localhost/x\": "

static const struct client_request get_x = {.method = "GET", .target = "/x"};

// Sends the request and reads the answer's body, which is to be the given one.
static void assert_body(struct with_daemon *with, const struct client_request *request, const char *expected) {
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(client_request_begin(with->client, request, &with->error));
    const char *data;
    size_t length;
    do {
        assert_true(client_request_read(with->client, &data, &length, &with->error));
        buffer_add(&body, data, length);
    } while (length > 0);
    assert_string_equal(buffer_text(&body), expected);
}

static void assert_begin_fails(struct with_daemon *with, enum pebble_error_kind kind, const char *message) {
    assert_false(client_request_begin(with->client, &get_x, &with->error));
    with_daemon_assert_error(with, kind, message);
}

static void assert_read_fails(struct with_daemon *with, enum pebble_error_kind kind, const char *message) {
    assert_true(client_request_begin(with->client, &get_x, &with->error));
    const char *data;
    size_t length = 1;
    while (length > 0 && client_request_read(with->client, &data, &length, &with->error)) {
    }
    with_daemon_assert_error(with, kind, message);
}

static void keeps_the_connection(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.json = "one"},
        {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"},
        {.json = "", .status = 204},
        {.json = "last"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 4);
    const struct client_request post = {.method = "POST", .target = "/y?z=1", .body = "{}"};
    assert_body(&with, &get_x, "one");
    assert_body(&with, &post, "two");
    assert_body(&with, &get_x, "");
    assert_body(&with, &get_x, "last");
    with_daemon_assert_request(&with, 0, "1 GET /x HTTP/1.1\r\nHost: localhost", "");
    with_daemon_assert_request(&with, 1, "1 POST /y?z=1 HTTP/1.1", "{}");
    with_daemon_assert_request(&with, 3, "1 GET /x HTTP/1.1", "");
    assert_non_null(strstr(with.requests.items[1], "\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"));
    with_daemon_end(&with);
}

static void opens_another_when_it_was_closed(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.json = "one", .closes = true},
        {.bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\ntwo"},
        {.bytes = "HTTP/1.1 200 OK\r\n\r\nthree until close", .closes = true},
        {.json = "four and more"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 4);
    assert_body(&with, &get_x, "one");
    assert_body(&with, &get_x, "two");
    assert_body(&with, &get_x, "three until close");
    assert_body(&with, &get_x, "four and more");
    with_daemon_assert_request(&with, 1, "2 GET /x HTTP/1.1", "");
    with_daemon_assert_request(&with, 2, "3 GET /x HTTP/1.1", "");
    with_daemon_assert_request(&with, 3, "4 GET /x HTTP/1.1", "");
    with_daemon_end(&with);
}

// The daemon closes a kept connection just as the next request is on its way: a GET is sent again.
static void get_is_sent_again_on_a_fresh_connection(void **state UNUSED) {
    const struct fake_answer script[] = {{.json = "one"}, {.closes = true}, {.json = "two"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    assert_body(&with, &get_x, "one");
    assert_body(&with, &get_x, "two");
    with_daemon_assert_request(&with, 1, "1 GET /x HTTP/1.1", "");
    with_daemon_assert_request(&with, 2, "2 GET /x HTTP/1.1", "");
    with_daemon_end(&with);
}

// Whatever the daemon did with it before it closed, it must not do it twice.
static void post_is_not_sent_again(void **state UNUSED) {
    const struct fake_answer script[] = {{.json = "one"}, {.closes = true}, {.json = "two"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    assert_body(&with, &get_x, "one");
    const struct client_request post = {.method = "POST", .target = "/x", .body = "{}"};
    assert_false(client_request_begin(with.client, &post, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CONNECTION,
                             "cannot communicate with server: Post \"http://localhost/x\": EOF");
    with_daemon_stop(&with);
    assert_int_equal(with.requests.count, 2);
    with_daemon_end(&with);
}

static void slow_answers_are_read_byte_by_byte(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n03\r\ncde\r\n0\r\nT: x\r\n\r\n",
         .piece = 1},
        {.json = "again"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    assert_body(&with, &get_x, "abcde");
    assert_body(&with, &get_x, "again");
    with_daemon_assert_request(&with, 1, "1 GET /x HTTP/1.1", "");
    with_daemon_end(&with);
}

static void no_server_is_told(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    AUTO_FREE char *expected = memory_printf(GET_PREFIX "socket \"%s\" not found", with.path);
    assert_begin_fails(&with, PEBBLE_ERROR_CONNECTION, expected);
    with_daemon_end(&with);
}

static void broken_answers_are_told(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.closes = true},
        {.bytes = "HTTP/1.1 200", .closes = true},
        {.bytes = "SSH-2.0-whatever\r\n\r\n", .closes = true},
        {.bytes = "HTTP/1.1 101 Switching Protocols\r\n\r\n", .closes = true},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", .closes = true},
        {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n", .closes = true},
        {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", .closes = true},
        {.json = "fine"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 8);
    assert_begin_fails(&with, PEBBLE_ERROR_CONNECTION, GET_PREFIX "EOF");
    assert_begin_fails(&with, PEBBLE_ERROR_CONNECTION, GET_PREFIX "unexpected EOF");
    assert_false(client_request_begin(with.client, &get_x, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_true(text_has_prefix(with.error.message, GET_PREFIX "malformed HTTP response: "));
    assert_begin_fails(&with, PEBBLE_ERROR_PROTOCOL,
                       GET_PREFIX "malformed HTTP response: unexpected switch of protocols");
    assert_read_fails(&with, PEBBLE_ERROR_CONNECTION, GET_PREFIX "unexpected EOF");
    assert_read_fails(&with, PEBBLE_ERROR_CONNECTION, GET_PREFIX "unexpected EOF");
    assert_true(client_request_begin(with.client, &get_x, &with.error));
    const char *data;
    size_t length;
    assert_false(client_request_read(with.client, &data, &length, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_body(&with, &get_x, "fine");
    with_daemon_end(&with);
}

static void interim_answers_have_an_end(void **state UNUSED) {
    AUTO_BUFFER struct buffer answers = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 1000; i++)
        buffer_add_string(&answers, "HTTP/1.1 100 Continue\r\n\r\n");
    const struct fake_answer script[] = {{.bytes = buffer_text(&answers), .holds = true}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    assert_begin_fails(&with, PEBBLE_ERROR_PROTOCOL, GET_PREFIX "malformed HTTP response: too many interim answers");
    with_daemon_end(&with);
}

static void what_comes_unasked_ends_the_connection(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
        {.json = "two"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    assert_body(&with, &get_x, "one");
    assert_body(&with, &get_x, "two");
    with_daemon_assert_request(&with, 1, "2 GET /x HTTP/1.1", "");
    with_daemon_end(&with);
}

static void early_answer_to_a_large_request_is_read(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.json = "too large", .status = 413, .ignores_body = true, .closes = true},
        {.json = "too large", .status = 413, .ignores_body = true, .holds = true},
        {.json = "next"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    size_t length = 16 << 20;
    AUTO_FREE char *body = memory_new(length + 1);
    memset(body, 'x', length);
    const struct client_request post = {.method = "POST", .target = "/x", .body = body};
    assert_body(&with, &post, "too large");
    assert_body(&with, &post, "too large");
    assert_body(&with, &get_x, "next");
    with_daemon_assert_request(&with, 2, "3 GET /x HTTP/1.1", "");
    with_daemon_end(&with);
}

static void deadline_counts_for_head_and_body(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.holds = true},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", .holds = true},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct client_request request = get_x;
    request.deadline_ns = clock_monotonic_ns() + 20 * NS_PER_MS;
    assert_false(client_request_begin(with.client, &request, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_TIMEOUT, GET_PREFIX "timed out waiting for server");
    request.deadline_ns = CLIENT_NO_DEADLINE;
    assert_true(client_request_begin(with.client, &request, &with.error));
    const char *data;
    size_t length;
    assert_true(client_request_read(with.client, &data, &length, &with.error));
    with.client->deadline_ns = clock_monotonic_ns() + 20 * NS_PER_MS;
    assert_false(client_request_read(with.client, &data, &length, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_TIMEOUT);
    with_daemon_end(&with);
}

static void on_signal(int number UNUSED) {
}

static void signal_does_not_end_a_request(void **state UNUSED) {
    const struct sigaction action = {.sa_handler = on_signal};
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    const struct fake_answer script[] = {{.json = "one", .raises = true}, {.json = "two", .raises = true, .piece = 1}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    assert_body(&with, &get_x, "one");
    assert_body(&with, &get_x, "two");
    with_daemon_end(&with);
}

static bool says_no(void *data UNUSED) {
    return false;
}

static void interrupt_ends_a_request(void **state UNUSED) {
    const struct fake_answer script[] = {{.holds = true}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    pebble_client_set_interrupt(with.client, says_no, NULL);
    assert_begin_fails(&with, PEBBLE_ERROR_CANCELLED, GET_PREFIX "interrupted");
    with_daemon_end(&with);
}

struct arrival {
    struct with_daemon *with;
    const struct fake_answer *script;
    int calls;
};

// Stands for time: the daemon appears while the client waits before it tries again.
static bool let_arrive(void *data) {
    struct arrival *arrival = data;
    if (arrival->calls++ == 0)
        arrival->with->daemon = fake_daemon_start(arrival->with->path, arrival->script, 1);
    return true;
}

static void get_is_tried_again_while_there_is_no_server(void **state UNUSED) {
    const struct fake_answer script[] = {{.json = "here"}};
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    with.client->get_retry_ms = 60000;
    struct arrival arrival = {&with, script, 0};
    pebble_client_set_interrupt(with.client, let_arrive, &arrival);
    assert_body(&with, &get_x, "here");
    assert_true(arrival.calls > 0);
    with_daemon_end(&with);
}

static void only_a_get_is_tried_again(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    with.client->get_retry_ms = 60000;
    struct arrival arrival = {&with, NULL, 1};
    pebble_client_set_interrupt(with.client, let_arrive, &arrival);
    const struct client_request post = {.method = "POST", .target = "/x"};
    assert_false(client_request_begin(with.client, &post, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_CONNECTION);
    struct client_request single = get_x;
    single.is_single = true;
    assert_false(client_request_begin(with.client, &single, &with.error));
    assert_int_equal(arrival.calls, 1); // there was no pause
    with.client->get_retry_ms = 1000;
    assert_false(client_request_begin(with.client, &get_x, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_CONNECTION);
    assert_true(arrival.calls > 1);
    with_daemon_end(&with);
}

static void what_is_no_request_is_not_sent(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    const struct client_request bad[] = {
        {.method = "GET", .target = "/x HTTP/1.1\r\nEvil: yes"},
        {.method = "GET", .target = "x"},
        {.method = "GET", .target = ""},
        {.method = "GET X", .target = "/x"},
        {.method = "", .target = "/x"},
        {.method = "GET", .target = "/a\x7f"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_false(client_request_begin(with.client, &bad[i], &with.error));
        with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot build request: invalid method or path");
    }
    with_daemon_end(&with);
}

static void tcp_names_the_host(void **state UNUSED) {
    const struct fake_answer script[] = {{.json = "over tcp"}};
    struct fake_daemon *daemon = fake_daemon_start(NULL, script, 1);
    AUTO_FREE char *url = memory_printf("http://localhost:%d/", fake_daemon_port(daemon));
    const struct pebble_client_options options = {.socket_path = "/nowhere", .base_url = url};
    struct with_daemon with = {0};
    assert_true(pebble_client_create(&options, &with.client, NULL));
    assert_body(&with, &get_x, "over tcp");
    AUTO_TEXT_LIST struct text_list requests = {0};
    AUTO_FREE char *expected = memory_printf("1 GET /x HTTP/1.1\r\nHost: localhost:%d\r\n", fake_daemon_port(daemon));
    fake_daemon_stop(daemon, &requests);
    assert_true(text_has_prefix(requests.items[0], expected));
    pebble_client_destroy(with.client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_connection),
        cmocka_unit_test(opens_another_when_it_was_closed),
        cmocka_unit_test(get_is_sent_again_on_a_fresh_connection),
        cmocka_unit_test(post_is_not_sent_again),
        cmocka_unit_test(slow_answers_are_read_byte_by_byte),
        cmocka_unit_test(no_server_is_told),
        cmocka_unit_test(broken_answers_are_told),
        cmocka_unit_test(interim_answers_have_an_end),
        cmocka_unit_test(what_comes_unasked_ends_the_connection),
        cmocka_unit_test(early_answer_to_a_large_request_is_read),
        cmocka_unit_test(deadline_counts_for_head_and_body),
        cmocka_unit_test(signal_does_not_end_a_request),
        cmocka_unit_test(interrupt_ends_a_request),
        cmocka_unit_test(get_is_tried_again_while_there_is_no_server),
        cmocka_unit_test(only_a_get_is_tried_again),
        cmocka_unit_test(what_is_no_request_is_not_sent),
        cmocka_unit_test(tcp_names_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
