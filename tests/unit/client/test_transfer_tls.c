// SPDX-License-Identifier: GPL-3.0-or-later
// transfer.c over TLS.
#include "tls_peer.h"
#include "transfer_run.h"

#include <poll.h>

#include "base/clock.h"
#include "base/text.h"

#define TLS_PREFIX "cannot communicate with server: Get \"https://localhost/x\": "

struct tls_run {
    struct run run;
    struct tls_peer peer;
};

// Begins with a client that repeats GET requests for `get_retry_ns`.
static void tls_run_init(struct tls_run *tls, const struct client_request *request, int64_t get_retry_ns) {
    tls->run = (struct run){0};
    peer_begin(&tls->run.peer);
    tls_peer_begin(&tls->peer);
    tls_peer_secure(&tls->peer, tls->run.peer.client);
    tls->run.peer.client->get_retry_ns = get_retry_ns;
    run_begin(&tls->run, request);
}

static void tls_run_finish(struct tls_run *tls) {
    run_finish(&tls->run);
    tls_peer_end(&tls->peer);
}

// Up to the request, which is returned. Owned.
static char *tls_run_connect(struct tls_run *tls) {
    assert_int_equal(go_on(&tls->run), CLIENT_TRANSFER_WAITING);
    assert_int_equal(tls->run.transfer.state, CLIENT_TRANSFER_HANDSHAKING);
    tls_peer_accept(&tls->peer, peer_accept(&tls->run.peer));
    tls_peer_pump(&tls->peer);
    assert_int_equal(go_on(&tls->run), CLIENT_TRANSFER_WAITING);
    return tls_peer_take(&tls->peer);
}

static void tls_connection_is_kept(void **state UNUSED) {
    struct tls_run tls;
    tls_run_init(&tls, &get_x, 0);
    AUTO_FREE char *first = tls_run_connect(&tls);
    assert_true(text_has_prefix(first, "GET /x HTTP/1.1\r\n"));
    tls_peer_send(&tls.peer, RESPONSE);
    assert_ended(&tls.run, "abc");
    run_again(&tls.run, &post_x);
    assert_int_equal(go_on(&tls.run), CLIENT_TRANSFER_WAITING);
    assert_false(peer_is_called(&tls.run.peer));
    AUTO_FREE char *second = tls_peer_take(&tls.peer);
    assert_true(text_has_prefix(second, "POST /x HTTP/1.1\r\n"));
    // Several records, the last of which comes with the end.
    tls_peer_send(&tls.peer, "HTTP/1.1 200 OK\r\n\r\n");
    tls_peer_send(&tls.peer, "ab");
    tls_peer_send(&tls.peer, "c");
    tls_peer_send_end(&tls.peer);
    assert_ended(&tls.run, "abc");
    tls_run_finish(&tls);
}

static void tls_connection_that_was_closed_is_replaced(void **state UNUSED) {
    struct tls_run tls;
    tls_run_init(&tls, &get_x, 0);
    for (int i = 0; i < 3; i++) {
        AUTO_FREE char *text = tls_run_connect(&tls);
        assert_true(text_has_prefix(text, "GET /x HTTP/1.1\r\n"));
        tls_peer_send(&tls.peer, RESPONSE);
        assert_ended(&tls.run, "abc");
        if (i == 0)
            tls_peer_send_end(&tls.peer);
        else if (i == 1)
            tls_peer_leave(&tls.peer);
        run_again(&tls.run, &get_x);
    }
    tls_run_finish(&tls);
}

