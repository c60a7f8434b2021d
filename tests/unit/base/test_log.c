// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/text.h"

struct capture {
    struct buffer lines;
    int calls;
};

static void capture_line(void *data, const char *line, size_t length) {
    struct capture *capture = data;
    capture->calls++;
    buffer_add(&capture->lines, line, length);
}

static int set_up(void **state) {
    static struct capture capture;
    capture = (struct capture){.lines = BUFFER_INIT(BUFFER_NO_LIMIT)};
    log_set_sink(capture_line, &capture);
    log_set_debug(false);
    *state = &capture;
    return 0;
}

static int tear_down(void **state) {
    struct capture *capture = *state;
    buffer_finish(&capture->lines);
    log_set_sink(NULL, NULL);
    return 0;
}

// Checks the time stamp and returns the text after it: 2026-01-02T03:04:05.678Z.
static const char *behind_time(const struct capture *capture) {
    const char *pattern = "dddd-dd-ddTdd:dd:dd.dddZ ";
    const char *line = buffer_text(&capture->lines);
    assert_true(strlen(line) > strlen(pattern));
    for (size_t i = 0; pattern[i] != '\0'; i++)
        assert_true(pattern[i] == 'd' ? isdigit((unsigned char)line[i]) : line[i] == pattern[i]);
    return line + strlen(pattern);
}

static void notice_is_one_line_in_one_piece(void **state) {
    struct capture *capture = *state;
    log_notice("Started %s with change %d.", "x", 7);
    assert_int_equal(capture->calls, 1);
    assert_string_equal(behind_time(capture), "[pebble] Started x with change 7.\n");
}

static void further_lines_are_indented(void **state) {
    struct capture *capture = *state;
    log_notice("A\nB\n");
    assert_int_equal(capture->calls, 1);
    assert_string_equal(behind_time(capture), "[pebble] A\n    B\n");
}

static void control_characters_are_escaped(void **state) {
    struct capture *capture = *state;
    log_notice("%s", "a\r\033[2Jb\tc\302\233\342\200\256d");
    assert_string_equal(behind_time(capture), "[pebble] a\\r\\x1b[2Jb\tc\\u009b\\u202ed\n");
}

static void long_message_is_cut(void **state) {
    struct capture *capture = *state;
    static char text[100001];
    memset(text, 'x', sizeof text - 1);
    log_notice("%.65536s", text);
    assert_int_equal(capture->calls, 1);
    assert_int_equal(strlen(behind_time(capture)), strlen("[pebble] \n") + 65536);
    capture->calls = 0;
    buffer_clear(&capture->lines);
    memcpy(text + 65535, "\xC3\xA9", 2);
    log_notice("%s", text);
    assert_int_equal(capture->calls, 1);
    const char *line = behind_time(capture);
    assert_int_equal(strlen(line), strlen("[pebble] \xE2\x80\xA6\n") + 65535);
    assert_string_equal(line + strlen(line) - 5, "x\xE2\x80\xA6\n");
}

static void capture_request(void *data, const char *line UNUSED, size_t length UNUSED) {
    struct capture *capture = data;
    capture->calls += 100;
}

static void requests_have_a_sink_of_their_own(void **state) {
    struct capture *capture = *state;
    log_request("GET /v1/services");
    assert_string_equal(behind_time(capture), "[pebble] GET /v1/services\n");
    log_set_request_sink(capture_request);
    log_request("GET /v1/services");
    assert_int_equal(capture->calls, 101);
    log_notice("Other");
    assert_int_equal(capture->calls, 102);
    log_set_sink(capture_line, capture);
    log_request("GET /v1/services");
    assert_int_equal(capture->calls, 103);
}

static void empty_message(void **state) {
    struct capture *capture = *state;
    log_notice("%s", "");
    assert_string_equal(behind_time(capture), "[pebble] \n");
}

static void debug_only_when_on(void **state) {
    struct capture *capture = *state;
    log_debug("Hidden");
    assert_int_equal(capture->calls, 0);
    log_set_debug(true);
    log_debug("Seen %d", 1);
    assert_string_equal(behind_time(capture), "[pebble] DEBUG Seen 1\n");
}

static void security_is_json_in_order(void **state) {
    struct capture *capture = *state;
    log_security(LOG_SECURITY_WARN, "authz_admin:0,add_layer", "Adding layer <&>");
    const char *text = behind_time(capture);
    const char *head = "[pebble] {\"type\":\"security\",\"datetime\":\"";
    assert_true(text_has_prefix(text, head));
    assert_memory_equal(text + strlen(head), buffer_text(&capture->lines), strlen("2026-01-02T03:04:05"));
    assert_string_equal(text + strlen(head) + strlen("2026-01-02T03:04:05"),
                        "Z\",\"level\":\"WARN\",\"event\":\"authz_admin:0,add_layer\","
                        "\"description\":\"Adding layer <&>\",\"appid\":\"pebble\"}\n");
}

static void security_escapes(void **state) {
    struct capture *capture = *state;
    log_security(LOG_SECURITY_CRITICAL, "e\"\\", "\b\f\n\r\t\x01\x7F \xC3\xA9 \xFF \xE2\x80\xA8\xC2\x9B\xE2\x80\xAE");
    const char *level = strstr(behind_time(capture), "\"level\"");
    assert_non_null(level);
    assert_string_equal(level,
                        "\"level\":\"CRITICAL\",\"event\":\"e\\\"\\\\\","
                        "\"description\":\"\\b\\f\\n\\r\\t\\u0001\\u007f \xC3\xA9 \\ufffd \\u2028\\u009b\\u202e\","
                        "\"appid\":\"pebble\"}\n");
}

static void long_text_of_security_is_cut(void **state) {
    struct capture *capture = *state;
    static char text[100001];
    memset(text, 'x', sizeof text - 1);
    log_security(LOG_SECURITY_CRITICAL, text, text);
    assert_true(strlen(behind_time(capture)) < 20000);
    assert_non_null(strstr(behind_time(capture), "x\xE2\x80\xA6\",\"description\""));
}

static void security_without_description(void **state) {
    struct capture *capture = *state;
    log_security(LOG_SECURITY_WARN, "sys_shutdown:0", "");
    assert_null(strstr(behind_time(capture), "description"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(notice_is_one_line_in_one_piece, set_up, tear_down),
        cmocka_unit_test_setup_teardown(further_lines_are_indented, set_up, tear_down),
        cmocka_unit_test_setup_teardown(control_characters_are_escaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_message_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(requests_have_a_sink_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(empty_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(debug_only_when_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(security_is_json_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(security_escapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_text_of_security_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(security_without_description, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
