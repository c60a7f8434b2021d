// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "client/errors.h"
#include "client/events_internal.h"
#include "events_json.h"
#include "with_daemon.h"

static struct pebble_events *subscribe(struct with_daemon *with, const struct pebble_events_options *options) {
    struct pebble_events_options own = {.size = sizeof own, .retry_min_ms = 1, .retry_max_ms = 1};
    struct pebble_events *events = NULL;
    if (options != NULL)
        own = *options;
    own.retry_min_ms = own.retry_max_ms = 1;
    assert_true(pebble_events_create(with->client, &own, &events, NULL));
    return events;
}

static const struct pebble_event *next(struct pebble_events *events, enum pebble_event_kinds kind) {
    const struct pebble_event *event = NULL;
    struct pebble_error error = {0};
    if (!pebble_events_wait(events, 60000, &event, &error))
        fail_msg("it has failed: %s", error.message);
    assert_non_null(event);
    assert_int_equal(pebble_event_kind(event), kind);
    return event;
}

static void next_boot(struct pebble_events *events, enum pebble_event_kinds kind, const char *boot_id) {
    const struct pebble_event *event = next(events, kind);
    assert_string_equal(pebble_event_boot_id(event), boot_id);
    assert_string_equal(pebble_events_boot_id(events), boot_id);
    assert_null(pebble_event_notice(event));
    assert_null(pebble_event_error(event));
}

static void next_notice(struct pebble_events *events, enum pebble_event_kinds kind, const char *id, int64_t position) {
    const struct pebble_event *event = next(events, kind);
    assert_string_equal(pebble_notice_id(pebble_event_notice(event)), id);
    assert_null(pebble_event_boot_id(event));
    assert_int_equal(pebble_events_position_ns(events), position);
    if (((uint64_t)kind & CLIENT_CHECK_EVENTS) != 0)
        assert_string_equal(pebble_event_check_name(event), "door");
    else
        assert_null(pebble_event_check_name(event));
}

static void next_lost(struct pebble_events *events, enum pebble_error_kind kind) {
    const struct pebble_event *event = next(events, PEBBLE_EVENT_CONNECTION_LOST);
    assert_int_equal(pebble_event_error(event)->kind, kind);
    assert_null(pebble_event_notice(event));
}

static void assert_failed(struct pebble_events *events, enum pebble_error_kind kind) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    const struct pebble_event *event;
    assert_false(pebble_events_wait(events, 60000, &event, &error));
    assert_int_equal(error.kind, kind);
    assert_int_equal(pebble_events_error(events)->kind, kind);
    assert_null(pebble_events_event(events));
}

static void notices_are_events_in_order(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = BOOT("a")},
        {.result = "[" CUSTOM("1", "1") "," UPDATE("2", "7", "start", "2") ",{\"id\":\"3\",\"type\":\"warning\"," TIMES(
             "3") "}," CUSTOM("4", "4") "]"},
        {.result = CHANGE("7", "start", "Done", "1")},
        {.closes = true},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_events *events = subscribe(&with, NULL);
    assert_null(pebble_events_boot_id(events));
    next_boot(events, PEBBLE_EVENT_READY, "a");
    next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "1", 1);
    assert_null(pebble_event_change(pebble_events_event(events)));
    next_notice(events, PEBBLE_EVENT_CHANGE_UPDATE, "2", 2);
    assert_string_equal(pebble_change_status(pebble_event_change(pebble_events_event(events))), "Done");
    next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "4", 4);
    next_lost(events, PEBBLE_ERROR_CONNECTION);
    assert_string_equal(pebble_events_boot_id(events), "a");
    pebble_events_destroy(events);
    with_daemon_assert_request(&with, 0, "1 GET /v1/system-info HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 " LISTING("timeout=1m0s") " HTTP/1.1", "");
    with_daemon_assert_request(&with, 2, "1 GET /v1/changes/7 HTTP/1.1", "");
    with_daemon_assert_request(&with, 3,
                               "1 " LISTING("after=1970-01-01T00%3A00%3A00.000000004Z&timeout=1m0s") " HTTP/1.1", "");
    with_daemon_end(&with);
}

