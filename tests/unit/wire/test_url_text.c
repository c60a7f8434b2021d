// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/url.h"

static void check(const char *text, const char *authority, const char *whole) {
    struct url url;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(url_parse(text, &url, NULL));
    url_add_authority(&out, &url);
    assert_string_equal(buffer_text(&out), authority);
    buffer_clear(&out);
    url_add_text(&out, &url);
    assert_string_equal(buffer_text(&out), whole);
    url_finish(&url);
}

static void urls_become_text(void **state UNUSED) {
    check("http://h", "h", "http://h/");
    check("HTTP://H:80/a%2fb?c#d", "H:80", "http://H:80/a%2fb?c");
    check("http://u:p@h:8080/", "h:8080", "http://h:8080/");
    check("https://[::1]:443/x", "[::1]:443", "https://[::1]:443/x");
    check("http://[fe80::1%25eth0]/", "[fe80::1]", "http://[fe80::1]/");
    check("http://h\xc3\xa9/", "h%C3%A9", "http://h%C3%A9/");
    check("http://h%C3%A9/", "h%C3%A9", "http://h%C3%A9/");
    check("http://:81/", "localhost:81", "http://localhost:81/");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_become_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
