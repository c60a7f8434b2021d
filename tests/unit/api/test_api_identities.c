// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#define PATH "/v1/identities"
#define ANN "\"ann\":{\"access\":\"read\",\"local\":{\"user-id\":4321}}"

static void assert_log(const struct fixture *fixture, const char *event, bool is_logged) {
    AUTO_FREE char *text = memory_printf("\"event\":\"%s\"", event);
    if ((strstr(buffer_text(&fixture->log), text) != NULL) != is_logged)
        fail_msg("%s in\n%s", event, buffer_text(&fixture->log));
}

static void identities_are_changed_and_shown(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *added = memory_printf("user_created:%u,ann,read", getuid());
    AUTO_FREE char *removed = memory_printf("user_deleted:%u,ann", getuid());
    assert_response(&fixture, "GET " PATH, "", 200, "\"result\":{}");
    assert_response(&fixture, "POST " PATH, "{\"action\":\"add\",\"identities\":{" ANN "}}", 200,
                    "\r\n\r\n{\"type\":\"sync\",\"status-code\":200,\"status\":\"OK\"}");
    assert_log(&fixture, added, true);
    assert_response(&fixture, "GET " PATH, "", 200, "\"result\":{" ANN "}");
    assert_response(&fixture, "POST " PATH, "{\"action\":\"remove\",\"identities\":{\"ann\":null}}", 200, "OK");
    assert_log(&fixture, removed, true);
    assert_response(&fixture, "GET " PATH, "", 200, "\"result\":{}");
    assert_response(&fixture, "POST " PATH, "{\"action\":\"add\"}", 200, "OK");
    fixture_end(&fixture);
}

static void mistakes_are_refused(void **state UNUSED) {
    static const struct {
        const char *body, *message;
    } cases[] = {
        {"", "cannot decode request body: EOF"},
        {"{\"action\":1,\"identities\":{\"ann\":{}}}", "cannot decode request body: json: cannot unmarshal number"},
        {"{\"action\":\"add\",\"identities\":[]}", "cannot decode request body: json: cannot unmarshal array"},
        {"{\"action\":\"add\",\"identities\":{\"ann\":\"read\"}}",
         "cannot decode request body: json: cannot unmarshal"},
        {"{\"action\":\"x\",\"identities\":{\"ann\":{}}}", "invalid identity for \\\"ann\\\": access value must be"},
        {"{\"action\":\"x\",\"identities\":{" ANN "}}",
         "invalid action \\\"x\\\", must be \\\"add\\\", \\\"update\\\", \\\"replace\\\", or \\\"remove\\\""},
        {"{\"identities\":{" ANN "}}", "invalid action \\\"\\\", must be"},
    };
    struct fixture fixture;
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_response(&fixture, "POST " PATH, cases[i].body, 400, cases[i].message);
    assert_null(strstr(buffer_text(&fixture.log), "\"event\":\"user_"));
    fixture_end(&fixture);
}

static void refused_payloads_are_not_logged(void **state UNUSED) {
    static const char *const bodies[] = {
        "{\"action\":\"remove\",\"identities\":{" ANN "}}",
        "{\"action\":\"add\",\"identities\":{\"zed\":null," ANN "}}",
        "{\"action\":\"update\",\"identities\":{" ANN ",\"zed\":null}}",
    };
    struct fixture fixture;
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++)
        assert_response(&fixture, "POST " PATH, bodies[i], 400, "be null for");
    assert_null(strstr(buffer_text(&fixture.log), "\"event\":\"user_"));
    fixture_end(&fixture);
}

static void attempts_are_logged(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *updated = memory_printf("user_updated:%u,ann,read", getuid());
    assert_response(&fixture, "POST " PATH, "{\"action\":\"update\",\"identities\":{" ANN "}}", 400,
                    "identities do not exist: ann");
    assert_log(&fixture, updated, true);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_changed_and_shown),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(refused_payloads_are_not_logged),
        cmocka_unit_test(attempts_are_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
