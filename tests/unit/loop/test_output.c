// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/output.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"

enum { LIMIT_BYTES = 10000, LINE_COUNT = 2000 };

static struct loop *loop;

static int open_loop(void **state UNUSED) {
    return loop_create(&loop, NULL) ? 0 : -1;
}

static int close_loop(void **state UNUSED) {
    loop_destroy(loop);
    return 0;
}

static void write_lines(struct output *output, int first, int count) {
    for (int i = first; i < first + count; i++) {
        char line[64];
        int length = snprintf(line, sizeof line, "line %06d ----------------------------\n", i);
        output_write(output, line, (size_t)length);
    }
}

static bool is_blocking(int fd) {
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

static size_t read_available(int fd, struct buffer *text) {
    char piece[1000];
    size_t total = 0;
    ssize_t got;
    while ((got = recv(fd, piece, sizeof piece, MSG_DONTWAIT)) > 0 ||
           (got < 0 && errno == ENOTSOCK && (got = read(fd, piece, sizeof piece)) > 0)) {
        buffer_add(text, piece, (size_t)got);
        total += (size_t)got;
    }
    return total;
}

// Reads until nothing more arrives; runs the loop in between.
static void read_all(int fd, struct buffer *text) {
    do {
        loop_run_pending(loop);
    } while (read_available(fd, text) > 0);
}

// Every line is whole, in order, and written or counted as lost. Returns how many were lost.
static int check_lines(const char *text, int count) {
    int expected = 0, lost = 0;
    while (*text) {
        int number, length = 0;
        if (sscanf(text, "line %d ----------------------------%n", &number, &length) == 1 && length > 0) {
            assert_int_equal(number, expected);
            expected++;
        } else {
            assert_int_equal(sscanf(text, "(%d line%*1[s] lost: output was not read)%n", &number, &length), 1);
            assert_true(length > 0);
            expected += number;
            lost += number;
        }
        text += length;
        assert_int_equal(*text, '\n');
        text++;
    }
    assert_int_equal(expected, count);
    return lost;
}

// The reader stalls while many lines are written, then reads, then some more are written.
static void stall(int read_fd, int write_fd) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    fcntl(read_fd, F_SETFL, O_NONBLOCK);
    struct output *output = output_create(loop, write_fd, LIMIT_BYTES);
    write_lines(output, 0, LINE_COUNT);
    loop_run_pending(loop);
    assert_true(is_blocking(write_fd));
    read_all(read_fd, &text);
    assert_int_equal(uv_backend_timeout(loop_uv(loop)), -1);
    write_lines(output, LINE_COUNT, 10);
    read_all(read_fd, &text);
    assert_true(check_lines(buffer_text(&text), LINE_COUNT + 10) > 0);
    assert_true(is_blocking(write_fd));
    output_destroy(output);
}

static void pipe_that_stalls(void **state UNUSED) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fcntl(fds[1], F_SETPIPE_SZ, 4096);
    stall(fds[0], fds[1]);
    close(fds[0]);
    close(fds[1]);
}

static void socket_that_stalls(void **state UNUSED) {
    int fds[2], size = 4096;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    stall(fds[0], fds[1]);
    close(fds[0]);
    close(fds[1]);
}

static void pipe_that_cannot_be_reopened(void **state UNUSED) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fcntl(fds[1], F_SETPIPE_SZ, 4096);
    fchmod(fds[1], 0);
    uid_t user = geteuid();
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    stall(fds[0], fds[1]);
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    close(fds[0]);
    close(fds[1]);
}

static void piece_larger_than_the_pipe_is_not_split(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    static char piece[50000];
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    memset(piece, 'x', sizeof piece);
    piece[sizeof piece - 1] = '\n';
    fcntl(fds[1], F_SETPIPE_SZ, 4096);
    struct output *output = output_create(loop, fds[1], 100);
    output_write(output, piece, sizeof piece);
    output_write(output, piece, sizeof piece);
    output_write(output, "end\n", 4);
    read_all(fds[0], &text);
    assert_int_equal(text.length, sizeof piece + strlen("(2 lines lost: output was not read)\n"));
    assert_memory_equal(text.data, piece, sizeof piece);
    assert_string_equal(text.data + sizeof piece, "(2 lines lost: output was not read)\n");
    output_destroy(output);
    close(fds[0]);
    close(fds[1]);
}

static void slow_reader_gets_few_counts(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    enum { ROUNDS = 500, LINES_A_ROUND = 20 };
    char piece[300];
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    fcntl(fds[1], F_SETPIPE_SZ, 4096);
    struct output *output = output_create(loop, fds[1], 100000);
    for (int i = 0; i < ROUNDS; i++) {
        write_lines(output, i * LINES_A_ROUND, LINES_A_ROUND);
        ssize_t got = read(fds[0], piece, sizeof piece);
        if (got > 0)
            buffer_add(&text, piece, (size_t)got);
        loop_run_pending(loop);
    }
    read_all(fds[0], &text);
    assert_true(check_lines(buffer_text(&text), ROUNDS * LINES_A_ROUND) > 0);
    int counts = 0;
    for (const char *at = buffer_text(&text); ((at = strstr(at, "lost:")) != NULL); at++)
        counts++;
    assert_in_range(counts, 1, 5);
    output_destroy(output);
    close(fds[0]);
    close(fds[1]);
}

