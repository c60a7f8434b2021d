// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/call_internal.h"
#include "client/websocket_internal.h"
#include "peer_websocket.h"

#define END "{\"command\":\"end\"}"
#define EXIT(code) "{\"exit-code\":" #code "}"

static const char *const words[] = {"cat", "x"};

struct session {
    struct peer peer;
    struct pebble_call *call;
    struct peer_exec exec;
};

static struct pebble_call *start_call(const struct peer *peer, uint64_t flags, int64_t timeout_ns) {
    struct pebble_call *call = NULL;
    const struct pebble_exec_options options = {
        .size = sizeof options, .words = words, .word_count = 2, .flags = flags, .timeout_ns = timeout_ns};
    assert_true(pebble_call_exec(peer->client, &options, &call, NULL));
    return call;
}

static void session_begin(struct session *session, uint64_t flags, int64_t timeout_ns) {
    *session = (struct session){0};
    peer_begin(&session->peer);
    session->call = start_call(&session->peer, flags, timeout_ns);
    peer_begin_exec(&session->peer, session->call, flags & PEBBLE_EXEC_SPLIT_STDERR, &session->exec, NULL);
}

static void session_end(struct session *session) {
    pebble_call_destroy(session->call);
    peer_close_exec(&session->exec);
    peer_end(&session->peer);
}

static void assert_frames(int fd, const char *expected) {
    AUTO_FREE char *frames = peer_read_frames(fd);
    assert_string_equal(frames, expected);
}

static void assert_item(struct session *session, enum pebble_exec_stream expected, const char *text) {
    enum pebble_exec_stream stream = 0;
    size_t length = 0;
    assert_int_equal(pebble_call_step(session->call), PEBBLE_CALL_ITEM);
    const char *bytes = pebble_call_exec_output(session->call, &stream, &length);
    assert_int_equal(stream, expected);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(bytes, text, length);
}

static void assert_waits(struct session *session) {
    enum pebble_exec_stream stream = 0;
    size_t length = 0;
    assert_int_equal(pebble_call_step(session->call), PEBBLE_CALL_RUNNING);
    assert_null(pebble_call_exec_output(session->call, &stream, &length));
    assert_false(peer_is_ready(session->call));
    assert_false(peer_is_called(&session->peer));
}

static void assert_failed(struct session *session, enum pebble_error_kind kind, const char *message) {
    assert_int_equal(pebble_call_step(session->call), PEBBLE_CALL_FAILED);
    const struct pebble_error *error = pebble_call_error(session->call);
    assert_string_equal(error->message, message);
    assert_int_equal(error->kind, kind);
    assert_int_equal(pebble_call_exit_code(session->call), -1);
}

static void command_runs_to_its_end(void **state UNUSED) {
    struct session session;
    session_begin(&session, PEBBLE_EXEC_SPLIT_STDERR, 0);
    assert_string_equal(pebble_call_exec_change_id(session.call), "3");
    peer_send_frame(session.exec.stdio, WEBSOCKET_BINARY, "out", 3);
    peer_send_frame(session.exec.stdio, WEBSOCKET_BINARY, "more", 4);
    peer_send_text(session.exec.stdio, END);
    peer_send_frame(session.exec.stderr_stream, WEBSOCKET_BINARY, "err", 3);
    assert_item(&session, PEBBLE_EXEC_STDOUT, "out");
    assert_int_equal(pebble_call_timeout_ms(session.call), 0);
    assert_item(&session, PEBBLE_EXEC_STDOUT, "more");
    assert_item(&session, PEBBLE_EXEC_STDERR, "err");
    assert_waits(&session);
    assert_int_equal(pebble_call_timeout_ms(session.call), -1);
    peer_send_text(session.exec.stderr_stream, END);
    peer_end_exec(&session.peer, session.call, EXIT(5), NULL);
    assert_int_equal(pebble_call_exit_code(session.call), -1);
    assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_DONE);
    assert_int_equal(pebble_call_exit_code(session.call), 5);
    assert_string_equal(pebble_call_exec_change_id(session.call), "3");
    assert_frames(session.exec.control, "C:1000|EOF");
    assert_frames(session.exec.stdio, "C:1000|EOF");
    assert_frames(session.exec.stderr_stream, "C:1000|EOF");
    session_end(&session);
}

static void request_is_that_of_the_options(void **state UNUSED) {
    struct peer peer;
    struct peer_exec exec;
    char *request = NULL;
    peer_begin(&peer);
    struct pebble_call *call = start_call(&peer, PEBBLE_EXEC_TERMINAL, 0);
    peer_begin_exec(&peer, call, false, &exec, &request);
    assert_true(text_has_suffix(request, "\r\n\r\n{\"command\":[\"cat\",\"x\"],\"terminal\":true}"));
    pebble_call_destroy(call);
    peer_close_exec(&exec);
    peer_end(&peer);
    free(request);
}

