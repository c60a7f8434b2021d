// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/memory.h"
#include "wire/url.h"

static char *or_dash(const char *text) {
    return memory_string(text != NULL ? text : "-");
}

// "scheme user password host port path"
static void check(const char *text, const char *expected) {
    AUTO_ERROR struct error err = {0};
    struct url url;
    assert_true(url_parse(text, &url, &err));
    AUTO_FREE char *user = or_dash(url.user);
    AUTO_FREE char *password = or_dash(url.password);
    AUTO_FREE char *shown =
        memory_printf("%s %s %s %s %d %s", url.scheme, user, password, url.host, url.port, url.path);
    assert_string_equal(shown, expected);
    url_finish(&url);
}

static void check_refused(const char *text, const char *message) {
    AUTO_ERROR struct error err = {0};
    struct url url = {.port = 77};
    assert_false(url_parse(text, &url, &err));
    assert_string_equal(error_text(&err), message);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_int_equal(url.port, 77);
    assert_false(url_parse(text, &url, NULL));
}

static void whole_urls(void **state UNUSED) {
    check("http://example.com", "http - - example.com 80 /");
    check("HTTPS://Example.com:8443/a%2Fb?c=d&e#f%", "https - - Example.com 8443 /a%2Fb?c=d&e");
    check("https://h?q", "https - - h 443 /?q");
    check("http://h:/x", "http - - h 80 /x");
    check("http://:8080/x", "http - - localhost 8080 /x");
    check("http://[::1]:81/x", "http - - ::1 81 /x");
    check("http://[fe80::1%25eth0]/", "http - - fe80::1%eth0 80 /");
    check("http://u:p%40:w@h/", "http u p@:w h 80 /");
    check("http://u@h/", "http u - h 80 /");
    check("http://:@h/", "http   h 80 /");
    check("http://a@b@h/", "http a@b - h 80 /");
    check("http://h\xc3\xa9/\xc3\xa9 \"?a b", "http - - h\xc3\xa9 80 /%C3%A9%20%22?a%20b");
    check("tcp://h:514", "tcp - - h 514 /");
    check("udp://h", "udp - - h 0 /");
    check("unix:///run/x", "unix - -  0 /run/x");
    check("localhost:8080/x", "localhost - -  0 /8080/x");
    check("//h:1/x", " - - h 1 /x");
    check("/only/path", " - -  0 /only/path");
    check("", " - -  0 /");
}

static void bad_urls(void **state UNUSED) {
    check_refused(":x", "parse \":x\": missing protocol scheme");
    check_refused("127.0.0.1:80/x", "parse \"127.0.0.1:80/x\": first path segment in URL cannot contain colon");
    check_refused("http://a\nb/", "parse \"http://a\\nb/\": net/url: invalid control character in URL");
    check_refused("http://h:x/", "parse \"http://h:x/\": invalid port \":x\" after host");
    check_refused("http://h:65536/", "parse \"http://h:65536/\": invalid port \":65536\" after host");
    check_refused("http://h:99999999999999/",
                  "parse \"http://h:99999999999999/\": invalid port \":99999999999999\" after host");
    check_refused("http://[::1", "parse \"http://[::1\": missing ']' in host");
    check_refused("http://[::1]x", "parse \"http://[::1]x\": invalid port \"x\" after host");
    check_refused("http://a b/", "parse \"http://a b/\": invalid character \" \" in host name");
    check_refused("http://[a,b]/", "parse \"http://[a,b]/\": invalid character \",\" in host name");
    check_refused("http://h%41/", "parse \"http://h%41/\": invalid URL escape \"%41\"");
    check_refused("http://h%4/", "parse \"http://h%4/\": invalid URL escape \"%4\"");
    check_refused("http://h/%zz#f", "parse \"http://h/%zz\": invalid URL escape \"%zz\"");
    check_refused("http://u%zz@h/", "parse \"http://u%zz@h/\": invalid URL escape \"%zz\"");
    check_refused("http://u%00@h/", "parse \"http://u%00@h/\": net/url: invalid userinfo");
    check_refused("http://u<@h/", "parse \"http://u<@h/\": net/url: invalid userinfo");
    check_refused("http:///x", "parse \"http:///x\": no Host in request URL");
    check_refused("https:x", "parse \"https:x\": no Host in request URL");
}

static void resolve(const struct url *base, const char *reference, const char *expected) {
    AUTO_ERROR struct error err = {0};
    struct url url;
    if (!url_resolve(base, reference, &url, &err))
        fail_msg("%s: %s", reference, error_text(&err));
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    url_add_text(&text, &url);
    assert_string_equal(buffer_text(&text), expected);
    url_finish(&url);
}

