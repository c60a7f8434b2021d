// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "client/fields_internal.h"

static json_t *read(const char *text) {
    json_t *value = NULL;
    assert_true(json_read(text, strlen(text), &value, NULL));
    return value;
}

static void members_are_taken(void **state UNUSED) {
    AUTO_JSON json_t *value = read("{\"text\":\"a\\u0000b\",\"empty\":\"\",\"int\":-7,\"yes\":true,\"none\":null,"
                                   "\"time\":\"1970-01-01T01:00:00.25+01:00\",\"object\":{\"k\":[1]},"
                                   "\"texts\":[\"x\",\"y\"]}");
    AUTO_ERROR struct error err = {0};
    struct client_fields fields;
    assert_true(client_fields_init(&fields, value, &err));
    AUTO_FREE char *text = client_fields_text(&fields, "text");
    assert_string_equal(text, "a\xef\xbf\xbd"
                              "b");
    AUTO_FREE char *empty = client_fields_text(&fields, "empty");
    assert_string_equal(empty, "");
    assert_null(client_fields_text_or_null(&fields, "empty"));
    assert_int_equal(client_fields_int(&fields, "int"), -7);
    assert_true(client_fields_bool(&fields, "yes"));
    AUTO_FREE char *time = NULL;
    assert_int_equal(client_fields_time(&fields, "time", &time), 250000000);
    assert_string_equal(time, "1970-01-01T01:00:00.25+01:00");
    AUTO_FREE char *object = client_fields_object_text(&fields, "object");
    assert_string_equal(object, "{\"k\":[1]}");
    size_t count = 0;
    char **texts = client_fields_texts(&fields, "texts", &count);
    assert_int_equal(count, 2);
    assert_string_equal(texts[1], "y");
    free(texts[0]);
    free(texts[1]);
    free(texts);
    assert_false(error_is_set(&err));
}

static void absent_and_null_are_nothing(void **state UNUSED) {
    AUTO_JSON json_t *value = read("{\"x\":null,\"zero\":\"0001-01-01T00:00:00Z\"}");
    AUTO_ERROR struct error err = {0};
    struct client_fields fields;
    assert_true(client_fields_init(&fields, value, &err));
    const char *names[] = {"x", "absent"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        AUTO_FREE char *text = client_fields_text(&fields, names[i]);
        assert_string_equal(text, "");
        assert_null(client_fields_text_or_null(&fields, names[i]));
        assert_int_equal(client_fields_int(&fields, names[i]), 0);
        assert_false(client_fields_bool(&fields, names[i]));
        char *time = (char *)(uintptr_t) "x";
        assert_int_equal(client_fields_time(&fields, names[i], &time), 0);
        assert_null(time);
        assert_null(client_fields_object_text(&fields, names[i]));
        assert_null(client_fields_array(&fields, names[i]));
        size_t count = 9;
        free(client_fields_texts(&fields, names[i], &count));
        assert_int_equal(count, 0);
    }
    char *time = NULL;
    assert_int_equal(client_fields_time(&fields, "zero", &time), 0);
    assert_null(time);
    assert_false(error_is_set(&err));
}

static void first_wrong_type_is_noted(void **state UNUSED) {
    AUTO_JSON json_t *value = read("{\"n\":1.5,\"s\":\"x\",\"list\":[1]}");
    AUTO_ERROR struct error err = {0};
    struct client_fields fields;
    assert_true(client_fields_init(&fields, value, &err));
    assert_int_equal(client_fields_int(&fields, "n"), 0);
    AUTO_FREE char *text = client_fields_text(&fields, "n");
    assert_string_equal(text, "");
    assert_string_equal(err.message, "cannot unmarshal: \"n\" is not an integer");
    error_clear(&err);
    assert_false(client_fields_bool(&fields, "s"));
    assert_string_equal(err.message, "cannot unmarshal: \"s\" is not true or false");
    error_clear(&err);
    char *time = NULL;
    assert_int_equal(client_fields_time(&fields, "s", &time), 0);
    assert_null(time);
    assert_string_equal(err.message, "cannot unmarshal: \"s\" is not a time");
    error_clear(&err);
    assert_null(client_fields_object_text(&fields, "list"));
    assert_string_equal(err.message, "cannot unmarshal: \"list\" is not an object");
    error_clear(&err);
    assert_null(client_fields_array(&fields, "s"));
    assert_string_equal(err.message, "cannot unmarshal: \"s\" is not a list");
    error_clear(&err);
    size_t count;
    char **texts = client_fields_texts(&fields, "list", &count);
    assert_string_equal(err.message, "cannot unmarshal: \"list\" is not a list of strings");
    free(texts[0]);
    free(texts);
}

