// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const struct exec_request plain = {0};
static const struct exec_request interactive = {.is_terminal = true, .is_interactive = true};

#define END "{\"command\":\"end\"}"

// What the command can read now. Owned. A final '$' marks the end of the input.
static char *read_input(struct fixture *fixture) {
    AUTO_BUFFER struct buffer got = BUFFER_INIT(BUFFER_NO_LIMIT);
    char bytes[65536];
    ssize_t length;
    loop_run_pending(fixture->loop);
    assert_int_equal(fcntl(fixture->input_fd, F_SETFL, O_NONBLOCK), 0);
    while ((length = read(fixture->input_fd, bytes, sizeof bytes)) > 0) {
        buffer_add(&got, bytes, (size_t)length);
        loop_run_pending(fixture->loop);
    }
    if (length == 0)
        buffer_add_char(&got, '$');
    return buffer_take(&got);
}

static void assert_input(struct fixture *fixture, const char *expected) {
    AUTO_FREE char *got = read_input(fixture);
    assert_string_equal(got, expected);
}

static void finish(struct fixture *fixture, struct session *session) {
    job_end(fixture, 0);
    session_end(session);
    fixture_end(fixture);
}

// --- the end of the input ---

static void ends_with_the_command(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    peer_send(&session.stdio, WEBSOCKET_BINARY, "some ");
    peer_send(&session.stdio, WEBSOCKET_BINARY, "input");
    assert_input(&fixture, "some input");
    peer_send(&session.stdio, WEBSOCKET_BINARY, ".");
    peer_send(&session.stdio, WEBSOCKET_TEXT, END);
    peer_send(&session.stdio, WEBSOCKET_BINARY, "ignored");
    peer_send(&session.stdio, WEBSOCKET_TEXT, "ignored");
    assert_input(&fixture, ".$");
    assert_int_equal(fixture.log.length, 0);
    finish(&fixture, &session);
}

static void ends_with_the_session(void **state UNUSED) {
    for (int i = 0; i < 3; i++) {
        struct fixture fixture;
        fixture_begin(&fixture);
        struct session session = session_begin(&fixture, "run", &plain);
        peer_send(&session.stdio, WEBSOCKET_BINARY, "unfinished");
        if (i == 0)
            peer_send_close(&session.stdio, 1000);
        else if (i == 1)
            peer_close(&session.stdio);
        else
            peer_send_frame(&session.stdio, 3, true, "unknown opcode");
        if (i == 1) {
            assert_input(&fixture, "unfinished");
            loop_advance(fixture.loop, 100 * NS_PER_MS);
            assert_input(&fixture, "$");
        } else {
            assert_input(&fixture, "unfinished$");
        }
        finish(&fixture, &session);
    }
}

// Otherwise the command could take what has come for all of its input before it is killed.
static void does_not_end_for_a_client_that_is_gone(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    peer_send(&session.stdio, WEBSOCKET_BINARY, "unfinished");
    peer_close(&session.stdio);
    loop_run_pending(fixture.loop);
    assert_input(&fixture, "unfinished");
    peer_close(&session.control);
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.signals[SIGKILL], 2);
    assert_result(session.started.change, "Done 137");
    session_end(&session);
    fixture_end(&fixture);
}

static void other_texts_are_logged_and_skipped(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    peer_send(&session.stdio, WEBSOCKET_TEXT, "{\"command\":\"dance\"}");
    peer_send(&session.stdio, WEBSOCKET_TEXT, "{}");
    peer_send(&session.stdio, WEBSOCKET_TEXT, "not json");
    peer_send(&session.stdio, WEBSOCKET_TEXT, "{\"command\":7}");
    peer_send(&session.stdio, WEBSOCKET_TEXT, "[]");
    peer_send(&session.stdio, WEBSOCKET_BINARY, "on");
    assert_input(&fixture, "on");
    assert_true(fixture_has_logged(&fixture, "] Invalid I/O command \"dance\"\n"));
    assert_true(fixture_has_logged(&fixture, "] Invalid I/O command \"\"\n"));
    assert_true(fixture_has_logged(&fixture, "] Cannot decode I/O command: invalid character 'o' in literal null"));
    assert_true(fixture_has_logged(&fixture, "] Cannot decode I/O command: json: cannot unmarshal number"));
    assert_true(fixture_has_logged(&fixture, "] Cannot decode I/O command: json: cannot unmarshal array"));
    finish(&fixture, &session);
}

