// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#define ADD(label, layer) "{\"action\":\"add\",\"format\":\"yaml\",\"label\":\"" label "\",\"layer\":\"" layer "\"}"

static void layers_become_the_plan(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1/plan?format=yaml", "", 200, "\"result\":\"{}\\n\"");
    assert_response(&fixture, "POST /v1/layers", ADD("one", "services: {a: {override: replace, command: sleep 1}}"),
                    200, "\"result\":true");
    assert_response(&fixture, "GET /v1/plan?format=yaml", "", 200,
                    "\"result\":\"services:\\n    a:\\n        override: replace\\n        command: sleep 1\\n\"");
    assert_non_null(strstr(buffer_text(&fixture.log), "Adding layer one"));
    fixture_end(&fixture);
}

static void refused_layers_change_nothing(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "POST /v1/layers", "{\"action\":\"remove\",\"label\":\"\"}", 400,
                    "invalid action \\\"remove\\\"");
    assert_response(&fixture, "POST /v1/layers", "{\"action\":\"add\",\"format\":\"x\"}", 400, "label must be set");
    assert_response(&fixture, "POST /v1/layers", "{\"action\":\"add\",\"label\":\"x\",\"format\":\"json\"}", 400,
                    "invalid format \\\"json\\\"");
    assert_response(&fixture, "POST /v1/layers", ADD("one", "nonsense: 1"), 400,
                    "\"message\":\"cannot parse layer YAML: ");
    assert_response(&fixture, "POST /v1/layers", ADD("one", "services: {a: {override: replace}}"), 400, "a");
    assert_response(&fixture, "GET /v1/plan?format=yaml", "", 200, "\"result\":\"{}\\n\"");
    assert_response(&fixture, "GET /v1/plan", "", 400, "invalid format \\\"\\\"");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_become_the_plan),
        cmocka_unit_test(refused_layers_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
