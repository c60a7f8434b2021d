// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_websocket.h"

#include "http_fixture.h"
#include "websocket_peer.h"

#define HANDSHAKE                                                                                                      \
    "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"    \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define PLAIN "GET /socket HTTP/1.1\r\nHost: x\r\n\r\n"

static struct {
    struct websocket *websocket;
    int accepted;
} session;

static void on_text_received(struct websocket *websocket, const char *text, size_t length, void *data UNUSED) {
    websocket_send(websocket, WEBSOCKET_TEXT, text, length);
}

static void on_session_accepted(struct websocket *websocket, void *data) {
    static const struct websocket_handlers echo = {.on_text = on_text_received};
    assert_ptr_equal(data, &session);
    assert_int_equal(seen.depth, 0);
    session.accepted++;
    session.websocket = websocket;
    if (websocket == NULL)
        return;
    websocket_set_handlers(websocket, &echo, NULL);
    websocket_read_start(websocket);
}

static void accept_or_refuse(struct http_exchange *exchange, void *data UNUSED) {
    AUTO_ERROR struct error err = {0};
    enter();
    if (!websocket_accept(exchange, loop, on_session_accepted, &session, &err))
        respond_text(exchange, err.kind == ERROR_BAD_REQUEST ? 400 : 500, error_text(&err));
    leave();
}

// --- many sessions ---

// Each message takes 5 ms. All sessions together have 20 ms of a turn at once, and as much for those that wait.
enum { SESSIONS = 30, MESSAGE_MS = 5, MESSAGES_PER_TURN_MAX = 2 * (20 / MESSAGE_MS) + 2 };

static struct {
    struct websocket *websockets[SESSIONS];
    int accepted, received, received_in_turn, received_in_turn_max;
    uint64_t turn;
} many;

static void on_slow_message(struct websocket *websocket UNUSED, const char *bytes UNUSED, size_t length UNUSED,
                            void *data UNUSED) {
    if (many.turn != loop_turn(loop))
        many.received_in_turn = 0;
    many.turn = loop_turn(loop);
    many.received++;
    many.received_in_turn++;
    if (many.received_in_turn > many.received_in_turn_max)
        many.received_in_turn_max = many.received_in_turn;
    for (int64_t end_ns = clock_monotonic_ns() + MESSAGE_MS * NS_PER_MS; clock_monotonic_ns() < end_ns;) {
    }
}

static void on_one_of_many_accepted(struct websocket *websocket, void *data UNUSED) {
    static const struct websocket_handlers slow = {.on_binary = on_slow_message};
    assert_non_null(websocket);
    websocket_set_handlers(websocket, &slow, NULL);
    websocket_read_start(websocket);
    many.websockets[many.accepted++] = websocket;
}

static void accept_one_of_many(struct http_exchange *exchange, void *data UNUSED) {
    assert_true(websocket_accept(exchange, loop, on_one_of_many_accepted, NULL, NULL));
}

static void open_many(struct client clients[static SESSIONS]) {
    memset(&many, 0, sizeof many);
    server->exchanges.handle = accept_one_of_many;
    for (int i = 0; i < SESSIONS; i++) {
        clients[i] = client_open();
        client_send(&clients[i], HANDSHAKE);
        client_expect(&clients[i], "HTTP/1.1 101 ");
    }
    loop_run_pending(loop);
    assert_int_equal(many.accepted, SESSIONS);
}

static void destroy_many(void) {
    for (int i = 0; i < many.accepted; i++)
        websocket_destroy(many.websockets[i]);
}

static void close_many(struct client clients[static SESSIONS]) {
    for (int i = 0; i < SESSIONS; i++)
        client_close(&clients[i]);
}

static void send_message(const struct client *client) {
    AUTO_BUFFER struct buffer frame = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&frame, WEBSOCKET_BINARY, true, "x", 1, peer_mask);
    assert_int_equal(send(client->fd, frame.data, frame.length, 0), frame.length);
}

static void sessions_share_the_time_of_their_owner(void **state UNUSED) {
    struct client clients[SESSIONS];
    open_many(clients);
    assert_int_equal(server->connections.count, 0);
    for (int i = 0; i < SESSIONS; i++)
        send_message(&clients[i]);
    loop_run_pending(loop);
    assert_int_equal(many.received, SESSIONS);
    assert_in_range(many.received_in_turn_max, 1, MESSAGES_PER_TURN_MAX);
    destroy_many();
    assert_int_equal(server->connections.owners.by_key.count, 0);
    close_many(clients);
}

static void sessions_that_wait_may_end(void **state UNUSED) {
    struct client clients[SESSIONS];
    open_many(clients);
    for (int i = 0; i < SESSIONS; i++)
        send_message(&clients[i]);
    (void)uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_in_range(many.received, 1, SESSIONS - 1);
    for (int i = 0; i < SESSIONS / 2; i++)
        websocket_close(many.websockets[i], WEBSOCKET_CODE_NORMAL);
    (void)uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    destroy_many();
    close_many(clients);
}

static void sessions_outlive_the_server(void **state UNUSED) {
    struct client clients[SESSIONS];
    open_many(clients);
    for (int i = 0; i < SESSIONS; i++)
        send_message(&clients[i]);
    http_server_destroy(TAKE(server));
    loop_run_pending(loop);
    assert_int_equal(many.received, SESSIONS);
    assert_in_range(many.received_in_turn_max, 1, MESSAGES_PER_TURN_MAX);
    destroy_many();
    close_many(clients);
}

static int open_acceptor(void **state) {
    memset(&session, 0, sizeof session);
    int code = open_server(state);
    server->exchanges.handle = accept_or_refuse;
    return code;
}

static int close_acceptor(void **state) {
    websocket_destroy(session.websocket);
    return close_server(state);
}

static void accepts_a_handshake(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    AUTO_BUFFER struct buffer request = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&request, HANDSHAKE);
    add_frame(&request, WEBSOCKET_TEXT, true, "with the request", 16, peer_mask);
    assert_true(client_send_bytes(&client, request.data, request.length));
    client_expect(&client, "with the request");
    assert_int_equal(session.accepted, 1);
    assert_int_equal(seen.last_status, 101);
    assert_non_null(strstr(buffer_text(&client.got), "HTTP/1.1 101 "));
    assert_non_null(strstr(buffer_text(&client.got), "Upgrade: websocket\r\n"));
    assert_non_null(strstr(buffer_text(&client.got), "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_null(strstr(buffer_text(&client.got), "Extensions"));
}

static void leaves_other_requests_to_the_caller(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, PLAIN);
    client_expect(&client, "websocket: the client is not using the websocket protocol: 'upgrade' token");
    assert_int_equal(seen.last_status, 400);
    client_send(&client, HANDSHAKE); // the connection goes on
    client_expect(&client, "HTTP/1.1 101 ");
    assert_int_equal(session.accepted, 1);
}

static void reports_a_client_that_has_gone(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, ""); // the connection is open
    assert_true(send(client.fd, HANDSHAKE, sizeof HANDSHAKE - 1, 0) > 0);
    client_close(&client);
    loop_run_pending(loop);
    assert_int_equal(session.accepted + (seen.last_status == 500), 1);
    assert_int_equal(http_server_connections(server), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_acceptor, close_acceptor)
    const struct CMUnitTest tests[] = {
        TEST(accepts_a_handshake),
        TEST(leaves_other_requests_to_the_caller),
        TEST(reports_a_client_that_has_gone),
        TEST(sessions_share_the_time_of_their_owner),
        TEST(sessions_that_wait_may_end),
        TEST(sessions_outlive_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
