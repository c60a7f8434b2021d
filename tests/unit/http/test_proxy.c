// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"

// "host:port" of the proxy for a URL, "direct" without one.
static char *route(const struct proxy_settings *settings, const char *text) {
    struct url url;
    assert_true(url_parse(text, &url, NULL));
    const struct url *proxy = proxy_for(settings, &url);
    char *shown = proxy != NULL ? memory_printf("%s:%d", proxy->host, proxy->port) : memory_string("direct");
    url_finish(&url);
    return shown;
}

static void check_proxy(const char *http_proxy, const char *expected) {
    struct proxy_settings *settings = proxy_settings_create(http_proxy, NULL, NULL);
    AUTO_FREE char *shown = route(settings, "http://example.com/");
    assert_string_equal(shown, expected);
    proxy_settings_destroy(settings);
}

static void check_direct(const char *no_proxy, const char *url, bool is_direct) {
    struct proxy_settings *settings = proxy_settings_create("http://proxy:3128", NULL, no_proxy);
    AUTO_FREE char *shown = route(settings, url);
    if (is_direct != (shown[0] == 'd'))
        fail_msg("NO_PROXY=%s %s: %s", no_proxy, url, shown);
    proxy_settings_destroy(settings);
}

static void proxies_have_several_forms(void **state UNUSED) {
    check_proxy(NULL, "direct");
    check_proxy("", "direct");
    check_proxy("http://proxy:3128", "proxy:3128");
    check_proxy("http://proxy", "proxy:80");
    check_proxy("proxy:3128", "proxy:3128");
    check_proxy("proxy", "proxy:80");
    check_proxy("10.0.0.1:3128", "10.0.0.1:3128");
    check_proxy("http://[::1]:3128/", "::1:3128");
    check_proxy("user:secret@proxy:3128", "proxy:3128");
    check_proxy("http://no\nurl", "direct");
    check_proxy("http://proxy:99999", "direct");
}

static void local_addresses_are_direct(void **state UNUSED) {
    check_direct(NULL, "http://localhost/", true);
    check_direct(NULL, "http://LocalHost:8080/", true);
    check_direct(NULL, "http://127.0.0.1/", true);
    check_direct(NULL, "http://127.9.9.9/", true);
    check_direct(NULL, "http://[::1]:8080/", true);
    check_direct(NULL, "http://[::ffff:127.0.0.1]/", true);
    check_direct(NULL, "http://128.0.0.1/", false);
    check_direct(NULL, "http://[::2]/", false);
    check_direct(NULL, "http://localhost.example.com/", false);
    check_direct(NULL, "http://example.com/", false);
}

static void names_are_excluded(void **state UNUSED) {
    check_direct("example.com", "http://example.com/", true);
    check_direct("example.com", "http://EXAMPLE.com:8080/", true);
    check_direct("example.com", "http://www.example.com/", true);
    check_direct("example.com", "http://notexample.com/", false);
    check_direct("example.com", "http://example.com.org/", false);
    check_direct(".example.com", "http://example.com/", false);
    check_direct(".example.com", "http://www.example.com/", true);
    check_direct("*.example.com", "http://example.com/", false);
    check_direct("*.example.com", "http://a.b.example.com/", true);
    check_direct(" a.org ,\tExample.COM,,b.org", "http://example.com/", true);
    check_direct(" a.org ,\tExample.COM,,b.org", "http://c.org/", false);
    check_direct("", "http://example.com/", false);
    check_direct(",", "http://example.com/", false);
}

static void ports_are_excluded(void **state UNUSED) {
    check_direct("example.com:80", "http://example.com/", true);
    check_direct("example.com:80", "http://example.com:8080/", false);
    check_direct("example.com:8080", "http://www.example.com:8080/", true);
    check_direct(".example.com:8080", "http://www.example.com/", false);
    check_direct("example.com:", "http://example.com:8080/", true);
    check_direct("example.com:x", "http://example.com/", false);
    check_direct("example.com:99999", "http://example.com/", false);
    check_direct(":80", "http://example.com/", false);
    check_direct("10.0.0.1:80", "http://10.0.0.1/", true);
    check_direct("10.0.0.1:80", "http://10.0.0.1:81/", false);
    check_direct("[2001:db8::1]:80", "http://[2001:db8::1]/", true);
    check_direct("[2001:db8::1]:80", "http://[2001:db8::1]:81/", false);
}

