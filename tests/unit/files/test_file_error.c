// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "files/file_error_internal.h"

static void errnos_have_codes(void **state UNUSED) {
    static const struct {
        int errnum;
        enum error_kind kind;
        const char *code;
    } cases[] = {
        {ENOENT, ERROR_NOT_FOUND, "not-found"},           {EACCES, ERROR_FORBIDDEN, "permission-denied"},
        {EPERM, ERROR_FORBIDDEN, "permission-denied"},    {ENOTDIR, ERROR_BAD_REQUEST, "generic-file-error"},
        {EROFS, ERROR_BAD_REQUEST, "generic-file-error"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_ERROR struct error err = {0};
        error_set_errno(&err, cases[i].errnum, "open /x");
        file_error_classify(&err);
        assert_int_equal(err.kind, cases[i].kind);
        assert_string_equal(err.code, cases[i].code);
    }
}

static void paths_are_absolute(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    assert_true(file_path_check("/x", &err));
    assert_false(file_path_check("x/\"y", &err));
    assert_string_equal(error_text(&err), "paths must be absolute, got \"x/\\\"y\"");
    file_error_classify(&err);
    assert_string_equal(err.code, "generic-file-error");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errnos_have_codes),
        cmocka_unit_test(paths_are_absolute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
