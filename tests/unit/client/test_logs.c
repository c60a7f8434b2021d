// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "client/client_internal.h"
#include "peer.h"
#include "with_daemon.h"

#define STREAM_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
#define LINE(service, message)                                                                                         \
    "{\"time\":\"1970-01-01T00:00:01Z\",\"service\":\"" service "\",\"message\":\"" message "\"}\n"

struct heard {
    struct buffer text; // "service=message|"
    size_t count;
    size_t wanted; // then it has heard enough; 0 for never
};

static bool hear(const struct pebble_log_entry *entry, void *data) {
    struct heard *heard = data;
    const char *time;
    size_t length;
    const char *message = pebble_log_entry_message(entry, &length);
    assert_int_equal(pebble_log_entry_time_ns(entry, &time), 1000000000);
    assert_string_equal(time, "1970-01-01T00:00:01Z");
    buffer_printf(&heard->text, "%s=", pebble_log_entry_service(entry));
    buffer_add(&heard->text, message, length);
    buffer_add_char(&heard->text, '|');
    heard->count++;
    return heard->count != heard->wanted;
}

static bool get_logs(struct with_daemon *with, struct heard *heard) {
    heard->text = (struct buffer)BUFFER_INIT(BUFFER_NO_LIMIT);
    heard->count = 0;
    return pebble_get_logs(with->client, NULL, hear, heard, &with->error);
}

