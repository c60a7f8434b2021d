// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/json.h"

// The value written again, or the message why there is none.
static void expect_bytes(const char *text, size_t length, bool is_whole, const char *expected) {
    AUTO_JSON json_t *value = NULL;
    AUTO_ERROR struct error err = {0};
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    bool is_read = is_whole ? json_read_whole(text, length, &value, &err) : json_read(text, length, &value, &err);
    if (is_read) {
        struct json_writer writer;
        json_writer_init(&writer, &shown, false);
        json_writer_value(&writer, value);
    } else {
        assert_null(value);
        buffer_add_string(&shown, error_text(&err));
    }
    assert_string_equal(buffer_text(&shown), expected);
}

static void expect(const char *text, const char *expected) {
    expect_bytes(text, strlen(text), false, expected);
}

static void values(void **state UNUSED) {
    expect("null", "null");
    expect(" true ", "true");
    expect("false", "false");
    expect("\"x\"", "\"x\"");
    expect("[]", "[]");
    expect("{}", "{}");
    expect(" \n\t[ 1 , [ ] , { \"a\" : { } } ] \r\n", "[1,[],{\"a\":{}}]");
    expect("{\"b\":1,\"a\":[null,true]}", "{\"b\":1,\"a\":[null,true]}");
    expect("{\"a\":1,\"a\":2}", "{\"a\":2}");
}

static void numbers(void **state UNUSED) {
    expect("[0,-0,12,-12]", "[0,0,12,-12]");
    expect("[9223372036854775807,-9223372036854775808]", "[9223372036854775807,-9223372036854775808]");
    expect("9223372036854775808", "9223372036854776000");
    expect("-1e2", "-100");
    expect("[1.5,2.0,1E+3,25e-1]", "[1.5,2,1000,2.5]");
    expect("1e999", "1.7976931348623157e+308");
    expect("01", "0");
    expect("[01]", "invalid character '1' after array element");
    expect("[-]", "invalid character ']' in numeric literal");
    expect("[1.]", "invalid character ']' after decimal point in numeric literal");
    expect("[1ex]", "invalid character 'x' in exponent of numeric literal");
    expect("[+1]", "invalid character '+' looking for beginning of value");
    expect("[.5]", "invalid character '.' looking for beginning of value");
    expect("[0x1]", "invalid character 'x' after array element");
    AUTO_FREE char *digits = memory_new(4001);
    memset(digits, '9', 4000);
    expect(digits, "1.7976931348623157e+308");
}

static void only_the_first_value_is_read(void **state UNUSED) {
    expect("{\"a\":1} and more", "{\"a\":1}");
    expect("{\"a\":1}{\"b\":2}", "{\"a\":1}");
    expect("12abc", "12");
    expect_bytes("1 \n", 3, true, "1");
    expect_bytes("1 2", 3, true, "invalid character '2' after top-level value");
    expect_bytes("{}]", 3, true, "invalid character ']' after top-level value");
    expect_bytes("[1]\0", 4, false, "[1]");
    expect_bytes("[1]\0", 4, true, "invalid character '\\x00' after top-level value");
}

static void messages_for_what_is_malformed(void **state UNUSED) {
    expect("", "EOF");
    expect(" \n", "EOF");
    expect("{", "unexpected EOF");
    expect("{\"action\":\"replan\"", "unexpected EOF");
    expect("[1", "unexpected EOF");
    expect("\"x", "unexpected EOF");
    expect("\"x\\", "unexpected EOF");
    expect("\"x\\u12", "unexpected EOF");
    expect("tru", "unexpected EOF");
    expect("-", "unexpected EOF");
    expect("{\"a\":1,}", "invalid character '}' looking for beginning of object key string");
    expect("{'a':1}", "invalid character '\\'' looking for beginning of object key string");
    expect("{a:1}", "invalid character 'a' looking for beginning of object key string");
    expect("{\"a\" 1}", "invalid character '1' after object key");
    expect("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair");
    expect("[1 2]", "invalid character '2' after array element");
    expect("[1,]", "invalid character ']' looking for beginning of value");
    expect("nope", "invalid character 'o' in literal null (expecting 'u')");
    expect("[trUe]", "invalid character 'U' in literal true (expecting 'u')");
    expect("action=replan", "invalid character 'a' looking for beginning of value");
    expect("\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value");
    expect("{\"a\":1 // please\n}", "invalid character '/' after object key:value pair");
    expect("\"re\nplan\"", "invalid character '\\n' in string literal");
    expect("\"re\\plan\"", "invalid character 'p' in string escape code");
    expect("\"\\u12x4\"", "invalid character 'x' in \\u hexadecimal character escape");
    expect_bytes("\"a\0b\"", 5, false, "invalid character '\\x00' in string literal");
    expect_bytes("\"\\\0\"", 4, false, "invalid character '\\x00' in string escape code");
}

