// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/memory.h"
#include "data/json.h"

#define WHAT "daemon.thing"

static json_t *parsed(const char *text) {
    json_t *value = NULL;
    AUTO_ERROR struct error err = {0};
    if (!json_read_whole(text, strlen(text), &value, &err))
        fail_msg("%s", error_text(&err));
    return value;
}

static void members_match_without_case(void **state UNUSED) {
    AUTO_JSON json_t *object =
        parsed("{\"Action\":\"a\",\"other\":1,\"none\":null,\"x\":1,\"X\":2,\"y\":1,\"Y\":null}");
    assert_string_equal(json_string_value(json_member(object, "action")), "a");
    assert_int_equal(json_integer_value(json_member(object, "OTHER")), 1);
    assert_null(json_member(object, "none"));
    assert_null(json_member(object, "act"));
    assert_int_equal(json_integer_value(json_member(object, "x")), 2);
    assert_null(json_member(object, "y"));
    AUTO_JSON json_t *none = parsed("null");
    assert_null(json_member(none, "action"));
}

static void a_name_with_a_nul_is_another_name(void **state UNUSED) {
    static const char text[] = "{\"a\":1,\"a\\u0000b\":22}";
    AUTO_JSON json_t *object = NULL;
    assert_true(json_read(text, strlen(text), &object, NULL));
    assert_int_equal(json_integer_value(json_member(object, "a")), 1);
    assert_int_equal(json_member_length(text, strlen(text), "a"), 1);
}

static void expect_object(const char *text, const char *message) {
    AUTO_JSON json_t *value = parsed(text);
    AUTO_ERROR struct error err = {0};
    assert_int_equal(json_is_object_or_null(value, WHAT, &err), message == NULL);
    assert_string_equal(error_text(&err), message == NULL ? "" : message);
}

static void a_body_is_an_object(void **state UNUSED) {
    expect_object("{}", NULL);
    expect_object("null", NULL);
    expect_object("[]", "json: cannot unmarshal array into Go value of type daemon.thing");
    expect_object("\"x\"", "json: cannot unmarshal string into Go value of type daemon.thing");
    expect_object("7", "json: cannot unmarshal number into Go value of type daemon.thing");
    expect_object("true", "json: cannot unmarshal bool into Go value of type daemon.thing");
}

static void present_fields(void **state UNUSED) {
    AUTO_JSON json_t *object = parsed("{\"s\":\"text\",\"b\":true,\"i\":-12,\"l\":[\"a\",null,\"b\"],\"e\":[]}");
    const char *text = NULL;
    bool flag = false;
    int64_t number = 0;
    AUTO_TEXT_LIST struct text_list list = {0};
    assert_true(json_get_string(object, WHAT, "s", &text, NULL));
    assert_string_equal(text, "text");
    assert_true(json_get_bool(object, WHAT, "b", &flag, NULL));
    assert_true(flag);
    assert_true(json_get_int(object, WHAT, "i", &number, NULL));
    assert_int_equal(number, -12);
    assert_true(json_get_strings(object, WHAT, "l", &list, NULL));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[1], "");
    assert_string_equal(list.items[2], "b");
    assert_true(json_get_strings(object, WHAT, "e", &list, NULL));
    assert_int_equal(list.count, 0);
}

static void absent_fields_stay(void **state UNUSED) {
    AUTO_JSON json_t *object = parsed("{\"s\":null,\"b\":null,\"l\":null}");
    const char *text = "kept";
    bool flag = true;
    int64_t number = 7;
    AUTO_TEXT_LIST struct text_list list = {0};
    text_list_add(&list, "kept");
    assert_true(json_get_string(object, WHAT, "s", &text, NULL));
    assert_true(json_get_bool(object, WHAT, "b", &flag, NULL));
    assert_true(json_get_int(object, WHAT, "i", &number, NULL));
    assert_true(json_get_strings(object, WHAT, "l", &list, NULL));
    assert_string_equal(text, "kept");
    assert_true(flag);
    assert_int_equal(number, 7);
    assert_int_equal(list.count, 1);
}

