// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const char gates[] = "checks:\n"
                            "  beta: {override: replace, level: ready, threshold: 2, exec: {command: x}}\n"
                            "  alpha: {override: replace, startup: disabled, exec: {command: x}}\n";

static void checks_are_listed(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1/checks", "", 200, "\"result\":[]");
    fixture_add_layer(&fixture, gates);
    assert_response(&fixture, "GET /v1/checks", "", 200,
                    "\"result\":[{\"name\":\"alpha\",\"startup\":\"disabled\",\"status\":\"inactive\",\"successes\":0,"
                    "\"threshold\":3},{\"name\":\"beta\",\"level\":\"ready\",\"startup\":\"enabled\",\"status\":\"up\","
                    "\"successes\":0,\"threshold\":2,\"change-id\":\"1\"}]");
    assert_response(&fixture, "GET /v1/checks?level=alive", "", 200, "\"result\":[]");
    assert_response(&fixture, "GET /v1/checks?level=&names=nut,alpha", "", 200, "\"result\":[{\"name\":\"alpha\"");
    assert_response(&fixture, "GET /v1/checks?level=Ready", "", 400, "level must be \\\"alive\\\" or \\\"ready\\\"");
    fixture_end(&fixture);
}

static void checks_are_started_and_stopped(void **unused UNUSED) {
    static const struct {
        const char *body;
        int status;
        const char *piece;
    } cases[] = {
        {"{\"action\":\"start\",\"checks\":[\"beta\",\"alpha\"]}", 200, "\"result\":{\"changed\":[\"alpha\"]}"},
        {"{\"action\":\"start\",\"checks\":[\"alpha\"]}", 200, "\"result\":{\"changed\":[]}"},
        {"{\"action\":\"stop\",\"checks\":[\"beta\",\"alpha\",\"beta\"]}", 200, "{\"changed\":[\"alpha\",\"beta\"]}"},
        {"{\"action\":\"start\",\"checks\":[]}", 400, "must specify checks for start action"},
        {"{\"action\":\"flip\"}", 400, "must specify checks for flip action"},
        {"{\"action\":\"flip\",\"checks\":[\"alpha\"]}", 400, "invalid action \\\"flip\\\""},
        {"{\"action\":\"start\",\"checks\":[\"z\",\"alpha\",\"g\"]}", 400,
         "\"cannot start checks: cannot find checks in plan: g, z\""},
        {"{\"action\":\"start\",\"checks\":3}", 400, "cannot decode data from request body: "},
        {"not json", 400, "cannot decode data from request body: "},
    };
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, gates);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_response(&fixture, "POST /v1/checks", cases[i].body, cases[i].status, cases[i].piece);
    fixture_end(&fixture);
}

static void a_stop_is_a_security_event(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, gates);
    assert_response(&fixture, "POST /v1/checks", "{\"action\":\"stop\",\"checks\":[\"beta\"]}", 200, "beta");
    AUTO_FREE char *event = memory_printf(
        "\"level\":\"WARN\",\"event\":\"sys_monitor_disabled:%u,beta\",\"description\":\"Stopping check beta\"",
        getuid());
    assert_non_null(strstr(buffer_text(&fixture.log), event));
    fixture_end(&fixture);
}

static void a_refresh_gets_the_result(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, gates);
    loop_run_pending(fixture.loop);
    assert_response(
        &fixture, "POST /v1/checks/refresh", "{\"name\":\"beta\"}", 200,
        "\"result\":{\"info\":{\"name\":\"beta\",\"level\":\"ready\",\"startup\":\"enabled\",\"status\":\"up\","
        "\"successes\":1,\"threshold\":2,\"change-id\":\"1\"}}");
    fixture.probe_outcome = "bad";
    assert_response(&fixture, "POST /v1/checks/refresh", "{\"name\":\"beta\"}", 200,
                    "\"failures\":1,\"threshold\":2,\"change-id\":\"1\"},\"error\":\"bad; more\"}");
    assert_response(&fixture, "POST /v1/checks/refresh", "{\"name\":\"nope\"}", 404,
                    "cannot find check with name \\\"nope\\\"");
    assert_response(&fixture, "POST /v1/checks/refresh", "{}", 400, "must specify check name");
    assert_response(&fixture, "POST /v1/checks/refresh", "{", 400, "cannot decode data from request body: ");
    assert_response(&fixture, "GET /v1/checks/refresh", "", 405, "method \\\"GET\\\" not allowed");
    fixture_end(&fixture);
}

static void a_client_may_disconnect_during_a_refresh(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, gates);
    fixture.probe_outcome = "hang";
    int fd = fixture_connect(&fixture);
    fixture_send(fd, "POST", "/v1/checks/refresh", "{\"name\":\"alpha\"}");
    while (list_is_empty(&fixture.api->calls) ||
           LIST_ITEM(fixture.api->calls.next, struct api_call, link)->kept == NULL)
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    (void)close(fd);
    while (fixture.probes_cancelled == 0)
        uv_run(loop_uv(fixture.loop), UV_RUN_ONCE);
    assert_true(list_is_empty(&fixture.api->calls));
    fixture_end(&fixture);
}

static void a_refresh_ends_with_the_daemon(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, gates);
    fixture.probe_outcome = "hang";
    int fd = fixture_connect(&fixture);
    fixture_send(fd, "POST", "/v1/checks/refresh", "{\"name\":\"alpha\"}");
    while (list_is_empty(&fixture.api->calls) ||
           LIST_ITEM(fixture.api->calls.next, struct api_call, link)->kept == NULL)
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    check_manager_stop_all(fixture.checks);
    AUTO_FREE char *response = fixture_receive(&fixture, fd);
    assert_true(text_has_prefix(response, "HTTP/1.1 503 "));
    fixture_end(&fixture);
}

static void a_replan_starts_enabled_checks(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, gates);
    assert_response(&fixture, "POST /v1/checks", "{\"action\":\"stop\",\"checks\":[\"beta\"]}", 200, "beta");
    assert_response(&fixture, "GET /v1/checks?names=beta", "", 200, "\"status\":\"inactive\"");
    assert_response(&fixture, "POST /v1/services", "{\"action\":\"replan\"}", 202, "");
    assert_response(&fixture, "GET /v1/checks?names=beta", "", 200, "\"status\":\"up\"");
    assert_response(&fixture, "GET /v1/checks?names=alpha", "", 200, "\"status\":\"inactive\"");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_are_listed),
        cmocka_unit_test(checks_are_started_and_stopped),
        cmocka_unit_test(a_stop_is_a_security_event),
        cmocka_unit_test(a_refresh_gets_the_result),
        cmocka_unit_test(a_client_may_disconnect_during_a_refresh),
        cmocka_unit_test(a_refresh_ends_with_the_daemon),
        cmocka_unit_test(a_replan_starts_enabled_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
