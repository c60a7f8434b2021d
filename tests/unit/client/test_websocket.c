// SPDX-License-Identifier: GPL-3.0-or-later
#include "tls_peer.h"

#include <poll.h>
#include <sys/epoll.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "client/websocket_internal.h"
#include "peer_websocket.h"

struct session {
    struct peer peer;
    struct client_websocket websocket;
    struct pebble_error error;
    int fd; // the daemon's end
    const char *data;
    size_t length;
};

static enum client_websocket_event step_once(struct session *session) {
    return client_websocket_step(&session->websocket, &session->data, &session->length, &session->error);
}

static bool is_readable(const struct session *session) {
    struct pollfd watched = {.fd = session->websocket.connection.socket.fd, .events = POLLIN};
    return poll(&watched, 1, 0) == 1;
}

// Until it has to wait for the peer.
static enum client_websocket_event step(struct session *session) {
    enum client_websocket_event event;
    do
        event = step_once(session);
    while (event == CLIENT_WEBSOCKET_WAITING && is_readable(session));
    return event;
}

static void session_dial(struct session *session) {
    *session = (struct session){0};
    peer_begin(&session->peer);
    assert_true(client_websocket_init(&session->websocket, session->peer.client, "/x", CLIENT_NO_DEADLINE, NULL));
    assert_int_equal(step(session), CLIENT_WEBSOCKET_WAITING);
    session->fd = peer_accept(&session->peer);
}

static void session_begin(struct session *session) {
    session_dial(session);
    peer_accept_websocket(session->fd, "/x", NULL, 0);
    assert_int_equal(step(session), CLIENT_WEBSOCKET_OPENED);
    assert_int_equal(step(session), CLIENT_WEBSOCKET_WAITING);
}

static void session_end(struct session *session) {
    client_websocket_finish(&session->websocket);
    client_websocket_finish(&session->websocket);
    pebble_error_clear(&session->error);
    close(session->fd);
    peer_end(&session->peer);
}

static void assert_event(struct session *session, enum client_websocket_event event, const char *text) {
    assert_int_equal(step(session), event);
    assert_int_equal(session->length, strlen(text));
    assert_memory_equal(session->data, text, session->length);
}

static void assert_frames(const struct session *session, const char *expected) {
    AUTO_FREE char *frames = peer_read_frames(session->fd);
    assert_string_equal(frames, expected);
}

static bool is_watched(struct session *session, short events) {
    AUTO_CLOSE int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct client_wants wants = {.poll_fd = poll_fd};
    assert_true(client_websocket_watch(&session->websocket, &wants, NULL));
    bool is_same = session->websocket.connection.watch.events == events;
    client_watch_clear(&session->websocket.connection.watch);
    return is_same;
}

static void frames_go_both_ways(void **state UNUSED) {
    struct session session;
    session_begin(&session);
    peer_send_frame(session.fd, WEBSOCKET_BINARY, "hello", 5);
    peer_send_frame(session.fd, WEBSOCKET_BINARY, "", 0);
    peer_send_text(session.fd, "{}");
    peer_send_text(session.fd, "");
    peer_send_frame(session.fd, WEBSOCKET_BINARY, "bye", 3);
    assert_event(&session, CLIENT_WEBSOCKET_BINARY, "hello");
    assert_event(&session, CLIENT_WEBSOCKET_TEXT, "{}");
    assert_event(&session, CLIENT_WEBSOCKET_TEXT, "");
    assert_event(&session, CLIENT_WEBSOCKET_BINARY, "bye");
    assert_int_equal(step(&session), CLIENT_WEBSOCKET_WAITING);
    client_websocket_send(&session.websocket, WEBSOCKET_BINARY, "data", 4);
    client_websocket_send(&session.websocket, WEBSOCKET_TEXT, "text", 4);
    assert_frames(&session, "B:data|T:text|");
    session_end(&session);
}