static void addresses_are_excluded(void **state UNUSED) {
    check_direct("10.0.0.1", "http://10.0.0.1:81/", true);
    check_direct("10.0.0.1", "http://10.0.0.2/", false);
    check_direct("10.0.0.1", "http://[::ffff:10.0.0.1]/", true);
    check_direct("2001:db8::1", "http://[2001:DB8:0::1]/", true);
    check_direct("2001:db8::1", "http://[2001:db8::2]/", false);
    check_direct("10.0.0.0/8", "http://10.255.255.255/", true);
    check_direct("10.0.0.0/8", "http://11.0.0.0/", false);
    check_direct("10.1.2.3/8", "http://10.0.0.0/", true);
    check_direct("192.168.4.0/22", "http://192.168.7.255/", true);
    check_direct("192.168.4.0/22", "http://192.168.8.0/", false);
    check_direct("10.0.0.1/32", "http://10.0.0.1/", true);
    check_direct("10.0.0.1/32", "http://10.0.0.0/", false);
    check_direct("0.0.0.0/0", "http://1.2.3.4/", true);
    check_direct("0.0.0.0/0", "http://[2001:db8::1]/", false);
    check_direct("0.0.0.0/0", "http://example.com/", false);
    check_direct("2001:db8::/33", "http://[2001:db8:7fff::1]/", true);
    check_direct("2001:db8::/33", "http://[2001:db8:8000::1]/", false);
    check_direct("::/0", "http://[2001:db8::1]/", true);
    check_direct("::/0", "http://1.2.3.4/", false);
    check_direct("10.0.0.0/33", "http://10.0.0.0/", false);
    check_direct("10.0.0.0/", "http://10.0.0.0/", false);
    check_direct("10.0.0.0/x", "http://10.0.0.0/", false);
}

static void all_is_excluded(void **state UNUSED) {
    check_direct("*", "http://example.com/", true);
    check_direct("a.org, *", "http://1.2.3.4:81/", true);
    check_direct("**", "http://example.com/", false);
}

static void schemes_have_their_own_proxies(void **state UNUSED) {
    struct proxy_settings *settings = proxy_settings_create("plain", "secure:3128", "excluded.com:443,other.com:80");
    static const struct {
        const char *url, *expected;
    } cases[] = {
        {"http://example.com/", "plain:80"},   {"https://example.com/", "secure:3128"},
        {"http://excluded.com/", "plain:80"},  {"https://excluded.com/", "direct"},
        {"https://other.com/", "secure:3128"}, {"https://other.com:80/", "direct"},
        {"https://localhost/", "direct"},      {"https://127.0.0.1:8443/", "direct"},
        {"https://[::1]/", "direct"},          {"https://10.0.0.1/", "secure:3128"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *shown = route(settings, cases[i].url);
        assert_string_equal(shown, cases[i].expected);
    }
    proxy_settings_destroy(settings);
    settings = proxy_settings_create("plain", NULL, NULL);
    AUTO_FREE char *shown = route(settings, "https://example.com/");
    assert_string_equal(shown, "direct");
    proxy_settings_destroy(settings);
}

static void check_environment(const char *expected) {
    struct proxy_settings *settings = proxy_settings_from_environment();
    AUTO_FREE char *first = route(settings, "http://example.com/");
    AUTO_FREE char *second = route(settings, "http://excluded.com/");
    AUTO_FREE char *third = route(settings, "https://example.com/");
    AUTO_FREE char *shown = memory_printf("%s %s %s", first, second, third);
    assert_string_equal(shown, expected);
    proxy_settings_destroy(settings);
}

static void the_environment_is_read(void **state UNUSED) {
    static const char *const names[] = {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY",   "https_proxy",
                                        "NO_PROXY",   "no_proxy",   "REQUEST_METHOD"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        (void)unsetenv(names[i]);
    check_environment("direct direct direct");
    (void)setenv("http_proxy", "lower:1", 1);
    check_environment("lower:1 lower:1 direct");
    (void)setenv("HTTP_PROXY", "", 1);
    check_environment("lower:1 lower:1 direct");
    (void)setenv("HTTP_PROXY", "upper:2", 1);
    check_environment("upper:2 upper:2 direct");
    (void)setenv("no_proxy", "excluded.com", 1);
    check_environment("upper:2 direct direct");
    (void)setenv("NO_PROXY", "other.com", 1);
    check_environment("upper:2 upper:2 direct");
    (void)setenv("https_proxy", "lower:3", 1);
    check_environment("upper:2 upper:2 lower:3");
    (void)setenv("HTTPS_PROXY", "upper:4", 1);
    check_environment("upper:2 upper:2 upper:4");
    (void)setenv("REQUEST_METHOD", "GET", 1);
    check_environment("direct direct upper:4");
    proxy_settings_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies_have_several_forms),
        cmocka_unit_test(local_addresses_are_direct),
        cmocka_unit_test(names_are_excluded),
        cmocka_unit_test(ports_are_excluded),
        cmocka_unit_test(addresses_are_excluded),
        cmocka_unit_test(all_is_excluded),
        cmocka_unit_test(schemes_have_their_own_proxies),
        cmocka_unit_test(the_environment_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