static void maps_of_strings(void **state UNUSED) {
    AUTO_JSON json_t *object = parsed("{\"m\":{\"a\":\"x\",\"B\":null},\"n\":null,\"e\":{}}");
    AUTO_MAP struct map map = MAP_INIT(free);
    assert_true(json_get_string_map(object, WHAT, "n", &map, NULL));
    assert_true(json_get_string_map(object, WHAT, "e", &map, NULL));
    assert_int_equal(map.count, 0);
    assert_true(json_get_string_map(object, WHAT, "m", &map, NULL));
    assert_int_equal(map.count, 2);
    assert_string_equal(map_get(&map, "a"), "x");
    assert_string_equal(map_get(&map, "B"), "");
}

static void wrong_maps_of_strings(void **state UNUSED) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "cannot unmarshal array into Go struct field thing.m of type map[string]string"},
        {"{\"a\":\"x\",\"b\":1}", "cannot unmarshal number into Go struct field thing.m of type string"},
        {"{\"a\":\"\\u0000\"}", "cannot unmarshal string with a NUL character"},
        {"{\"a\\u0000\":\"\"}", "cannot unmarshal string with a NUL character"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *text = memory_printf("{\"m\":%s}", cases[i].text);
        AUTO_JSON json_t *object = parsed(text);
        AUTO_MAP struct map map = MAP_INIT(free);
        AUTO_ERROR struct error err = {0};
        assert_false(json_get_string_map(object, WHAT, "m", &map, &err));
        assert_non_null(strstr(error_text(&err), cases[i].message));
        assert_int_equal(map.count, 0);
    }
}

static json_t *requested(const char *text) {
    json_t *value = NULL;
    AUTO_ERROR struct error err = {0};
    if (!json_read_request(text, strlen(text), &value, &err))
        fail_msg("%s", error_text(&err));
    return value;
}

static void nuls_are_kept_in_text(void **state UNUSED) {
    AUTO_JSON json_t *object = requested("{\"s\":\"a\\u0000b\\u0001\",\"l\":[\"\\u0000\"]}");
    AUTO_ERROR struct error err = {0};
    AUTO_TEXT_LIST struct text_list list = {0};
    const char *text = NULL;
    assert_false(json_get_string(object, WHAT, "s", &text, &err));
    assert_non_null(strstr(error_text(&err), "string with a NUL character"));
    assert_null(text);
    assert_false(json_get_strings(object, WHAT, "l", &list, &err));
    assert_true(json_get_text(object, WHAT, "s", &text, NULL));
    assert_true(json_get_texts(object, WHAT, "l", &list, NULL));
    assert_string_equal(list.items[0], TEXT_NUL);
    AUTO_FREE char *quoted = text_quoted(text);
    assert_string_equal(quoted, "\"a\\x00b\\x01\"");
    AUTO_BUFFER struct buffer written = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &written, false);
    json_writer_string(&writer, text);
    assert_string_equal(buffer_text(&written), "\"a\\u0000b\\u0001\"");
    buffer_clear(&written);
    json_add_string(&written, text, strlen(text), false); // bytes of somebody else
    assert_string_equal(buffer_text(&written), "\"a\\ufffd\\ufffdb\\u0001\"");
}

// Bytes that look like the mark of a NUL are no UTF-8.
static void the_mark_of_a_nul_cannot_be_sent(void **state UNUSED) {
    AUTO_JSON json_t *object = requested("{\"s\":\"\xc0\x80\"}");
    const char *text = NULL;
    assert_true(json_get_string(object, WHAT, "s", &text, NULL));
    assert_string_equal(text, "\xef\xbf\xbd\xef\xbf\xbd");
}

