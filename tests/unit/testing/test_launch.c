// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "testing/launch_internal.h"

static void failures_are_described(void **state UNUSED) {
    char text[TESTING_TEXT_BYTES], what[TESTING_TEXT_BYTES * 2];
    testing_launch_describe(text, "mount root/etc", EPERM);
    assert_string_equal(text, "cannot mount root/etc: operation not permitted");
    memset(what, 'x', sizeof what - 1);
    what[sizeof what - 1] = '\0';
    testing_launch_describe(text, what, EPERM);
    assert_int_equal(strlen(text), TESTING_TEXT_BYTES - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(failures_are_described)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
