// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

static void sets_and_replaces(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    assert_false(error_is_set(&err));
    assert_string_equal(error_text(&err), "");
    assert_false(error_set(&err, ERROR_NOT_FOUND, "cannot find %s", "x"));
    assert_true(error_is_set(&err));
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_string_equal(error_text(&err), "cannot find x");
    assert_false(error_set(&err, ERROR_TIMEOUT, "after: %s", err.message));
    assert_int_equal(err.kind, ERROR_TIMEOUT);
    assert_string_equal(error_text(&err), "after: cannot find x");
}

static void error_may_be_null(void **state UNUSED) {
    assert_false(error_set(NULL, ERROR_INTERNAL, "x"));
    assert_false(error_set_errno(NULL, ENOENT, "x"));
    assert_false(error_prefix(NULL, "x: "));
    assert_false(error_is_set(NULL));
    assert_string_equal(error_text(NULL), "");
    error_clear(NULL);
    AUTO_ERROR struct error err = {0};
    error_set(&err, ERROR_INTERNAL, "x");
    assert_false(error_move(NULL, &err));
    assert_false(error_is_set(&err));
}

static void prefix_keeps_kind_and_code(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    assert_false(error_set_errno(&err, EACCES, "open %s", "/x"));
    err.kind = ERROR_FORBIDDEN;
    assert_false(error_set_code(&err, "permission-denied"));
    assert_false(error_prefix(&err, "cannot read %s: ", "layer"));
    assert_int_equal(err.kind, ERROR_FORBIDDEN);
    assert_int_equal(err.errnum, EACCES);
    assert_true(error_has_code(&err, "permission-denied"));
    assert_string_equal(error_text(&err), "cannot read layer: open /x: permission denied");
}

static void prefix_without_error_does_nothing(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    assert_false(error_prefix(&err, "cannot: "));
    assert_false(error_is_set(&err));
    assert_null(err.message);
}

static void moves(void **state UNUSED) {
    AUTO_ERROR struct error target = {0};
    AUTO_ERROR struct error source = {0};
    error_set(&target, ERROR_INTERNAL, "old");
    error_set_errno(&source, EIO, "new");
    error_set_code(&source, "generic-file-error");
    assert_false(error_move(&target, &source));
    assert_string_equal(error_text(&target), "new: input/output error");
    assert_int_equal(target.errnum, EIO);
    assert_true(error_has_code(&target, "generic-file-error"));
    assert_false(error_is_set(&source));
    assert_null(source.message);
    assert_null(source.code);
    assert_false(error_move(&target, &target));
    assert_string_equal(error_text(&target), "new: input/output error");
}

static void codes_belong_to_one_error(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    assert_false(error_set_code(NULL, "not-found"));
    assert_false(error_set_code(&err, "not-found")); // no error is set
    assert_null(err.code);
    assert_false(error_has_code(NULL, "not-found"));
    error_set(&err, ERROR_NOT_FOUND, "x");
    assert_false(error_has_code(&err, "not-found"));
    error_set_code(&err, "not-found");
    assert_true(error_has_code(&err, "not-found"));
    assert_false(error_has_code(&err, "login-required"));
    error_set(&err, ERROR_INTERNAL, "y");
    assert_null(err.code);
    error_set_code(&err, "not-found");
    error_clear(&err);
    assert_null(err.code);
}

static void copies(void **state UNUSED) {
    AUTO_ERROR struct error source = {0}, target = {0};
    error_set_errno(&source, ENOENT, "open /x");
    error_set_code(&source, "not-found");
    error_set(&target, ERROR_TIMEOUT, "before");
    assert_false(error_copy(&target, &source));
    assert_false(error_copy(&target, &target));
    assert_ptr_not_equal(target.message, source.message);
    assert_string_equal(error_text(&target), "open /x: no such file or directory");
    assert_int_equal(target.kind, ERROR_INTERNAL);
    assert_int_equal(target.errnum, ENOENT);
    assert_true(error_has_code(&target, "not-found"));
    assert_true(error_is_set(&source));
    assert_false(error_copy(NULL, &source));
    assert_false(error_copy(&target, NULL));
    assert_false(error_is_set(&target));
}

static void errno_messages(void **state UNUSED) {
    const struct {
        int errnum;
        const char *text;
    } cases[] = {
        {ENOENT, "no such file or directory"},
        {EACCES, "permission denied"},
        {EEXIST, "file exists"},
        {ENOTDIR, "not a directory"},
        {EISDIR, "is a directory"},
        {ENOSPC, "no space left on device"},
        {EAGAIN, "resource temporarily unavailable"},
        {E2BIG, "argument list too long"},
        {ECONNREFUSED, "connection refused"},
        {ENOTSUP, "operation not supported"},
        {EXDEV, "invalid cross-device link"},
        {EDOTDOT, "RFS specific error"},
        {ERFKILL, "operation not possible due to RF-kill"},
        {EHWPOISON, "memory page has hardware error"},
        {0, "unknown error"},
        {-3, "unknown error"},
        {41, "unknown error"},
        {100000, "unknown error"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_string_equal(error_errno_text(cases[i].errnum), cases[i].text);
}

// The table against the C library, in whose C locale the words are the same but for the first letter.
static void errno_messages_match_the_library(void **state UNUSED) {
    setlocale(LC_ALL, "C");
    for (int errnum = 1; errnum < 200; errnum++) {
        const char *library = strerrordesc_np(errnum);
        if (library != NULL)
            assert_string_equal(error_errno_text(errnum) + 1, library + 1);
    }
}

static void advice_is_no_part_of_the_message(void **state UNUSED) {
    AUTO_ERROR struct error err = {0}, copy = {0}, moved = {0};
    assert_false(error_add_advice(&err, "nobody"));
    assert_false(error_add_advice(NULL, "nobody"));
    assert_null(err.advice);
    (void)error_set(&err, ERROR_INTERNAL, "no");
    (void)error_add_advice(&err, "line %d", 1);
    (void)error_add_advice(&err, "line %d", 2);
    (void)error_prefix(&err, "oh ");
    assert_string_equal(error_text(&err), "oh no");
    assert_string_equal(err.advice, "line 1\nline 2");
    (void)error_copy(&copy, &err);
    assert_string_equal(copy.advice, "line 1\nline 2");
    (void)error_move(&moved, &err);
    assert_string_equal(moved.advice, "line 1\nline 2");
    assert_null(err.advice);
    (void)error_set(&moved, ERROR_INTERNAL, "another");
    assert_null(moved.advice);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_and_replaces),
        cmocka_unit_test(error_may_be_null),
        cmocka_unit_test(prefix_keeps_kind_and_code),
        cmocka_unit_test(prefix_without_error_does_nothing),
        cmocka_unit_test(moves),
        cmocka_unit_test(copies),
        cmocka_unit_test(codes_belong_to_one_error),
        cmocka_unit_test(advice_is_no_part_of_the_message),
        cmocka_unit_test(errno_messages),
        cmocka_unit_test(errno_messages_match_the_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
