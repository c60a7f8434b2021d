// SPDX-License-Identifier: GPL-3.0-or-later
#include "tls_peer.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/connection_internal.h"

static const struct client_endpoint somewhere = {.socket_path = (char[]){"somewhere"}};

// A connection whose other end is *peer.
static void connect_pair(struct client_connection *connection, int *peer) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    client_connection_init(connection, &somewhere);
    assert_true(client_connection_open(connection, ends[0], NULL));
    assert_true(client_connection_is_open(connection));
    assert_int_equal(client_connection_handshake(connection, NULL), CLIENT_DONE);
    *peer = ends[1];
}

static void receives_what_is_there_and_then_the_end(void **state UNUSED) {
    struct client_connection connection;
    int peer;
    connect_pair(&connection, &peer);
    char bytes[16];
    size_t received = 99;
    assert_int_equal(client_connection_receive(&connection, bytes, sizeof bytes, &received, NULL), CLIENT_IO_BLOCKED);
    assert_int_equal(received, 99);
    assert_int_equal(write(peer, "hello", 5), 5);
    assert_int_equal(client_connection_receive(&connection, bytes, sizeof bytes, &received, NULL), CLIENT_IO_DONE);
    assert_int_equal(received, 5);
    assert_memory_equal(bytes, "hello", 5);
    close(peer);
    assert_int_equal(client_connection_receive(&connection, bytes, sizeof bytes, &received, NULL), CLIENT_IO_CLOSED);
    client_connection_close(&connection);
    client_connection_close(&connection);
}

static void sends_until_the_peer_takes_no_more(void **state UNUSED) {
    struct client_connection connection;
    int peer;
    connect_pair(&connection, &peer);
    size_t length = 16 << 20, sent = 0;
    AUTO_FREE char *bytes = memory_new(length);
    assert_int_equal(client_connection_send(&connection, bytes, length, &sent, NULL), CLIENT_IO_DONE);
    assert_true(sent > 0 && sent < length);
    enum client_io io = CLIENT_IO_DONE;
    while (io == CLIENT_IO_DONE)
        io = client_connection_send(&connection, bytes, length, &sent, NULL);
    assert_int_equal(io, CLIENT_IO_BLOCKED);
    close(peer);
    assert_int_equal(client_connection_send(&connection, bytes, length, &sent, NULL), CLIENT_IO_CLOSED);
    client_connection_close(&connection);
}

static void failures_have_the_name_of_the_peer(void **state UNUSED) {
    struct client_connection connection;
    client_connection_init(&connection, &somewhere);
    AUTO_ERROR struct error err = {0};
    char byte = 'x';
    size_t count;
    assert_int_equal(client_connection_send(&connection, &byte, 1, &count, &err), CLIENT_IO_FAILED);
    assert_string_equal(err.message, "write somewhere: bad file descriptor");
    const struct client_endpoint host = {.host = (char[]){"host"}};
    client_connection_init(&connection, &host);
    assert_int_equal(client_connection_receive(&connection, &byte, 1, &count, &err), CLIENT_IO_FAILED);
    assert_string_equal(err.message, "read host: bad file descriptor");
}

static void input_is_bytes_or_the_end(void **state UNUSED) {
    struct client_connection connection;
    int peer;
    connect_pair(&connection, &peer);
    assert_false(client_connection_has_input(&connection));
    assert_int_equal(write(peer, "x", 1), 1);
    assert_true(client_connection_has_input(&connection));
    client_connection_close(&connection);
    close(peer);
    connect_pair(&connection, &peer);
    close(peer);
    assert_true(client_connection_has_input(&connection));
    client_connection_close(&connection);
}

static void what_is_given_away_is_not_watched(void **state UNUSED) {
    struct client_connection connection, other;
    int peer;
    connect_pair(&connection, &peer);
    client_connection_init(&other, &somewhere);
    struct client_wants wants = {.poll_fd = epoll_create1(EPOLL_CLOEXEC)};
    assert_true(client_connection_watch(&connection, &wants, POLLIN | POLLOUT, NULL));
    struct pollfd watched = {.fd = wants.poll_fd, .events = POLLIN};
    assert_int_equal(poll(&watched, 1, 0), 1);
    client_connection_move(&other, &connection);
    assert_int_equal(poll(&watched, 1, 0), 0);
    assert_false(client_connection_is_open(&connection));
    assert_true(client_connection_is_open(&other));
    client_connection_close(&other);
    close(peer);
    close(wants.poll_fd);
}

