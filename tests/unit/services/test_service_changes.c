// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

struct record_of_changes {
    struct listener listener;
    struct buffer text;
    struct fixture *fixture;
    bool starts_other;
};

static void on_service_changed(struct listener *listener, void *argument) {
    struct record_of_changes *record = CONTAINER_OF(listener, struct record_of_changes, listener);
    const struct service_change *change = argument;
    buffer_printf(&record->text, "%s:%s-%s ", change->name, service_state_name(change->before),
                  service_state_name(change->now));
    if (record->starts_other) {
        record->starts_other = false;
        (void)fixture_ask(record->fixture, SERVICE_START, "b");
    }
}

static void changes_are_emitted_from_the_loop_and_in_order(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  a: {override: replace, command: run}\n"
                            "  b: {override: replace, command: run}\n");
    struct record_of_changes record = {.fixture = &fixture, .starts_other = true};
    buffer_init(&record.text, BUFFER_NO_LIMIT);
    event_add(service_manager_changed(fixture.manager), &record.listener, on_service_changed);
    fixture_do(&fixture, SERVICE_START, "a");
    loop_advance(fixture.loop, NS_PER_S);
    const char *a = strstr(buffer_text(&record.text), "a:initial-launching ");
    assert_non_null(a);
    assert_non_null(strstr(a, "a:launching-starting "));
    assert_non_null(strstr(a, "a:starting-running "));
    assert_non_null(strstr(a, "b:starting-running "));
    buffer_clear(&record.text);
    process_end(fixture_service(&fixture, "a"), 0);
    assert_string_equal(buffer_text(&record.text), "a:running-backoff ");
    event_remove(&record.listener);
    buffer_finish(&record.text);
    fixture_end(&fixture);
}

static void on_shutdown_wanted(struct listener *listener, void *argument) {
    struct record_of_changes *record = CONTAINER_OF(listener, struct record_of_changes, listener);
    buffer_printf(&record->text, "%d ", (int)*(const enum shutdown_kind *)argument);
}

static void the_first_shutdown_counts(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  a: {override: replace, command: run, on-failure: shutdown}\n"
                            "  b: {override: replace, command: run, on-failure: success-shutdown}\n");
    struct record_of_changes record = {.fixture = &fixture};
    buffer_init(&record.text, BUFFER_NO_LIMIT);
    event_add(service_manager_shutdown_wanted(fixture.manager), &record.listener, on_shutdown_wanted);
    fixture_do(&fixture, SERVICE_START, "a b");
    process_end(fixture_service(&fixture, "a"), 1);
    process_end(fixture_service(&fixture, "b"), 1);
    AUTO_FREE char *wanted = memory_printf("%d ", (int)SHUTDOWN_SERVICE_FAILURE);
    assert_string_equal(buffer_text(&record.text), wanted);
    event_remove(&record.listener);
    buffer_finish(&record.text);
    fixture_end(&fixture);
}

static void what_is_not_emitted_goes_with_the_manager(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  a: {override: replace, command: run}\n");
    fixture_do(&fixture, SERVICE_START, "a");
    const struct service_event event = {.kind = EVENT_CHECK_RESTART};
    service_handle(fixture_service(&fixture, "a"), &event);
    assert_false(list_is_empty(&fixture.manager->changes));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_emitted_from_the_loop_and_in_order),
        cmocka_unit_test(the_first_shutdown_counts),
        cmocka_unit_test(what_is_not_emitted_goes_with_the_manager),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
