// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/errors.h"
#include "client/exec_result_internal.h"

static struct pebble_exec_result *make(void) {
    AUTO_BUFFER struct buffer output = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_BUFFER struct buffer error_output = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add(&output, "a\0b", 3);
    return client_exec_result_create(7, &output, &error_output);
}

static void outputs_have_lengths_and_end_with_nul(void **state UNUSED) {
    struct pebble_exec_result *result = make();
    size_t length = 9;
    assert_int_equal(pebble_exec_result_exit_code(result), 7);
    assert_memory_equal(pebble_exec_result_output(result, &length), "a\0b", 4);
    assert_int_equal(length, 3);
    assert_string_equal(pebble_exec_result_error_output(result, &length), "");
    assert_int_equal(length, 0);
    pebble_exec_result_destroy(result);
    pebble_exec_result_destroy(NULL);
}

static void an_error_owns_its_result(void **state UNUSED) {
    struct pebble_error error = {0};
    client_fail(&error, PEBBLE_ERROR_EXEC, "x");
    error.exec_result = make();
    pebble_error_clear(&error);
    assert_null(error.exec_result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_have_lengths_and_end_with_nul),
        cmocka_unit_test(an_error_owns_its_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
