// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "logs/capture.h"

struct fixture {
    struct loop *loop;
    struct ring *ring;
    struct capture *capture;
    int write_fd;
    int ended;
    bool destroys_at_end;
};

static void hear_end(struct capture *capture, void *data) {
    struct fixture *fixture = data;
    assert_ptr_equal(capture, fixture->capture);
    fixture->ended++;
    if (fixture->destroys_at_end)
        capture_destroy(TAKE(fixture->capture));
    loop_stop(fixture->loop);
}

// A pipe whose writing end the fixture has, and whose reading end is captured.
static void start_capture(struct fixture *fixture) {
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    fixture->write_fd = fds[1];
    assert_true(capture_start(fixture->loop, fds[0], fixture->ring, hear_end, fixture, &fixture->capture, NULL));
}

static int setup(void **state) {
    struct fixture *fixture = memory_new(sizeof *fixture);
    assert_true(loop_create(&fixture->loop, NULL));
    fixture->ring = ring_create("svc", RING_LIMIT_BYTES);
    start_capture(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    capture_destroy(fixture->capture);
    loop_destroy(fixture->loop);
    ring_destroy(fixture->ring);
    file_close_at(&fixture->write_fd);
    free(fixture);
    return 0;
}

static void write_text(struct fixture *fixture, const char *text) {
    assert_true(file_write_all(fixture->write_fd, text, strlen(text), NULL));
}

static void assert_ring(struct fixture *fixture, const char *expected) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct ring_reader reader;
    struct ring_entry entry;
    for (ring_reader_begin(&reader, fixture->ring); ring_reader_peek(&reader, &entry); ring_reader_advance(&reader)) {
        buffer_add(&text, entry.message, entry.length);
        buffer_add_char(&text, '|');
    }
    assert_string_equal(buffer_text(&text), expected);
}

static void test_output_goes_into_the_ring(void **state) {
    struct fixture *fixture = *state;
    int64_t before_ns = clock_wall_ns();
    write_text(fixture, "one\ntw");
    loop_run_pending(fixture->loop);
    assert_ring(fixture, "one|tw|");
    write_text(fixture, "o\n");
    loop_run_pending(fixture->loop);
    assert_ring(fixture, "one|two|");
    struct ring_reader reader;
    struct ring_entry entry;
    ring_reader_begin(&reader, fixture->ring);
    assert_true(ring_reader_peek(&reader, &entry));
    assert_true(entry.order_ns >= before_ns && entry.order_ns <= clock_wall_ns());
    assert_int_equal(fixture->ended, 0);
}

static void test_end_when_all_writers_are_gone(void **state) {
    struct fixture *fixture = *state;
    write_text(fixture, "last words");
    file_close_at(&fixture->write_fd);
    loop_run_pending(fixture->loop);
    assert_ring(fixture, "last words|");
    assert_int_equal(fixture->ended, 1);
    capture_expect_end(fixture->capture, 0);
    loop_run_pending(fixture->loop);
    assert_int_equal(fixture->ended, 1);
}

static void test_next_run_is_glued(void **state) {
    struct fixture *fixture = *state;
    write_text(fixture, "cut off");
    file_close_at(&fixture->write_fd);
    loop_run_pending(fixture->loop);
    capture_destroy(fixture->capture);
    start_capture(fixture);
    write_text(fixture, "afresh\n");
    loop_run_pending(fixture->loop);
    struct text_list lines = {0};
    assert_false(ring_last_lines(fixture->ring, 2, &lines));
    assert_int_equal(lines.count, 1);
    assert_memory_equal(lines.items[0], "cut off2", 8);
    assert_non_null(strstr(lines.items[0], "Z [svc] afresh"));
    text_list_clear(&lines);
}

static void test_wait_for_the_end_is_bounded(void **state) {
    struct fixture *fixture = *state;
    write_text(fixture, "parent\n");
    capture_expect_end(fixture->capture, 20 * NS_PER_MS);
    assert_int_equal(fixture->ended, 0);
    loop_run(fixture->loop); // until hear_end() stops it, though the pipe stays open
    assert_int_equal(fixture->ended, 1);
    assert_ring(fixture, "parent|");
    // The reading end is closed.
    assert_int_equal(write(fixture->write_fd, "x", 1), -1);
    assert_int_equal(errno, EPIPE);
}

static void test_rest_is_read_at_the_deadline(void **state) {
    struct fixture *fixture = *state;
    capture_expect_end(fixture->capture, 0);
    assert_int_equal(fixture->ended, 0);
    write_text(fixture, "just in time\n");
    loop_run(fixture->loop);
    assert_int_equal(fixture->ended, 1);
    assert_ring(fixture, "just in time|");
}

static void test_end_before_the_deadline(void **state) {
    struct fixture *fixture = *state;
    fixture->destroys_at_end = true;
    capture_expect_end(fixture->capture, 3600 * NS_PER_S);
    write_text(fixture, "grandchild\n");
    file_close_at(&fixture->write_fd);
    loop_run(fixture->loop);
    assert_int_equal(fixture->ended, 1);
    assert_null(fixture->capture);
    assert_ring(fixture, "grandchild|");
}

