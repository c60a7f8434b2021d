// SPDX-License-Identifier: GPL-3.0-or-later
#include "peer_websocket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"

#define KEY_HEADER "\r\nSec-WebSocket-Key: "

static void send_all(int fd, const char *bytes, size_t length) {
    assert_int_equal(send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT), length);
}

void peer_accept_websocket(int fd, const char *path, const char *more, size_t more_length) {
    AUTO_FREE char *request = peer_read(fd);
    AUTO_FREE char *begin = memory_printf("GET %s HTTP/1.1\r\n", path);
    AUTO_BUFFER struct buffer response = BUFFER_INIT(BUFFER_NO_LIMIT);
    char key[WEBSOCKET_KEY_SIZE] = "", accept[WEBSOCKET_ACCEPT_SIZE];
    if (!text_has_prefix(request, begin))
        fail_msg("the request is %s", request);
    assert_non_null(strstr(request, "\r\nUpgrade: websocket\r\n"));
    const char *value = strstr(request, KEY_HEADER);
    assert_non_null(value);
    memcpy(key, value + strlen(KEY_HEADER), WEBSOCKET_KEY_SIZE - 1);
    websocket_make_accept(key, accept);
    buffer_printf(&response,
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: %s\r\n\r\n",
                  accept);
    buffer_add(&response, more, more_length);
    send_all(fd, response.data, response.length);
}

void peer_send_frame(int fd, enum websocket_opcode opcode, const char *bytes, size_t length) {
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    send_all(fd, head, websocket_write_head(head, opcode, true, length, NULL));
    if (length > 0)
        send_all(fd, bytes, length);
}

void peer_send_text(int fd, const char *text) {
    peer_send_frame(fd, WEBSOCKET_TEXT, text, strlen(text));
}

static void add_piece(struct buffer *out, const struct websocket_piece *piece, enum websocket_event event) {
    const char letters[] = {[WEBSOCKET_TEXT] = 'T',
                            [WEBSOCKET_BINARY] = 'B',
                            [WEBSOCKET_CLOSE] = 'C',
                            [WEBSOCKET_PING] = 'P',
                            [WEBSOCKET_PONG] = 'O'};
    bool is_begun = out->length > 0 && buffer_text(out)[out->length - 1] != '|';
    if (event == WEBSOCKET_CONTROL || !is_begun)
        buffer_printf(out, "%c:", letters[piece->opcode]);
    if (piece->opcode == WEBSOCKET_CLOSE)
        buffer_printf(out, "%u", websocket_close_code(piece));
    else
        buffer_add(out, piece->bytes, piece->length);
    if (piece->is_end)
        buffer_add_char(out, '|');
}

char *peer_read_frames(int fd) {
    struct websocket_reader reader;
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    char bytes[65536];
    ssize_t count;
    websocket_reader_init(&reader, true);
    while ((count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        const char *input = bytes;
        size_t length = (size_t)count;
        for (;;) {
            struct websocket_piece piece;
            enum websocket_event event = websocket_reader_next(&reader, &input, &length, &piece);
            assert_int_not_equal(event, WEBSOCKET_FAILED);
            if (event == WEBSOCKET_NEED_MORE)
                break;
            add_piece(&out, &piece, event);
        }
    }
    if (count == 0)
        buffer_add_string(&out, "EOF");
    websocket_reader_finish(&reader);
    return buffer_take(&out);
}

// --- a command ---

struct peer_exec peer_request_exec(const struct peer *peer, struct pebble_call *call, char **request) {
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int fd = peer_accept(peer);
    char *text = peer_read(fd);
    assert_true(text_has_prefix(text, "POST /v1/exec HTTP/1.1\r\n"));
    const char body[] = "{\"type\":\"async\",\"status-code\":202,\"status\":\"Accepted\",\"change\":\"3\","
                        "\"result\":{\"environment\":{},\"task-id\":\"7\",\"working-dir\":\"/\"}}";
    AUTO_FREE char *response =
        memory_printf("HTTP/1.1 202 Accepted\r\nContent-Length: %zu\r\n\r\n%s", sizeof body - 1, body);
    peer_send(fd, response);
    if (request != NULL)
        *request = text;
    else
        free(text);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    return (struct peer_exec){.control = fd, .stdio = -1, .stderr_stream = -1};
}

void peer_begin_exec(const struct peer *peer, struct pebble_call *call, bool is_split, struct peer_exec *exec,
                     char **request) {
    *exec = peer_request_exec(peer, call, request);
    peer_accept_websocket(exec->control, "/v1/tasks/7/websocket/control", NULL, 0);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    exec->stdio = peer_accept(peer);
    peer_accept_websocket(exec->stdio, "/v1/tasks/7/websocket/stdio", NULL, 0);
    if (is_split) {
        exec->stderr_stream = peer_accept(peer);
        peer_accept_websocket(exec->stderr_stream, "/v1/tasks/7/websocket/stderr", NULL, 0);
    }
    assert_false(pebble_exec_is_connected(call));
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    assert_true(pebble_exec_is_connected(call));
}

void peer_end_exec(const struct peer *peer, struct pebble_call *call, const char *data, const char *err) {
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int fd = peer_accept(peer);
    AUTO_FREE char *request = peer_read(fd);
    assert_true(text_has_prefix(request, "GET /v1/changes/3/wait?timeout=4s HTTP/1.1\r\n"));
    AUTO_FREE char *task_data = data != NULL ? memory_printf(",\"data\":%s", data) : memory_string("");
    AUTO_FREE char *error = err != NULL ? memory_printf(",\"err\":\"%s\"", err) : memory_string("");
    AUTO_FREE char *change = memory_printf(
        "{\"id\":\"3\",\"kind\":\"exec\",\"summary\":\"x\",\"status\":\"%s\",\"ready\":true%s,\"tasks\":[{\"id\":\"7\","
        "\"kind\":\"exec\",\"summary\":\"x\",\"status\":\"Done\"%s}]}",
        err != NULL ? "Error" : "Done", error, task_data);
    peer_respond(fd, change);
    close(fd);
}

void peer_close_exec(struct peer_exec *exec) {
    close(exec->control);
    close(exec->stdio);
    if (exec->stderr_stream >= 0)
        close(exec->stderr_stream);
}