static void options_are_in_the_request(void **state UNUSED) {
    const struct fake_response script[] = {{.result = BOOT("a")}, {.closes = true}};
    const uint32_t user_id = 7;
    const struct pebble_events_options options[] = {
        {.users = "all", .after_ns = 1, .wait_ms = 1000, .kinds = PEBBLE_EVENT_CUSTOM_NOTICE},
        {.user_id = &user_id, .kinds = PEBBLE_EVENT_CHECK_FAILED},
        {.kinds = PEBBLE_EVENT_READY},
    };
    static const char *const lines[] = {
        "1 GET /v1/notices?after=1970-01-01T00%3A00%3A00.000000001Z&timeout=1s&types=custom&users=all HTTP/1.1",
        "1 GET /v1/notices?timeout=1m0s&types=change-update&user-id=7 HTTP/1.1",
        "1 GET /v1/notices?keys=-&timeout=1m0s HTTP/1.1",
    };
    for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
        struct with_daemon with;
        with_daemon_begin(&with, script, ARRAY_COUNT(script));
        struct pebble_events_options own = options[i];
        own.size = sizeof own;
        own.kinds |= PEBBLE_EVENT_CONNECTION_LOST;
        own.boot_id = "a";
        struct pebble_events *events = subscribe(&with, &own);
        next_lost(events, PEBBLE_ERROR_CONNECTION);
        pebble_events_destroy(events);
        with_daemon_assert_request(&with, 1, lines[i], "");
        with_daemon_end(&with);
    }
}

static void checks_fail_and_recover(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = BOOT("a")},
        {.result = "[" UPDATE("1", "7", "perform-check", "1") "," UPDATE("2", "8", "perform-check", "2") "," UPDATE(
             "3", "9", "recover-check", "3") "," UPDATE("4", "10", "recover-check", "4") "]"},
        {.result = CHANGE("7", "perform-check", "Doing", "1")},
        {.result = CHANGE("8", "perform-check", "Error", "1")},
        {.json = REFUSAL("404", "not-found"), .status = 404},
        {.result = CHANGE("10", "recover-check", "Done", "1")},
        {.result = "[" UPDATE("1", "7", "perform-check", "5") "," UPDATE("2", "8", "perform-check", "6") "]"},
        {.result = CHANGE("7", "perform-check", "Error", "1")},
        {.result = CHANGE("8", "perform-check", "Error", "1")}, // has been an event
        {.closes = true},
    };
    const struct pebble_events_options options = {.size = sizeof options,
                                                  .boot_id = "a",
                                                  .kinds = CLIENT_CHECK_EVENTS | PEBBLE_EVENT_READY |
                                                           PEBBLE_EVENT_CONNECTION_LOST};
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_events *events = subscribe(&with, &options);
    next_notice(events, PEBBLE_EVENT_CHECK_FAILED, "2", 2);
    assert_string_equal(pebble_change_id(pebble_event_change(pebble_events_event(events))), "8");
    next_notice(events, PEBBLE_EVENT_CHECK_RECOVERED, "3", 3);
    assert_null(pebble_event_change(pebble_events_event(events)));
    next_notice(events, PEBBLE_EVENT_CHECK_RECOVERED, "4", 4);
    next_notice(events, PEBBLE_EVENT_CHECK_FAILED, "1", 5);
    next_lost(events, PEBBLE_ERROR_CONNECTION);
    assert_int_equal(pebble_events_position_ns(events), 6);
    pebble_events_destroy(events);
    with_daemon_end(&with);
}

static void changes_that_are_not_wanted_are_not_asked_for(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = BOOT("a")},
        {.result = "[" UPDATE("1", "7", "perform-check",
                              "1") "," UPDATE("2", "8", "start", "2") "," UPDATE("3", "9", "recover-check", "3") "]"},
        {.result = CHANGE("9", "recover-check", "Done", "1")},
    };
    const struct pebble_events_options options = {.size = sizeof options,
                                                  .kinds = PEBBLE_EVENT_CHECK_RECOVERED | PEBBLE_EVENT_CONNECTION_BACK};
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_events *events = subscribe(&with, &options);
    next_notice(events, PEBBLE_EVENT_CHECK_RECOVERED, "3", 3);
    pebble_events_destroy(events);
    with_daemon_assert_request(&with, 2, "1 GET /v1/changes/9 HTTP/1.1", "");
    with_daemon_end(&with);
}