// A command may close its output and go on reading.
static void input_is_sent_while_the_command_runs(void **state UNUSED) {
    struct session session;
    size_t taken = 0;
    session_begin(&session, 0, 0);
    assert_true(pebble_exec_write(session.call, "abc", 3, &taken));
    assert_int_equal(taken, 3);
    assert_frames(session.exec.stdio, "B:abc|");
    peer_send_text(session.exec.stdio, END);
    assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_RUNNING);
    assert_true(pebble_exec_write(session.call, "def", 3, &taken));
    assert_true(pebble_exec_send_signal(session.call, "SIGUSR1"));
    assert_false(pebble_exec_send_signal(session.call, "USR1"));
    assert_false(pebble_exec_send_signal(session.call, ""));
    assert_true(pebble_exec_resize(session.call, 100, 30));
    assert_true(pebble_exec_end_input(session.call));
    assert_frames(session.exec.stdio, "B:def|T:" END "|");
    assert_frames(session.exec.control, "T:{\"command\":\"signal\",\"signal\":{\"name\":\"SIGUSR1\"}}|"
                                        "T:{\"command\":\"resize\",\"resize\":{\"width\":100,\"height\":30}}|");
    assert_int_equal(pebble_exec_input_room(session.call), 0);
    assert_false(pebble_exec_write(session.call, "ghi", 3, &taken));
    assert_false(pebble_exec_end_input(session.call));
    assert_false(pebble_exec_resize(session.call, 0, 30));
    peer_end_exec(&session.peer, session.call, EXIT(0), NULL);
    assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_DONE);
    assert_int_equal(pebble_call_exit_code(session.call), 0);
    assert_false(pebble_exec_is_connected(session.call));
    assert_false(pebble_exec_send_signal(session.call, "SIGUSR1"));
    session_end(&session);
}

static void input_may_end_before_it_begins(void **state UNUSED) {
    struct session session = {0};
    size_t taken = 99;
    peer_begin(&session.peer);
    session.call = start_call(&session.peer, 0, 0);
    assert_true(pebble_exec_write(session.call, "early", 5, &taken));
    assert_int_equal(taken, 0);
    assert_false(pebble_exec_send_signal(session.call, "SIGINT"));
    assert_true(pebble_exec_end_input(session.call));
    peer_begin_exec(&session.peer, session.call, false, &session.exec, NULL);
    assert_frames(session.exec.stdio, "T:" END "|");
    session_end(&session);
}

static void input_that_is_not_read_is_not_taken(void **state UNUSED) {
    struct session session;
    size_t total = 0, taken = 0, room;
    session_begin(&session, 0, 0);
    AUTO_FREE char *bytes = memory_new(65536);
    do {
        room = pebble_exec_input_room(session.call);
        assert_true(pebble_exec_write(session.call, bytes, 65536, &taken));
        assert_int_equal(taken, room < 65536 ? room : 65536);
        total += taken;
    } while (taken > 0);
    assert_true(pebble_exec_end_input(session.call));
    assert_waits(&session);
    AUTO_BUFFER struct buffer all = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t before = 1; all.length != before;) {
        ssize_t count;
        before = all.length;
        while ((count = recv(session.exec.stdio, bytes, 65536, MSG_DONTWAIT)) > 0)
            buffer_add(&all, bytes, (size_t)count);
        assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_RUNNING);
    }
    assert_true(all.length > total + strlen(END));
    session_end(&session);
}

