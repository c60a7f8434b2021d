// SPDX-License-Identifier: GPL-3.0-or-later
// Commands as processes. Needs /bin/sh, cat and head.
#include "fixture.h"

#include <poll.h>

#define END "{\"command\":\"end\"}"

// Starts a shell with a script, and connects its sessions.
static struct session run_script(struct fixture *fixture, const char *script, const struct exec_request *request) {
    AUTO_TEXT_LIST struct text_list command = {0};
    text_list_add(&command, "/bin/sh");
    text_list_add(&command, "-c");
    text_list_add(&command, script);
    struct exec_request whole = *request;
    whole.command = &command;
    return session_begin(fixture, "", &whole);
}

static const struct exec_request plain = {0};
static const struct exec_request split = {.splits_errors = true};

// Waits for the loop or the client's descriptors, and takes what the client gets.
static void turn(struct session *session, bool reads, short events) {
    struct pollfd polled[] = {{.fd = uv_backend_fd(loop_uv(session->fixture->loop)), .events = POLLIN},
                              {.fd = session->stdio.fd, .events = (short)(events | (reads ? POLLIN : 0))},
                              {.fd = session->errors.fd, .events = POLLIN}};
    loop_run_pending(session->fixture->loop);
    (void)poll(polled, 3, 100);
    loop_run_pending(session->fixture->loop);
    if (session->errors.fd >= 0)
        (void)peer_take(&session->errors);
    if (reads && session->stdio.fd >= 0)
        (void)peer_take(&session->stdio);
}

static void wait_ready(struct session *session) {
    while (!change_is_ready(session->started.change))
        turn(session, true, 0);
    session_run(session);
}

static void finish(struct session *session) {
    struct fixture *fixture = session->fixture;
    session_end(session);
    fixture_end(fixture);
}

// --- output and input ---

static void output_and_exit_code_arrive(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin_real(&fixture);
    struct session session = run_script(&fixture, "echo out; echo err >&2; read line; echo $line; exit 6", &split);
    peer_send(&session.stdio, WEBSOCKET_BINARY, "line\n");
    wait_ready(&session);
    assert_result(session.started.change, "Done 6");
    assert_string_equal(buffer_text(&session.stdio.data), "out\nline\n");
    assert_string_equal(buffer_text(&session.errors.data), "err\n");
    finish(&session);
}

#define CAT_BYTES ((size_t)10000000)

