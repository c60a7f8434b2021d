// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/client_internal.h"
#include "peer.h"
#include "with_daemon.h"

#define DOING "{\"id\":\"7\",\"status\":\"Doing\",\"ready\":false}"
#define DONE "{\"id\":\"7\",\"status\":\"Done\",\"ready\":true}"
#define FAILED "{\"id\":\"7\",\"status\":\"Error\",\"ready\":true,\"err\":\"cannot do it\"}"
#define HELD "{\"id\":\"7\",\"status\":\"Hold\",\"ready\":true}"
#define LATE                                                                                                           \
    { .json = "{\"type\":\"error\",\"status-code\":504,\"result\":{\"message\":\"timed out\"}}", .status = 504 }
#define OPTIONS .size = sizeof(struct pebble_wait_options)

static bool wait_long(struct with_daemon *with, struct pebble_change **change) {
    return pebble_wait_change(with->client, "7", NULL, change, &with->error);
}

// --- long requests ---

static void long_requests_go_on_until_ready(void **state UNUSED) {
    const struct fake_response script[] = {LATE, LATE, {.result = DONE}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_change *change = NULL;
    assert_true(wait_long(&with, &change));
    assert_string_equal(pebble_change_status(change), "Done");
    pebble_change_destroy(change);
    with_daemon_assert_request(&with, 0, "1 GET /v1/changes/7/wait?timeout=4s HTTP/1.1", "");
    with_daemon_assert_request(&with, 2, "1 GET /v1/changes/7/wait?timeout=4s HTTP/1.1", "");
    with_daemon_end(&with);
}

static void failed_change_is_in_the_error(void **state UNUSED) {
    const struct fake_response script[] = {{.result = FAILED}, {.result = HELD}, {.result = FAILED}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_change *change = NULL;
    assert_false(wait_long(&with, &change));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CHANGE, "cannot do it");
    assert_string_equal(pebble_change_status(with.error.change), "Error");
    assert_false(wait_long(&with, &change));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CHANGE, "change finished in status \"Hold\" with no error message");
    assert_string_equal(pebble_change_status(with.error.change), "Hold");
    assert_null(change);
    assert_false(pebble_wait_change(with.client, "7", NULL, NULL, NULL));
    with_daemon_end(&with);
}

static void refusal_ends_the_wait(void **state UNUSED) {
    const struct fake_response script[] = {
        {.json = "{\"type\":\"error\",\"status-code\":404,\"result\":{\"message\":\"cannot find change\"}}",
         .status = 404},
        {.json = "rubbish"},
        {.result = "[]"},
        {.json = "{\"result\":" DONE "}"},
        {.json = "{\"type\":\"sync\",\"result\":" DOING ",\"maintenance\":{\"kind\":\"system-restart\","
                 "\"message\":\"system is restarting\"}}"},
        {.json = "{\"type\":\"sync\",\"result\":" DOING ",\"maintenance\":{\"kind\":\"system-restart\"}}"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_change *change = NULL;
    assert_false(wait_long(&with, &change));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "cannot find change");
    assert_int_equal(with.error.status, 404);
    assert_false(wait_long(&with, &change));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_false(wait_long(&with, &change));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: not an object where one is due");
    assert_false(wait_long(&with, &change));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "expected sync response, got \"\"");
    assert_false(wait_long(&with, &change));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "system is restarting");
    assert_string_equal(with.error.api_kind, "system-restart");
    assert_false(wait_long(&with, &change));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "system restart has begun");
    assert_null(change);
    with_daemon_end(&with);
}

