// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const struct exec_request plain = {0};
static const struct exec_request split = {.splits_errors = true};

// --- control ---

static void lost_control_kills(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    peer_close(&session.control);
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.signals[SIGKILL], 2);
    assert_result(session.started.change, "Done 137");
    session_end(&session);
    fixture_end(&fixture);
}

static void control_lost_before_the_launch_kills_after_it(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result started;
    fixture_start(&fixture, "run", &plain, &started);
    struct websocket_peer control = fixture_connect(&fixture, started.id, "control");
    peer_close(&control);
    struct websocket_peer stdio = fixture_connect(&fixture, started.id, "stdio");
    assert_result(started.change, "Done 137");
    peer_close(&stdio);
    start_result_finish(&started);
    fixture_end(&fixture);
}

static void closed_or_invalid_control_does_not_kill(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    peer_send_close(&session.control, 1000);
    session_run(&session);
    assert_string_equal(buffer_text(&session.control.events), "close 1000\n");
    peer_close(&session.control);
    loop_run_pending(fixture.loop);
    job_end(&fixture, 3);
    assert_result(session.started.change, "Done 3");
    session_end(&session);
    session = session_begin(&fixture, "run", &plain);
    peer_send_frame(&session.control, 3, true, "unknown opcode");
    session_run(&session);
    assert_string_equal(buffer_text(&session.control.events), "close 1002\n");
    job_end(&fixture, 0);
    session_end(&session);
    assert_int_equal(fixture.signals[SIGKILL], 0);
    fixture_end(&fixture);
}

static void late_control_is_heeded(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result started;
    fixture_start(&fixture, "run", &plain, &started);
    struct websocket_peer stdio = fixture_connect(&fixture, started.id, "stdio");
    struct websocket_peer control = fixture_connect(&fixture, started.id, "control");
    peer_send(&control, WEBSOCKET_TEXT, "{\"command\":\"signal\",\"signal\":{\"name\":\"SIGHUP\"}}");
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.signals[SIGHUP], 1);
    job_end(&fixture, 0);
    peer_close(&stdio);
    peer_close(&control);
    start_result_finish(&started);
    fixture_end(&fixture);
}

// --- reservations ---

static void reservation_outlives_its_command(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result started;
    fixture_start(&fixture, "run", &split, &started);
    struct exec_stream *stdio = fixture_reserve(&fixture, started.id, "stdio");
    struct exec_stream *errors = fixture_reserve(&fixture, started.id, "stderr");
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_true(change_is_ready(started.change));
    exec_stream_give_up(errors);
    struct websocket_peer peer = fixture_connect_stream(&fixture, stdio);
    (void)peer_take(&peer);
    assert_string_equal(buffer_text(&peer.events), "close 1000\n");
    peer_send_close(&peer, 1000);
    loop_run_pending(fixture.loop);
    assert_true(list_is_empty(&fixture.manager->closing));
    peer_close(&peer);
    start_result_finish(&started);
    fixture_end(&fixture);
}

static void place_that_is_given_up_is_free_again(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result started;
    fixture_start(&fixture, "run", &plain, &started);
    exec_stream_give_up(fixture_reserve(&fixture, started.id, "stdio"));
    struct websocket_peer stdio = fixture_connect(&fixture, started.id, "stdio");
    assert_int_equal(fixture.jobs_started, 1);
    job_end(&fixture, 0);
    peer_close(&stdio);
    start_result_finish(&started);
    fixture_end(&fixture);
}

static void silent_clients_are_given_up_after_five_seconds(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    job_end(&fixture, 0);
    assert_int_equal(list_count(&fixture.manager->closing), 2);
    loop_advance(fixture.loop, 5 * NS_PER_S - 1);
    assert_int_equal(list_count(&fixture.manager->closing), 2);
    loop_advance(fixture.loop, 1);
    assert_true(list_is_empty(&fixture.manager->closing));
    session_end(&session);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_control_kills),
        cmocka_unit_test(control_lost_before_the_launch_kills_after_it),
        cmocka_unit_test(closed_or_invalid_control_does_not_kill),
        cmocka_unit_test(late_control_is_heeded),
        cmocka_unit_test(reservation_outlives_its_command),
        cmocka_unit_test(place_that_is_given_up_is_free_again),
        cmocka_unit_test(silent_clients_are_given_up_after_five_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
