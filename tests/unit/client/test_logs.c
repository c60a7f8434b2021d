// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
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
    assert_string_equal(entry->time_text, "1970-01-01T00:00:01Z");
    assert_int_equal(entry->time, 1000000000);
    buffer_printf(&heard->text, "%s=", entry->service);
    buffer_add(&heard->text, entry->message, entry->message_length);
    buffer_add_char(&heard->text, '|');
    heard->count++;
    return heard->count != heard->wanted;
}

static bool get_logs(struct with_daemon *with, struct heard *heard) {
    heard->text = (struct buffer)BUFFER_INIT(BUFFER_NO_LIMIT);
    heard->count = 0;
    const struct pebble_log_options options = {.last = -2};
    return pebble_get_logs(with->client, &options, hear, heard, &with->error);
}

static void lines_are_read_however_they_come(void **state UNUSED) {
    const struct fake_answer script[] = {
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
    const struct fake_answer script[] = {{.bytes = STREAM_HEAD "Content-Length: 0\r\n\r\n"},
                                         {.bytes = STREAM_HEAD "Content-Length: 0\r\n\r\n"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    const char *names[] = {"a", "b c"};
    struct pebble_log_options options = {.services = names, .service_count = 2, .last = 12, .follow = true};
    assert_true(pebble_get_logs(with.client, &options, hear, NULL, &with.error));
    options = (struct pebble_log_options){.last = -1};
    assert_true(pebble_get_logs(with.client, &options, hear, NULL, &with.error));
    with_daemon_assert_request(&with, 0, "1 GET /v1/logs?services=a&services=b+c&n=12&follow=true HTTP/1.1", "");
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
    const struct fake_answer script[] = {{.bytes = fine, .closes = true}, {.bytes = excessive, .closes = true}};
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
    const struct fake_answer script[] = {
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

static bool enough(void *data) {
    return ((struct heard *)data)->count == 0;
}

static void interrupt_ends_following(void **state UNUSED) {
    const struct fake_answer script[] = {{.bytes = STREAM_HEAD "\r\n" LINE("a", "1"), .holds = true}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    struct heard heard = {0};
    pebble_client_set_interrupt(with.client, enough, &heard);
    assert_false(get_logs(&with, &heard));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_CANCELLED);
    assert_int_equal(heard.count, 1);
    buffer_finish(&heard.text);
    with_daemon_end(&with);
}

static void broken_streams_are_told(void **state UNUSED) {
    const struct fake_answer script[] = {
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
        {PEBBLE_ERROR_CONNECTION, "cannot communicate with server: "},
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_however_they_come),  cmocka_unit_test(options_are_sent),
        cmocka_unit_test(lines_may_be_long_but_not_endless), cmocka_unit_test(callback_stops_a_stream_that_goes_on),
        cmocka_unit_test(interrupt_ends_following),          cmocka_unit_test(broken_streams_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
