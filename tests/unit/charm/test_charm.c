// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <stdlib.h>

#include "base/compiler.h"
#include "client/errors.h"
#include "pebble-charm.h"

static void accessors_read_the_environment(void **state UNUSED) {
    const char *const items[] = {"JUJU_DISPATCH_PATH=hooks/web-pebble-custom-notice",
                                 "JUJU_WORKLOAD_NAME=web",
                                 "JUJU_NOTICE_ID=7",
                                 "JUJU_NOTICE_TYPE=custom",
                                 "JUJU_NOTICE_KEY=a.b/c",
                                 "JUJU_PEBBLE_CHECK_NAME=up",
                                 "JUJU_UNIT_NAME=app/3",
                                 "JUJU_MODEL_NAME=model",
                                 "JUJU_VERSION=3.6.1",
                                 "CHARM_DIR=/charm",
                                 NULL};
    struct pebble_charm *charm = NULL;
    assert_true(pebble_charm_create(items, &charm, NULL));
    assert_string_equal(pebble_charm_event(charm), "web-pebble-custom-notice");
    assert_int_equal(pebble_charm_event_kind(charm), PEBBLE_CHARM_PEBBLE_CUSTOM_NOTICE);
    assert_string_equal(pebble_charm_workload(charm), "web");
    assert_string_equal(pebble_charm_notice_id(charm), "7");
    assert_string_equal(pebble_charm_notice_type(charm), "custom");
    assert_string_equal(pebble_charm_notice_key(charm), "a.b/c");
    assert_string_equal(pebble_charm_check_name(charm), "up");
    assert_string_equal(pebble_charm_unit(charm), "app/3");
    assert_string_equal(pebble_charm_app(charm), "app");
    assert_string_equal(pebble_charm_model(charm), "model");
    assert_string_equal(pebble_charm_juju_version(charm), "3.6.1");
    assert_string_equal(pebble_charm_directory(charm), "/charm");
    assert_string_equal(pebble_charm_variable(charm, "JUJU_NOTICE_KEY"), "a.b/c");
    assert_null(pebble_charm_variable(charm, "JUJU_RELATION_ID"));
    pebble_charm_destroy(charm);
}

static void other_hooks_have_no_notice(void **state UNUSED) {
    const char *const items[] = {"JUJU_DISPATCH_PATH=hooks/start",
                                 "JUJU_WORKLOAD_NAME=web",
                                 "JUJU_NOTICE_ID=7",
                                 "JUJU_NOTICE_TYPE=custom",
                                 "JUJU_NOTICE_KEY=a.b/c",
                                 "JUJU_PEBBLE_CHECK_NAME=up",
                                 NULL};
    struct pebble_charm *charm = NULL;
    assert_true(pebble_charm_create(items, &charm, NULL));
    assert_null(pebble_charm_workload(charm));
    assert_null(pebble_charm_notice_id(charm));
    assert_null(pebble_charm_notice_type(charm));
    assert_null(pebble_charm_notice_key(charm));
    assert_null(pebble_charm_check_name(charm));
    pebble_charm_destroy(charm);
}

static void what_is_not_set_is_null(void **state UNUSED) {
    const char *const items[] = {"JUJU_HOOK_NAME=start", "CHARM_DIR=/old", "JUJU_CHARM_DIR=/new", NULL};
    struct pebble_charm *charm = NULL;
    assert_true(pebble_charm_create(items, &charm, NULL));
    assert_null(pebble_charm_workload(charm));
    assert_null(pebble_charm_notice_id(charm));
    assert_null(pebble_charm_notice_type(charm));
    assert_null(pebble_charm_notice_key(charm));
    assert_null(pebble_charm_check_name(charm));
    assert_null(pebble_charm_unit(charm));
    assert_null(pebble_charm_app(charm));
    assert_null(pebble_charm_model(charm));
    assert_null(pebble_charm_juju_version(charm));
    assert_string_equal(pebble_charm_directory(charm), "/new");
    pebble_charm_destroy(charm);
    pebble_charm_destroy(NULL);
}

static void the_programs_environment_is_the_default(void **state UNUSED) {
    struct pebble_charm *charm = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    unsetenv("JUJU_DISPATCH_PATH");
    unsetenv("JUJU_ACTION_NAME");
    unsetenv("JUJU_HOOK_NAME");
    assert_false(pebble_charm_create(NULL, &charm, &error));
    assert_null(charm);
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    setenv("JUJU_DISPATCH_PATH", "actions/x", 1);
    assert_true(pebble_charm_create(NULL, &charm, NULL));
    assert_string_equal(pebble_charm_event(charm), "x");
    pebble_charm_destroy(charm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accessors_read_the_environment),
        cmocka_unit_test(other_hooks_have_no_notice),
        cmocka_unit_test(what_is_not_set_is_null),
        cmocka_unit_test(the_programs_environment_is_the_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