static void closed_reader(void **state UNUSED) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct output *output = output_create(loop, fds[1], LIMIT_BYTES);
    write_lines(output, 0, LINE_COUNT);
    close(fds[0]);
    write_lines(output, 0, 10);
    loop_run_pending(loop);
    write_lines(output, 0, 10);
    assert_int_equal(uv_backend_timeout(loop_uv(loop)), -1);
    output_flush(output, 60000);
    output_destroy(output);
    close(fds[1]);
}

static void file_gets_everything(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    FILE *file = tmpfile();
    assert_non_null(file);
    int fd = fileno(file);
    assert_int_equal(write(fd, "before\n", 7), 7);
    struct output *output = output_create(loop, fd, LIMIT_BYTES);
    write_lines(output, 0, LINE_COUNT);
    output_destroy(output);
    lseek(fd, 7, SEEK_SET); // the offset is shared: nothing was overwritten
    read_available(fd, &text);
    assert_int_equal(check_lines(buffer_text(&text), LINE_COUNT), 0);
    fclose(file);
}

static void full_file_is_counted(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    FILE *file = tmpfile();
    assert_non_null(file);
    int fd = fileno(file);
    struct rlimit before, tight;
    getrlimit(RLIMIT_FSIZE, &before);
    tight = before;
    tight.rlim_cur = 0;
    struct output *output = output_create(loop, fd, LIMIT_BYTES);
    setrlimit(RLIMIT_FSIZE, &tight);
    write_lines(output, 0, 7);
    setrlimit(RLIMIT_FSIZE, &before);
    write_lines(output, 7, 1);
    output_destroy(output);
    lseek(fd, 0, SEEK_SET);
    read_available(fd, &text);
    assert_int_equal(check_lines(buffer_text(&text), 8), 7);
    fclose(file);
}

static void *read_to_the_end(void *data) {
    static struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    char piece[1000];
    ssize_t got;
    while ((got = read(*(int *)data, piece, sizeof piece)) > 0)
        buffer_add(&text, piece, (size_t)got);
    return &text;
}

static void flush_waits_for_the_reader(void **state UNUSED) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fcntl(fds[1], F_SETPIPE_SZ, 4096);
    struct output *output = output_create(loop, fds[1], LIMIT_BYTES);
    write_lines(output, 0, 250); // more than the pipe has room for, less than is kept
    output_flush(output, 0);
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_to_the_end, &fds[0]), 0);
    output_flush(output, 60000);
    output_destroy(output);
    close(fds[1]);
    void *text;
    pthread_join(reader, &text);
    assert_int_equal(check_lines(buffer_text(text), 250), 0);
    buffer_finish(text);
    close(fds[0]);
}

// Each write to such a socket is a packet.
static void expect_packet(int fd, const char *text) {
    char packet[20000];
    ssize_t got = recv(fd, packet, sizeof packet - 1, MSG_DONTWAIT);
    assert_int_equal(got, strlen(text));
    packet[got] = '\0';
    assert_string_equal(packet, text);
}

static void lines_of_a_turn_are_written_at_once(void **state UNUSED) {
    char piece[20000];
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
    struct output *output = output_create(loop, fds[1], LIMIT_BYTES);
    output_write_later(output, "one\n", 4);
    output_write_later(output, "two\n", 4);
    assert_int_equal(recv(fds[0], piece, sizeof piece, 0), -1);
    loop_run_pending(loop);
    expect_packet(fds[0], "one\ntwo\n");
    output_write_later(output, "three\n", 6);
    output_write(output, "four\n", 5); // the order remains
    expect_packet(fds[0], "three\n");
    expect_packet(fds[0], "four\n");
    output_write_later(output, "five\n", 5);
    memset(piece, 'x', 9000);
    memcpy(piece + 9000, "\n", 2);
    output_write_later(output, piece, 9001);
    expect_packet(fds[0], "five\n");
    expect_packet(fds[0], piece);
    output_write_later(output, "six\n", 4);
    output_flush(output, 0);
    expect_packet(fds[0], "six\n");
    output_write_later(output, "seven\n", 6);
    output_destroy(output);
    expect_packet(fds[0], "seven\n");
    close(fds[0]);
    close(fds[1]);
}

int main(void) {
    alarm(60);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pipe_that_stalls, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(socket_that_stalls, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(pipe_that_cannot_be_reopened, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(piece_larger_than_the_pipe_is_not_split, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(slow_reader_gets_few_counts, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(closed_reader, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(file_gets_everything, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(full_file_is_counted, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(lines_of_a_turn_are_written_at_once, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(flush_waits_for_the_reader, open_loop, close_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