// --- the terminal ---

static void terminal_gets_ctrl_d(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &interactive);
    peer_send(&session.stdio, WEBSOCKET_BINARY, "typed\n");
    peer_send(&session.stdio, WEBSOCKET_TEXT, END);
    peer_send(&session.stdio, WEBSOCKET_BINARY, "ignored");
    assert_input(&fixture, "typed\n\x04");
    peer_send_close(&session.stdio, 1000);
    assert_input(&fixture, ""); // once
    job_exit(&fixture, 0);
    assert_input(&fixture, "$");
    job_end_output(&fixture, 0);
    session_end(&session);
    fixture_end(&fixture);
}

static void terminal_is_released_with_its_output(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &interactive);
    peer_close(&session.stdio);
    job_write_text(&fixture, JOB_OUTPUT, "to nobody");
    assert_true(fixture.job->is_closed[JOB_OUTPUT]);
    assert_input(&fixture, "\x04$");
    finish(&fixture, &session);
}

// --- back pressure ---

// Sends as much as is read.
static size_t flood_on(struct fixture *fixture, const struct session *session) {
    static const char bytes[65536] = {0};
    size_t total = 0;
    ssize_t sent;
    while ((sent = send(session->stdio.fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0) {
        total += (size_t)sent;
        loop_run_pending(fixture->loop);
    }
    return total;
}

// Begins a long message; returns the number of bytes of it that are sent.
static size_t flood(struct fixture *fixture, const struct session *session) {
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    size_t length = websocket_write_head(head, WEBSOCKET_BINARY, true, UINT64_C(1) << 40, peer_mask);
    assert_int_equal(send(session->stdio.fd, head, length, MSG_NOSIGNAL), length);
    return flood_on(fixture, session);
}

static void stops_reading_what_the_command_does_not_read(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    size_t sent = flood(&fixture, &session);
    const struct exec *exec = map_get(&fixture.manager->execs, session.started.id);
    assert_in_range(stream_queued_bytes(exec->input), 65536, 65536 + 16384);
    size_t taken = 0;
    while (taken < sent) {
        AUTO_FREE char *bytes = memory_new(sent);
        loop_run_pending(fixture.loop);
        ssize_t got = read(fixture.input_fd, bytes, sent);
        assert_true(got > 0);
        taken += (size_t)got;
    }
    assert_int_equal(taken, sent);
    (void)flood_on(&fixture, &session); // it reads again, and stops again
    job_end(&fixture, 7);               // unread input does not delay the end
    assert_result(session.started.change, "Done 7");
    session_end(&session);
    fixture_end(&fixture);
}

static void input_closed_by_the_command_is_dropped(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    file_close_at(&fixture.input_fd);
    for (int i = 0; i < 100; i++) {
        peer_send(&session.stdio, WEBSOCKET_BINARY, "nobody reads this");
        loop_run_pending(fixture.loop);
    }
    peer_send(&session.stdio, WEBSOCKET_PING, "alive");
    session_run(&session);
    assert_string_equal(buffer_text(&session.stdio.events), "pong alive\n");
    peer_send(&session.stdio, WEBSOCKET_TEXT, END);
    job_write_text(&fixture, JOB_OUTPUT, "output goes on");
    session_run(&session);
    assert_string_equal(buffer_text(&session.stdio.data), "output goes on");
    finish(&fixture, &session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_with_the_command),
        cmocka_unit_test(ends_with_the_session),
        cmocka_unit_test(does_not_end_for_a_client_that_is_gone),
        cmocka_unit_test(other_texts_are_logged_and_skipped),
        cmocka_unit_test(terminal_gets_ctrl_d),
        cmocka_unit_test(terminal_is_released_with_its_output),
        cmocka_unit_test(stops_reading_what_the_command_does_not_read),
        cmocka_unit_test(input_closed_by_the_command_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
