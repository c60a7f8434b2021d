// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/memory.h"
#include "client/change_internal.h"
#include "client/errors.h"
#include "client/events_check_internal.h"
#include "client/notice_internal.h"

#define ALL UINT64_MAX

// Nothing of these is freed.
static char *text(const char *words) {
    return (char *)(uintptr_t)words;
}

static struct client_change_data data_of(const char *kind) {
    return (struct client_change_data){.name = text("1 1"), .kind = text(kind), .check_name = text(kind)};
}

static void data_is_read(void **state UNUSED) {
    struct client_change_data data = {0};
    struct pebble_notice notice = {.key = text("7"), .first_occurred = 5, .data = NULL};
    assert_true(client_change_data_read(&data, &notice, NULL));
    assert_string_equal(data.name, "7 5");
    assert_string_equal(data.kind, "");
    assert_string_equal(data.check_name, "");
    client_change_data_finish(&data);
    notice.data = memory_string("{\"kind\":\"perform-check\",\"check-name\":\"door\",\"more\":1}");
    assert_true(client_change_data_read(&data, &notice, NULL));
    assert_string_equal(data.kind, "perform-check");
    assert_string_equal(data.check_name, "door");
    client_change_data_finish(&data);
    assert_null(data.kind);
    free(notice.data);
}

static void data_of_another_form_is_refused(void **state UNUSED) {
    static const char *const texts[] = {"{\"kind\":1}", "{\"check-name\":{}}", "[]", "{"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO_PEBBLE_ERROR struct pebble_error error = {0};
        struct client_change_data data = {0};
        const struct pebble_notice notice = {.data = text(texts[i])};
        assert_false(client_change_data_read(&data, &notice, &error));
        assert_int_equal(error.kind, PEBBLE_ERROR_PROTOCOL);
        assert_null(data.kind);
    }
}

static void changes_are_wanted_by_kind(void **state UNUSED) {
    const struct client_change_data perform = data_of("perform-check"), recover = data_of("recover-check");
    const struct client_change_data other = data_of("start");
    assert_true(client_change_data_is_wanted(&perform, PEBBLE_EVENT_CHECK_FAILED));
    assert_false(client_change_data_is_wanted(&perform, PEBBLE_EVENT_CHECK_RECOVERED));
    assert_true(client_change_data_is_wanted(&recover, PEBBLE_EVENT_CHECK_RECOVERED));
    assert_false(client_change_data_is_wanted(&recover, PEBBLE_EVENT_CHECK_FAILED));
    assert_false(client_change_data_is_wanted(&other, CLIENT_CHECK_EVENTS));
    assert_true(client_change_data_is_wanted(&other, PEBBLE_EVENT_CHANGE_UPDATE));
    assert_true(client_change_data_is_wanted(&perform, PEBBLE_EVENT_CHANGE_UPDATE));
}