// Nothing is received while an item was not stepped over.
static void output_that_is_not_taken_stays_with_the_daemon(void **state UNUSED) {
    struct session session;
    session_begin(&session, 0, 0);
    AUTO_FREE char *bytes = memory_new(65536);
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    size_t size = websocket_write_head(head, WEBSOCKET_BINARY, true, UINT64_C(1) << 40, NULL);
    assert_int_equal(send(session.exec.stdio, head, size, MSG_NOSIGNAL), size);
    assert_int_equal(send(session.exec.stdio, "x", 1, MSG_NOSIGNAL), 1);
    assert_item(&session, PEBBLE_EXEC_STDOUT, "x");
    while (send(session.exec.stdio, bytes, 65536, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        continue;
    size_t received = 0;
    enum pebble_exec_stream stream;
    size_t length;
    assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_RUNNING);
    while (pebble_call_step(session.call) == PEBBLE_CALL_ITEM) {
        assert_non_null(pebble_call_exec_output(session.call, &stream, &length));
        assert_true(length <= CLIENT_WEBSOCKET_INPUT_BYTES);
        received += length;
    }
    assert_true(received > 65536);
    session_end(&session);
}

static void fill_socket(int fd, const struct buffer *bytes) {
    while (send(fd, bytes->data, bytes->length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)bytes->length)
        continue;
}

// There is always more of one stream, and the other has many small frames. The call waits now and then, so that its
// caller can forward signals.
static void floods_give_way(void **state UNUSED) {
    struct session session;
    session_begin(&session, PEBBLE_EXEC_SPLIT_STDERR, 0);
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    size_t size = websocket_write_head(head, WEBSOCKET_BINARY, true, UINT64_C(1) << 40, NULL);
    AUTO_BUFFER struct buffer frames = BUFFER_INIT(BUFFER_NO_LIMIT);
    size_t received[3] = {0};
    enum pebble_call_state call_state = PEBBLE_CALL_ITEM;
    for (size_t i = 0; i < 1000; i++)
        buffer_add(&frames, "\x82\x01x", 3);
    fill_socket(session.exec.stderr_stream, &frames);
    assert_int_equal(send(session.exec.stdio, head, size, MSG_NOSIGNAL), size);
    while (call_state == PEBBLE_CALL_ITEM && received[PEBBLE_EXEC_STDOUT] < 16 * CLIENT_WEBSOCKET_INPUT_BYTES) {
        enum pebble_exec_stream stream = 0;
        size_t length = 0;
        fill_socket(session.exec.stdio, &frames); // any bytes
        call_state = pebble_call_step(session.call);
        if (pebble_call_exec_output(session.call, &stream, &length) != NULL)
            received[stream] += length;
    }
    assert_int_equal(call_state, PEBBLE_CALL_RUNNING);
    assert_true(received[PEBBLE_EXEC_STDOUT] > 0 && received[PEBBLE_EXEC_STDERR] > 1000);
    assert_true(peer_is_ready(session.call));
    session_end(&session);
}

static void output_waits_for_the_other_streams(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start_call(&peer, PEBBLE_EXEC_SPLIT_STDERR, 0);
    struct peer_exec exec = peer_request_exec(&peer, call, NULL);
    peer_accept_websocket(exec.control, "/v1/tasks/7/websocket/control", NULL, 0);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    exec.stdio = peer_accept(&peer);
    peer_accept_websocket(exec.stdio, "/v1/tasks/7/websocket/stdio", NULL, 0);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    peer_send_frame(exec.stdio, WEBSOCKET_BINARY, "early", 5);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    assert_false(peer_is_ready(call));
    exec.stderr_stream = peer_accept(&peer);
    peer_accept_websocket(exec.stderr_stream, "/v1/tasks/7/websocket/stderr", NULL, 0);
    assert_true(peer_is_ready(call));
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_ITEM);
    pebble_call_destroy(call);
    peer_close_exec(&exec);
    peer_end(&peer);
}

// The command may have ended before a control stream that comes after the others.
static void control_stream_is_first(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start_call(&peer, PEBBLE_EXEC_SPLIT_STDERR, 0);
    struct peer_exec exec = peer_request_exec(&peer, call, NULL);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    assert_false(peer_is_called(&peer));
    assert_false(peer_is_ready(call));
    peer_accept_websocket(exec.control, "/v1/tasks/7/websocket/control", NULL, 0);
    assert_true(peer_is_ready(call));
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    assert_true(peer_is_called(&peer));
    pebble_call_destroy(call);
    peer_close_exec(&exec);
    peer_end(&peer);
}

