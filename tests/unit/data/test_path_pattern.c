// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/path_pattern.h"

static void yes(const char *pattern, const char *name) {
    assert_true(path_pattern_is_valid(pattern));
    if (!path_pattern_match(pattern, name))
        fail_msg("%s does not match %s", pattern, name);
}

static void no(const char *pattern, const char *name) {
    assert_true(path_pattern_is_valid(pattern));
    if (path_pattern_match(pattern, name))
        fail_msg("%s matches %s", pattern, name);
}

static void literal(void **state UNUSED) {
    yes("", "");
    no("", "a");
    yes("abc", "abc");
    no("abc", "abcd");
    no("abc", "ab");
    no("abc", "ABC");
    yes("\\*\\?\\[\\\\", "*?[\\");
    no("\\*", "a");
    yes("]-^!", "]-^!");
    yes("\xff", "\xff");
}

static void stars(void **state UNUSED) {
    yes("*", "");
    yes("*", "abc");
    yes("*", ".abc");
    no("*", "a/b");
    yes("*/*", "a/b");
    yes("**", "abc");
    yes("a*", "a");
    yes("a*c", "abcbc");
    no("a*c", "abcb");
    yes("*an*", "banana");
    yes("*an*an*", "banana");
    no("*an*an*an*", "banana");
    yes("*.txt", ".txt");
    yes("*[*]", "star*");
    no("a*/b", "a/x/b");
    yes("a*b*c", "axbxxbxc");
}

static void question_marks(void **state UNUSED) {
    yes("?", "a");
    yes("?", "\xc3\xa9");
    yes("?", "\xff");
    no("??", "\xc3\xa9");
    no("?", "");
    no("a?b", "a/b");
}

static void classes(void **state UNUSED) {
    yes("[abc]", "b");
    no("[abc]", "d");
    yes("[a-c]", "b");
    no("[a-c]", "d");
    yes("[^a-c]", "d");
    no("[^a-c]", "b");
    yes("[!a]", "!");
    yes("[!a]", "a");
    no("[!a]", "b");
    yes("[\\]]", "]");
    yes("[\\-]", "-");
    yes("[x\\-]", "-");
    yes("[a^]", "^");
    yes("[\xc3\xa0-\xc3\xaa]", "\xc3\xa9");
    no("[a-z]", "\xc3\xa9");
    yes("[:alpha:]", ":");
    no("[:alpha:]", "b");
    yes("[[]", "[");
    no("[c-a]", "b");
    no("[a]", "");
    yes("a[12]*", "a2x");
}

static void malformed(void **state UNUSED) {
    static const char *const patterns[] = {"[",   "[]",    "[]a]",  "[^]",    "[a",     "[a-",  "[a-]",
                                           "[-]", "[-a]",  "[a-]x", "a[",     "[^bc",   "\\",   "x\\",
                                           "[\\", "[a-\\", "*[",    "[x-]a]", "[\xff]", "ab[]c"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (path_pattern_is_valid(patterns[i]))
            fail_msg("%s is valid", patterns[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(literal), cmocka_unit_test(stars),
                                       cmocka_unit_test(question_marks), cmocka_unit_test(classes),
                                       cmocka_unit_test(malformed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