// RFC 3986 sections 5.4.1 and 5.4.2, but for what concerns fragments, which are dropped.
static void references(void **state UNUSED) {
    static const char *const cases[][2] = {
        {"g:h", "g:///h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"//h:8080/x/../y//z?q", "http://h:8080/y//z?q"},
        {"https://h/a/./b/../c d", "https://h/a/c%20d"},
    };
    struct url base;
    assert_true(url_parse("http://a/b/c/d;p?q", &base, NULL));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        resolve(&base, cases[i][0], cases[i][1]);
    url_finish(&base);
}

static void references_keep_host_and_user(void **state UNUSED) {
    struct url base;
    struct url url;
    assert_true(url_parse("http://u:p@[::1]:81", &base, NULL));
    assert_true(url_resolve(&base, "x?a b", &url, NULL));
    assert_string_equal(url.user, "u");
    assert_string_equal(url.password, "p");
    assert_string_equal(url.host, "::1");
    assert_int_equal(url.port, 81);
    assert_string_equal(url.path, "/x?a%20b");
    url_finish(&url);
    assert_true(url_resolve(&base, "//v@h", &url, NULL));
    assert_string_equal(url.user, "v");
    assert_null(url.password);
    assert_string_equal(url.host, "h");
    assert_int_equal(url.port, 80);
    assert_false(url.has_port);
    url_finish(&url);
    url_finish(&base);
}

static void bad_references(void **state UNUSED) {
    static const char *const cases[][2] = {
        {"1:b", "parse \"1:b\": first path segment in URL cannot contain colon"},
        {":x", "parse \":x\": missing protocol scheme"},
        {"/a\nb", "parse \"/a\\nb\": net/url: invalid control character in URL"},
        {"a%zz#f", "parse \"a%zz\": invalid URL escape \"%zz\""},
        {"//h:x/", "parse \"http://h:x/\": invalid port \":x\" after host"},
        {"http:///x", "parse \"http:///x\": no Host in request URL"},
    };
    struct url base;
    assert_true(url_parse("http://a/", &base, NULL));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_ERROR struct error err = {0};
        struct url url = {.port = 77};
        assert_false(url_resolve(&base, cases[i][0], &url, &err));
        assert_string_equal(error_text(&err), cases[i][1]);
        assert_int_equal(url.port, 77);
    }
    url_finish(&base);
}

// "path query host"
static void check_target(const char *text, const char *expected) {
    struct url_target target;
    assert_true(url_target_parse(text, strlen(text), &target));
    AUTO_FREE char *host = or_dash(target.host);
    AUTO_FREE char *shown = memory_printf("%s %s %s", target.path, target.raw_query, host);
    assert_string_equal(shown, expected);
    assert_int_equal(target.path_length, strlen(target.path));
    url_target_finish(&target);
}

static void targets(void **state UNUSED) {
    check_target("/", "/  -");
    check_target("*", "*  -");
    check_target("//v1//x/../%2e", "//v1//x/../.  -");
    check_target("/%68%65?a=%zz&b?c#d", "/he a=%zz&b?c#d -");
    check_target("/?", "/  -");
    check_target("/a+b%2Fc", "/a+b/c  -");
    check_target("http://h:80/x?y", "/x y h:80");
    check_target("http://u:p@[::1]?y", "/ y [::1]");
    check_target("https://h", "/  h");
    struct url_target target;
    assert_true(url_target_parse("/a%00b", 6, &target));
    assert_int_equal(target.path_length, 4);
    url_target_finish(&target);
}

static void bad_targets(void **state UNUSED) {
    static const char *const bad[] = {"",      "x",         "**",          "*/",         "?a",          "/%zz",
                                      "/%4",   "/a b",      "/a\t",        "/\x7f",      "http:/x",     "http:x",
                                      "://h/", "http:///x", "http://h:x/", "http://a%/", "http://h/%z", "h:80"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct url_target target = {.path_length = 77};
        assert_false(url_target_parse(bad[i], strlen(bad[i]), &target));
        assert_int_equal(target.path_length, 77);
    }
    struct url_target target;
    assert_false(url_target_parse("/\0", 2, &target));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_urls),     cmocka_unit_test(bad_urls),
        cmocka_unit_test(references),     cmocka_unit_test(references_keep_host_and_user),
        cmocka_unit_test(bad_references), cmocka_unit_test(targets),
        cmocka_unit_test(bad_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