static void endings_that_fail(void **state UNUSED) {
    static const struct {
        const char *data;
        const char *err;
        int64_t timeout_ns;
        enum pebble_error_kind kind;
        const char *message;
    } cases[] = {
        {EXIT(-1), "cannot perform: (exec format error)", 0, PEBBLE_ERROR_CHANGE,
         "cannot perform: (exec format error)"},
        {EXIT(-1), "x (timed out after 1s: context)", 1000000000, PEBBLE_ERROR_TIMEOUT,
         "x (timed out after 1s: context)"},
        {EXIT(-1), "x (timed out after 1s: context)", 0, PEBBLE_ERROR_CHANGE, "x (timed out after 1s: context)"},
        {NULL, NULL, 0, PEBBLE_ERROR_PROTOCOL, "cannot get exit code: data entry not found"},
        {"{\"exit-code\":\"0\"}", NULL, 0, PEBBLE_ERROR_PROTOCOL, "cannot get exit code: data entry not found"},
        {EXIT(-1), NULL, 0, PEBBLE_ERROR_PROTOCOL, "cannot get exit code: out of range"},
        {EXIT(256), NULL, 0, PEBBLE_ERROR_PROTOCOL, "cannot get exit code: out of range"},
        {EXIT(4294967296), NULL, 0, PEBBLE_ERROR_PROTOCOL, "cannot get exit code: out of range"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct session session;
        session_begin(&session, 0, cases[i].timeout_ns);
        peer_send_text(session.exec.stdio, END);
        peer_end_exec(&session.peer, session.call, cases[i].data, cases[i].err);
        assert_failed(&session, cases[i].kind, cases[i].message);
        assert_int_equal(pebble_call_error(session.call)->change != NULL, cases[i].kind == PEBBLE_ERROR_CHANGE);
        session_end(&session);
    }
}

static void lost_output_is_no_success(void **state UNUSED) {
    static const struct {
        const char *frame;
        size_t length;
        const char *data;
        enum pebble_call_state state;
    } cases[] = {
        {"", 0, EXIT(0), PEBBLE_CALL_FAILED},
        {"", 0, EXIT(137), PEBBLE_CALL_DONE},
        {"\x88\x02\x03\xe8", 4, EXIT(0), PEBBLE_CALL_DONE},
        {"\x88\x02\x03\xf3", 4, EXIT(0), PEBBLE_CALL_FAILED},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct session session;
        size_t taken;
        session_begin(&session, 0, 0);
        assert_int_equal(send(session.exec.stdio, cases[i].frame, cases[i].length, MSG_NOSIGNAL), cases[i].length);
        shutdown(session.exec.stdio, SHUT_RDWR);
        peer_end_exec(&session.peer, session.call, cases[i].data, NULL);
        assert_false(pebble_exec_is_connected(session.call));
        assert_false(pebble_exec_write(session.call, "x", 1, &taken));
        if (cases[i].state == PEBBLE_CALL_FAILED)
            assert_failed(&session, PEBBLE_ERROR_CONNECTION, "cannot read output of command: connection lost");
        else
            assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_DONE);
        session_end(&session);
    }
}

static void invalid_frames_are_no_output(void **state UNUSED) {
    struct session session;
    session_begin(&session, 0, 0);
    assert_int_equal(send(session.exec.stdio, "\xf2\x01x", 3, MSG_NOSIGNAL), 3);
    peer_end_exec(&session.peer, session.call, EXIT(0), NULL);
    assert_failed(&session, PEBBLE_ERROR_PROTOCOL, "cannot read output of command: reserved bits are set");
    session_end(&session);
}

static void other_messages_are_passed_over(void **state UNUSED) {
    struct session session;
    session_begin(&session, 0, 0);
    peer_send_text(session.exec.stdio, "{\"command\":\"dance\"}");
    peer_send_text(session.exec.stdio, "end");
    peer_send_text(session.exec.stdio, "[]");
    peer_send_text(session.exec.control, END);
    peer_send_frame(session.exec.control, WEBSOCKET_BINARY, "x", 1);
    assert_waits(&session);
    peer_send_frame(session.exec.stdio, WEBSOCKET_BINARY, "out", 3);
    peer_send_text(session.exec.stdio, END);
    peer_send_frame(session.exec.stdio, WEBSOCKET_BINARY, "after the end", 13);
    assert_item(&session, PEBBLE_EXEC_STDOUT, "out");
    assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_RUNNING);
    close(session.exec.control);
    session.exec.control = -1;
    peer_end_exec(&session.peer, session.call, EXIT(0), NULL);
    assert_false(pebble_exec_send_signal(session.call, "SIGINT"));
    assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_DONE);
    session_end(&session);
}

