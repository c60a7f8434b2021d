// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const struct exec_request plain = {0};
static const struct exec_request split = {.splits_errors = true};

static void refuses(struct fixture *fixture, const char *id, const char *name, enum error_kind kind,
                    const char *message) {
    AUTO_ERROR struct error err = {0};
    struct exec_stream *stream = NULL;
    assert_false(exec_reserve_stream(fixture->manager, id, name, &stream, &err));
    assert_null(stream);
    assert_string_equal(error_text(&err), message);
    assert_int_equal(err.kind, kind);
}

static void reserves_each_stream_once(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    refuses(&fixture, "1", "stdio", ERROR_INTERNAL, "stdio websocket already connected");
    refuses(&fixture, "1", "control", ERROR_INTERNAL, "control websocket already connected");
    refuses(&fixture, "1", "stderr", ERROR_NOT_FOUND, "cannot find stderr websocket for task \"1\"");
    refuses(&fixture, "1", "video", ERROR_NOT_FOUND, "cannot find video websocket for task \"1\"");
    refuses(&fixture, "77", "stdio", ERROR_NOT_FOUND, "cannot find stdio websocket for task \"77\"");
    job_end(&fixture, 0);
    refuses(&fixture, "1", "stdio", ERROR_NOT_FOUND, "cannot find stdio websocket for task \"1\"");
    session_end(&session);
    fixture_end(&fixture);
}

static void reservation_takes_the_place(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result started;
    fixture_start(&fixture, "run", &split, &started);
    struct exec_stream *stream = fixture_reserve(&fixture, "1", "stderr");
    refuses(&fixture, "1", "stderr", ERROR_INTERNAL, "stderr websocket already connected");
    exec_stream_give_up(stream);
    exec_stream_give_up(fixture_reserve(&fixture, "1", "stderr"));
    start_result_finish(&started);
    fixture_end(&fixture);
}

static void commands_do_not_share_streams(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result first, second;
    fixture_start(&fixture, "run", &split, &first);
    fixture_start(&fixture, "run", &split, &second);
    struct websocket_peer first_stdio = fixture_connect(&fixture, first.id, "stdio");
    struct websocket_peer second_errors = fixture_connect(&fixture, second.id, "stderr");
    assert_int_equal(fixture.jobs_started, 0);
    struct websocket_peer second_stdio = fixture_connect(&fixture, second.id, "stdio");
    assert_int_equal(fixture.jobs_started, 1);
    job_write_text(&fixture, JOB_OUTPUT, "out 2");
    job_write_text(&fixture, JOB_ERRORS, "err 2");
    (void)peer_take(&second_stdio);
    (void)peer_take(&second_errors);
    assert_false(peer_take(&first_stdio));
    assert_string_equal(buffer_text(&second_stdio.data), "out 2");
    assert_string_equal(buffer_text(&second_errors.data), "err 2");
    job_end(&fixture, 0);
    peer_close(&first_stdio);
    peer_close(&second_stdio);
    peer_close(&second_errors);
    start_result_finish(&first);
    start_result_finish(&second);
    fixture_end(&fixture);
}

static void may_be_destroyed_with_commands_in_each_state(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result connecting;
    fixture_start(&fixture, "run", &plain, &connecting);
    struct session over = session_begin(&fixture, "run", &plain);
    job_end(&fixture, 0); // its sessions are being closed
    struct session running = session_begin(&fixture, "run", &plain);
    fixture_end(&fixture);
    fixture.loop = NULL;
    peer_close(&over.stdio);
    peer_close(&over.control);
    peer_close(&running.stdio);
    peer_close(&running.control);
    start_result_finish(&over.started);
    start_result_finish(&running.started);
    start_result_finish(&connecting);
    exec_manager_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserves_each_stream_once),
        cmocka_unit_test(reservation_takes_the_place),
        cmocka_unit_test(commands_do_not_share_streams),
        cmocka_unit_test(may_be_destroyed_with_commands_in_each_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