static void notices_of_one_time_move_the_position_together(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = BOOT("a")},
        {.result = "[" CUSTOM("1", "1") "," CUSTOM("2", "2") "," CUSTOM("3", "2") "," CUSTOM("2", "2") "," CUSTOM(
             "4", "3") "]"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_events *events = subscribe(&with, NULL);
    next_boot(events, PEBBLE_EVENT_READY, "a");
    next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "1", 1);
    next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "2", 1);
    next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "3", 2);
    next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "4", 3);
    next_lost(events, PEBBLE_ERROR_CONNECTION);
    pebble_events_destroy(events);
    with_daemon_end(&with);
}

static void each_step_survives_a_broken_connection(void **state UNUSED) {
    static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"type\":\"sync\",";
    const struct fake_response script[] = {
        {.closes = true}, // the boot ID
        {.bytes = half, .closes = true},
        {.result = BOOT("a")},
        {.closes = true}, // the notices
        {.result = BOOT("a")},
        {.bytes = half, .piece = 7, .closes = true},
        {.result = BOOT("a")},
        {.result = "[" UPDATE("1", "7", "perform-check", "1") "," CUSTOM("2", "2") "]"},
        {.closes = true}, // the change
        {.result = BOOT("a")},
        {.bytes = half, .closes = true},
        {.result = BOOT("a")},
        {.result = CHANGE("7", "perform-check", "Error", "1")},
        {.closes = true},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_events *events = subscribe(&with, NULL);
    next_lost(events, PEBBLE_ERROR_CONNECTION);
    next_boot(events, PEBBLE_EVENT_CONNECTION_BACK, "a");
    next_boot(events, PEBBLE_EVENT_READY, "a");
    for (int i = 0; i < 4; i++) {
        next_lost(events, PEBBLE_ERROR_CONNECTION);
        next_boot(events, PEBBLE_EVENT_CONNECTION_BACK, "a");
    }
    next_notice(events, PEBBLE_EVENT_CHECK_FAILED, "1", 1);
    next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "2", 2);
    next_lost(events, PEBBLE_ERROR_CONNECTION);
    pebble_events_destroy(events);
    with_daemon_end(&with);
}

// The new daemon has lost its state: it has another change with the number, or none.
static void a_restart_before_the_change_loses_nothing(void **state UNUSED) {
    static const struct fake_response changes[] = {
        {.result = CHANGE("7", "perform-check", "Doing", "5")},
        {.result = CHANGE("7", "start", "Done", "1")},
        {.json = REFUSAL("404", "not-found"), .status = 404},
        {.result = CHANGE("7", "perform-check", "Error", "1")},
    };
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        const struct fake_response script[] = {
            {.result = BOOT("a")},
            {.result = "[" UPDATE("1", "7", "perform-check", "4") "," CUSTOM("2", "4") "]"},
            {.closes = true},
            {.result = BOOT("b")},
            changes[i],
            {.closes = true},
        };
        struct with_daemon with;
        with_daemon_begin(&with, script, ARRAY_COUNT(script));
        struct pebble_events *events = subscribe(&with, NULL);
        next_boot(events, PEBBLE_EVENT_READY, "a");
        next_lost(events, PEBBLE_ERROR_CONNECTION);
        next_boot(events, PEBBLE_EVENT_CONNECTION_BACK, "b");
        next_boot(events, PEBBLE_EVENT_READY, "b");
        next_notice(events, PEBBLE_EVENT_CHECK_FAILED, "1", 0);
        assert_int_equal(pebble_event_change(pebble_events_event(events)) == NULL, i < 3);
        next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "2", 4);
        next_lost(events, PEBBLE_ERROR_CONNECTION);
        pebble_events_destroy(events);
        with_daemon_end(&with);
    }
}

