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
        cmocka_unit_test(whole_urls),
        cmocka_unit_test(bad_urls),
        cmocka_unit_test(targets),
        cmocka_unit_test(bad_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
