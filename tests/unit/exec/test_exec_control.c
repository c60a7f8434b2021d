// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const struct exec_request plain = {0};
static const struct exec_request terminal = {.is_terminal = true};

// Sends a command and checks the line that it causes in the log; NULL: none.
static void check_line(struct session *session, const char *command, const char *line) {
    struct fixture *fixture = session->fixture;
    buffer_clear(&fixture->log);
    peer_send(&session->control, WEBSOCKET_TEXT, command);
    session_run(session);
    if (line == NULL ? fixture->log.length > 0 : !fixture_has_logged(fixture, line))
        fail_msg("%s: got %s", command, buffer_text(&fixture->log));
}

static void forwards_signals(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    check_line(&session, "{\"command\":\"signal\",\"signal\":{\"name\":\"SIGHUP\"}}",
               "] Exec 1: forwarded signal SIGHUP to PID 4711\n");
    assert_int_equal(fixture.signals[SIGHUP], 1);
    job_exit(&fixture, 0);
    check_line(&session, "{\"command\":\"signal\",\"signal\":{\"name\":\"SIGTERM\"}}",
               "] Exec 1: control command \"signal\" cannot forward SIGTERM to PID 4711: ");
    job_end_output(&fixture, 0);
    session_end(&session);
    fixture_end(&fixture);
}

static void logs_wrong_commands(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    check_line(&session, "not json", "] Exec 1: cannot decode control websocket command: invalid character 'o'");
    check_line(&session, "[]", "] Exec 1: cannot decode control websocket command: json: cannot unmarshal array");
    check_line(&session, "{\"command\":1}", "] Exec 1: cannot decode control websocket command: ");
    check_line(&session, "{\"command\":\"signal\",\"signal\":7}",
               "] Exec 1: cannot decode control websocket command: ");
    check_line(&session, "{\"command\":\"signal\",\"signal\":{\"name\":7}}",
               "] Exec 1: cannot decode control websocket command: ");
    check_line(&session, "{\"command\":\"signal\"}", "] Exec 1: control command \"signal\" requires signal name\n");
    check_line(&session, "{\"command\":\"signal\",\"signal\":null}",
               "] Exec 1: control command \"signal\" requires signal name\n");
    check_line(&session, "{\"command\":\"signal\",\"signal\":{}}", "] Exec 1: invalid signal name \"\"\n");
    check_line(&session, "{\"command\":\"signal\",\"signal\":{\"name\":\"SIGHUP\"},\"signal\":null,\"signal\":{}}",
               "] Exec 1: invalid signal name \"\"\n");
    check_line(&session, "{\"command\":\"signal\",\"signal\":{\"name\":\"HUP\"}}",
               "] Exec 1: invalid signal name \"HUP\"\n");
    check_line(&session, "{\"command\":\"resize\",\"resize\":{\"width\":10,\"height\":10}}",
               "] Exec 1: invalid control websocket command \"resize\"\n");
    check_line(&session, "{\"command\":\"dance\\u001b\"}",
               "] Exec 1: invalid control websocket command \"dance\\x1b\"\n");
    check_line(&session, "null", "] Exec 1: invalid control websocket command \"\"\n");
    job_end(&fixture, 0);
    session_end(&session);
    fixture_end(&fixture);
}

static void resizes_terminals(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &terminal);
    check_line(&session, "{\"command\":\"resize\",\"resize\":{\"width\":111,\"height\":44}}", NULL);
    assert_int_equal(fixture.columns, 111);
    assert_int_equal(fixture.rows, 44);
    check_line(&session, "{\"command\":\"resize\",\"resize\":{\"width\":100000,\"height\":1}}", NULL);
    assert_int_equal(fixture.columns, 65535);
    check_line(&session, "{\"command\":\"resize\"}",
               "] Exec 1: control command \"resize\" requires terminal width and height\n");
    check_line(&session, "{\"command\":\"resize\",\"resize\":{\"width\":-1,\"height\":44}}",
               "] Exec 1: control command \"resize\" cannot set terminal size to -1x44: ");
    check_line(
        &session,
        "{\"command\":\"resize\",\"resize\":{\"width\":9,\"height\":9},\"resize\":null,\"resize\":{\"width\":-1}}",
        "] Exec 1: control command \"resize\" cannot set terminal size to -1x0: ");
    check_line(&session, "{\"command\":\"resize\",\"resize\":{\"width\":\"wide\"}}",
               "] Exec 1: cannot decode control websocket command: ");
    assert_int_equal(fixture.columns, 65535);
    job_end(&fixture, 0);
    session_end(&session);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forwards_signals),
        cmocka_unit_test(logs_wrong_commands),
        cmocka_unit_test(resizes_terminals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