static void server_errors_pass(void **state UNUSED) {
    static const char proxy[] = "HTTP/1.1 502 ?\r\nContent-Length: 6\r\n\r\n<html>";
    const struct fake_response script[] = {
        {.json = REFUSAL("500", "internal"), .status = 500}, {.bytes = proxy},      {.result = BOOT("a")},
        {.json = REFUSAL("503", ""), .status = 503},         {.result = BOOT("b")}, {.bytes = proxy},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_events *events = subscribe(&with, NULL);
    const struct pebble_event *event = next(events, PEBBLE_EVENT_CONNECTION_LOST);
    assert_int_equal(pebble_event_error(event)->status, 500);
    assert_string_equal(pebble_event_error(event)->api_kind, "internal");
    next_boot(events, PEBBLE_EVENT_CONNECTION_BACK, "a");
    next_boot(events, PEBBLE_EVENT_READY, "a");
    next_lost(events, PEBBLE_ERROR_API);
    next_boot(events, PEBBLE_EVENT_CONNECTION_BACK, "b");
    next_boot(events, PEBBLE_EVENT_READY, "b");
    next_lost(events, PEBBLE_ERROR_PROTOCOL);
    pebble_events_destroy(events);
    with_daemon_end(&with);
}

static void refusals_end_it(void **state UNUSED) {
    const struct fake_response refusal = {.json = REFUSAL("403", "denied"), .status = 403};
    for (size_t good = 0; good < 3; good++) {
        struct fake_response script[] = {
            {.result = BOOT("a")}, {.result = "[" CUSTOM("1", "1") "," UPDATE("2", "7", "start", "2") "]"}, refusal};
        script[good] = refusal;
        struct with_daemon with;
        with_daemon_begin(&with, script, good + 1);
        struct pebble_events *events = subscribe(&with, NULL);
        if (good > 0)
            next_boot(events, PEBBLE_EVENT_READY, "a");
        if (good > 1)
            next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "1", 1);
        assert_failed(events, PEBBLE_ERROR_API);
        assert_int_equal(pebble_events_error(events)->status, 403);
        assert_string_equal(pebble_events_error(events)->api_kind, "denied");
        assert_int_equal(pebble_events_position_ns(events), good > 1 ? 1 : 0);
        if (good > 0)
            assert_string_equal(pebble_events_boot_id(events), "a");
        assert_failed(events, PEBBLE_ERROR_API); // again
        pebble_events_destroy(events);
        with_daemon_end(&with);
    }
}

