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

// The text is followed by no NUL, as it may be in a buffer.
static void assert_length(const char *text, size_t expected) {
    size_t length = strlen(text);
    AUTO_JSON json_t *value = NULL;
    AUTO_FREE char *copy = memory_new(length);
    memcpy(copy, text, length);
    assert_true(json_read(copy, length, &value, NULL));
    if (json_member_length(copy, length, "data") != expected)
        fail_msg("%s: %zu", text, json_member_length(copy, length, "data"));
}

static void counts_the_value_as_it_is_written(void **state UNUSED) {
    assert_length("{\"data\":{\"a\":\"b\"}}", 9);
    assert_length(" {\n\"data\" : { \"a\" : [ 1, \"]}\" ] } , \"x\":1}", 21);
    assert_length("{\"x\":{\"data\":1},\"data\":\"a\\\\\\\"b\"}", 8);
    assert_length("{\"x\":[],\"data\":-1.5e3 }", 6);
    assert_length("{\"data\":null}", 4);
    assert_length("{\"data\":{}} more", 2);
}

static void the_last_of_the_same_name_counts(void **state UNUSED) {
    assert_length("{\"data\":1,\"DATA\":[1,2]}", 5);
    assert_length("{\"d\\u0061ta\":123}", 3);
}

static void what_is_absent_has_no_length(void **state UNUSED) {
    assert_length("{}", 0);
    assert_length("{\"dat\":1,\"x\":\"data\"}", 0);
    assert_length("[{\"data\":1}]", 0);
    assert_length("\"data\"", 0);
    assert_length("7", 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_the_value_as_it_is_written),
        cmocka_unit_test(the_last_of_the_same_name_counts),
        cmocka_unit_test(what_is_absent_has_no_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