static void frames_may_come_with_the_response(void **state UNUSED) {
    struct session session;
    session_dial(&session);
    peer_accept_websocket(session.fd, "/x", "\x82\x02hi\x81", 5);
    assert_int_equal(step(&session), CLIENT_WEBSOCKET_OPENED);
    assert_event(&session, CLIENT_WEBSOCKET_BINARY, "hi");
    assert_int_equal(step(&session), CLIENT_WEBSOCKET_WAITING);
    peer_send(session.fd, "\x01!");
    assert_event(&session, CLIENT_WEBSOCKET_TEXT, "!");
    session_end(&session);
}

static void texts_may_come_in_pieces(void **state UNUSED) {
    struct session session;
    session_begin(&session);
    const char pieces[] = "\x01\x02"
                          "ab\x89\x01p\x80\x02"
                          "cd\x81\x01z";
    for (size_t i = 0; i + 1 < sizeof pieces; i++) {
        char byte[] = {pieces[i], '\0'};
        assert_int_equal(send(session.fd, byte, 1, MSG_NOSIGNAL), 1);
        if (i + 2 == sizeof pieces)
            assert_event(&session, CLIENT_WEBSOCKET_TEXT, "z");
        else if (i == 10)
            assert_event(&session, CLIENT_WEBSOCKET_TEXT, "abcd");
        else
            assert_int_equal(step(&session), CLIENT_WEBSOCKET_WAITING);
    }
    assert_frames(&session, "O:p|");
    session_end(&session);
}

