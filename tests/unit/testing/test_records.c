// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "testing/records_internal.h"

static void requests_are_kept(void **state UNUSED) {
    struct testing_records *records = testing_records_create();
    assert_null(testing_records_at(records, 0));
    uint64_t first = testing_records_add(records, "GET", "/v1/a?x=1"),
             second = testing_records_add(records, "POST", "/v1/b");
    testing_records_add_body(records, second, "ab\0", 3);
    testing_records_add_body(records, second, "c", 1);
    testing_records_set_status(records, second, 202);
    testing_records_set_status(records, 99, 500);
    assert_int_equal(testing_records_count(records), 2);
    struct pebble_test_request *request = testing_records_at(records, 1);
    size_t length;
    assert_string_equal(pebble_test_request_method(request), "POST");
    assert_string_equal(pebble_test_request_path_and_query(request), "/v1/b");
    assert_memory_equal(pebble_test_request_body(request, &length), "ab\0c", 5);
    assert_int_equal(length, 4);
    assert_int_equal(pebble_test_request_status(request), 202);
    assert_false(pebble_test_request_is_cut(request));
    pebble_test_request_destroy(request);
    request = testing_records_at(records, 0);
    testing_records_set_status(records, first, 200);
    assert_int_equal(pebble_test_request_status(request), 0); // a copy
    assert_string_equal(pebble_test_request_body(request, NULL), "");
    pebble_test_request_destroy(request);
    testing_records_clear(records);
    assert_int_equal(testing_records_count(records), 0);
    testing_records_add(records, "GET", "/v1/c");
    testing_records_set_status(records, first, 200); // forgotten
    request = testing_records_at(records, 0);
    assert_int_equal(pebble_test_request_status(request), 0);
    pebble_test_request_destroy(request);
    pebble_test_request_destroy(NULL);
    testing_records_destroy(records);
    testing_records_destroy(NULL);
}

static void assert_found(struct pebble_test_request *request, const char *path) {
    assert_non_null(request);
    assert_string_equal(pebble_test_request_path_and_query(request), path);
    pebble_test_request_destroy(request);
}

static void requests_are_found(void **state UNUSED) {
    struct testing_records *records = testing_records_create();
    size_t index = 0;
    testing_records_add(records, "GET", "/v1/a");
    testing_records_add(records, "POST", "/v1/a");
    testing_records_add(records, "GET", "/v1/ab");
    assert_found(testing_records_find(records, "POST", NULL, NULL), "/v1/a");
    assert_found(testing_records_find(records, NULL, "/v1/ab", NULL), "/v1/ab");
    assert_found(testing_records_find(records, "GET", "/v1/a", &index), "/v1/a");
    assert_int_equal(index, 1);
    assert_found(testing_records_find(records, "GET", "/v1/a", &index), "/v1/ab");
    assert_int_equal(index, 3);
    assert_null(testing_records_find(records, "GET", "/v1/a", &index));
    assert_int_equal(index, 3);
    assert_null(testing_records_find(records, "get", NULL, NULL));
    testing_records_destroy(records);
}

static void limits(void **state UNUSED) {
    struct testing_records *records = testing_records_create();
    AUTO_FREE char *bytes = memory_new(TESTING_BODY_LIMIT_BYTES + 1);
    memset(bytes, 'x', TESTING_BODY_LIMIT_BYTES + 1);
    size_t whole = TESTING_BODIES_LIMIT_BYTES / TESTING_BODY_LIMIT_BYTES;
    for (size_t i = 0; i < TESTING_REQUESTS_MAX; i++) {
        uint64_t number = testing_records_add(records, "GET", "/");
        assert_int_not_equal(number, 0);
        if (i == 0)
            testing_records_add_body(records, number, bytes, TESTING_BODY_LIMIT_BYTES + 1);
        else if (i <= whole)
            testing_records_add_body(records, number, bytes, TESTING_BODY_LIMIT_BYTES);
    }
    assert_int_equal(testing_records_add(records, "GET", "/"), 0);
    assert_int_equal(testing_records_missed(records), 1);
    for (size_t i = 0; i <= whole; i = i == 0 ? whole - 1 : i + 1) {
        struct pebble_test_request *request = testing_records_at(records, i);
        size_t length;
        (void)pebble_test_request_body(request, &length);
        assert_int_equal(length, i < whole ? TESTING_BODY_LIMIT_BYTES : 0);
        assert_int_equal(pebble_test_request_is_cut(request), i == 0 || i == whole);
        pebble_test_request_destroy(request);
    }
    testing_records_clear(records);
    assert_int_equal(testing_records_missed(records), 0);
    assert_int_not_equal(testing_records_add(records, "GET", "/"), 0);
    testing_records_destroy(records);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_kept),
        cmocka_unit_test(requests_are_found),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
