// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "testing/recorder_internal.h"

struct with_recorder {
    struct testing_records *records;
    struct testing_recorder recorder;
};

static void begin(struct with_recorder *with) {
    with->records = testing_records_create();
    testing_recorder_init(&with->recorder, with->records);
}

static void end(struct with_recorder *with) {
    testing_recorder_finish(&with->recorder);
    testing_records_destroy(with->records);
}

static void send_request(struct with_recorder *with, const char *text) {
    testing_recorder_add_request(&with->recorder, text, strlen(text));
}

static void send_response(struct with_recorder *with, const char *text) {
    testing_recorder_add_response(&with->recorder, text, strlen(text));
}

// "METHOD PATH STATUS BODY"
static void assert_request(struct with_recorder *with, size_t index, const char *expected) {
    struct pebble_test_request *request = testing_records_at(with->records, index);
    assert_non_null(request);
    AUTO_FREE char *text =
        memory_printf("%s %s %d %s", pebble_test_request_method(request), pebble_test_request_path_and_query(request),
                      pebble_test_request_status(request), pebble_test_request_body(request, NULL));
    assert_string_equal(text, expected);
    pebble_test_request_destroy(request);
}

static void one_after_the_other(void **state UNUSED) {
    struct with_recorder with;
    begin(&with);
    send_request(&with, "GET /a?b=c HTTP/1.1\r\nHost: x\r\n");
    assert_int_equal(testing_records_count(with.records), 0);
    send_request(&with, "\r\n");
    assert_request(&with, 0, "GET /a?b=c 0 ");
    send_response(&with, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHT");
    assert_request(&with, 0, "GET /a?b=c 200 ");
    send_response(&with, "TP/");
    send_request(&with,
                 "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    send_response(&with, "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    assert_request(&with, 1, "POST /b 202 abcde");
    end(&with);
}

static void pipelines_and_heads(void **state UNUSED) {
    struct with_recorder with;
    begin(&with);
    send_request(&with,
                 "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nPOST /c HTTP/1.1\r\nHost: x\r\n"
                 "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    send_response(&with,
                  "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
                  "HTTP/1.1 100 Continue\r\n\r\n");
    assert_request(&with, 0, "HEAD /a 200 ");
    assert_request(&with, 1, "GET /b 304 ");
    assert_request(&with, 2, "POST /c 0 ");
    send_request(&with, "ok");
    send_response(&with, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_request(&with, 2, "POST /c 204 ok");
    end(&with);
}

static void upgrades_end_the_recording(void **state UNUSED) {
    struct with_recorder with;
    begin(&with);
    send_request(&with, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    send_response(&with,
                  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x01x");
    send_request(&with, "GET /no HTTP/1.1\r\nHost: x\r\n\r\n");
    send_response(&with, "HTTP/1.1 500 No\r\n\r\n");
    assert_request(&with, 0, "GET /ws 101 ");
    assert_int_equal(testing_records_count(with.records), 1);
    end(&with);
    // Without an upgrade the connection goes on.
    begin(&with);
    send_request(&with, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    send_response(&with, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    send_request(&with, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_request(&with, 0, "GET /ws 400 ");
    assert_request(&with, 1, "GET /b 0 ");
    end(&with);
}

static void other_bytes(void **state UNUSED) {
    struct with_recorder with;
    begin(&with);
    send_request(&with, "\x16\x03\x01 not HTTP\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    send_response(&with, "HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_int_equal(testing_records_count(with.records), 0);
    assert_true(with.recorder.is_over);
    end(&with);
    // A response to what came before.
    begin(&with);
    send_request(&with, "GET /a HTTP/1.1\r\nHost: x\r\n\r\nrubbish\r\n\r\n");
    send_response(&with, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nrubbish\r\n\r\n");
    assert_request(&with, 0, "GET /a 200 ");
    assert_int_equal(testing_records_count(with.records), 1);
    end(&with);
    // A response to nothing.
    begin(&with);
    send_response(&with, "HTTP/1.1 408 Request Timeout\r\n\r\n");
    assert_true(with.recorder.is_over);
    end(&with);
}

static void pipeline_is_limited(void **state UNUSED) {
    struct with_recorder with;
    begin(&with);
    for (size_t i = 0; i <= TESTING_PIPELINE_MAX; i++)
        send_request(&with, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(testing_records_count(with.records), TESTING_PIPELINE_MAX);
    assert_true(with.recorder.is_over);
    end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),        cmocka_unit_test(pipelines_and_heads),
        cmocka_unit_test(upgrades_end_the_recording), cmocka_unit_test(other_bytes),
        cmocka_unit_test(pipeline_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
