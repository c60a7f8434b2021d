// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "charm/hook_internal.h"
#include "client/errors.h"

static struct text_list environment_of(const char *const *items) {
    struct text_list list = {0};
    for (size_t i = 0; items[i] != NULL; i++)
        text_list_add(&list, items[i]);
    return list;
}

static void variables_are_found(void **state UNUSED) {
    const char *const items[] = {"AB=1", "A=2", "A=3", "EMPTY=", "B", NULL};
    AUTO_TEXT_LIST struct text_list list = environment_of(items);
    assert_string_equal(charm_variable(&list, "A"), "2");
    assert_string_equal(charm_variable(&list, "AB"), "1");
    assert_null(charm_variable(&list, "EMPTY"));
    assert_null(charm_variable(&list, "B"));
    assert_null(charm_variable(&list, "C"));
}

static void assert_event(const char *const *items, const char *event, enum pebble_charm_kind kind,
                         const char *workload) {
    AUTO_TEXT_LIST struct text_list list = environment_of(items);
    struct charm_hook hook;
    assert_true(charm_hook_init(&hook, &list, NULL));
    assert_string_equal(hook.event, event);
    assert_int_equal(hook.kind, kind);
    if (workload != NULL)
        assert_string_equal(hook.workload, workload);
    else
        assert_null(hook.workload);
    charm_hook_finish(&hook);
}

static void assert_hook(const char *name, enum pebble_charm_kind kind, const char *workload) {
    char path[100] = "JUJU_DISPATCH_PATH=hooks/";
    const char *const items[] = {strncat(path, name, sizeof path - strlen(path) - 1), NULL};
    assert_event(items, name, kind, workload);
}

static void plain_events_have_kinds(void **state UNUSED) {
    assert_hook("install", PEBBLE_CHARM_INSTALL, NULL);
    assert_hook("start", PEBBLE_CHARM_START, NULL);
    assert_hook("config-changed", PEBBLE_CHARM_CONFIG_CHANGED, NULL);
    assert_hook("update-status", PEBBLE_CHARM_UPDATE_STATUS, NULL);
    assert_hook("stop", PEBBLE_CHARM_STOP, NULL);
    assert_hook("remove", PEBBLE_CHARM_REMOVE, NULL);
    assert_hook("upgrade-charm", PEBBLE_CHARM_UPGRADE_CHARM, NULL);
    assert_hook("leader-elected", PEBBLE_CHARM_LEADER_ELECTED, NULL);
    assert_hook("leader-settings-changed", PEBBLE_CHARM_LEADER_SETTINGS_CHANGED, NULL);
    assert_hook("db-relation-joined", PEBBLE_CHARM_OTHER, NULL);
}

static void events_of_containers_have_a_workload(void **state UNUSED) {
    const char *const other[] = {"JUJU_DISPATCH_PATH=hooks/web-pebble-ready", "JUJU_WORKLOAD_NAME=other", NULL};
    const char *const unknown[] = {"JUJU_HOOK_NAME=a-b-pebble-new", "JUJU_WORKLOAD_NAME=a-b", NULL};
    const char *const relation[] = {"JUJU_HOOK_NAME=web-relation-joined", "JUJU_WORKLOAD_NAME=web", NULL};
    assert_hook("web-pebble-ready", PEBBLE_CHARM_PEBBLE_READY, "web");
    assert_hook("a-b-pebble-custom-notice", PEBBLE_CHARM_PEBBLE_CUSTOM_NOTICE, "a-b");
    assert_hook("web-pebble-check-failed", PEBBLE_CHARM_PEBBLE_CHECK_FAILED, "web");
    assert_hook("web-pebble-check-recovered", PEBBLE_CHARM_PEBBLE_CHECK_RECOVERED, "web");
    assert_hook("-pebble-ready", PEBBLE_CHARM_OTHER, NULL);
    assert_event(other, "web-pebble-ready", PEBBLE_CHARM_PEBBLE_READY, "web");
    assert_event(unknown, "a-b-pebble-new", PEBBLE_CHARM_OTHER, "a-b");
    assert_event(relation, "web-relation-joined", PEBBLE_CHARM_OTHER, NULL);
}

static void actions_are_no_events(void **state UNUSED) {
    const char *const path[] = {"JUJU_DISPATCH_PATH=actions/install", "JUJU_WORKLOAD_NAME=x", NULL};
    const char *const name[] = {"JUJU_DISPATCH_PATH=", "JUJU_ACTION_NAME=install", "JUJU_HOOK_NAME=x", NULL};
    assert_event(path, "install", PEBBLE_CHARM_ACTION, NULL);
    assert_event(name, "install", PEBBLE_CHARM_ACTION, NULL);
}

static void the_name_of_the_hook_is_enough(void **state UNUSED) {
    const char *const items[] = {"JUJU_HOOK_NAME=install", NULL};
    assert_event(items, "install", PEBBLE_CHARM_INSTALL, NULL);
}

static void the_app_is_in_the_unit(void **state UNUSED) {
    const char *const items[] = {"JUJU_HOOK_NAME=install", "JUJU_UNIT_NAME=my-app/12", NULL};
    AUTO_TEXT_LIST struct text_list list = environment_of(items);
    struct charm_hook hook;
    assert_true(charm_hook_init(&hook, &list, NULL));
    assert_string_equal(hook.app, "my-app");
    charm_hook_finish(&hook);
}

static void assert_refused(const char *item, const char *message) {
    const char *const items[] = {item, NULL};
    AUTO_TEXT_LIST struct text_list list = environment_of(items);
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    struct charm_hook hook;
    assert_false(charm_hook_init(&hook, &list, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, message);
}

static void other_paths_are_refused(void **state UNUSED) {
    assert_refused("JUJU_DISPATCH_PATH=install",
                   "cannot use JUJU_DISPATCH_PATH \"install\": must be hooks/EVENT or actions/NAME");
    assert_refused("JUJU_DISPATCH_PATH=hooks/",
                   "cannot use JUJU_DISPATCH_PATH \"hooks/\": must be hooks/EVENT or actions/NAME");
    assert_refused("JUJU_DISPATCH_PATH=actions/",
                   "cannot use JUJU_DISPATCH_PATH \"actions/\": must be hooks/EVENT or actions/NAME");
    assert_refused("JUJU_DISPATCH_PATH=hooks/a/b",
                   "cannot use JUJU_DISPATCH_PATH \"hooks/a/b\": must be hooks/EVENT or actions/NAME");
    assert_refused("JUJU_HOOK_NAME=a/b", "cannot use JUJU_HOOK_NAME \"a/b\": must be a name without /");
    assert_refused("JUJU_ACTION_NAME=/", "cannot use JUJU_ACTION_NAME \"/\": must be a name without /");
    assert_refused("X=", "cannot find event: JUJU_DISPATCH_PATH is not set: a charm is started by Juju");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_found),
        cmocka_unit_test(plain_events_have_kinds),
        cmocka_unit_test(events_of_containers_have_a_workload),
        cmocka_unit_test(actions_are_no_events),
        cmocka_unit_test(the_name_of_the_hook_is_enough),
        cmocka_unit_test(the_app_is_in_the_unit),
        cmocka_unit_test(other_paths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