static void escapes(void **state UNUSED) {
    expect("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    expect("\"r\\u0065plan \\u00fc \\u2603\"", "\"replan ü ☃\"");
    expect("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
    expect("\"\\uD83D\\uDE00\"", "\"\xf0\x9f\x98\x80\"");
    expect("\"a\\u0000b\"", "\"a\\u0000b\"");
    expect("{\"a\\u0000b\":1}", "{\"a\\u0000b\":1}");
}

static void what_is_no_character_becomes_one(void **state UNUSED) {
    expect("\"\\ud800\"", "\"\xef\xbf\xbd\"");
    expect("\"\\ude00x\"", "\"\xef\xbf\xbdx\"");
    expect("\"\\ud800\\u0041\"", "\"\xef\xbf\xbd"
                                 "A\"");
    expect("\"\\ud800\\n\"", "\"\xef\xbf\xbd\\n\"");
    expect("\"\\ud800\\ud83d\\ude00\"", "\"\xef\xbf\xbd\xf0\x9f\x98\x80\"");
    expect("\"\\ud800\\u\"", "invalid character '\"' in \\u hexadecimal character escape");
    expect("\"\\ud800\"", "\"\xef\xbf\xbd\"");
    expect("\"a\xff\xc3(\xe2\x98\"", "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\"");
    expect("\"\xed\xa0\x80\"", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    expect("{\"\xff\":1}", "{\"\xef\xbf\xbd\":1}");
}

static char *nested(size_t depth, const char *open, const char *close) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < depth; i++)
        buffer_add_string(&text, open);
    buffer_add_string(&text, "1");
    for (size_t i = 0; i < depth; i++)
        buffer_add_string(&text, close);
    return buffer_take(&text);
}

static void depth_is_limited(void **state UNUSED) {
    AUTO_FREE char *fits = nested(2048, "[", "]");
    expect(fits, fits);
    AUTO_FREE char *too_deep = nested(2049, "[", "]");
    expect(too_deep, "exceeded max depth");
    AUTO_FREE char *objects = nested(1000000, "{\"a\":", "}");
    expect(objects, "exceeded max depth");
}

static int allocations_left; // then jansson gets no memory any more

static void *allocate_for_a_while(size_t size) {
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void missing_memory_is_an_error(void **state UNUSED) {
    static const char text[] =
        "{\"a\":[1,2,3,4,5,6,7,8,9,10],\"b\":{\"c\":\"text\",\"d\":[1.5,true,null]},\"e\":1,\"f\":2,"
        "\"g\":3,\"h\":4,\"i\":5,\"j\":6,\"k\":7,\"l\":[[[{}]]]}";
    int failures = 0;
    bool is_read = false;
    json_set_alloc_funcs(allocate_for_a_while, free);
    for (int count = 0; !is_read; count++) {
        AUTO_JSON json_t *value = NULL;
        AUTO_ERROR struct error err = {0};
        allocations_left = count;
        is_read = json_read(text, sizeof text - 1, &value, &err);
        if (!is_read) {
            failures++;
            assert_null(value);
            assert_int_equal(err.kind, ERROR_TOO_LARGE);
            assert_string_equal(error_text(&err), "out of memory");
        }
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(failures > 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(numbers),
        cmocka_unit_test(only_the_first_value_is_read),
        cmocka_unit_test(messages_for_what_is_malformed),
        cmocka_unit_test(escapes),
        cmocka_unit_test(what_is_no_character_becomes_one),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(missing_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