static void lines_are_read_however_they_come(void **state UNUSED) {
    const struct fake_response script[] = {
        {.bytes = STREAM_HEAD "\r\n" LINE("a", "one") LINE("b", "two") LINE("a", ""), .closes = true},
        {.bytes =
             STREAM_HEAD "Transfer-Encoding: chunked\r\n\r\n"
                         "10\r\n{\"time\":\"1970-01\r\n2d\r\n-01T00:00:01Z\",\"service\":\"a\",\"message\":\"x\"}\n"
                         "{\r\n40\r\n\"time\":\"1970-01-01T00:00:01Z\",\"service\":\"b\",\"message\":\"y\\u0000\"}\r\n"
                         "0\r\n\r\n",
         .piece = 1},
        {.bytes = STREAM_HEAD "Content-Length: 0\r\n\r\n"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct heard heard = {0};
    assert_true(get_logs(&with, &heard));
    assert_string_equal(buffer_text(&heard.text), "a=one|b=two|a=|");
    buffer_finish(&heard.text);
    assert_true(get_logs(&with, &heard));
    assert_int_equal(heard.text.length, 9);
    assert_memory_equal(buffer_text(&heard.text), "a=x|b=y\0|", 9);
    buffer_finish(&heard.text);
    assert_true(get_logs(&with, &heard));
    assert_int_equal(heard.count, 0);
    buffer_finish(&heard.text);
    with_daemon_assert_request(&with, 0, "1 GET /v1/logs HTTP/1.1", "");
    with_daemon_end(&with);
}

static void options_are_sent(void **state UNUSED) {
    const struct fake_response script[] = {{.bytes = STREAM_HEAD "Content-Length: 0\r\n\r\n"},
                                           {.bytes = STREAM_HEAD "Content-Length: 0\r\n\r\n"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    const char *names[] = {"a", "b c"};
    struct pebble_log_options options = {
        .size = sizeof options, .services = names, .service_count = 2, .last = 12, .flags = PEBBLE_LOGS_FOLLOW};
    assert_true(pebble_get_logs(with.client, &options, hear, NULL, &with.error));
    options = (struct pebble_log_options){.size = sizeof options, .last = PEBBLE_LOGS_ALL};
    assert_true(pebble_get_logs(with.client, &options, hear, NULL, &with.error));
    with_daemon_assert_request(&with, 0, "1 GET /v1/logs?follow=true&n=12&services=a&services=b+c HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 GET /v1/logs?n=-1 HTTP/1.1", "");
    with_daemon_end(&with);
}

static char *long_line(size_t length) {
    char *message = memory_new(length + 1);
    memset(message, 'm', length);
    char *text = memory_printf(STREAM_HEAD "\r\n" LINE("a", "before") LINE("a", "%s") LINE("a", "after"), message);
    free(message);
    return text;
}

static void lines_may_be_long_but_not_endless(void **state UNUSED) {
    AUTO_FREE char *fine = long_line(5 << 20);
    AUTO_FREE char *excessive = long_line(16 << 20);
    const struct fake_response script[] = {{.bytes = fine, .closes = true}, {.bytes = excessive, .closes = true}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct heard heard = {0};
    assert_true(get_logs(&with, &heard));
    assert_int_equal(heard.count, 3);
    assert_int_equal(heard.text.length, (5 << 20) + strlen("a=before|a=|a=after|"));
    buffer_finish(&heard.text);
    assert_false(get_logs(&with, &heard));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot read log line: too long");
    assert_string_equal(buffer_text(&heard.text), "a=before|");
    buffer_finish(&heard.text);
    with_daemon_end(&with);
}

static void callback_stops_a_stream_that_goes_on(void **state UNUSED) {
    const struct fake_response script[] = {
        {.bytes = STREAM_HEAD "\r\n" LINE("a", "1") LINE("a", "2") LINE("a", "3"), .holds = true},
        {.bytes = STREAM_HEAD "Content-Length: 0\r\n\r\n"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct heard heard = {.wanted = 2};
    assert_false(get_logs(&with, &heard));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CANCELLED, "interrupted");
    assert_string_equal(buffer_text(&heard.text), "a=1|a=2|");
    buffer_finish(&heard.text);
    assert_true(get_logs(&with, &heard)); // over another connection
    with_daemon_end(&with);
}

static void broken_streams_are_told(void **state UNUSED) {
    const struct fake_response script[] = {
        {.bytes = STREAM_HEAD "\r\n" LINE("a", "1") "nonsense\n", .holds = true},
        {.bytes = STREAM_HEAD "\r\n[]\n", .holds = true},
        {.bytes = STREAM_HEAD "\r\n{}\n", .holds = true},
        {.bytes = STREAM_HEAD "\r\n{\"time\":\"1970", .closes = true},
        {.bytes = STREAM_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"tim", .closes = true},
        {.json = "{\"type\":\"error\",\"status-code\":401,\"result\":{\"message\":\"access denied\"}}", .status = 401},
        {.json = "{\"type\":\"sync\",\"result\":1}", .status = 201},
    };
    const struct {
        enum pebble_error_kind kind;
        const char *begin;
    } expected[ARRAY_COUNT(script)] = {
        {PEBBLE_ERROR_PROTOCOL, "cannot unmarshal log: invalid character"},
        {PEBBLE_ERROR_PROTOCOL, "cannot unmarshal log: not an object"},
        {PEBBLE_ERROR_PROTOCOL, "cannot unmarshal log: \"time\" is not a time"},
        {PEBBLE_ERROR_PROTOCOL, "cannot unmarshal log: unexpected EOF"},
        {PEBBLE_ERROR_CONNECTION, "cannot read log line: unexpected EOF"},
        {PEBBLE_ERROR_API, "access denied"},
        {PEBBLE_ERROR_PROTOCOL, "cannot read logs: unexpected response"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    for (size_t i = 0; i < ARRAY_COUNT(script); i++) {
        struct heard heard = {0};
        assert_false(get_logs(&with, &heard));
        assert_int_equal(with.error.kind, expected[i].kind);
        assert_true(text_has_prefix(with.error.message, expected[i].begin));
        buffer_finish(&heard.text);
    }
    with_daemon_end(&with);
}

static void options_are_checked(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    struct pebble_log_options options = {.size = sizeof options, .flags = 6};
    assert_false(pebble_get_logs(with.client, &options, hear, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: unknown flags 0x6");
    with_daemon_end(&with);
}

static void nul_in_a_name_is_replaced(void **state UNUSED) {
    const struct fake_response script[] = {
        {.bytes = STREAM_HEAD "\r\n" LINE("a\\u0000b", "x\\u0000y"), .closes = true}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    struct heard heard = {0};
    assert_true(get_logs(&with, &heard));
    assert_memory_equal(buffer_text(&heard.text),
                        "a\xef\xbf\xbd"
                        "b=x\0y|",
                        10);
    buffer_finish(&heard.text);
    with_daemon_end(&with);
}

// --- as a call ---

static struct pebble_call *start(const struct peer *peer, uint64_t flags) {
    const struct pebble_log_options options = {.size = sizeof options, .flags = flags};
    struct pebble_call *call = NULL;
    assert_true(pebble_call_get_logs(peer->client, &options, &call, NULL));
    return call;
}

static void assert_item(struct pebble_call *call, const char *service) {
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_ITEM);
    assert_string_equal(pebble_log_entry_service(pebble_call_log_entry(call)), service);
    assert_int_equal(pebble_call_timeout_ms(call), 0);
}

static void each_entry_is_an_item(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer, PEBBLE_LOGS_FOLLOW);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int fd = peer_accept(&peer);
    AUTO_FREE char *request = peer_read(fd);
    assert_true(text_has_prefix(request, "GET /v1/logs?follow=true HTTP/1.1\r\n"));
    peer_send(fd, STREAM_HEAD "\r\n" LINE("a", "1") LINE("b", "2") "{\"time\":\"1970-");
    assert_item(call, "a");
    assert_item(call, "b");
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    assert_null(pebble_call_log_entry(call));
    assert_int_equal(pebble_call_timeout_ms(call), -1);
    peer_send(fd, "01-01T00:00:01Z\",\"service\":\"c\"}\n");
    assert_item(call, "c");
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    close(fd);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_DONE);
    assert_null(pebble_call_log_entry(call));
    pebble_call_destroy(call);
    peer_end(&peer);
}

// A daemon that sends without a pause: the call gives way to others now and then, and an entry that is not taken keeps
// it from reading.
static void streams_give_way(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer, PEBBLE_LOGS_FOLLOW);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int fd = peer_accept(&peer);
    peer_send(fd, STREAM_HEAD "\r\n");
    bool has_given_way = false;
    for (size_t sent = 0; sent < 1000000 && !has_given_way;) {
        ssize_t count = send(fd, LINE("a", "1"), strlen(LINE("a", "1")), MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += count > 0 ? (size_t)count : 0;
        if (count > 0)
            continue; // until the daemon's side is full: what comes next is there already
        enum pebble_call_state result = PEBBLE_CALL_ITEM;
        for (int i = 0; i < 100 && result == PEBBLE_CALL_ITEM; i++)
            result = pebble_call_step(call);
        has_given_way = result == PEBBLE_CALL_RUNNING && peer_is_ready(call);
    }
    assert_true(has_given_way);
    pebble_call_destroy(call);
    close(fd);
    peer_end(&peer);
}

static void clients_time_is_not_for_followers(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    peer.client->timeout_ns = 1;
    struct pebble_call *follower = start(&peer, PEBBLE_LOGS_FOLLOW), *reader = start(&peer, 0);
    assert_int_equal(pebble_call_step(follower), PEBBLE_CALL_RUNNING);
    assert_int_equal(pebble_call_step(reader), PEBBLE_CALL_FAILED);
    assert_int_equal(pebble_call_error(reader)->kind, PEBBLE_ERROR_TIMEOUT);
    pebble_call_destroy(follower);
    pebble_call_destroy(reader);
    peer_end(&peer);
}

static void call_is_cancelled_in_each_state(void **state UNUSED) {
    const char *sent[] = {"",
                          "HTTP/1.1 200",
                          STREAM_HEAD "\r\n",
                          STREAM_HEAD "\r\n" LINE("a", "1"),
                          STREAM_HEAD "\r\n{\"time\"",
                          "HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\n{"};
    struct peer peer;
    peer_begin(&peer);
    for (size_t i = 0; i < ARRAY_COUNT(sent); i++) {
        struct pebble_call *call = start(&peer, 0);
        assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
        int fd = peer_accept(&peer);
        peer_send(fd, sent[i]);
        (void)pebble_call_step(call);
        pebble_call_cancel(call);
        peer_assert_closed(fd);
        assert_null(pebble_call_log_entry(call));
        assert_int_equal(pebble_call_error(call)->kind, PEBBLE_ERROR_CANCELLED);
        pebble_call_destroy(call);
    }
    peer_end(&peer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_however_they_come),
        cmocka_unit_test(options_are_sent),
        cmocka_unit_test(lines_may_be_long_but_not_endless),
        cmocka_unit_test(callback_stops_a_stream_that_goes_on),
        cmocka_unit_test(broken_streams_are_told),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(nul_in_a_name_is_replaced),
        cmocka_unit_test(each_entry_is_an_item),
        cmocka_unit_test(streams_give_way),
        cmocka_unit_test(clients_time_is_not_for_followers),
        cmocka_unit_test(call_is_cancelled_in_each_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
