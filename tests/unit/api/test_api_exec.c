// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "../http/websocket_peer.h"

#define HANDSHAKE                                                                                                      \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                                       \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// --- requests ---

static void refuses_wrong_requests(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    static const struct {
        const char *body;
        int status;
        const char *message;
    } rows[] = {
        {"{nonsense", 400, "cannot decode request body: invalid character"},
        {"", 400, "cannot decode request body: EOF"},
        {"[]", 400, "cannot decode request body: json: cannot unmarshal array"},
        {"{\"command\":\"true\"}", 400, "cannot decode request body: json: "},
        {"{\"command\":[\"true\"],\"timeout\":5}", 400, "cannot decode request body: json: "},
        {"{\"command\":[\"true\"],\"user-id\":\"5\"}", 400, "cannot decode request body: json: "},
        {"{\"command\":[\"true\"],\"width\":1.5}", 400, "cannot decode request body: json: "},
        {"{\"command\":[\"true\"],\"terminal\":1}", 400, "cannot decode request body: json: "},
        {"{\"command\":[\"true\"],\"environment\":[]}", 400,
         "json: cannot unmarshal array into Go struct field execPayload.environment of type map[string]string"},
        {"{\"command\":[\"true\"],\"environment\":{\"A\":1}}", 400,
         "json: cannot unmarshal number into Go struct field execPayload.environment of type string"},
        {"{\"command\":[\"true\"],\"environment\":{\"A\":\"\\u0000\"}}", 400, "cannot decode request body: json: "},
        {"{}", 400, "\"must specify command\""},
        {"{\"command\":[],\"timeout\":\"soon\"}", 400, "\"must specify command\""},
        {"{\"command\":[\"no-such\"],\"timeout\":\"soon\"}", 400, "\"invalid timeout: time: invalid duration"},
        {"{\"command\":[\"no-such\"]}", 400, "\"cannot find executable \\\"no-such\\\"\""},
        {"{\"command\":[\"true\"],\"service-context\":\"ghost\"}", 400, "context service \\\"ghost\\\" not found"},
        {"{\"command\":[\"true\"],\"group\":\"bin\"}", 400, "must specify user, not just group"},
        {"{\"command\":[\"true\"],\"interactive\":true}", 500,
         "cannot call exec: cannot use interactive mode without a terminal"},
        {"{\"command\":[\"true\"],\"working-dir\":\"/no/where\"}", 500,
         "cannot call exec: working directory \\\"/no/where\\\" does not exist"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_response(&fixture, "POST /v1/exec", rows[i].body, rows[i].status, rows[i].message);
    assert_response(&fixture, "GET /v1/exec", "", 405, "not allowed");
    assert_response(&fixture, "GET /v1/changes?select=all", "", 200, "\"result\":[]");
    assert_null(strstr(buffer_text(&fixture.log), "Executing command"));
    fixture_end(&fixture);
}

// As the ops library sends it.
#define OPS_BODY                                                                                                       \
    "{\"command\":[\"true\",\"secret\"],\"service-context\":null,\"environment\":{\"A\":\"<1>\",\"B\":null},"          \
    "\"working-dir\":\"/\",\"timeout\":null,\"user-id\":null,\"user\":null,\"group-id\":null,\"group\":null,"          \
    "\"split-stderr\":true,\"terminal\":false,\"interactive\":false,\"width\":null,\"height\":null}"

static void starts_a_change(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *response = fixture_ask(&fixture, "POST", "/v1/exec", OPS_BODY);
    assert_non_null(strstr(response, "HTTP/1.1 202 "));
    assert_non_null(strstr(response, "\"type\":\"async\""));
    assert_non_null(strstr(response, "\"change\":\"1\",\"result\":{\"environment\":{"));
    assert_non_null(strstr(response, "\"A\":\"\\u003c1\\u003e\","));
    assert_non_null(strstr(response, "\"B\":\"\","));
    assert_non_null(strstr(response, "},\"task-id\":\"1\",\"working-dir\":\"/\"}"));
    const char *log = buffer_text(&fixture.log);
    assert_non_null(strstr(log, "\"description\":\"Executing command true\""));
    assert_non_null(strstr(log, ",exec\""));
    assert_null(strstr(log, "secret"));
    fixture_end(&fixture);
}

static void failed_call_is_freed_with_the_api(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    int fd = fixture_connect(&fixture);
    fixture_send(fd, "POST", "/v1/exec", OPS_BODY);
    while (list_is_empty(&fixture.api->calls))
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    fixture_end(&fixture); // the start is reported as failed
    (void)close(fd);
}

// --- websockets ---

// A client whose handshake is sent.
static struct websocket_peer begin_handshake(struct fixture *fixture, const char *path) {
    struct websocket_peer peer = peer_open(fixture_connect(fixture));
    AUTO_FREE char *request = memory_printf("GET %s", path);
    fixture_send_with(peer.fd, request, HANDSHAKE, "");
    return peer;
}

// Reads the head of the response; what follows are frames.
static void finish_handshake(struct fixture *fixture, struct websocket_peer *peer) {
    AUTO_BUFFER struct buffer head = BUFFER_INIT(BUFFER_NO_LIMIT);
    while (strstr(buffer_text(&head), "\r\n\r\n") == NULL) {
        char byte;
        if (recv(peer->fd, &byte, 1, 0) == 1)
            buffer_add_char(&head, byte);
        else
            uv_run(loop_uv(fixture->loop), UV_RUN_NOWAIT);
    }
    if (strstr(buffer_text(&head), "HTTP/1.1 101 ") == NULL)
        fail_msg("%s", buffer_text(&head));
}

static struct websocket_peer connect_websocket(struct fixture *fixture, const char *path) {
    struct websocket_peer peer = begin_handshake(fixture, path);
    finish_handshake(fixture, &peer);
    return peer;
}

static void refuses_handshake(struct fixture *fixture, const char *path, int status, const char *piece) {
    int fd = fixture_connect(fixture);
    AUTO_FREE char *request = memory_printf("GET %s", path);
    fixture_send_with(fd, request, HANDSHAKE, "");
    AUTO_FREE char *response = fixture_receive(fixture, fd);
    int got = 0;
    (void)sscanf(response, "HTTP/1.1 %d", &got);
    if (got != status || strstr(response, piece) == NULL)
        fail_msg("%s: want %d and %s, got\n%s", path, status, piece, response);
}

static void runs_a_command_over_websockets(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "POST /v1/exec", "{\"command\":[\"cat\"]}", 202, "\"task-id\":\"1\"");
    struct websocket_peer control = connect_websocket(&fixture, "/v1/tasks/1/websocket/control");
    struct websocket_peer stdio = connect_websocket(&fixture, "/v1/tasks/1/websocket/stdio");
    refuses_handshake(&fixture, "/v1/tasks/1/websocket/stdio", 500, "\"stdio websocket already connected\"");
    refuses_handshake(&fixture, "/v1/tasks/1/websocket/stderr", 404,
                      "\"cannot find stderr websocket for task \\\"1\\\"\"");
    peer_send(&stdio, WEBSOCKET_BINARY, "through cat");
    peer_send(&stdio, WEBSOCKET_TEXT, "{\"command\":\"end\"}");
    while (!change_is_ready(state_find_change(fixture.state, "1")))
        uv_run(loop_uv(fixture.loop), UV_RUN_ONCE);
    assert_response(&fixture, "GET /v1/changes/1", "", 200, "\"data\":{\"exit-code\":0}");
    while (peer_take(&stdio))
        ;
    assert_string_equal(buffer_text(&stdio.data), "through cat");
    assert_string_equal(buffer_text(&stdio.events), "text {\"command\":\"end\"}\nclose 1000\n");
    refuses_handshake(&fixture, "/v1/tasks/1/websocket/stdio", 200, "Content-Length: 0\r\n");
    peer_close(&control);
    peer_close(&stdio);
    fixture_end(&fixture);
}

static void logs_refusals(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct change *start = change_create(fixture.state, "start", "Start service \"one\"");
    (void)task_create(start, "start", "Start service \"one\"");
    assert_response(&fixture, "POST /v1/exec", "{\"command\":[\"cat\"]}", 202, "\"task-id\":\"2\"");
    refuses_handshake(&fixture, "/v1/tasks/77/websocket/stdio", 404, "\"cannot find task \\\"77\\\"\"");
    refuses_handshake(&fixture, "/v1/tasks/1/websocket/stdio", 400, "\"\\\"start\\\" tasks do not have websockets\"");
    refuses_handshake(&fixture, "/v1/tasks/2/websocket/video", 404,
                      "\"cannot find video websocket for task \\\"2\\\"\"");
    static const char *const expected[] = {
        "Sec-WebSocket-Version: 13\r\n", "Content-Type: text/plain; charset=utf-8\r\n",
        "\r\n\r\nBad Request\n{\"type\":\"error\",\"status-code\":500,",
        ("\"message\":\"websocket: the client is not using the websocket protocol: 'upgrade' token not found in "
         "'Connection' header\"")};
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        assert_response(&fixture, "GET /v1/tasks/2/websocket/stdio", "", 400, expected[i]);
    const char *log = buffer_text(&fixture.log);
    assert_non_null(strstr(log, "] Websocket: cannot find task \"77\"\n"));
    assert_non_null(strstr(log, "] Websocket 1: \"start\" tasks do not have websockets\n"));
    assert_non_null(strstr(log, "] Websocket 2: cannot find video websocket\n"));
    assert_non_null(strstr(log, "] Websocket 2: cannot connect to stdio websocket: websocket: the client is not "));
    // The place is free after a bad handshake.
    struct websocket_peer stdio = connect_websocket(&fixture, "/v1/tasks/2/websocket/stdio");
    struct websocket_peer control = begin_handshake(&fixture, "/v1/tasks/2/websocket/control");
    peer_close(&control); // during the handshake
    peer_send(&stdio, WEBSOCKET_TEXT, "{\"command\":\"end\"}");
    while (!change_is_ready(state_find_change(fixture.state, "2")))
        uv_run(loop_uv(fixture.loop), UV_RUN_ONCE);
    peer_close(&stdio);
    fixture_end(&fixture);
}

static void reports_why_a_command_has_failed(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "POST /v1/exec", "{\"command\":[\"cat\"]}", 202, "\"task-id\":\"1\"");
    loop_run_pending(fixture.loop);
    assert_true(change_abort(state_find_change(fixture.state, "1"), NULL));
    loop_run_pending(fixture.loop);
    refuses_handshake(&fixture, "/v1/tasks/1/websocket/stdio", 500, "(context canceled)");
    assert_non_null(
        strstr(buffer_text(&fixture.log), "] Websocket 1: cannot connect to stdio websocket: cannot perform"));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_wrong_requests),
        cmocka_unit_test(starts_a_change),
        cmocka_unit_test(failed_call_is_freed_with_the_api),
        cmocka_unit_test(runs_a_command_over_websockets),
        cmocka_unit_test(logs_refusals),
        cmocka_unit_test(reports_why_a_command_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
