// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/media_type.h"

// The type and "|NAME=VALUE" for each parameter; NULL if the value is refused.
static void check(const char *value, const char *expected) {
    AUTO_MEDIA_TYPE struct media_type parsed;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    bool is_known = media_type_parse(value, &parsed);
    assert_int_equal(is_known, expected != NULL);
    if (!is_known)
        return;
    buffer_add_string(&out, parsed.type);
    for (size_t i = 0; i < parsed.names.count; i++)
        buffer_printf(&out, "|%s=%s", parsed.names.items[i], parsed.values.items[i]);
    assert_string_equal(buffer_text(&out), expected);
}

static void types(void **state UNUSED) {
    check("text/plain", "text/plain");
    check(" Multipart/Form-Data ", "multipart/form-data");
    check("form-data", "form-data");
    check("", NULL);
    check(";", NULL);
    check("text/", NULL);
    check("/plain", NULL);
    check("text/plain/x", NULL);
    check("text plain", NULL);
}

static void parameters(void **state UNUSED) {
    check("a/b;c=d", "a/b|c=d");
    check("a/b ; C = d ;e=\"f g\";", "a/b|c=d|e=f g");
    check("a; b=\"\"", "a|b=");
    check("a; b=\"c\\\"d\\\\e\\x\"", "a|b=c\"d\\e\\x");
    check("a; b=\"C:\\dir\\file\"", "a|b=C:\\dir\\file");
    check("a; b=\"caf\xc3\xa9\"", "a|b=caf\xc3\xa9");
    check("a; b", NULL);
    check("a; b=", NULL);
    check("a; =b", NULL);
    check("a; b=\"c", NULL);
    check("a; b=\"c\nd\"", NULL);
    check("a; b=c d", NULL);
    check("a; b=c; B=d", NULL);
}

static void extended_values(void **state UNUSED) {
    check("a; b*=UTF-8''caf%c3%a9%0a", "a|b=caf\xc3\xa9\n");
    check("a; b*=us-ascii'en'x", "a|b=x");
    check("a; b*=latin1''x", NULL);
    check("a; b*=UTF-8'x", NULL);
    check("a; b*=UTF-8''%zz", NULL);
    check("a; b*=UTF-8''%00", NULL);
}

static void there_is_a_limit(void **state UNUSED) {
    AUTO_BUFFER struct buffer value = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_BUFFER struct buffer expected = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&value, "a");
    buffer_add_string(&expected, "a");
    for (size_t i = 0; i < MEDIA_TYPE_PARAMETERS_MAX; i++) {
        buffer_printf(&value, ";n%zu=v", i);
        buffer_printf(&expected, "|n%zu=v", i);
    }
    check(buffer_text(&value), buffer_text(&expected));
    buffer_add_string(&value, ";more=v");
    check(buffer_text(&value), NULL);
}

static void looks_up(void **state UNUSED) {
    AUTO_MEDIA_TYPE struct media_type parsed;
    assert_true(media_type_parse("form-data; name=\"files\"; filename=\"/a b\"", &parsed));
    assert_string_equal(media_type_get(&parsed, "filename"), "/a b");
    assert_null(media_type_get(&parsed, "file"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(types), cmocka_unit_test(parameters),
                                       cmocka_unit_test(extended_values), cmocka_unit_test(there_is_a_limit),
                                       cmocka_unit_test(looks_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