static void repeated_members_are_all_checked(void **state UNUSED) {
    static const struct {
        const char *text;
        bool is_good;
    } cases[] = {
        {"{\"s\":1,\"s\":\"x\"}", false},
        {"{\"s\":\"x\",\"s\":1}", false},
        {"{\"s\":1,\"s\":1,\"s\":\"x\"}", false},
        {"{\"S\":[],\"s\":\"x\"}", false},
        {"{\"s\":\"y\",\"s\":\"x\"}", true},
        {"{\"s\":\"x\",\"s\":null}", true},
        {"{\"s\":null,\"S\":\"x\"}", true},
        {"{\"s\":\"y\",\"S\":\"z\",\"s\":\"x\"}", true},
        {"{\"l\":[\"a\",1],\"l\":[\"b\"]}", false},
        {"{\"l\":[\"a\"],\"l\":[\"b\"],\"s\":\"x\"}", true},
        {"{\"b\":1,\"b\":true}", false},
        {"{\"i\":true,\"i\":1}", false},
        {"{\"m\":[],\"m\":{}}", false},
        {"{\"m\":{\"a\":1,\"a\":\"x\"}}", false},
        {"{\"o\":1,\"o\":2,\"s\":\"x\"}", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_JSON json_t *object = requested(cases[i].text);
        AUTO_TEXT_LIST struct text_list list = {0};
        AUTO_MAP struct map map = MAP_INIT(free);
        const char *text = "x";
        bool flag;
        int64_t number;
        bool is_good =
            json_get_string(object, WHAT, "s", &text, NULL) && json_get_strings(object, WHAT, "l", &list, NULL) &&
            json_get_bool(object, WHAT, "b", &flag, NULL) && json_get_int(object, WHAT, "i", &number, NULL) &&
            json_get_string_map(object, WHAT, "m", &map, NULL);
        if (is_good != cases[i].is_good)
            fail_msg("%s", cases[i].text);
        if (is_good)
            assert_string_equal(text, "x");
        if (is_good && list.count > 0)
            assert_string_equal(list.items[0], "b");
    }
}

// A null behind a list, map or object counts, as a null behind a string does not.
static void null_behind_a_value(void **state UNUSED) {
    AUTO_JSON json_t *object = requested("{\"l\":[\"a\"],\"l\":null,\"m\":{\"a\":\"1\"},\"m\":null,\"M\":{\"b\":\"2\"},"
                                         "\"o\":{},\"o\":null,\"a\":[],\"a\":null,\"s\":\"x\",\"s\":null}");
    AUTO_TEXT_LIST struct text_list list = {0};
    AUTO_MAP struct map map = MAP_INIT(free);
    const json_t *value = NULL;
    const char *text = NULL;
    assert_true(json_get_strings(object, WHAT, "l", &list, NULL));
    assert_int_equal(list.count, 0);
    assert_true(json_get_string_map(object, WHAT, "m", &map, NULL));
    assert_int_equal(map.count, 1);
    assert_string_equal(map_get(&map, "b"), "2");
    assert_true(json_get_object(object, WHAT, "o", "object", &value, NULL));
    assert_null(value);
    assert_true(json_get_array(object, WHAT, "a", "list", &value, NULL));
    assert_null(value);
    assert_null(json_member(object, "o"));
    assert_true(json_get_string(object, WHAT, "s", &text, NULL));
    assert_string_equal(text, "x");
}

static void members_are_walked_in_order(void **state UNUSED) {
    AUTO_JSON json_t *object = requested("{\"n\":1,\"x\":9,\"n\":null,\"N\":3}");
    struct json_members members = json_members_of(object, "n");
    assert_int_equal(json_integer_value(json_members_next(&members)), 1);
    const json_t *second = json_members_next(&members);
    assert_true(json_is_null(second));
    assert_int_equal(json_integer_value(json_members_next(&members)), 3);
    assert_null(json_members_next(&members));
}

static void repeated_maps_are_merged(void **state UNUSED) {
    AUTO_JSON json_t *object = requested("{\"m\":{\"a\":\"1\",\"b\":\"2\"},\"m\":{\"b\":\"4\",\"b\":\"3\"}}");
    AUTO_MAP struct map map = MAP_INIT(free);
    assert_true(json_get_string_map(object, WHAT, "m", &map, NULL));
    assert_int_equal(map.count, 2);
    assert_string_equal(map_get(&map, "a"), "1");
    assert_string_equal(map_get(&map, "b"), "3");
}

enum getter { GET_STRING, GET_BOOL, GET_INT, GET_STRINGS };

static void expect_mismatch(const char *text, enum getter getter, const char *message) {
    AUTO_JSON json_t *object = parsed(text);
    AUTO_ERROR struct error err = {0};
    const char *string = NULL;
    bool flag = false;
    int64_t number = 0;
    AUTO_TEXT_LIST struct text_list list = {0};
    switch (getter) {
    case GET_STRING:
        assert_false(json_get_string(object, WHAT, "f", &string, &err));
        break;
    case GET_BOOL:
        assert_false(json_get_bool(object, WHAT, "f", &flag, &err));
        break;
    case GET_INT:
        assert_false(json_get_int(object, WHAT, "f", &number, &err));
        break;
    case GET_STRINGS:
        assert_false(json_get_strings(object, WHAT, "f", &list, &err));
        break;
    }
    assert_string_equal(error_text(&err), message);
    assert_null(string);
    assert_int_equal(list.count, 0);
}

static void wrong_types(void **state UNUSED) {
    expect_mismatch("{\"f\":5}", GET_STRING,
                    "json: cannot unmarshal number into Go struct field thing.f of type string");
    expect_mismatch("{\"f\":{}}", GET_STRING,
                    "json: cannot unmarshal object into Go struct field thing.f of type string");
    expect_mismatch("{\"f\":\"a\\u0000b\"}", GET_STRING,
                    "json: cannot unmarshal string with a NUL character into Go struct field thing.f of type string");
    expect_mismatch("{\"f\":\"true\"}", GET_BOOL,
                    "json: cannot unmarshal string into Go struct field thing.f of type bool");
    expect_mismatch("{\"f\":true}", GET_INT, "json: cannot unmarshal bool into Go struct field thing.f of type int");
    expect_mismatch("{\"f\":1.5}", GET_INT,
                    "json: cannot unmarshal number 1.5 into Go struct field thing.f of type int");
    expect_mismatch("{\"f\":1e300}", GET_INT,
                    "json: cannot unmarshal number 1e+300 into Go struct field thing.f of type int");
    expect_mismatch("{\"f\":\"x\"}", GET_STRINGS,
                    "json: cannot unmarshal string into Go struct field thing.f of type []string");
    expect_mismatch("{\"f\":[\"x\",1]}", GET_STRINGS,
                    "json: cannot unmarshal number into Go struct field thing.f of type string");
}

static void arrays_of_anything(void **state UNUSED) {
    AUTO_JSON json_t *object = parsed("{\"f\":[1,null],\"n\":null,\"o\":{}}");
    AUTO_ERROR struct error err = {0};
    const json_t *array = NULL;
    assert_true(json_get_array(object, WHAT, "n", "[]t", &array, &err));
    assert_true(json_get_array(object, WHAT, "absent", "[]t", &array, &err));
    assert_null(array);
    assert_false(json_get_array(object, WHAT, "o", "[]t", &array, &err));
    assert_string_equal(error_text(&err), "json: cannot unmarshal object into Go struct field thing.o of type []t");
    assert_null(array);
    assert_true(json_get_array(object, WHAT, "F", "[]t", &array, NULL));
    assert_int_equal(json_array_size(array), 2);
}

static void names_of_structures(void **state UNUSED) {
    AUTO_JSON json_t *object = parsed("{\"f\":5}");
    AUTO_ERROR struct error err = {0};
    const char *text = NULL;
    assert_false(json_get_string(object, "struct { F string }", "f", &text, &err));
    assert_string_equal(error_text(&err), "json: cannot unmarshal number into Go struct field .f of type string");
    error_clear(&err);
    assert_false(json_get_string(object, "thing", "f", &text, &err));
    assert_string_equal(error_text(&err), "json: cannot unmarshal number into Go struct field thing.f of type string");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_match_without_case),
        cmocka_unit_test(a_name_with_a_nul_is_another_name),
        cmocka_unit_test(a_body_is_an_object),
        cmocka_unit_test(present_fields),
        cmocka_unit_test(absent_fields_stay),
        cmocka_unit_test(nuls_are_kept_in_text),
        cmocka_unit_test(the_mark_of_a_nul_cannot_be_sent),
        cmocka_unit_test(repeated_members_are_all_checked),
        cmocka_unit_test(null_behind_a_value),
        cmocka_unit_test(members_are_walked_in_order),
        cmocka_unit_test(repeated_maps_are_merged),
        cmocka_unit_test(maps_of_strings),
        cmocka_unit_test(wrong_maps_of_strings),
        cmocka_unit_test(wrong_types),
        cmocka_unit_test(arrays_of_anything),
        cmocka_unit_test(names_of_structures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
