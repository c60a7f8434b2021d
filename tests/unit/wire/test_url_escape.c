// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wire/url.h"

static void check_decode(const char *text, bool plus_is_space, const char *expected, size_t expected_length) {
    char *decoded;
    size_t length;
    assert_true(url_decode(text, strlen(text), plus_is_space, &decoded, &length));
    assert_int_equal(length, expected_length);
    assert_memory_equal(decoded, expected, length + 1);
    free(decoded);
}

static void decodes(void **state UNUSED) {
    check_decode("", false, "", 0);
    check_decode("a%20b+c", false, "a b+c", 5);
    check_decode("a%20b+c", true, "a b c", 5);
    check_decode("%C3%a9%2f%2B", true, "\xc3\xa9/+", 4);
    check_decode("a%00b", false, "a\0b", 3);
}

static void refuses_bad_escapes(void **state UNUSED) {
    static const char *const bad[] = {"%", "%4", "a%zz", "%g0", "%0g", "%25%", "%-1", "%%25"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        char *decoded = NULL;
        size_t length = 77;
        assert_false(url_decode(bad[i], strlen(bad[i]), true, &decoded, &length));
        assert_null(decoded);
        assert_int_equal(length, 77);
    }
    char *decoded;
    size_t length;
    assert_false(url_decode("%41", 2, false, &decoded, &length));
}

static void escapes(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    url_add_path_escaped(&out, "/v1/a b?c#d%\n(\xe9)\0~:@&=+$,;", 24);
    assert_string_equal(buffer_text(&out), "/v1/a%20b%3Fc%23d%25%0A%28%E9%29%00~:@&=+$");
    buffer_clear(&out);
    url_add_path_escaped(&out, "/a" TEXT_NUL, 4); // bytes are kept, also those that stand for a NUL elsewhere
    assert_string_equal(buffer_text(&out), "/a%C0%80");
    buffer_clear(&out);
    url_add_query_escaped(&out, "a b&c=d+e%-_.~/\xc3\xa9$");
    assert_string_equal(buffer_text(&out), "a+b%26c%3Dd%2Be%25-_.~%2F%C3%A9%24");
}

static void cleans_paths(void **state UNUSED) {
    static const char *const cases[][2] = {
        {"", "/"},
        {"/", "/"},
        {"//", "/"},
        {".", "/"},
        {"..", "/"},
        {"/..", "/"},
        {"/../", "/"},
        {"/./", "/"},
        {"a/b", "/a/b"},
        {"//v1/health", "/v1/health"},
        {"/v1//health/", "/v1/health/"},
        {"/v1/./health", "/v1/health"},
        {"/v1/services/../health", "/v1/health"},
        {"/../../v1/health", "/v1/health"},
        {"/v1/health/.", "/v1/health"},
        {"/v1/health//", "/v1/health/"},
        {"/v1/health/..", "/v1"},
        {"/v1/health/../", "/v1/"},
        {"/a/../", "/"},
        {"/a/..", "/"},
        {"/a/../..//b/.../..c/c..", "/b/.../..c/c.."},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *clean = url_clean_path(cases[i][0]);
        assert_string_equal(clean, cases[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(refuses_bad_escapes),
        cmocka_unit_test(escapes),
        cmocka_unit_test(cleans_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