static void status_decides(void **state UNUSED) {
    static const struct {
        const char *kind, *status; // NULL: the change is gone
        uint64_t kinds;
        uint64_t event;
    } cases[] = {
        {"perform-check", "Error", ALL, PEBBLE_EVENT_CHECK_FAILED},
        {"perform-check", "Done", ALL, PEBBLE_EVENT_CHANGE_UPDATE},
        {"perform-check", "Doing", PEBBLE_EVENT_CHECK_FAILED, 0},
        {"perform-check", NULL, ALL, PEBBLE_EVENT_CHECK_FAILED},
        {"perform-check", "Error", PEBBLE_EVENT_CHECK_RECOVERED, 0},
        {"perform-check", "Error", PEBBLE_EVENT_CHANGE_UPDATE, PEBBLE_EVENT_CHANGE_UPDATE},
        {"recover-check", "Done", ALL, PEBBLE_EVENT_CHECK_RECOVERED},
        {"recover-check", "Error", ALL, PEBBLE_EVENT_CHANGE_UPDATE},
        {"recover-check", NULL, ALL, PEBBLE_EVENT_CHECK_RECOVERED},
        {"recover-check", NULL, PEBBLE_EVENT_CHANGE_UPDATE, PEBBLE_EVENT_CHANGE_UPDATE},
        {"start", "Error", ALL, PEBBLE_EVENT_CHANGE_UPDATE},
        {"start", NULL, ALL, PEBBLE_EVENT_CHANGE_UPDATE},
        {"start", "Done", CLIENT_CHECK_EVENTS, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct client_checks_seen seen = {0};
        const struct client_change_data data = data_of(cases[i].kind);
        const struct pebble_change change = {.id = text("1"), .status = text(cases[i].status)};
        const struct pebble_change *found = cases[i].status != NULL ? &change : NULL;
        assert_int_equal(client_change_event(found, &data, cases[i].kinds, &seen), cases[i].event);
        client_checks_seen_finish(&seen);
    }
}

static uint64_t event_of(const char *name, const struct pebble_change *change, uint64_t kinds,
                         struct client_checks_seen *seen) {
    struct client_change_data data = data_of("perform-check");
    data.name = text(name);
    return client_change_event(change, &data, kinds, seen);
}

static void a_change_is_a_check_event_once(void **state UNUSED) {
    struct client_checks_seen seen = {0};
    const struct pebble_change change = {.id = text("1"), .status = text("Error")};
    assert_int_equal(event_of("1 1", &change, ALL, &seen), PEBBLE_EVENT_CHECK_FAILED);
    assert_int_equal(event_of("1 1", &change, ALL, &seen), PEBBLE_EVENT_CHANGE_UPDATE);
    assert_int_equal(event_of("1 1", &change, CLIENT_CHECK_EVENTS, &seen), 0);
    assert_int_equal(event_of("1 1", NULL, ALL, &seen), PEBBLE_EVENT_CHANGE_UPDATE); // removed between two notices
    assert_int_equal(event_of("1 2", &change, ALL, &seen), PEBBLE_EVENT_CHECK_FAILED);
    // The oldest one is forgotten.
    for (int i = 0; i < CLIENT_CHECKS_SEEN_MAX - 1; i++) {
        AUTO_FREE char *name = memory_printf("2 %d", i);
        assert_int_equal(event_of(name, &change, ALL, &seen), PEBBLE_EVENT_CHECK_FAILED);
    }
    assert_int_equal(event_of("1 2", &change, ALL, &seen), PEBBLE_EVENT_CHANGE_UPDATE);
    assert_int_equal(event_of("1 1", &change, ALL, &seen), PEBBLE_EVENT_CHECK_FAILED);
    client_checks_seen_finish(&seen);
}

static void a_removed_change_is_a_check_event_once(void **state UNUSED) {
    struct client_checks_seen seen = {0};
    const struct pebble_change change = {.id = text("1"), .status = text("Error")};
    assert_int_equal(event_of("1 1", NULL, ALL, &seen), PEBBLE_EVENT_CHECK_FAILED);
    assert_int_equal(event_of("1 1", NULL, ALL, &seen), PEBBLE_EVENT_CHANGE_UPDATE);
    assert_int_equal(event_of("1 1", &change, ALL, &seen), PEBBLE_EVENT_CHANGE_UPDATE);
    client_checks_seen_finish(&seen);
}

static void change_of_another_daemon_is_recognized(void **state UNUSED) {
    const struct pebble_notice notice = {.last_occurred = 5};
    const struct client_change_data data = data_of("perform-check"), none = data_of("");
    const struct pebble_change same = {.kind = text("perform-check"), .spawn_time = 5};
    const struct pebble_change later = {.kind = text("perform-check"), .spawn_time = 6};
    const struct pebble_change start = {.kind = text("start"), .spawn_time = 5};
    assert_false(client_change_is_other(&same, &notice, &data));
    assert_true(client_change_is_other(&later, &notice, &data));
    assert_true(client_change_is_other(&start, &notice, &data));
    assert_false(client_change_is_other(&start, &notice, &none));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_read),
        cmocka_unit_test(data_of_another_form_is_refused),
        cmocka_unit_test(changes_are_wanted_by_kind),
        cmocka_unit_test(status_decides),
        cmocka_unit_test(a_change_is_a_check_event_once),
        cmocka_unit_test(a_removed_change_is_a_check_event_once),
        cmocka_unit_test(change_of_another_daemon_is_recognized),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
