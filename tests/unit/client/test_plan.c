// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

static void plan_is_text(void **state UNUSED) {
    const struct fake_answer script[] = {{.result = "\"services: {}\\n\""}, {.result = "{}"}, {.result = "null"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    AUTO_FREE char *yaml = NULL;
    assert_true(pebble_get_plan(with.client, &yaml, &with.error));
    assert_string_equal(yaml, "services: {}\n");
    assert_false(pebble_get_plan(with.client, &yaml, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: not a string where one is due");
    assert_false(pebble_get_plan(with.client, &yaml, &with.error));
    with_daemon_assert_request(&with, 0, "1 GET /v1/plan?format=yaml HTTP/1.1", "");
    with_daemon_end(&with);
}

static void layers_are_added(void **state UNUSED) {
    const struct fake_answer script[] = {{.result = "true"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    const struct pebble_layer_options options = {.label = "x", .yaml = "a: \"b\"\n", .combine = true};
    assert_true(pebble_add_layer(with.client, &options, &with.error));
    with_daemon_assert_request(&with, 0, "1 POST /v1/layers HTTP/1.1",
                               "{\"action\":\"add\",\"combine\":true,\"inner\":false,\"label\":\"x\","
                               "\"format\":\"yaml\",\"layer\":\"a: \\\"b\\\"\\n\"}");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_is_text),
        cmocka_unit_test(layers_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