static void test_destroying_at_the_deadline(void **state) {
    struct fixture *fixture = *state;
    fixture->destroys_at_end = true;
    capture_expect_end(fixture->capture, NS_PER_MS);
    loop_run(fixture->loop);
    assert_int_equal(fixture->ended, 1);
    assert_null(fixture->capture);
}

static void test_destroying_reads_the_rest(void **state) {
    struct fixture *fixture = *state;
    write_text(fixture, "unread\n");
    capture_destroy(TAKE(fixture->capture));
    assert_ring(fixture, "unread|");
    assert_int_equal(fixture->ended, 0);
    loop_run_pending(fixture->loop);
    assert_int_equal(fixture->ended, 0);
    capture_destroy(NULL);
}

static void collect(void *data, const char *bytes, size_t length) {
    buffer_add(data, bytes, length);
}

static void test_tee_gets_all_bytes(void **state) {
    struct fixture *fixture = *state;
    AUTO_BUFFER struct buffer copy = BUFFER_INIT(BUFFER_NO_LIMIT);
    capture_set_tee(fixture->capture, collect, &copy);
    write_text(fixture, "one\n\xfftwo");
    loop_run_pending(fixture->loop);
    assert_string_equal(buffer_text(&copy), "one\n\xfftwo");
    assert_ring(fixture, "one|\xfftwo|");
    capture_set_tee(fixture->capture, NULL, NULL);
    write_text(fixture, "more");
    loop_run_pending(fixture->loop);
    assert_string_equal(buffer_text(&copy), "one\n\xfftwo");
}

struct flood {
    struct deferred turn;
    struct fixture *fixture;
    struct listener grown;
    size_t written;
    size_t captured;
    size_t captured_at_turn;
    size_t most_in_a_turn;
};

static void flood_count(void *data, const char *bytes UNUSED, size_t length) {
    ((struct flood *)data)->captured += length;
}

// Fills the pipe in each turn of the loop, and sees how much was read in between.
static void flood_turn(struct deferred *turn) {
    struct flood *flood = CONTAINER_OF(turn, struct flood, turn);
    static const char zeros[65536];
    size_t captured = flood->captured - flood->captured_at_turn;
    flood->most_in_a_turn = captured > flood->most_in_a_turn ? captured : flood->most_in_a_turn;
    flood->captured_at_turn = flood->captured;
    ssize_t length;
    while ((length = write(flood->fixture->write_fd, zeros, sizeof zeros)) > 0)
        flood->written += (size_t)length;
    if (flood->written > 4000000)
        file_close_at(&flood->fixture->write_fd);
    else
        loop_defer(flood->fixture->loop, turn, flood_turn);
}

static void ignore_growth(struct listener *listener UNUSED, void *ring UNUSED) {
}

static void run_flood(struct fixture *fixture, struct flood *flood) {
    flood->fixture = fixture;
    assert_int_equal(fcntl(fixture->write_fd, F_SETPIPE_SZ, 1 << 20), 1 << 20);
    assert_int_equal(fcntl(fixture->write_fd, F_SETFL, O_NONBLOCK), 0);
    capture_set_tee(fixture->capture, flood_count, flood);
    loop_defer(fixture->loop, &flood->turn, flood_turn);
    loop_run(fixture->loop);
    assert_int_equal(fixture->ended, 1);
    assert_int_equal(flood->captured, flood->written);
    assert_true(flood->captured > 4000000);
}

static void test_flood_does_not_hold_the_loop(void **state) {
    struct flood flood = {0};
    run_flood(*state, &flood);
    assert_in_range(flood.most_in_a_turn, 65536, 262144);
}

static void test_flood_leaves_followers_their_turn(void **state) {
    struct fixture *fixture = *state;
    struct flood flood = {0};
    event_add(ring_grown(fixture->ring), &flood.grown, ignore_growth);
    run_flood(fixture, &flood);
    assert_in_range(flood.most_in_a_turn, 4096, 32768);
    event_remove(&flood.grown);
}

static void test_what_cannot_be_watched_stays_the_callers(void **state) {
    struct fixture *fixture = *state;
    AUTO_CLOSE int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct capture *capture = NULL;
    AUTO_ERROR struct error err = {0};
    assert_false(capture_start(fixture->loop, fd, fixture->ring, hear_end, fixture, &capture, &err));
    assert_true(error_is_set(&err));
    assert_null(capture);
    assert_int_not_equal(fcntl(fd, F_GETFD), -1);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_output_goes_into_the_ring),
        TEST(test_end_when_all_writers_are_gone),
        TEST(test_next_run_is_glued),
        TEST(test_wait_for_the_end_is_bounded),
        TEST(test_rest_is_read_at_the_deadline),
        TEST(test_end_before_the_deadline),
        TEST(test_destroying_at_the_deadline),
        TEST(test_destroying_reads_the_rest),
        TEST(test_tee_gets_all_bytes),
        TEST(test_flood_does_not_hold_the_loop),
        TEST(test_flood_leaves_followers_their_turn),
        TEST(test_what_cannot_be_watched_stays_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