static void input_comes_after_the_end_of_output(void **state UNUSED) {
    struct client_connection connection;
    struct client_endpoint endpoint = {.host = (char[]){"h"}};
    char bytes[4];
    size_t count = 0;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client_connection_init(&connection, &endpoint);
    assert_true(client_connection_open(&connection, ends[0], NULL));
    client_connection_end_output(&connection);
    assert_int_equal(read(ends[1], bytes, sizeof bytes), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    assert_int_equal(client_connection_receive(&connection, bytes, sizeof bytes, &count, NULL), CLIENT_IO_DONE);
    assert_int_equal(count, 3);
    client_connection_close(&connection);
    close(ends[1]);
}

// --- TLS ---

// Steps both sides until the handshake is complete.
static void connect_tls(struct client_connection *connection, struct tls_peer *peer, struct client_endpoint *endpoint) {
    int ends[2];
    tls_peer_begin(peer);
    *endpoint = (struct client_endpoint){.host = (char[]){"localhost"}, .tls = peer->client};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client_connection_init(connection, endpoint);
    assert_true(client_connection_open(connection, ends[0], NULL));
    tls_peer_accept(peer, ends[1]);
    assert_int_equal(client_connection_handshake(connection, NULL), CLIENT_WAITING);
    tls_peer_pump(peer);
    assert_int_equal(client_connection_handshake(connection, NULL), CLIENT_DONE);
    tls_peer_pump(peer);
}

static void tls_moves_with_the_socket(void **state UNUSED) {
    struct client_connection connection, other;
    struct client_endpoint endpoint;
    struct tls_peer peer;
    char bytes[16];
    size_t count = 0;
    connect_tls(&connection, &peer, &endpoint);
    client_connection_init(&other, &endpoint);
    tls_peer_send(&peer, "abc");
    assert_true(client_connection_has_input(&connection));
    client_connection_move(&other, &connection);
    assert_false(client_connection_is_open(&connection));
    assert_false(client_connection_has_output(&connection));
    client_connection_close(&connection);
    assert_int_equal(client_connection_receive(&other, bytes, sizeof bytes, &count, NULL), CLIENT_IO_DONE);
    assert_int_equal(count, 3);
    assert_memory_equal(bytes, "abc", 3);
    assert_int_equal(client_connection_send(&other, "def", 3, &count, NULL), CLIENT_IO_DONE);
    AUTO_FREE char *text = tls_peer_take(&peer);
    assert_string_equal(text, "def");
    client_connection_close(&other);
    tls_peer_end(&peer);
}

// What the engine holds makes neither the socket nor the call's descriptor ready.
static void bytes_in_the_engine_are_not_waited_for(void **state UNUSED) {
    struct client_connection connection;
    struct client_endpoint endpoint;
    struct tls_peer peer;
    char byte;
    size_t count = 0;
    connect_tls(&connection, &peer, &endpoint);
    struct client_wants wants = {.poll_fd = epoll_create1(EPOLL_CLOEXEC)};
    struct pollfd watched = {.fd = wants.poll_fd, .events = POLLIN};
    assert_true(client_connection_watch(&connection, &wants, POLLIN, NULL));
    assert_int_equal(poll(&watched, 1, 0), 0);
    assert_int_equal(wants.wake_ns, CLIENT_NO_DEADLINE);
    tls_peer_send(&peer, "ab");
    assert_int_equal(poll(&watched, 1, 0), 1);
    assert_int_equal(client_connection_receive(&connection, &byte, 1, &count, NULL), CLIENT_IO_DONE);
    assert_int_equal(poll(&watched, 1, 0), 0);
    assert_true(client_connection_watch(&connection, &wants, POLLIN, NULL));
    assert_true(wants.wake_ns != CLIENT_NO_DEADLINE && wants.wake_ns <= clock_monotonic_ns());
    assert_int_equal(client_connection_receive(&connection, &byte, 1, &count, NULL), CLIENT_IO_DONE);
    assert_int_equal(byte, 'b');
    assert_int_equal(client_connection_receive(&connection, &byte, 1, &count, NULL), CLIENT_IO_BLOCKED);
    wants.wake_ns = CLIENT_NO_DEADLINE;
    assert_true(client_connection_watch(&connection, &wants, POLLIN, NULL));
    assert_int_equal(wants.wake_ns, CLIENT_NO_DEADLINE);
    client_connection_close(&connection);
    close(wants.poll_fd);
    tls_peer_end(&peer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_comes_after_the_end_of_output),
        cmocka_unit_test(receives_what_is_there_and_then_the_end),
        cmocka_unit_test(sends_until_the_peer_takes_no_more),
        cmocka_unit_test(failures_have_the_name_of_the_peer),
        cmocka_unit_test(input_is_bytes_or_the_end),
        cmocka_unit_test(what_is_given_away_is_not_watched),
        cmocka_unit_test(tls_moves_with_the_socket),
        cmocka_unit_test(bytes_in_the_engine_are_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