// Reading, the client waits for the rest of its request to be sent.
static void rest_of_a_tls_request_is_waited_for(void **state UNUSED) {
    struct tls_run tls;
    int size = 8192;
    AUTO_FREE char *body = memory_printf("%050000d", 0);
    const struct client_request request = {.method = "POST", .target = "/x", .body = body, .body_length = strlen(body)};
    tls_run_init(&tls, &request, 0);
    assert_int_equal(go_on(&tls.run), CLIENT_TRANSFER_WAITING);
    struct client_socket *socket = &tls.run.transfer.connection.socket;
    assert_int_equal(setsockopt(socket->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    tls_peer_accept(&tls.peer, peer_accept(&tls.run.peer));
    tls_peer_pump(&tls.peer);
    assert_int_equal(go_on(&tls.run), CLIENT_TRANSFER_WAITING);
    tls_peer_pump_some(&tls.peer, 4096); // the rest of the handshake
    assert_int_equal(tls.run.transfer.state, CLIENT_TRANSFER_RECEIVING);
    assert_true(client_connection_has_output(&tls.run.transfer.connection));
    AUTO_CLOSE int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct client_wants wants = {.poll_fd = poll_fd};
    assert_true(client_transfer_watch(&tls.run.transfer, &wants, NULL));
    assert_int_equal(tls.run.transfer.connection.watch.events, POLLIN | POLLOUT);
    // A response that comes before leaves nothing that another request could use.
    tls_peer_send(&tls.peer, RESPONSE);
    assert_ended(&tls.run, "abc");
    assert_false(client_connection_is_open(&tls.run.peer.client->idle));
    tls_run_finish(&tls);
}

static void tls_refusal_is_not_repeated(void **state UNUSED) {
    struct tls_run tls;
    tls_run_init(&tls, &get_x, 60 * NS_PER_S);
    struct chain other = chain_make_at(time(NULL));
    struct tls_context *server = server_context(&other);
    tls.run.peer.client->endpoint.unset_fingerprint = "server_fingerprint";
    assert_int_equal(go_on(&tls.run), CLIENT_TRANSFER_WAITING);
    tls_context_release(tls.peer.server);
    tls.peer.server = server;
    tls_peer_accept(&tls.peer, peer_accept(&tls.run.peer));
    tls_peer_pump(&tls.peer);
    assert_int_equal(go_on(&tls.run), CLIENT_TRANSFER_FAILED);
    assert_int_equal(tls.run.error.kind, PEBBLE_ERROR_CONNECTION);
    assert_true(text_has_prefix(tls.run.error.message, TLS_PREFIX "tls: failed to verify certificate: "));
    assert_true(text_has_suffix(tls.run.error.message, "; server_fingerprint is not set"));
    chain_finish(&other);
    tls_run_finish(&tls);
}

static void end_in_the_tls_handshake_is_repeated(void **state UNUSED) {
    struct tls_run tls;
    tls_run_init(&tls, &get_x, 60 * NS_PER_S);
    assert_int_equal(go_on(&tls.run), CLIENT_TRANSFER_WAITING);
    tls_peer_accept(&tls.peer, peer_accept(&tls.run.peer));
    tls_peer_leave(&tls.peer);
    assert_int_equal(go_on(&tls.run), CLIENT_TRANSFER_WAITING);
    assert_int_equal(tls.run.transfer.state, CLIENT_TRANSFER_PAUSING);
    tls.run.transfer.resume_ns = 0;
    AUTO_FREE char *text = tls_run_connect(&tls);
    assert_true(text_has_prefix(text, "GET /x HTTP/1.1\r\n"));
    tls_run_finish(&tls);
}

static void tls_handshake_has_a_deadline(void **state UNUSED) {
    struct tls_run tls;
    tls_run_init(&tls, &get_x, 0);
    int64_t before_ns = clock_monotonic_ns();
    assert_int_equal(go_on(&tls.run), CLIENT_TRANSFER_WAITING);
    assert_true(wake_ns(&tls.run) >= before_ns + 30 * NS_PER_S);
    tls.run.transfer.handshake_end_ns = before_ns;
    assert_failed(&tls.run, PEBBLE_ERROR_CONNECTION, TLS_PREFIX "TLS handshake timeout");
    tls_run_finish(&tls);
}

static void time_limit_includes_the_tls_handshake(void **state UNUSED) {
    struct tls_run tls;
    tls_run_init(&tls, &get_x, 0);
    assert_int_equal(go_on(&tls.run), CLIENT_TRANSFER_WAITING);
    tls.run.transfer.deadline_ns = clock_monotonic_ns();
    assert_true(wake_ns(&tls.run) == tls.run.transfer.deadline_ns);
    assert_failed(&tls.run, PEBBLE_ERROR_TIMEOUT, TLS_PREFIX "timed out waiting for server");
    tls_run_finish(&tls);
}

static void tls_end_without_notice_is_no_end_of_a_body(void **state UNUSED) {
    struct tls_run tls;
    tls_run_init(&tls, &get_x, 60 * NS_PER_S);
    AUTO_FREE char *text = tls_run_connect(&tls);
    assert_true(text_has_prefix(text, "GET /x HTTP/1.1\r\n"));
    tls_peer_send(&tls.peer, "HTTP/1.1 200 OK\r\n\r\nabc");
    tls_peer_leave(&tls.peer);
    assert_failed(&tls.run, PEBBLE_ERROR_CONNECTION, TLS_PREFIX "unexpected EOF");
    assert_string_equal(buffer_text(&tls.run.body), "abc");
    tls_run_finish(&tls);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_connection_is_kept),
        cmocka_unit_test(tls_connection_that_was_closed_is_replaced),
        cmocka_unit_test(rest_of_a_tls_request_is_waited_for),
        cmocka_unit_test(tls_refusal_is_not_repeated),
        cmocka_unit_test(end_in_the_tls_handshake_is_repeated),
        cmocka_unit_test(tls_handshake_has_a_deadline),
        cmocka_unit_test(time_limit_includes_the_tls_handshake),
        cmocka_unit_test(tls_end_without_notice_is_no_end_of_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
