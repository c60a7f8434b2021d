// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "data/json.h"

static void expect_written(const char *text, size_t length, bool html, const char *expected) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    json_add_string(&out, text, length, html);
    assert_string_equal(buffer_text(&out), expected);
}

static void strings(void **state UNUSED) {
    expect_written("", 0, false, "\"\"");
    expect_written("plain ü ☃ \xf0\x9f\x98\x80", 17, false, "\"plain ü ☃ \xf0\x9f\x98\x80\"");
    expect_written("a\"b\\c/d", 7, false, "\"a\\\"b\\\\c/d\"");
    expect_written("\b\f\n\r\t\x01\x1f\x7f", 8, false, "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    expect_written("a\0b", 3, false, "\"a\\u0000b\"");
    expect_written("\xe2\x80\xa8x\xe2\x80\xa9\xe2\x80\xa7", 10, false, "\"\\u2028x\\u2029\xe2\x80\xa7\"");
    expect_written("<a & b>", 7, false, "\"<a & b>\"");
    expect_written("<a & b>", 7, true, "\"\\u003ca \\u0026 b\\u003e\"");
    expect_written("a\xff\xe2\x98z\xed\xa0\x80", 8, false, "\"a\\ufffd\\ufffd\\ufffdz\\ufffd\\ufffd\\ufffd\"");
}

static void structure(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_TEXT_LIST struct text_list list = {0};
    struct json_writer writer;
    json_writer_init(&writer, &out, true);
    json_writer_begin_object(&writer);
    json_writer_member_strings(&writer, "none", &list);
    text_list_add(&list, "a");
    text_list_add(&list, "<");
    json_writer_member_strings(&writer, "two", &list);
    json_writer_member_string(&writer, "s", "x");
    json_writer_member_string(&writer, "n", NULL);
    json_writer_member_int(&writer, "i", -7);
    json_writer_member_bool(&writer, "b", false);
    json_writer_key(&writer, "o");
    json_writer_begin_object(&writer);
    json_writer_end_object(&writer);
    json_writer_key(&writer, "l");
    json_writer_begin_array(&writer);
    json_writer_begin_array(&writer);
    json_writer_end_array(&writer);
    json_writer_null(&writer);
    json_writer_raw(&writer, "{\"raw\": 1}", 10);
    json_writer_bool(&writer, true);
    json_writer_end_array(&writer);
    json_writer_member_int(&writer, "<", 1);
    json_writer_end_object(&writer);
    assert_string_equal(buffer_text(&out),
                        "{\"none\":[],\"two\":[\"a\",\"\\u003c\"],\"s\":\"x\",\"n\":null,\"i\":-7,\"b\":false,"
                        "\"o\":{},\"l\":[[],null,{\"raw\": 1},true],\"\\u003c\":1}");
}

static void numbers(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &out, false);
    json_writer_begin_array(&writer);
    json_writer_int(&writer, 0);
    json_writer_int(&writer, INT64_MAX);
    json_writer_int(&writer, INT64_MIN);
    json_writer_double(&writer, 1.5);
    json_writer_double(&writer, 2);
    json_writer_double(&writer, 1e21);
    json_writer_double(&writer, 1e20);
    json_writer_double(&writer, 1e-7);
    json_writer_double(&writer, (double)NAN);
    json_writer_end_array(&writer);
    assert_string_equal(buffer_text(&out),
                        "[0,9223372036854775807,-9223372036854775808,1.5,2,1e+21,100000000000000000000,"
                        "1e-7,null]");
}

static void values(void **state UNUSED) {
    static const char text[] = "{\"z\":[1,2.5,\"x\\u0000<\",null,true,false,{}],\"a\":{\"b\":[]}}";
    AUTO_JSON json_t *value = NULL;
    assert_true(json_read_whole(text, strlen(text), &value, NULL));
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &out, false);
    json_writer_value(&writer, value);
    assert_string_equal(buffer_text(&out), text);
    buffer_clear(&out);
    json_writer_init(&writer, &out, true);
    json_writer_value(&writer, json_object_get(value, "z"));
    assert_string_equal(buffer_text(&out), "[1,2.5,\"x\\u0000\\u003c\",null,true,false,{}]");
}

// Long runs are looked at eight bytes at a time.
static void each_byte_is_escaped_wherever_it_is(void **state UNUSED) {
    enum { LENGTH = 20 };
    for (unsigned i = 0; i < 2 * 256 * LENGTH; i++) {
        bool html = i % 2 != 0;
        char byte = (char)(i / 2 % 256);
        size_t place = i / 512;
        char text[LENGTH];
        memset(text, 'a', sizeof text);
        text[place] = byte;
        AUTO_BUFFER struct buffer alone = BUFFER_INIT(BUFFER_NO_LIMIT);
        AUTO_BUFFER struct buffer expected = BUFFER_INIT(BUFFER_NO_LIMIT);
        AUTO_BUFFER struct buffer whole = BUFFER_INIT(BUFFER_NO_LIMIT);
        json_add_string(&alone, &byte, 1, html);
        buffer_add_char(&expected, '"');
        for (size_t j = 0; j < sizeof text; j++) {
            if (j == place)
                buffer_add(&expected, alone.data + 1, alone.length - 2);
            else
                buffer_add_char(&expected, 'a');
        }
        buffer_add_char(&expected, '"');
        json_add_string(&whole, text, sizeof text, html);
        assert_string_equal(buffer_text(&whole), buffer_text(&expected));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte_is_escaped_wherever_it_is),
        cmocka_unit_test(strings),
        cmocka_unit_test(structure),
        cmocka_unit_test(numbers),
        cmocka_unit_test(values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