static void what_is_no_object_has_no_fields(void **state UNUSED) {
    AUTO_JSON json_t *value = read("[]");
    AUTO_ERROR struct error err = {0};
    struct client_fields fields;
    assert_false(client_fields_init(&fields, value, &err));
    assert_true(error_is_set(&err));
    assert_false(client_fields_init(&fields, NULL, NULL));
}

static void read_number(const json_t *value, void *item, struct error *err) {
    struct client_fields fields;
    if (client_fields_init(&fields, value, err))
        *(int64_t *)item = client_fields_int(&fields, "n");
}

static void lists_are_read_item_by_item(void **state UNUSED) {
    AUTO_JSON json_t *value = read("[{\"n\":1},{\"n\":2},{\"n\":\"x\"},{\"n\":4}]");
    AUTO_ERROR struct error err = {0};
    size_t count = 9;
    AUTO_FREE int64_t *items = client_json_items(value, sizeof *items, read_number, &count, &err);
    assert_string_equal(err.message, "cannot unmarshal: \"n\" is not an integer");
    assert_int_equal(count, 3); // the last one is the one that is wrong
    assert_int_equal(items[0], 1);
    assert_int_equal(items[1], 2);
    error_clear(&err);
    AUTO_FREE int64_t *none = client_json_items(NULL, sizeof *none, read_number, &count, &err);
    assert_non_null(none);
    assert_int_equal(count, 0);
    assert_false(error_is_set(&err));
    AUTO_JSON json_t *object = read("{}");
    AUTO_FREE int64_t *wrong = client_json_items(object, sizeof *wrong, read_number, &count, &err);
    assert_int_equal(count, 0);
    assert_string_equal(err.message, "cannot unmarshal: not a list where one is due");
}

// "[0,0,…]" with so many zeros and a string of as many commas, which are no values.
static char *many_values(size_t count, size_t *length) {
    *length = 2 * count + count + 4;
    char *text = memory_new(*length + 1);
    size_t at = 0;
    text[at++] = '[';
    for (size_t i = 0; i + 1 < count; i++) {
        text[at++] = '0';
        text[at++] = ',';
    }
    text[at++] = '"';
    text[at++] = '\\';
    text[at++] = '"';
    memset(text + at, ',', *length - at - 2);
    text[*length - 2] = '"';
    text[*length - 1] = ']';
    return text;
}

static void values_are_bounded(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    json_t *value = NULL;
    size_t length;
    AUTO_FREE char *fine = many_values(CLIENT_JSON_VALUES_MAX - 2, &length);
    assert_true(client_json_read(fine, length, &value, &err));
    assert_int_equal(json_array_size(value), CLIENT_JSON_VALUES_MAX - 2);
    json_decref(value);
    value = NULL;
    AUTO_FREE char *excessive = many_values(CLIENT_JSON_VALUES_MAX + 1, &length);
    assert_false(client_json_read(excessive, length, &value, &err));
    assert_string_equal(err.message, "too many values");
    assert_null(value);
}

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#define HAS_ASAN __has_feature(address_sanitizer)
#else
#define HAS_ASAN 0
#endif

// What the daemon sized and the memory does not hold is an error, not the end of the program.
static void lack_of_memory_is_an_error(void **state UNUSED) {
    if (HAS_ASAN)
        skip(); // it has all of the address space
    size_t length = 64 << 20, count = 9;
    char *text = memory_new(length + 1);
    memset(text, 'x', length);
    AUTO_JSON json_t *object = json_object();
    AUTO_JSON json_t *list = json_array();
    json_array_append_new(list, json_string(text));
    json_object_set(object, "s", json_array_get(list, 0));
    free(text);
    struct error errors[4] = {0};
    struct client_fields fields;
    struct rlimit limit;
    assert_true(client_fields_init(&fields, object, &errors[0]));
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    const struct rlimit low = {.rlim_cur = 110 << 20, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &low), 0);
    char *copies[] = {client_fields_text(&fields, "s"), client_json_string(json_array_get(list, 0), &errors[1]),
                      client_json_text(object, &errors[2])};
    void *items = client_json_items(list, 2 * length, read_number, &count, &errors[3]);
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    assert_int_equal(count, 0);
    free(items);
    for (size_t i = 0; i < ARRAY_COUNT(copies); i++) {
        assert_string_equal(copies[i], "");
        free(copies[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        assert_string_equal(error_text(&errors[i]), "out of memory");
        error_clear(&errors[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_taken),           cmocka_unit_test(absent_and_null_are_nothing),
        cmocka_unit_test(first_wrong_type_is_noted),   cmocka_unit_test(what_is_no_object_has_no_fields),
        cmocka_unit_test(lists_are_read_item_by_item), cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
