// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "client/change_internal.h"
#include "client/errors.h"

static void failures_are_replaced_and_moved(void **state UNUSED) {
    struct pebble_error error = {0};
    assert_false(client_fail(&error, PEBBLE_ERROR_API, "one %d", 1));
    error.api_kind = memory_string("x");
    error.status = 400;
    error.change = memory_new(sizeof *error.change);
    assert_false(client_fail(&error, PEBBLE_ERROR_TIMEOUT, "two"));
    assert_null(error.api_kind);
    assert_null(error.change);
    assert_int_equal(error.status, 0);
    struct pebble_error target = {0};
    client_fail(&target, PEBBLE_ERROR_API, "old");
    assert_false(client_fail_move(&target, &error));
    assert_string_equal(target.message, "two");
    assert_null(error.message);
    assert_false(client_fail_move(NULL, &error));
    assert_false(client_fail(NULL, PEBBLE_ERROR_API, "nobody listens"));
    pebble_error_clear(&target);
    assert_null(target.message);
    assert_int_equal(target.kind, PEBBLE_ERROR_NONE);
    pebble_error_clear(NULL);
}

static void kinds_of_causes(void **state UNUSED) {
    const struct {
        enum error_kind cause;
        enum pebble_error_kind kind;
    } cases[] = {
        {ERROR_CONNECTION, PEBBLE_ERROR_CONNECTION}, {ERROR_TIMEOUT, PEBBLE_ERROR_TIMEOUT},
        {ERROR_CANCELLED, PEBBLE_ERROR_CANCELLED},   {ERROR_BAD_REQUEST, PEBBLE_ERROR_PROTOCOL},
        {ERROR_INTERNAL, PEBBLE_ERROR_PROTOCOL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_ERROR struct error cause = {0};
        error_set(&cause, cases[i].cause, "why");
        AUTO_PEBBLE_ERROR struct pebble_error error = {0};
        assert_false(client_fail_because(&error, "what: ", &cause));
        assert_int_equal(error.kind, cases[i].kind);
        assert_string_equal(error.message, "what: why");
    }
}

static void messages_are_bounded(void **state UNUSED) {
    size_t limit = 1 << 20;
    AUTO_FREE char *words = memory_new(2 * limit + 1);
    memset(words, 'x', 2 * limit);
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(client_fail(&error, PEBBLE_ERROR_API, "%s", words));
    assert_int_equal(strlen(error.message), limit);
    words[limit] = '\0';
    assert_false(client_fail(&error, PEBBLE_ERROR_API, "%s", words));
    assert_int_equal(strlen(error.message), limit);
    AUTO_FREE char *quoted = client_quoted(words);
    assert_int_equal(strlen(quoted), 1024 + 2);
    AUTO_FREE char *short_one = client_quoted("a\n");
    assert_string_equal(short_one, "\"a\\n\"");
}

// A character of four bytes at each place around the limit is there whole, or not at all.
static void messages_end_with_a_whole_character(void **state UNUSED) {
    size_t limit = 1 << 20;
    AUTO_FREE char *words = memory_new(limit + 9);
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    for (size_t at = limit - 5; at <= limit; at++) {
        memset(words, 'x', limit + 8);
        memcpy(words + at, "\xf0\x9f\x98\x80", 4);
        assert_false(client_fail(&error, PEBBLE_ERROR_API, "%s", words));
        assert_int_equal(strlen(error.message), at + 4 > limit ? at : limit);
    }
    for (size_t i = 0; i < limit; i += 4)
        memcpy(words + i, "x\xe2\x82\xac", 4);
    assert_false(client_fail(&error, PEBBLE_ERROR_API, "-%s", words));
    assert_int_equal(strlen(error.message), limit - 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_are_replaced_and_moved),
        cmocka_unit_test(kinds_of_causes),
        cmocka_unit_test(messages_are_bounded),
        cmocka_unit_test(messages_end_with_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