static void refusals_fail_the_call(void **state UNUSED) {
    const char refusal[] = "HTTP/1.1 400 ?\r\nContent-Length: 60\r\n\r\n"
                           "{\"type\":\"error\",\"status-code\":400,\"result\":{\"message\":\"no\"}}";
    const char no_task[] = "HTTP/1.1 202 ?\r\nContent-Length: 41\r\n\r\n"
                           "{\"type\":\"async\",\"change\":\"3\",\"result\":{}}";
    const char no_change[] = "HTTP/1.1 202 ?\r\nContent-Length: 54\r\n\r\n"
                             "{\"type\":\"async\",\"change\":\"/\",\"result\":{\"task-id\":\"7\"}}";
    struct session session = {0};
    session.exec.stderr_stream = -1;
    peer_begin(&session.peer);
    session.call = start_call(&session.peer, 0, 0);
    assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_RUNNING);
    session.exec.control = peer_accept(&session.peer);
    peer_send(session.exec.control, refusal);
    assert_failed(&session, PEBBLE_ERROR_API, "no");
    assert_null(pebble_call_exec_change_id(session.call));
    pebble_call_destroy(session.call);
    session.call = start_call(&session.peer, 0, 0);
    assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_RUNNING);
    free(peer_read(session.exec.control));
    peer_send(session.exec.control, no_task);
    assert_failed(&session, PEBBLE_ERROR_PROTOCOL, "cannot decode response: invalid task ID");
    pebble_call_destroy(session.call);
    session.call = start_call(&session.peer, 0, 0);
    assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_RUNNING);
    free(peer_read(session.exec.control));
    peer_send(session.exec.control, no_change);
    assert_failed(&session, PEBBLE_ERROR_PROTOCOL, "cannot decode response: invalid change ID");
    session.exec.stdio = -1;
    session_end(&session);
}

static void cancelled_call_drops_its_streams(void **state UNUSED) {
    struct session session;
    session_begin(&session, PEBBLE_EXEC_SPLIT_STDERR, 0);
    peer_send_frame(session.exec.stdio, WEBSOCKET_BINARY, "out", 3);
    assert_item(&session, PEBBLE_EXEC_STDOUT, "out");
    pebble_call_cancel(session.call);
    assert_int_equal(pebble_call_error(session.call)->kind, PEBBLE_ERROR_CANCELLED);
    // Without a close frame: the daemon kills the command.
    assert_frames(session.exec.control, "EOF");
    assert_frames(session.exec.stdio, "EOF");
    assert_false(pebble_exec_is_connected(session.call));
    assert_false(pebble_exec_end_input(session.call));
    session_end(&session);
}

static void clients_time_is_for_the_beginning(void **state UNUSED) {
    struct session session = {0};
    peer_begin(&session.peer);
    session.peer.client->timeout_ns = 1;
    session.call = start_call(&session.peer, 0, 0);
    assert_int_equal(pebble_call_step(session.call), PEBBLE_CALL_FAILED);
    assert_int_equal(pebble_call_error(session.call)->kind, PEBBLE_ERROR_TIMEOUT);
    session.exec = (struct peer_exec){-1, -1, -1};
    session_end(&session);
}

static void timeout_of_the_command_leaves_time_to_report_it(void **state UNUSED) {
    struct session session;
    session_begin(&session, 0, 1000000000);
    int64_t timeout_ms = pebble_call_timeout_ms(session.call);
    assert_true(timeout_ms > 1000 && timeout_ms <= 11000);
    session_end(&session);
}

static void other_calls_have_no_command(void **state UNUSED) {
    struct peer peer;
    struct pebble_call *call = NULL;
    enum pebble_exec_stream stream;
    size_t length;
    peer_begin(&peer);
    assert_true(pebble_call_get_plan(peer.client, &call, NULL));
    assert_null(pebble_call_exec_output(call, &stream, &length));
    assert_int_equal(pebble_call_exit_code(call), -1);
    assert_null(pebble_call_exec_change_id(call));
    assert_false(pebble_exec_is_connected(call));
    assert_int_equal(pebble_exec_input_room(call), 0);
    assert_false(pebble_exec_write(call, "x", 1, &length));
    assert_false(pebble_exec_end_input(call));
    assert_false(pebble_exec_send_signal(call, "SIGINT"));
    pebble_call_destroy(call);
    peer_end(&peer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_runs_to_its_end),
        cmocka_unit_test(request_is_that_of_the_options),
        cmocka_unit_test(input_is_sent_while_the_command_runs),
        cmocka_unit_test(input_may_end_before_it_begins),
        cmocka_unit_test(input_that_is_not_read_is_not_taken),
        cmocka_unit_test(output_that_is_not_taken_stays_with_the_daemon),
        cmocka_unit_test(floods_give_way),
        cmocka_unit_test(output_waits_for_the_other_streams),
        cmocka_unit_test(control_stream_is_first),
        cmocka_unit_test(endings_that_fail),
        cmocka_unit_test(lost_output_is_no_success),
        cmocka_unit_test(invalid_frames_are_no_output),
        cmocka_unit_test(other_messages_are_passed_over),
        cmocka_unit_test(refusals_fail_the_call),
        cmocka_unit_test(cancelled_call_drops_its_streams),
        cmocka_unit_test(clients_time_is_for_the_beginning),
        cmocka_unit_test(timeout_of_the_command_leaves_time_to_report_it),
        cmocka_unit_test(other_calls_have_no_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