static void wrong_responses_end_it(void **state UNUSED) {
    static const struct fake_response async = {.json = "{\"type\":\"async\",\"change\":\"1\",\"result\":[]}"};
    const struct {
        struct fake_response info, notices, change;
    } cases[] = {
        {.info = {.result = "[]"}},
        {.info = {.result = BOOT("")}},
        {.info = {.result = "{\"boot-id\":1}"}},
        {.info = {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{"}},
        {.info = {.bytes = "no HTTP\r\n\r\n"}},
        {.info = async},
        {.notices = {.result = "{}"}},
        {.notices = {.result = "[7]"}},
        {.notices = {.result = "[{\"id\":\"1\"}]"}},
        {.notices = {.result = "[" CUSTOM("1", "2") "," CUSTOM("2", "1") "]"}},
        {.notices = {.result = "[" UPDATE("1", "../x", "start", "1") "]", .holds = true}},
        {.notices = {.result =
                         "[{\"id\":\"1\",\"type\":\"change-update\",\"last-data\":{\"kind\":1}," TIMES("1") "}]"}},
        {.notices = {.json = "{"}},
        {.notices = async},
        {.notices = {.bytes = "HTTP/1.1 404 ?\r\nContent-Length: 1\r\n\r\n{"}},
        {.change = {.result = "[]"}},
        {.change = {.result = "{\"id\":7}"}},
        {.change = async},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        bool has_info = memcmp(&cases[i].info, &(struct fake_response){0}, sizeof cases[i].info) != 0;
        bool has_notices = memcmp(&cases[i].notices, &(struct fake_response){0}, sizeof cases[i].notices) != 0;
        const struct fake_response script[] = {
            has_info ? cases[i].info : (struct fake_response){.result = BOOT("a")},
            has_notices ? cases[i].notices : (struct fake_response){.result = "[" UPDATE("1", "7", "start", "1") "]"},
            cases[i].change,
        };
        struct with_daemon with;
        with_daemon_begin(&with, script, has_info ? 1 : has_notices ? 2 : 3);
        struct pebble_events *events = subscribe(&with, NULL);
        if (!has_info)
            next_boot(events, PEBBLE_EVENT_READY, "a");
        assert_failed(events, PEBBLE_ERROR_PROTOCOL);
        assert_int_equal(pebble_events_position_ns(events), 0);
        pebble_events_destroy(events);
        with_daemon_end(&with);
    }
}

static void a_response_has_a_limit(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = BOOT("a")}, {.result = "[" CUSTOM("1", "1") "," CUSTOM("2", "2") "," CUSTOM("3", "3") "]"}};
    const struct pebble_events_options options = {.size = sizeof options, .limit_bytes = 200};
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_events *events = subscribe(&with, &options);
    next_boot(events, PEBBLE_EVENT_READY, "a");
    assert_failed(events, PEBBLE_ERROR_PROTOCOL);
    assert_string_equal(pebble_events_error(events)->message, "cannot read response: too large");
    pebble_events_destroy(events);
    with_daemon_end(&with);
}

// The daemon of each connection may be another one.
static void a_step_is_bounded(void **state UNUSED) {
    enum { COUNT = 200 };
    AUTO_BUFFER struct buffer list = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 1; i <= COUNT; i++)
        buffer_printf(&list, "%s{\"id\":\"%d\",\"type\":\"custom\",\"last-repeated\":\"1970-01-01T00:00:00.%09dZ\"}",
                      i > 1 ? "," : "[", i, i);
    buffer_add_string(&list, "]");
    const struct fake_response script[] = {{.result = BOOT("a")}, {.result = buffer_text(&list)}, {.closes = true}};
    const struct pebble_events_options options = {.size = sizeof options, .kinds = PEBBLE_EVENT_READY};
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_events *events = subscribe(&with, &options);
    next_boot(events, PEBBLE_EVENT_READY, "a");
    while (pebble_events_position_ns(events) == 0)
        assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    assert_true(pebble_events_position_ns(events) < COUNT);
    assert_int_equal(pebble_events_timeout_ms(events), 0);
    for (int i = 0; i < COUNT && pebble_events_position_ns(events) < COUNT; i++)
        assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    assert_int_equal(pebble_events_position_ns(events), COUNT);
    pebble_events_destroy(events);
    with_daemon_end(&with);
}

static void a_server_that_closes_is_asked_for_its_boot_each_time(void **state UNUSED) {
#define CLOSING(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"type\":\"sync\",\"result\":" body "}"
    const struct fake_response script[] = {
        {.bytes = CLOSING(BOOT("a")), .closes = true}, {.bytes = CLOSING("[" CUSTOM("1", "1") "]"), .closes = true},
        {.bytes = CLOSING(BOOT("a")), .closes = true}, {.bytes = CLOSING("[" CUSTOM("2", "2") "]"), .closes = true},
        {.bytes = CLOSING(BOOT("b")), .closes = true},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_events *events = subscribe(&with, NULL);
    next_boot(events, PEBBLE_EVENT_READY, "a");
    next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "1", 1);
    next_notice(events, PEBBLE_EVENT_CUSTOM_NOTICE, "2", 2);
    next_boot(events, PEBBLE_EVENT_READY, "b");
    pebble_events_destroy(events);
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notices_are_events_in_order),
        cmocka_unit_test(options_are_in_the_request),
        cmocka_unit_test(checks_fail_and_recover),
        cmocka_unit_test(changes_that_are_not_wanted_are_not_asked_for),
        cmocka_unit_test(notices_of_one_time_move_the_position_together),
        cmocka_unit_test(each_step_survives_a_broken_connection),
        cmocka_unit_test(a_restart_before_the_change_loses_nothing),
        cmocka_unit_test(server_errors_pass),
        cmocka_unit_test(refusals_end_it),
        cmocka_unit_test(wrong_responses_end_it),
        cmocka_unit_test(a_response_has_a_limit),
        cmocka_unit_test(a_step_is_bounded),
        cmocka_unit_test(a_server_that_closes_is_asked_for_its_boot_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
