// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/stream_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"

static void moves_bytes(const struct stream_transport *transport, int from, int to) {
    char bytes[16] = "";
    const struct iovec pieces[2] = {{.iov_base = (void *)(uintptr_t) "ab", .iov_len = 2},
                                    {.iov_base = (void *)(uintptr_t) "cde", .iov_len = 3}};
    assert_int_equal(transport->write(NULL, from, pieces, 2), 5);
    assert_int_equal(transport->read(NULL, to, bytes, sizeof bytes), 5);
    assert_string_equal(bytes, "abcde");
    assert_int_equal(transport->read(NULL, to, bytes, sizeof bytes), -1);
    assert_int_equal(errno, EAGAIN);
}

static void moves_bytes_over_sockets(void **state UNUSED) {
    int pair[2];
    char byte;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    moves_bytes(&stream_socket_transport, pair[0], pair[1]);
    stream_socket_transport.shut_down(NULL, pair[0]);
    assert_int_equal(stream_socket_transport.read(NULL, pair[1], &byte, 1), 0);
    (void)close(pair[0]);
    // No SIGPIPE, though it is not ignored.
    const struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    (void)signal(SIGPIPE, SIG_DFL);
    assert_int_equal(stream_socket_transport.write(NULL, pair[1], &piece, 1), -1);
    assert_int_equal(errno, EPIPE);
    (void)close(pair[1]);
}

static void moves_bytes_through_pipes(void **state UNUSED) {
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    moves_bytes(&stream_file_transport, ends[1], ends[0]);
    stream_file_transport.shut_down(NULL, ends[1]);
    assert_int_equal(stream_file_transport.read(NULL, ends[0], &byte, 1), -1); // still open
    (void)close(ends[1]);
    assert_int_equal(stream_file_transport.read(NULL, ends[0], &byte, 1), 0);
    (void)close(ends[0]);
}

// Linux reports a terminal without a program as an error.
static void ends_terminals(void **state UNUSED) {
    char byte;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    assert_int_equal(unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_int_equal(stream_file_transport.read(NULL, master, &byte, 1), -1);
    (void)close(slave);
    assert_int_equal(stream_file_transport.read(NULL, master, &byte, 1), 0);
    (void)close(master);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_bytes_over_sockets),
        cmocka_unit_test(moves_bytes_through_pipes),
        cmocka_unit_test(ends_terminals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