static void daemon_closes(void **state UNUSED) {
    static const struct {
        const char *frames;
        size_t length;
        const char *expected; // what is sent back
        bool was_closed;
    } cases[] = {
        {"\x88\x02\x03\xe8", 4, "C:1000|EOF", true},
        {"\x88\x00", 2, "C:1005|EOF", true},
        {"\x88\x02\x03\xe9", 4, "C:1001|EOF", false},
        {"\x82\x81"
         "1234x",
         7, "C:1002|EOF", false},
        {"\x83\x01x", 3, "C:1002|EOF", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct session session;
        session_begin(&session);
        assert_int_equal(send(session.fd, cases[i].frames, cases[i].length, MSG_NOSIGNAL), cases[i].length);
        assert_int_equal(step(&session), CLIENT_WEBSOCKET_ENDED);
        assert_int_equal(session.websocket.was_closed, cases[i].was_closed);
        assert_int_equal(step(&session), CLIENT_WEBSOCKET_ENDED);
        assert_int_equal(client_websocket_room(&session.websocket), 0);
        assert_frames(&session, cases[i].expected);
        session_end(&session);
    }
}

static void connection_is_lost(void **state UNUSED) {
    struct session session;
    session_begin(&session);
    peer_send_frame(session.fd, WEBSOCKET_BINARY, "rest", 4);
    shutdown(session.fd, SHUT_RDWR);
    client_websocket_send(&session.websocket, WEBSOCKET_BINARY, "nobody reads it", 15);
    assert_false(client_websocket_has_queue(&session.websocket));
    assert_event(&session, CLIENT_WEBSOCKET_BINARY, "rest");
    assert_int_equal(step(&session), CLIENT_WEBSOCKET_ENDED);
    assert_false(session.websocket.was_closed);
    session_end(&session);
}

static void long_text_is_refused(void **state UNUSED) {
    struct session session;
    session_begin(&session);
    AUTO_FREE char *text = memory_new(CLIENT_WEBSOCKET_TEXT_BYTES + 1);
    memset(text, 'x', CLIENT_WEBSOCKET_TEXT_BYTES + 1);
    peer_send_frame(session.fd, WEBSOCKET_TEXT, text, CLIENT_WEBSOCKET_TEXT_BYTES);
    assert_int_equal(step(&session), CLIENT_WEBSOCKET_TEXT);
    assert_int_equal(session.length, CLIENT_WEBSOCKET_TEXT_BYTES);
    peer_send_frame(session.fd, WEBSOCKET_TEXT, text, CLIENT_WEBSOCKET_TEXT_BYTES + 1);
    assert_int_equal(step(&session), CLIENT_WEBSOCKET_ENDED);
    assert_frames(&session, "C:1009|EOF");
    session_end(&session);
}

// A daemon that reads nothing: what is sent is queued up to the limit, and sent when it reads again.
static void queue_is_bounded(void **state UNUSED) {
    struct session session;
    session_begin(&session);
    AUTO_FREE char *bytes = memory_new(CLIENT_WEBSOCKET_QUEUE_BYTES);
    size_t sent = 0;
    memset(bytes, 'x', CLIENT_WEBSOCKET_QUEUE_BYTES);
    assert_true(is_watched(&session, POLLIN));
    for (size_t room; (room = client_websocket_room(&session.websocket)) > 0; sent += room)
        client_websocket_send(&session.websocket, WEBSOCKET_BINARY, bytes, room);
    assert_true(client_websocket_has_queue(&session.websocket));
    assert_true(session.websocket.output.capacity < 4 * CLIENT_WEBSOCKET_QUEUE_BYTES);
    assert_true(is_watched(&session, POLLIN | POLLOUT));
    peer_send_frame(session.fd, WEBSOCKET_PING, "no room for the response", 24);
    assert_int_equal(step(&session), CLIENT_WEBSOCKET_WAITING);
    while (client_websocket_has_queue(&session.websocket)) {
        while (recv(session.fd, bytes, CLIENT_WEBSOCKET_QUEUE_BYTES, MSG_DONTWAIT) > 0)
            continue;
        assert_int_equal(step(&session), CLIENT_WEBSOCKET_WAITING);
    }
    assert_true(sent > CLIENT_WEBSOCKET_QUEUE_BYTES);
    assert_int_equal(client_websocket_room(&session.websocket), CLIENT_WEBSOCKET_QUEUE_BYTES);
    session_end(&session);
}

static void floods_give_way(void **state UNUSED) {
    struct session session;
    session_begin(&session);
    AUTO_FREE char *bytes = memory_new(65536);
    size_t received = 0;
    bool has_given_way = false;
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    size_t size = websocket_write_head(head, WEBSOCKET_BINARY, true, UINT64_C(1) << 40, NULL);
    assert_int_equal(send(session.fd, head, size, MSG_NOSIGNAL), size);
    while (!has_given_way && received < 16 * CLIENT_WEBSOCKET_INPUT_BYTES) {
        while (send(session.fd, bytes, 65536, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
            continue;
        bool was_binary = step_once(&session) == CLIENT_WEBSOCKET_BINARY;
        received += was_binary ? session.length : 0;
        has_given_way = !was_binary && is_readable(&session);
    }
    assert_true(has_given_way);
    session_end(&session);
}

static void closing_is_announced(void **state UNUSED) {
    struct session session;
    session_begin(&session);
    client_websocket_close(&session.websocket);
    assert_frames(&session, "C:1000|EOF");
    client_websocket_close(&session.websocket);
    assert_int_equal(step(&session), CLIENT_WEBSOCKET_ENDED);
    session_end(&session);
    session_dial(&session);
    client_websocket_close(&session.websocket);
    session_end(&session);
}

static void refusals_are_errors_of_the_api(void **state UNUSED) {
    struct session session;
    session_dial(&session);
    peer_send(session.fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 74\r\n\r\n"
                          "{\"type\":\"error\",\"status-code\":404,\"result\":{\"message\":\"cannot find task\"}}");
    assert_int_equal(step(&session), CLIENT_WEBSOCKET_FAILED);
    assert_int_equal(session.error.kind, PEBBLE_ERROR_API);
    assert_int_equal(session.error.status, 404);
    assert_string_equal(session.error.message, "cannot find task");
    session_end(&session);
}

static void other_responses_are_no_handshake(void **state UNUSED) {
    static const struct {
        const char *response;
        const char *reason;
    } cases[] = {
        {"HTTP/1.1 101 ?\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
         "cannot communicate with server: Get \"http://localhost/x\": malformed HTTP response: Sec-WebSocket-Accept "
         "does not fit the key"},
        {"HTTP/1.1 101 ?\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
         "cannot communicate with server: Get \"http://localhost/x\": malformed HTTP response: Upgrade has no token "
         "\"websocket\""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"type\":\"sync\",\"result\":[]}",
         "cannot connect to server: response is no WebSocket handshake"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct session session;
        session_dial(&session);
        peer_send(session.fd, cases[i].response);
        assert_int_equal(step(&session), CLIENT_WEBSOCKET_FAILED);
        assert_int_equal(session.error.kind, PEBBLE_ERROR_PROTOCOL);
        assert_string_equal(session.error.message, cases[i].reason);
        session_end(&session);
    }
}

static void handshake_has_a_deadline(void **state UNUSED) {
    struct session session = {0};
    peer_begin(&session.peer);
    assert_true(client_websocket_init(&session.websocket, session.peer.client, "/x", 1, NULL));
    assert_int_equal(step(&session), CLIENT_WEBSOCKET_FAILED);
    assert_int_equal(session.error.kind, PEBBLE_ERROR_TIMEOUT);
    session.fd = peer_accept(&session.peer);
    session_end(&session);
}

static void masks_differ(void **state UNUSED) {
    struct session session;
    session_begin(&session);
    char frames[100][10];
    for (size_t i = 0; i < ARRAY_COUNT(frames); i++) {
        client_websocket_send(&session.websocket, WEBSOCKET_BINARY, "same", 4);
        assert_int_equal(recv(session.fd, frames[i], sizeof frames[i], MSG_DONTWAIT), sizeof frames[i]);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(frames[i], frames[j], sizeof frames[i]);
    }
    session_end(&session);
}

// What is encrypted and not sent yet is queued as frames are, or nobody would wait for the socket.
static void ciphertext_is_queued(void **state UNUSED) {
    struct session session;
    struct tls_peer tls;
    struct client_connection *connection = &session.websocket.connection;
    int size = 4096;
    char bytes[60000] = "";
    session_begin(&session);
    client_connection_close(connection);
    close(session.fd);
    // The WebSocket goes on over TLS.
    int ends[2];
    tls_peer_begin(&tls);
    tls_peer_secure(&tls, session.peer.client);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_true(client_connection_open(connection, ends[0], NULL));
    tls_peer_accept(&tls, ends[1]);
    assert_int_equal(client_connection_handshake(connection, NULL), CLIENT_WAITING);
    tls_peer_pump(&tls);
    assert_int_equal(client_connection_handshake(connection, NULL), CLIENT_DONE);
    tls_peer_pump(&tls);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    assert_false(client_websocket_has_queue(&session.websocket));
    client_websocket_send(&session.websocket, WEBSOCKET_BINARY, bytes, sizeof bytes);
    assert_int_equal(session.websocket.output.length, 0);
    assert_true(client_websocket_has_queue(&session.websocket));
    while (client_websocket_has_queue(&session.websocket)) {
        tls_peer_pump(&tls);
        assert_int_equal(step(&session), CLIENT_WEBSOCKET_WAITING);
    }
    tls_peer_pump(&tls);
    assert_true(tls.side.received.length > sizeof bytes);
    client_websocket_close(&session.websocket);
    tls_peer_pump(&tls);
    assert_int_equal(tls.side.result, TLS_END);
    session.fd = -1;
    session_end(&session);
    tls_peer_end(&tls);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_go_both_ways),
        cmocka_unit_test(frames_may_come_with_the_response),
        cmocka_unit_test(texts_may_come_in_pieces),
        cmocka_unit_test(daemon_closes),
        cmocka_unit_test(connection_is_lost),
        cmocka_unit_test(long_text_is_refused),
        cmocka_unit_test(queue_is_bounded),
        cmocka_unit_test(floods_give_way),
        cmocka_unit_test(closing_is_announced),
        cmocka_unit_test(refusals_are_errors_of_the_api),
        cmocka_unit_test(other_responses_are_no_handshake),
        cmocka_unit_test(handshake_has_a_deadline),
        cmocka_unit_test(masks_differ),
        cmocka_unit_test(ciphertext_is_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