// Sends `input` in frames while it reads.
static void exchange(struct session *session, const struct buffer *input) {
    size_t at = 0;
    while (!change_is_ready(session->started.change)) {
        ssize_t sent = 0;
        if (at < input->length)
            sent = send(session->stdio.fd, input->data + at, input->length - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        assert_true(sent >= 0 || errno == EAGAIN);
        at += sent > 0 ? (size_t)sent : 0;
        turn(session, true, at < input->length ? POLLOUT : 0);
    }
    session_run(session);
    assert_int_equal(at, input->length);
}

static void ten_megabytes_pass_both_ways_at_once(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin_real(&fixture);
    struct session session = run_script(&fixture, "exec cat", &plain);
    AUTO_FREE char *bytes = memory_new(CAT_BYTES);
    for (size_t i = 0; i < CAT_BYTES; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    AUTO_BUFFER struct buffer input = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&input, WEBSOCKET_BINARY, true, bytes, CAT_BYTES / 2, peer_mask);
    for (size_t at = CAT_BYTES / 2; at < CAT_BYTES; at += 100000)
        add_frame(&input, WEBSOCKET_BINARY, true, bytes + at, 100000, peer_mask);
    add_frame(&input, WEBSOCKET_TEXT, true, END, strlen(END), peer_mask);
    exchange(&session, &input);
    assert_result(session.started.change, "Done 0");
    assert_int_equal(session.stdio.data.length, CAT_BYTES);
    assert_memory_equal(session.stdio.data.data, bytes, CAT_BYTES);
    assert_string_equal(buffer_text(&session.stdio.events), "text " END "\nclose 1000\n");
    finish(&session);
}

static void stalled_reader_gets_everything_in_the_end(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin_real(&fixture);
    struct session session = run_script(&fixture, "head -c 3000000 /dev/zero; echo done >&2", &split);
    const struct exec *exec = map_get(&fixture.manager->execs, "1");
    while (!exec->streams[EXEC_STDIO]->is_paused)
        turn(&session, false, 0);
    for (int i = 0; i < 3; i++)
        turn(&session, false, 0);
    assert_true(websocket_queued_bytes(exec->streams[EXEC_STDIO]->websocket) <= 65536 + WEBSOCKET_HEAD_MAX_BYTES);
    assert_int_equal(session.errors.data.length, 0); // the command cannot go on
    wait_ready(&session);
    assert_int_equal(session.stdio.data.length, 3000000);
    assert_string_equal(buffer_text(&session.errors.data), "done\n");
    finish(&session);
}

static void unread_input_does_not_delay_the_end(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin_real(&fixture);
    struct session session = run_script(&fixture, "read line; exit 9", &plain);
    AUTO_FREE char *bytes = memory_new(3000000);
    memset(bytes, '\n', 3000000);
    AUTO_BUFFER struct buffer input = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&input, WEBSOCKET_BINARY, true, bytes, 3000000, peer_mask);
    size_t at = 0;
    while (!change_is_ready(session.started.change)) {
        ssize_t sent = send(session.stdio.fd, input.data + at, input.length - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        at += sent > 0 ? (size_t)sent : 0;
        turn(&session, true, 0);
    }
    assert_result(session.started.change, "Done 9");
    finish(&session);
}

// --- ends ---

static void lost_client_ends_its_writer(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin_real(&fixture);
    struct session session = run_script(&fixture, "exec yes", &plain);
    while (session.stdio.data.length == 0)
        turn(&session, true, 0);
    peer_close(&session.stdio);
    session.stdio = (struct websocket_peer){.fd = -1};
    wait_ready(&session);
    assert_result(session.started.change, "Done 141");
    finish(&session);
}

static void timeout_kills(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin_real(&fixture);
    struct session session = run_script(&fixture, "trap '' TERM; while :; do sleep 0.02; done",
                                        &(const struct exec_request){.timeout_ns = 100 * NS_PER_MS});
    wait_ready(&session);
    assert_result(session.started.change, "Error -1 (timed out after 100ms: context deadline exceeded)");
    finish(&session);
}

static void background_process_of_a_terminal_is_not_waited_for(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin_real(&fixture);
    struct session session = run_script(&fixture, "sleep 1000 & echo $!; stty size <&1",
                                        &(const struct exec_request){.is_terminal = true, .width = 132, .height = 43});
    int64_t began_ns = loop_now_ns(fixture.loop);
    wait_ready(&session);
    assert_true(loop_now_ns(fixture.loop) - began_ns < 500 * NS_PER_S);
    assert_result(session.started.change, "Done 0");
    int pid = 0;
    assert_int_equal(sscanf(buffer_text(&session.stdio.data), "%d", &pid), 1);
    assert_non_null(strstr(buffer_text(&session.stdio.data), "\r\n43 132\r\n"));
    (void)kill(pid, SIGKILL);
    finish(&session);
}

static void interactive_terminal_echoes_and_ends_with_ctrl_d(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin_real(&fixture);
    struct session session = run_script(&fixture, "read a; echo got $a; read b; echo end $?",
                                        &(const struct exec_request){.is_terminal = true, .is_interactive = true});
    peer_send(&session.stdio, WEBSOCKET_BINARY, "hello\n");
    while (strstr(buffer_text(&session.stdio.data), "got hello") == NULL)
        turn(&session, true, 0);
    peer_send(&session.stdio, WEBSOCKET_TEXT, END);
    wait_ready(&session);
    assert_result(session.started.change, "Done 0");
    assert_string_equal(buffer_text(&session.stdio.data), "hello\r\ngot hello\r\nend 1\r\n");
    finish(&session);
}

static void stop_kills_all(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin_real(&fixture);
    struct session session = run_script(&fixture, "echo up; trap '' TERM; while :; do sleep 0.02; done", &plain);
    while (session.stdio.data.length == 0)
        turn(&session, true, 0);
    exec_manager_stop_all(fixture.manager);
    while (!fixture.is_idle)
        turn(&session, true, 0);
    assert_result(session.started.change, "Done 137");
    finish(&session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_exit_code_arrive),
        cmocka_unit_test(ten_megabytes_pass_both_ways_at_once),
        cmocka_unit_test(stalled_reader_gets_everything_in_the_end),
        cmocka_unit_test(unread_input_does_not_delay_the_end),
        cmocka_unit_test(lost_client_ends_its_writer),
        cmocka_unit_test(timeout_kills),
        cmocka_unit_test(background_process_of_a_terminal_is_not_waited_for),
        cmocka_unit_test(interactive_terminal_echoes_and_ends_with_ctrl_d),
        cmocka_unit_test(stop_kills_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
