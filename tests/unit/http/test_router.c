// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/router.h"

#include "http_fixture.h"

static void fits_segment_by_segment(void **state UNUSED) {
    static const struct {
        const char *pattern, *path;
        bool fits;
    } cases[] = {
        {"/", "/", true},
        {"/v1/services", "/v1/services", true},
        {"/v1/services", "/v1/services/", false},
        {"/v1/services", "/v1/service", false},
        {"/v1/services", "/v1/servicesx", false},
        {"/v1/services", "/V1/services", false},
        {"/v1/services", "/v1", false},
        {"/v1/services", "*", false},
        {"/v1/services", "", false},
        {"/v1/changes/{id}", "/v1/changes/12", true},
        {"/v1/changes/{id}", "/v1/changes/", false},
        {"/v1/changes/{id}", "/v1/changes", false},
        {"/v1/changes/{id}", "/v1/changes/12/wait", false},
        {"/v1/changes/{id}/wait", "/v1/changes/12/wait", true},
        {"/v1/changes/{id}/wait", "/v1/changes//wait", false},
        {"/v1/tasks/{task}/websocket/{name}", "/v1/tasks/7/websocket/stdio", true},
        {"/{a}/{b}/{c}", "/1/2/3", false}, // more than a match holds
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct route_match match;
        if (route_fits(cases[i].pattern, cases[i].path, &match) != cases[i].fits)
            fail_msg("%s and %s", cases[i].pattern, cases[i].path);
    }
}

static void gives_the_values(void **state UNUSED) {
    struct route_match match;
    assert_true(route_fits("/v1/tasks/{task}/websocket/{name}", "/v1/tasks/7/websocket/st dio", &match));
    assert_int_equal(match.count, 2);
    assert_string_equal(match.values[0], "7");
    assert_string_equal(match.values[1], "st dio");
    assert_true(route_fits("/v1/tasks", "/v1/tasks", &match));
    assert_int_equal(match.count, 0);
}

static void bounds_the_values(void **state UNUSED) {
    struct route_match match;
    char path[ROUTE_PARAMETER_BYTES + 2] = "/";
    memset(path + 1, 'a', ROUTE_PARAMETER_BYTES - 1);
    assert_true(route_fits("/{id}", path, &match));
    assert_int_equal(strlen(match.values[0]), ROUTE_PARAMETER_BYTES - 1);
    path[ROUTE_PARAMETER_BYTES] = 'a';
    assert_false(route_fits("/{id}", path, &match));
}

static void redirect_or_respond(struct http_exchange *exchange, void *data UNUSED) {
    if (!route_redirect(exchange))
        respond_text(exchange, 200, http_exchange_path(exchange));
}

static void redirects_to_the_clean_path(void **state UNUSED) {
    static const struct {
        const char *target, *response;
    } cases[] = {
        {"/v1/health", "\r\n\r\n/v1/health"},
        {"/v1/health/", "\r\n\r\n/v1/health/"},
        {"//v1//health?level=alive", "Location: /v1/health?level=alive\r\n"},
        {"/v1/../v1/%2e%2e/health", "Location: /health\r\n"},
        {"/v1/./a%20b%0d%0aX:%20y", "Location: /v1/a%20b%0D%0AX:%20y\r\n"},
        {"//evil.example/..", "Location: /\r\n"},
    };
    server->exchanges.handle = redirect_or_respond;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_CLIENT struct client client = client_open();
        AUTO_FREE char *request = memory_printf("POST %s HTTP/1.1\r\nHost: x\r\n\r\n", cases[i].target);
        client_send(&client, request);
        client_expect(&client, cases[i].response);
        if (text_has_prefix(cases[i].response, "Location"))
            client_expect(&client, "Content-Length: 0\r\n\r\n");
        bool is_redirect = text_has_prefix(buffer_text(&client.got), "HTTP/1.1 301 Moved Permanently\r\n");
        assert_int_equal(is_redirect, text_has_prefix(cases[i].response, "Location"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_segment_by_segment),
        cmocka_unit_test(gives_the_values),
        cmocka_unit_test(bounds_the_values),
        cmocka_unit_test_setup_teardown(redirects_to_the_clean_path, open_server, close_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
