// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void broken_line_is_told(void **state UNUSED) {
    struct client_connection connection;
    client_connection_init(&connection, &somewhere);
    AUTO_ERROR struct error err = {0};
    char byte = 'x';
    size_t count;
    assert_int_equal(client_connection_send(&connection, &byte, 1, &count, &err), CLIENT_IO_FAILED);
    assert_string_equal(err.message, "write somewhere: bad file descriptor");
    assert_int_equal(client_connection_receive(&connection, &byte, 1, &count, &err), CLIENT_IO_FAILED);
    assert_string_equal(err.message, "read somewhere: bad file descriptor");
    assert_int_equal(err.kind, ERROR_CONNECTION);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receives_what_is_there_and_then_the_end),
        cmocka_unit_test(sends_until_the_peer_takes_no_more),
        cmocka_unit_test(broken_line_is_told),
        cmocka_unit_test(input_is_bytes_or_the_end),
        cmocka_unit_test(what_is_given_away_is_not_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
