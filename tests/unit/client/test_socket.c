// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "client/socket_internal.h"

// The other end is *peer.
static struct client_socket connect_pair(int *peer) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    *peer = ends[1];
    return (struct client_socket){.fd = ends[0], .peer = "somewhere"};
}

static void transfers_without_waiting(void **state UNUSED) {
    int peer;
    struct client_socket socket = connect_pair(&peer);
    char bytes[16] = "";
    size_t count = 99;
    assert_int_equal(client_socket_receive(&socket, bytes, sizeof bytes, &count, NULL), CLIENT_IO_BLOCKED);
    assert_false(client_socket_has_input(&socket));
    assert_int_equal(count, 99);
    assert_int_equal(write(peer, "abc", 3), 3);
    assert_true(client_socket_has_input(&socket));
    assert_int_equal(client_socket_receive(&socket, bytes, 2, &count, NULL), CLIENT_IO_DONE);
    assert_int_equal(count, 2);
    assert_memory_equal(bytes, "ab", 2);
    assert_int_equal(client_socket_send(&socket, "def", 3, &count, NULL), CLIENT_IO_DONE);
    assert_int_equal(count, 3);
    assert_int_equal(read(peer, bytes, sizeof bytes), 3);
    while (client_socket_send(&socket, bytes, sizeof bytes, &count, NULL) == CLIENT_IO_DONE) {
    }
    assert_int_equal(client_socket_send(&socket, bytes, sizeof bytes, &count, NULL), CLIENT_IO_BLOCKED);
    close(socket.fd);
    close(peer);
}

static void end_of_the_peer_is_no_failure(void **state UNUSED) {
    int peer;
    struct client_socket socket = connect_pair(&peer);
    char byte;
    size_t count;
    close(peer);
    assert_true(client_socket_has_input(&socket));
    assert_int_equal(client_socket_receive(&socket, &byte, 1, &count, NULL), CLIENT_IO_CLOSED);
    assert_int_equal(client_socket_send(&socket, "x", 1, &count, NULL), CLIENT_IO_CLOSED);
    close(socket.fd);
}

static void failures_are_described(void **state UNUSED) {
    const struct client_socket socket = {.fd = -1, .peer = "somewhere"};
    AUTO_ERROR struct error err = {0};
    char byte = 'x';
    size_t count;
    assert_int_equal(client_socket_send(&socket, &byte, 1, &count, &err), CLIENT_IO_FAILED);
    assert_string_equal(err.message, "write somewhere: bad file descriptor");
    assert_int_equal(err.kind, ERROR_CONNECTION);
    assert_int_equal(client_socket_receive(&socket, &byte, 1, &count, &err), CLIENT_IO_FAILED);
    assert_string_equal(err.message, "read somewhere: bad file descriptor");
    assert_int_equal(err.kind, ERROR_CONNECTION);
    assert_int_equal(client_socket_receive(&socket, &byte, 1, &count, NULL), CLIENT_IO_FAILED);
    assert_true(client_socket_has_input(&socket));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfers_without_waiting),
        cmocka_unit_test(end_of_the_peer_is_no_failure),
        cmocka_unit_test(failures_are_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
