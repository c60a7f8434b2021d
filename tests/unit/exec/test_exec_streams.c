// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const struct exec_request plain = {0};
static const struct exec_request split = {.splits_errors = true};

static const char block[65536];

// Writes until the client's socket is full; returns the number of bytes.
static size_t flood(struct fixture *fixture, enum job_stream which) {
    size_t total = 0;
    for (; !fixture->job->is_paused[which]; total += sizeof block)
        job_write(fixture, which, block, sizeof block);
    return total;
}

// --- back pressure ---

static void pauses_until_the_client_has_read(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &split);
    size_t total = 0;
    for (int i = 0; i < 5; i++) {
        total += flood(&fixture, JOB_OUTPUT);
        loop_run_pending(fixture.loop);
        assert_true(fixture.job->is_paused[JOB_OUTPUT]);
        assert_false(fixture.job->is_paused[JOB_ERRORS]); // each by itself
        job_write_text(&fixture, JOB_ERRORS, "x");
        session_run(&session);
        assert_false(fixture.job->is_paused[JOB_OUTPUT]);
        assert_int_equal(session.stdio.data.length, total);
    }
    assert_string_equal(buffer_text(&session.errors.data), "xxxxx");
    job_end(&fixture, 0);
    session_end(&session);
    fixture_end(&fixture);
}

// --- lost clients ---

static void writes_to_nobody_break_the_output_off(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &split);
    peer_close(&session.stdio);
    loop_run_pending(fixture.loop);
    assert_false(fixture.job->is_closed[JOB_OUTPUT]); // a command that writes nothing more is not disturbed
    job_write_text(&fixture, JOB_OUTPUT, "first");
    assert_true(fixture.job->is_closed[JOB_OUTPUT]);
    assert_false(fixture.job->is_closed[JOB_ERRORS]);
    job_write_text(&fixture, JOB_ERRORS, "still");
    job_end(&fixture, 141);
    session_run(&session);
    assert_string_equal(buffer_text(&session.errors.data), "still");
    assert_result(session.started.change, "Done 141");
    session_end(&session);
    fixture_end(&fixture);
}

static void loss_while_paused_breaks_the_output_off(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    (void)flood(&fixture, JOB_OUTPUT);
    peer_close(&session.stdio);
    loop_run_pending(fixture.loop);
    assert_true(fixture.job->is_closed[JOB_OUTPUT]);
    job_end(&fixture, 0);
    assert_result(session.started.change, "Done 0");
    session_end(&session);
    fixture_end(&fixture);
}

static void loss_while_sending_ends_the_command(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    (void)flood(&fixture, JOB_OUTPUT);
    job_end(&fixture, 0);
    assert_int_equal(change_status(session.started.change), STATUS_DOING);
    peer_close(&session.stdio);
    loop_run_pending(fixture.loop);
    assert_result(session.started.change, "Done 0");
    session_end(&session);
    fixture_end(&fixture);
}

static void closed_session_takes_no_output(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    peer_send_close(&session.stdio, 1000);
    session_run(&session);
    assert_string_equal(buffer_text(&session.stdio.events), "close 1000\n");
    job_write_text(&fixture, JOB_OUTPUT, "dropped");
    assert_true(fixture.job->is_closed[JOB_OUTPUT]);
    job_end(&fixture, 141);
    session_run(&session);
    assert_int_equal(session.stdio.data.length, 0);
    assert_result(session.started.change, "Done 141");
    session_end(&session);
    fixture_end(&fixture);
}

static void half_closed_client_gets_its_output(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    (void)shutdown(session.stdio.fd, SHUT_WR);
    loop_run_pending(fixture.loop);
    job_write_text(&fixture, JOB_OUTPUT, "still read");
    job_end(&fixture, 0);
    session_run(&session);
    assert_string_equal(buffer_text(&session.stdio.data), "still read");
    session_end(&session);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_until_the_client_has_read),
        cmocka_unit_test(writes_to_nobody_break_the_output_off),
        cmocka_unit_test(loss_while_paused_breaks_the_output_off),
        cmocka_unit_test(loss_while_sending_ends_the_command),
        cmocka_unit_test(closed_session_takes_no_output),
        cmocka_unit_test(half_closed_client_gets_its_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