// Refused by a daemon that is about to end, then cut off.
static void long_requests_outlive_a_restart(void **state UNUSED) {
    const struct fake_response script[] = {
        {.json = "{\"type\":\"error\",\"status-code\":500,\"result\":{\"message\":\"request cancelled\"}}",
         .status = 500},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Le", .closes = true},
        {.result = DONE},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    assert_true(wait_long(&with, NULL));
    with_daemon_end(&with);
}

static void wait_ends_at_its_time(void **state UNUSED) {
    const struct fake_response script[] = {{.holds = true}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    const struct pebble_wait_options options = {OPTIONS, .timeout_ms = 30};
    assert_false(pebble_wait_change(with.client, "7", &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_TIMEOUT, "timed out waiting for change 7");
    with_daemon_stop(&with);
    // There is no daemon now: that, too, is waited for no longer.
    assert_false(pebble_wait_change(with.client, "7", &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_TIMEOUT, "timed out waiting for change 7");
    with_daemon_end(&with);
}

static void daemon_that_stays_away_is_given_up(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    assert_false(wait_long(&with, NULL));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_CONNECTION);
    assert_true(text_has_prefix(with.error.message, "cannot communicate with server: Get "));
    with_daemon_end(&with);
}

static void options_are_checked(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    struct pebble_wait_options options = {.timeout_ms = 30};
    assert_false(pebble_wait_change(with.client, "7", &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: their size is not set");
    options = (struct pebble_wait_options){OPTIONS, .poll_ms = -1};
    assert_false(pebble_wait_change(with.client, "7", &options, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: invalid duration");
    assert_false(pebble_wait_change(with.client, "A", NULL, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "invalid change ID \"A\"");
    with_daemon_end(&with);
}

// --- with progress ---

struct play {
    struct with_daemon *with;
    int calls;
    int stops_at;
    const struct fake_response *second;
    size_t second_count;
};

static bool wait_playing(struct with_daemon *with, pebble_progress_fn progress, struct play *play,
                         struct pebble_change **change) {
    const struct pebble_wait_options options = {OPTIONS, .poll_ms = 1, .on_progress = progress, .data = play};
    return pebble_wait_change(with->client, "7", &options, change, &with->error);
}

static bool count_calls(const struct pebble_change *change, void *data) {
    struct play *play = data;
    assert_string_equal(pebble_change_status(change), "Doing");
    return ++play->calls != play->stops_at;
}

static void progress_is_called_while_it_lasts(void **state UNUSED) {
    const struct fake_response script[] = {{.result = DOING}, {.result = DOING}, {.result = FAILED}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct play play = {&with, 0, 0, NULL, 0};
    assert_false(wait_playing(&with, count_calls, &play, NULL));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CHANGE, "cannot do it");
    assert_int_equal(play.calls, 2);
    with_daemon_assert_request(&with, 0, "1 GET /v1/changes/7 HTTP/1.1", "");
    with_daemon_end(&with);
}

static void progress_is_not_needed(void **state UNUSED) {
    const struct fake_response script[] = {{.result = DOING}, {.result = DONE}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    assert_true(wait_playing(&with, NULL, NULL, NULL));
    with_daemon_end(&with);
}

static void progress_stops_the_wait(void **state UNUSED) {
    const struct fake_response script[] = {{.result = DOING}, {.result = DOING}, {.result = DOING}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct play play = {&with, 0, 2, NULL, 0};
    struct pebble_change *change = NULL;
    assert_false(wait_playing(&with, count_calls, &play, &change));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_CANCELLED);
    assert_null(change);
    with_daemon_end(&with);
}

static bool abort_once(const struct pebble_change *change, void *data) {
    struct play *play = data;
    if (play->calls++ == 0)
        assert_true(pebble_abort_change(play->with->client, pebble_change_id(change), NULL, NULL));
    return true;
}

static void progress_may_abort_the_change(void **state UNUSED) {
    const struct fake_response script[] = {{.result = DOING}, {.result = DOING}, {.result = FAILED}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct play play = {&with, 0, 0, NULL, 0};
    assert_false(wait_playing(&with, abort_once, &play, NULL));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CHANGE, "cannot do it");
    with_daemon_assert_request(&with, 1, "1 POST /v1/changes/7 HTTP/1.1", "{\"action\":\"abort\"}");
    with_daemon_end(&with);
}

// The first call ends the daemon; the second, which comes when the wait has found that out, starts it again.
static bool restart(const struct pebble_change *change, void *data) {
    struct play *play = data;
    assert_string_equal(pebble_change_status(change), "Doing");
    play->calls++;
    if (play->calls == 1)
        with_daemon_stop(play->with);
    else if (play->calls == 2)
        play->with->daemon = fake_daemon_start(play->with->path, play->second, play->second_count);
    return true;
}

static void wait_outlives_a_restart(void **state UNUSED) {
    const struct fake_response script[] = {{.result = DOING}, {.holds = true}};
    const struct fake_response second[] = {{.result = DOING}, {.result = FAILED}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct play play = {&with, 0, 0, second, 2};
    assert_false(wait_playing(&with, restart, &play, NULL));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CHANGE, "cannot do it");
    assert_string_equal(pebble_change_status(with.error.change), "Error");
    assert_int_equal(play.calls, 3);
    with_daemon_end(&with);
}

// --- as a call ---

static struct pebble_call *start(const struct peer *peer, int64_t poll_ms) {
    const struct pebble_wait_options options = {OPTIONS, .poll_ms = poll_ms};
    struct pebble_call *call = NULL;
    assert_true(pebble_call_wait_change(peer->client, "7", &options, &call, NULL));
    return call;
}

static void each_look_is_an_item(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer, 1);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int fd = peer_accept(&peer);
    assert_null(pebble_call_change(call));
    for (int i = 0; i < 3; i++) {
        AUTO_FREE char *request = peer_read(fd);
        assert_true(text_has_prefix(request, "GET /v1/changes/7 HTTP/1.1\r\n"));
        peer_respond(fd, DOING);
        assert_int_equal(peer_run(call), PEBBLE_CALL_ITEM);
        assert_string_equal(pebble_change_status(pebble_call_change(call)), "Doing");
        assert_int_equal(pebble_call_timeout_ms(call), 0);
        while (pebble_call_step(call) == PEBBLE_CALL_RUNNING && pebble_call_timeout_ms(call) >= 0)
            (void)poll(NULL, 0, (int)pebble_call_timeout_ms(call));
        assert_null(pebble_call_change(call));
    }
    peer_respond(fd, DONE);
    assert_int_equal(peer_run(call), PEBBLE_CALL_DONE);
    assert_null(pebble_call_change(call));
    struct pebble_change *change = pebble_call_take_change(call);
    assert_string_equal(pebble_change_id(change), "7");
    pebble_change_destroy(change);
    pebble_call_destroy(call);
    close(fd);
    peer_end(&peer);
}

static void call_gives_the_change_that_failed(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer, 0);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    assert_int_equal(pebble_call_timeout_ms(call), -1);
    int fd = peer_accept(&peer);
    peer_respond(fd, FAILED);
    assert_int_equal(peer_run(call), PEBBLE_CALL_FAILED);
    assert_int_equal(pebble_call_error(call)->kind, PEBBLE_ERROR_CHANGE);
    assert_string_equal(pebble_change_error_text(pebble_call_error(call)->change), "cannot do it");
    assert_null(pebble_call_take_change(call));
    pebble_call_destroy(call);
    close(fd);
    peer_end(&peer);
}

static void call_is_cancelled_in_each_state(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer, 1000);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int fd = peer_accept(&peer);
    pebble_call_cancel(call); // asking
    peer_assert_closed(fd);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_FAILED);
    pebble_call_destroy(call);
    call = start(&peer, 1000);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    fd = peer_accept(&peer);
    peer_respond(fd, DOING);
    assert_int_equal(peer_run(call), PEBBLE_CALL_ITEM);
    pebble_call_cancel(call); // with an item
    assert_null(pebble_call_change(call));
    assert_int_equal(pebble_call_error(call)->kind, PEBBLE_ERROR_CANCELLED);
    pebble_call_destroy(call);
    call = start(&peer, 100000);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    peer_respond(fd, DOING);
    assert_int_equal(peer_run(call), PEBBLE_CALL_ITEM);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    assert_true(pebble_call_timeout_ms(call) > 1000);
    assert_false(peer_is_ready(call));
    pebble_call_cancel(call); // pausing
    assert_int_equal(pebble_call_error(call)->kind, PEBBLE_ERROR_CANCELLED);
    pebble_call_destroy(call);
    close(fd);
    peer_end(&peer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_requests_go_on_until_ready),
        cmocka_unit_test(failed_change_is_in_the_error),
        cmocka_unit_test(refusal_ends_the_wait),
        cmocka_unit_test(long_requests_outlive_a_restart),
        cmocka_unit_test(wait_ends_at_its_time),
        cmocka_unit_test(daemon_that_stays_away_is_given_up),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(progress_is_called_while_it_lasts),
        cmocka_unit_test(progress_is_not_needed),
        cmocka_unit_test(progress_stops_the_wait),
        cmocka_unit_test(progress_may_abort_the_change),
        cmocka_unit_test(wait_outlives_a_restart),
        cmocka_unit_test(each_look_is_an_item),
        cmocka_unit_test(call_gives_the_change_that_failed),
        cmocka_unit_test(call_is_cancelled_in_each_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
