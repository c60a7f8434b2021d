// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

#define DOING "{\"id\":\"7\",\"status\":\"Doing\",\"ready\":false}"
#define DONE "{\"id\":\"7\",\"status\":\"Done\",\"ready\":true}"
#define FAILED "{\"id\":\"7\",\"status\":\"Error\",\"ready\":true,\"err\":\"cannot do it\"}"
#define HELD "{\"id\":\"7\",\"status\":\"Hold\",\"ready\":true}"
#define LATE                                                                                                           \
    { .json = "{\"type\":\"error\",\"status-code\":504,\"result\":{\"message\":\"timed out\"}}", .status = 504 }

static void long_requests_go_on_until_ready(void **state UNUSED) {
    const struct fake_answer script[] = {LATE, LATE, {.result = DONE}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_change change = {0};
    assert_true(pebble_wait_change(with.client, "7", NULL, &change, &with.error));
    assert_string_equal(change.status, "Done");
    pebble_change_clear(&change);
    with_daemon_assert_request(&with, 0, "1 GET /v1/changes/7/wait?timeout=4s HTTP/1.1", "");
    with_daemon_assert_request(&with, 2, "1 GET /v1/changes/7/wait?timeout=4s HTTP/1.1", "");
    with_daemon_end(&with);
}

static void failed_change_is_an_error_and_given(void **state UNUSED) {
    const struct fake_answer script[] = {{.result = FAILED}, {.result = HELD}, {.result = FAILED}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_change change = {0};
    assert_false(pebble_wait_change(with.client, "7", NULL, &change, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CHANGE, "cannot do it");
    assert_string_equal(change.status, "Error");
    pebble_change_clear(&change);
    assert_false(pebble_wait_change(with.client, "7", NULL, &change, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CHANGE, "change finished in status \"Hold\" with no error message");
    pebble_change_clear(&change);
    assert_false(pebble_wait_change(with.client, "7", NULL, NULL, NULL));
    with_daemon_end(&with);
}

static void refusal_ends_the_wait(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.json = "{\"type\":\"error\",\"status-code\":404,\"result\":{\"message\":\"cannot find change\"}}",
         .status = 404},
        {.json = "rubbish"},
        {.json = "{\"type\":\"sync\",\"result\":" DOING ",\"maintenance\":{\"kind\":\"system-restart\","
                 "\"message\":\"system is restarting\"}}"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_change change = {0};
    assert_false(pebble_wait_change(with.client, "7", NULL, &change, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "cannot find change");
    assert_int_equal(with.error.status, 404);
    assert_false(pebble_wait_change(with.client, "7", NULL, &change, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_false(pebble_wait_change(with.client, "7", NULL, &change, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "system is restarting");
    assert_string_equal(with.error.api_kind, "system-restart");
    assert_null(change.id);
    with_daemon_end(&with);
}

static void wait_ends_at_its_time(void **state UNUSED) {
    const struct fake_answer script[] = {{.holds = true}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    const struct pebble_wait_options options = {.timeout_ms = 30};
    assert_false(pebble_wait_change(with.client, "7", &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_TIMEOUT, "timed out waiting for change 7");
    with_daemon_stop(&with);
    // There is no daemon now: that, too, is waited for no longer.
    assert_false(pebble_wait_change(with.client, "7", &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_TIMEOUT, "timed out waiting for change 7");
    with_daemon_end(&with);
}

struct play {
    struct with_daemon *with;
    int calls;
    int stops_at;
    const struct fake_answer *second;
    size_t second_count;
};

static bool count_calls(const struct pebble_change *change, void *data) {
    struct play *play = data;
    assert_string_equal(change->status, "Doing");
    return ++play->calls != play->stops_at;
}

static void progress_is_called_while_it_lasts(void **state UNUSED) {
    const struct fake_answer script[] = {{.result = DOING}, {.result = DOING}, {.result = FAILED}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct play play = {&with, 0, 0, NULL, 0};
    const struct pebble_wait_options options = {.poll_ms = 1, .progress = count_calls, .data = &play};
    assert_false(pebble_wait_change(with.client, "7", &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CHANGE, "cannot do it");
    assert_int_equal(play.calls, 2);
    with_daemon_assert_request(&with, 0, "1 GET /v1/changes/7 HTTP/1.1", "");
    with_daemon_end(&with);
}

static void progress_stops_the_wait(void **state UNUSED) {
    const struct fake_answer script[] = {{.result = DOING}, {.result = DOING}, {.result = DOING}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct play play = {&with, 0, 2, NULL, 0};
    const struct pebble_wait_options options = {.poll_ms = 1, .progress = count_calls, .data = &play};
    struct pebble_change change = {0};
    assert_false(pebble_wait_change(with.client, "7", &options, &change, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_CANCELLED);
    assert_null(change.id);
    with_daemon_end(&with);
}

static bool abort_once(const struct pebble_change *change, void *data) {
    struct play *play = data;
    if (play->calls++ == 0)
        assert_true(pebble_abort_change(play->with->client, change->id, NULL, NULL));
    return true;
}

static void progress_may_abort_the_change(void **state UNUSED) {
    const struct fake_answer script[] = {{.result = DOING}, {.result = DOING}, {.result = FAILED}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct play play = {&with, 0, 0, NULL, 0};
    const struct pebble_wait_options options = {.poll_ms = 1, .progress = abort_once, .data = &play};
    assert_false(pebble_wait_change(with.client, "7", &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CHANGE, "cannot do it");
    with_daemon_assert_request(&with, 1, "1 POST /v1/changes/7 HTTP/1.1", "{\"action\":\"abort\"}");
    with_daemon_end(&with);
}

// The first call ends the daemon; the second, which comes when the wait has found that out, starts it again.
static bool restart(const struct pebble_change *change, void *data) {
    struct play *play = data;
    assert_string_equal(change->status, "Doing");
    play->calls++;
    if (play->calls == 1)
        with_daemon_stop(play->with);
    else if (play->calls == 2)
        play->with->daemon = fake_daemon_start(play->with->path, play->second, play->second_count);
    return true;
}

static void wait_outlives_a_restart(void **state UNUSED) {
    const struct fake_answer script[] = {{.result = DOING}, {.holds = true}};
    const struct fake_answer second[] = {{.result = DOING}, {.result = FAILED}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct play play = {&with, 0, 0, second, 2};
    const struct pebble_wait_options options = {.poll_ms = 1, .progress = restart, .data = &play};
    struct pebble_change change = {0};
    assert_false(pebble_wait_change(with.client, "7", &options, &change, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CHANGE, "cannot do it");
    assert_string_equal(change.status, "Error");
    assert_int_equal(play.calls, 3);
    pebble_change_clear(&change);
    with_daemon_end(&with);
}

// Refused by a daemon that is about to end, then cut off.
static void long_requests_outlive_a_restart(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.json = "{\"type\":\"error\",\"status-code\":500,\"result\":{\"message\":\"request cancelled\"}}",
         .status = 500},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Le", .closes = true},
        {.result = DONE},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    assert_true(pebble_wait_change(with.client, "7", NULL, NULL, &with.error));
    with_daemon_end(&with);
}

static void daemon_that_stays_away_is_given_up(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    assert_false(pebble_wait_change(with.client, "7", NULL, NULL, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_CONNECTION);
    assert_true(text_has_prefix(with.error.message, "cannot communicate with server: Get "));
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_requests_go_on_until_ready),
        cmocka_unit_test(failed_change_is_an_error_and_given),
        cmocka_unit_test(refusal_ends_the_wait),
        cmocka_unit_test(wait_ends_at_its_time),
        cmocka_unit_test(progress_is_called_while_it_lasts),
        cmocka_unit_test(progress_stops_the_wait),
        cmocka_unit_test(progress_may_abort_the_change),
        cmocka_unit_test(wait_outlives_a_restart),
        cmocka_unit_test(long_requests_outlive_a_restart),
        cmocka_unit_test(daemon_that_stays_away_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
