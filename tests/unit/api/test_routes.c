// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "api/routes_internal.h"

static void paths_lead_to_routes(void **state UNUSED) {
    struct route_match match;
    const struct route *route = route_find("/v1/changes/7/wait", &match);
    assert_non_null(route);
    assert_string_equal(route->pattern, "/v1/changes/{id}/wait");
    assert_int_equal(match.count, 1);
    assert_string_equal(match.values[0], "7");
    assert_null(route_find("/v1/changes/7/wait/", &match));
    assert_null(route_find("/V1/changes", &match));
    assert_null(route_find("/", &match));
}

static void methods_have_access_levels_of_their_own(void **state UNUSED) {
    struct route_match match;
    const struct route *services = route_find("/v1/services", &match);
    enum route_access access;
    assert_ptr_equal(route_handler(services, "GET", &access), api_get_services);
    assert_int_equal(access, FOR_READERS);
    assert_ptr_equal(route_handler(services, "POST", &access), api_post_services);
    assert_int_equal(access, FOR_ADMINS);
    assert_null(route_handler(services, "HEAD", &access));
    assert_null(route_handler(services, "get", &access));
    assert_null(route_handler(route_find("/v1/plan", &match), "POST", &access));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_to_routes),
        cmocka_unit_test(methods_have_access_levels_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
