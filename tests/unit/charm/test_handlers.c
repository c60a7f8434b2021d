// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <stdio.h>

#include "client/errors.h"
#include "with_tools.h"

struct calls {
    char text[32];
    bool fails;
    bool is_silent;
};

static bool note(void *data, const char *mark, struct pebble_error *error) {
    struct calls *calls = data;
    strncat(calls->text, mark, sizeof calls->text - strlen(calls->text) - 1);
    if (calls->is_silent)
        return false;
    return !calls->fails || client_fail(error, PEBBLE_ERROR_API, "no luck");
}

static bool handle_a(struct pebble_charm *charm UNUSED, void *data, struct pebble_error *error) {
    return note(data, "a", error);
}

static bool handle_b(struct pebble_charm *charm UNUSED, void *data, struct pebble_error *error) {
    return note(data, "b", error);
}

static bool handle_c(struct pebble_charm *charm UNUSED, void *data, struct pebble_error *error) {
    return note(data, "c", error);
}

static const struct pebble_charm_handler handlers[] = {
    {.event = "install", .handle = handle_a},
    {.kind = PEBBLE_CHARM_INSTALL, .handle = handle_b},
    {.kind = PEBBLE_CHARM_PEBBLE_READY, .workload = "web", .handle = handle_a},
    {.kind = PEBBLE_CHARM_PEBBLE_READY, .handle = handle_b},
    {.event = "web-pebble-ready", .workload = "db", .handle = handle_a},
    {.event = "backup", .kind = PEBBLE_CHARM_ACTION, .handle = handle_a},
    {.kind = PEBBLE_CHARM_ACTION, .handle = handle_c},
};

static int run(const char *path, struct calls *calls) {
    AUTO_FREE char *item = memory_printf("JUJU_DISPATCH_PATH=%s", path);
    const char *const items[] = {item, NULL};
    struct pebble_charm *charm = NULL;
    assert_true(pebble_charm_create(items, &charm, NULL));
    int exit_code = pebble_charm_run(charm, handlers, ARRAY_COUNT(handlers), calls);
    pebble_charm_destroy(charm);
    return exit_code;
}

static void assert_calls(const char *path, const char *expected) {
    struct calls calls = {0};
    assert_int_equal(run(path, &calls), 0);
    assert_string_equal(calls.text, expected);
}

static void all_that_match_are_called_in_order(void **state UNUSED) {
    assert_calls("hooks/install", "ab");
    assert_calls("hooks/web-pebble-ready", "ab");
    assert_calls("hooks/db-pebble-ready", "b");
    assert_calls("hooks/start", "");
}

static void actions_match_with_their_kind_only(void **state UNUSED) {
    assert_calls("actions/backup", "ac");
    assert_calls("actions/install", "c");
}

static void handlers_without_a_choice_are_refused(void **state UNUSED) {
    static const struct pebble_charm_handler invalid[][2] = {
        {{.event = "install", .handle = handle_a}, {.workload = "web", .handle = handle_c}},
        {{.event = "install", .handle = handle_a}, {.event = "start"}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(invalid); i++) {
        struct with_tools with;
        struct calls calls = {0};
        with_tools_begin(&with, NULL);
        with_tools_record(&with, "juju-log", "");
        assert_int_equal(pebble_charm_run(with.charm, invalid[i], 2, &calls), 1);
        assert_string_equal(calls.text, "");
        with_tools_assert_words(
            &with, "<-l>\n<ERROR>\n<-->\n<Cannot handle install: handler 2 has no event, kind or function>\n");
        with_tools_end(&with);
    }
}

static void a_failure_is_logged(void **state UNUSED) {
    struct with_tools with;
    struct calls calls = {.fails = true};
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "juju-log", "");
    assert_int_equal(pebble_charm_run(with.charm, handlers, ARRAY_COUNT(handlers), &calls), 1);
    assert_string_equal(calls.text, "a");
    with_tools_assert_words(&with, "<-l>\n<ERROR>\n<-->\n<Cannot handle install: no luck>\n");
    with_tools_end(&with);
}

static void a_failure_without_reason_is_logged(void **state UNUSED) {
    const char *const items[] = {"JUJU_DISPATCH_PATH=actions/backup", NULL};
    struct with_tools with;
    struct calls calls = {.is_silent = true};
    with_tools_begin(&with, items);
    with_tools_record(&with, "juju-log", "");
    assert_int_equal(pebble_charm_run(with.charm, handlers, ARRAY_COUNT(handlers), &calls), 1); // no action-fail
    with_tools_assert_words(&with, "<-l>\n<ERROR>\n<-->\n<Cannot handle action backup: no reason given>\n");
    with_tools_end(&with);
}

// Juju shows its message, which an exit code would replace.
static void an_action_fails_with_the_reason(void **state UNUSED) {
    const char *const items[] = {"JUJU_DISPATCH_PATH=actions/backup", NULL};
    struct with_tools with;
    struct calls calls = {.fails = true};
    with_tools_begin(&with, items);
    with_tools_script(&with, "juju-log", "exit 0\n");
    with_tools_record(&with, "action-fail", "");
    assert_int_equal(pebble_charm_run(with.charm, handlers, ARRAY_COUNT(handlers), &calls), 0);
    assert_string_equal(calls.text, "a");
    with_tools_assert_words(&with, "<-->\n<no luck>\n");
    with_tools_end(&with);
}

// Runs `function` with standard error in a file, and compares it.
static void assert_stderr(int (*function)(void), const char *expected) {
    char text[512] = "";
    int saved = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    int exit_code = function();
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
    assert_int_equal(exit_code, 1);
}

static int fail_without_log(void) {
    struct calls calls = {.fails = true};
    return run("hooks/install", &calls);
}

static void a_failure_without_log_is_on_stderr(void **state UNUSED) {
    assert_stderr(fail_without_log, "Cannot handle install: no luck\ncannot run juju-log: it is not in PATH: hook "
                                    "tools exist only inside a hook of Juju\n");
}

static int run_main(void) {
    struct calls calls = {.text = ""};
    return pebble_charm_main(handlers, ARRAY_COUNT(handlers), &calls);
}

static void the_main_function_needs_an_event(void **state UNUSED) {
    struct calls calls = {.text = ""};
    unsetenv("JUJU_DISPATCH_PATH");
    unsetenv("JUJU_ACTION_NAME");
    unsetenv("JUJU_HOOK_NAME");
    assert_stderr(run_main, "cannot find event: JUJU_DISPATCH_PATH is not set: a charm is started by Juju\n");
    setenv("JUJU_DISPATCH_PATH", "hooks/install", 1);
    assert_int_equal(pebble_charm_main(handlers, ARRAY_COUNT(handlers), &calls), 0);
    assert_string_equal(calls.text, "ab");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_match_are_called_in_order),    cmocka_unit_test(actions_match_with_their_kind_only),
        cmocka_unit_test(handlers_without_a_choice_are_refused), cmocka_unit_test(a_failure_is_logged),
        cmocka_unit_test(a_failure_without_reason_is_logged),    cmocka_unit_test(a_failure_without_log_is_on_stderr),
        cmocka_unit_test(an_action_fails_with_the_reason),       cmocka_unit_test(the_main_function_needs_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
