// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/nonblocking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"

enum { PIECE_BYTES = 100000 };

// Writes until nothing more is taken; returns how much was.
static size_t fill(const struct nonblocking_output *output) {
    static const char bytes[PIECE_BYTES];
    size_t total = 0;
    ssize_t count;
    while ((count = nonblocking_write(output, bytes, sizeof bytes)) > 0 && total < 100 * sizeof bytes)
        total += (size_t)count;
    assert_true(count < 0 && errno == EAGAIN);
    return total;
}

static bool is_blocking(int fd) {
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

static void assert_does_not_block(int ends[2], enum nonblocking_method method) {
    struct nonblocking_output output;
    char bytes[PIECE_BYTES];
    nonblocking_output_init(&output, ends[1]);
    assert_int_equal(output.method, method);
    assert_true(fill(&output) > 4096);
    assert_true(read(ends[0], bytes, sizeof bytes) > 0);
    assert_true(fill(&output) > 0);
    assert_true(is_blocking(ends[1]));
    close(ends[0]);
    assert_true(nonblocking_write(&output, bytes, 1) < 0 && errno == EPIPE);
    nonblocking_output_finish(&output);
    nonblocking_output_finish(&output);
    close(ends[1]);
}

static void full_pipe_does_not_block(void **state UNUSED) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_does_not_block(ends, NONBLOCKING_REOPENED);
}

static void full_socket_does_not_block(void **state UNUSED) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_does_not_block(ends, NONBLOCKING_SOCKET);
}

static volatile sig_atomic_t raised;

static void on_signal_raised(int number UNUSED) {
    raised++;
}

static void pipe_without_reader_raises_no_signal(void **state UNUSED) {
    int ends[2];
    sigset_t mask;
    struct nonblocking_output output;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    nonblocking_output_init(&output, ends[1]);
    close(ends[0]);
    assert_ptr_not_equal(signal(SIGPIPE, on_signal_raised), SIG_ERR);
    assert_true(nonblocking_write_quietly(&output, "x", 1) < 0 && errno == EPIPE);
    assert_int_equal(raised, 0);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    assert_false(sigismember(&mask, SIGPIPE));
    assert_true(nonblocking_write(&output, "x", 1) < 0 && errno == EPIPE);
    assert_int_equal(raised, 1);
    assert_ptr_not_equal(signal(SIGPIPE, SIG_IGN), SIG_ERR);
    nonblocking_output_finish(&output);
    close(ends[1]);
}

static void pipe_that_cannot_be_reopened_is_polled(void **state UNUSED) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct nonblocking_output output = {.fd = ends[1], .method = NONBLOCKING_POLLED};
    assert_true(fill(&output) > 4096);
    nonblocking_output_finish(&output);
    assert_true(is_blocking(ends[1]));
    close(ends[0]);
    close(ends[1]);
}

// A second description would have a position of its own.
static void file_is_written_at_its_position(void **state UNUSED) {
    char path[] = "/tmp/nonblocking-XXXXXX", text[4] = "";
    int fd = mkstemp(path);
    struct nonblocking_output output;
    assert_int_equal(write(fd, "a", 1), 1);
    nonblocking_output_init(&output, fd);
    assert_int_equal(output.method, NONBLOCKING_FILE);
    assert_int_equal(nonblocking_write(&output, "bc", 2), 2);
    nonblocking_output_finish(&output);
    assert_int_equal(pread(fd, text, 3, 0), 3);
    assert_string_equal(text, "abc");
    close(fd);
    unlink(path);
}

static void closed_descriptor_is_an_error(void **state UNUSED) {
    struct nonblocking_output output;
    nonblocking_output_init(&output, 9999);
    assert_true(nonblocking_write(&output, "x", 1) < 0 && errno == EBADF);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_pipe_does_not_block),
        cmocka_unit_test(full_socket_does_not_block),
        cmocka_unit_test(pipe_without_reader_raises_no_signal),
        cmocka_unit_test(pipe_that_cannot_be_reopened_is_polled),
        cmocka_unit_test(file_is_written_at_its_position),
        cmocka_unit_test(closed_descriptor_is_an_error),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
