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

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "process/job_output_internal.h"
#include "process/pty_internal.h"

struct fixture {
    struct loop *loop;
    struct job_output *output;
    int write_fd;
    struct buffer text;
    size_t turn_bytes; // 0: the usual bound
    size_t pause_at;   // the sink pauses when it has got as many bytes; 0: never
    int ended;
    bool destroys_at_end;
};

static void write_text_in(void *data, const char *bytes, size_t length) {
    struct fixture *fixture = data;
    buffer_add(&fixture->text, bytes, length);
    if (fixture->pause_at > 0 && fixture->text.length >= fixture->pause_at)
        job_output_pause(fixture->output);
}

static size_t turn_bytes(void *data) {
    struct fixture *fixture = data;
    return fixture->turn_bytes;
}

static void on_output_ended(struct job_output *output, void *data) {
    struct fixture *fixture = data;
    assert_ptr_equal(output, fixture->output);
    fixture->ended++;
    if (fixture->destroys_at_end)
        job_output_destroy(TAKE(fixture->output));
    loop_stop(fixture->loop);
}

static void create_output(struct fixture *fixture, int fd) {
    struct job_sink sink = {.write = write_text_in, .data = fixture};
    if (fixture->turn_bytes > 0)
        sink.turn_bytes = turn_bytes;
    assert_true(job_output_create(fixture->loop, fd, &sink, on_output_ended, fixture, &fixture->output, NULL));
}

static int setup(void **state) {
    struct fixture *fixture = memory_new(sizeof *fixture);
    buffer_init(&fixture->text, BUFFER_NO_LIMIT);
    assert_true(loop_create(&fixture->loop, NULL));
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    fixture->write_fd = fds[1];
    create_output(fixture, fds[0]);
    job_output_resume(fixture->output);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    job_output_destroy(fixture->output);
    loop_destroy(fixture->loop);
    file_close_at(&fixture->write_fd);
    buffer_finish(&fixture->text);
    free(fixture);
    return 0;
}

static void write_text(struct fixture *fixture, const char *text) {
    assert_true(file_write_all(fixture->write_fd, text, strlen(text), NULL));
}

static void assert_text(struct fixture *fixture, const char *expected) {
    assert_string_equal(buffer_text(&fixture->text), expected);
}

static void output_goes_into_the_sink(void **state) {
    struct fixture *fixture = *state;
    write_text(fixture, "one\n\xfftw");
    assert_text(fixture, "");
    loop_run_pending(fixture->loop);
    assert_text(fixture, "one\n\xfftw");
    write_text(fixture, "o\n");
    loop_run_pending(fixture->loop);
    assert_text(fixture, "one\n\xfftwo\n");
    assert_int_equal(fixture->ended, 0);
}

static void it_ends_when_all_writers_are_gone(void **state) {
    struct fixture *fixture = *state;
    write_text(fixture, "last words");
    file_close_at(&fixture->write_fd);
    loop_run_pending(fixture->loop);
    assert_text(fixture, "last words");
    assert_int_equal(fixture->ended, 1);
    job_output_finish(fixture->output);
    job_output_read(fixture->output);
    job_output_pause(fixture->output);
    job_output_resume(fixture->output);
    loop_run_pending(fixture->loop);
    assert_int_equal(fixture->ended, 1);
}

static void it_can_be_destroyed_at_the_end(void **state) {
    struct fixture *fixture = *state;
    fixture->destroys_at_end = true;
    write_text(fixture, "x");
    file_close_at(&fixture->write_fd);
    job_output_read(fixture->output); // all at once, without a turn of the loop
    assert_int_equal(fixture->ended, 1);
    assert_null(fixture->output);
    assert_text(fixture, "x");
}

static void finishing_reads_the_rest(void **state) {
    struct fixture *fixture = *state;
    fixture->destroys_at_end = true;
    write_text(fixture, "just in time\n");
    job_output_finish(fixture->output);
    assert_int_equal(fixture->ended, 1);
    assert_text(fixture, "just in time\n");
    // The reading end is closed, though there is a writer.
    assert_int_equal(write(fixture->write_fd, "x", 1), -1);
    assert_int_equal(errno, EPIPE);
}

static void limit_turns_to(struct fixture *fixture, size_t bytes) {
    fixture->turn_bytes = bytes;
    job_output_destroy(fixture->output);
    file_close_at(&fixture->write_fd);
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    fixture->write_fd = fds[1];
    create_output(fixture, fds[0]);
    job_output_resume(fixture->output);
}

static void finishing_ends_after_a_full_turn(void **state) {
    static const char rest[65536];
    struct fixture *fixture = *state;
    limit_turns_to(fixture, sizeof rest / 2);
    assert_true(file_write_all(fixture->write_fd, rest, sizeof rest, NULL));
    job_output_finish(fixture->output);
    assert_int_equal(fixture->text.length, sizeof rest / 2);
    loop_run_pending(fixture->loop); // the last turn fills its bound, and the writer writes no more
    assert_int_equal(fixture->ended, 1);
    assert_int_equal(fixture->text.length, sizeof rest);
}

static void finishing_ends_when_paused_in_a_full_turn(void **state) {
    static const char rest[65536];
    struct fixture *fixture = *state;
    limit_turns_to(fixture, sizeof rest / 2);
    fixture->pause_at = sizeof rest;
    assert_true(file_write_all(fixture->write_fd, rest, sizeof rest, NULL));
    job_output_finish(fixture->output);
    loop_run_pending(fixture->loop);
    assert_int_equal(fixture->ended, 0);
    assert_int_equal(fixture->text.length, sizeof rest);
    job_output_resume(fixture->output);
    loop_run_pending(fixture->loop);
    assert_int_equal(fixture->ended, 1);
}

static void destroying_loses_the_rest(void **state) {
    struct fixture *fixture = *state;
    write_text(fixture, "unread\n");
    job_output_destroy(TAKE(fixture->output));
    job_output_destroy(NULL);
    loop_run_pending(fixture->loop);
    assert_text(fixture, "");
    assert_int_equal(fixture->ended, 0);
}

static void dropping_reads_on(void **state) {
    struct fixture *fixture = *state;
    job_output_pause(fixture->output);
    write_text(fixture, "unwanted\n");
    job_output_drop(fixture->output);
    loop_run_pending(fixture->loop);
    file_close_at(&fixture->write_fd);
    loop_run_pending(fixture->loop);
    assert_text(fixture, "");
    assert_int_equal(fixture->ended, 1);
}

// --- pauses ---

static void pause_leaves_bytes_in_the_pipe(void **state) {
    struct fixture *fixture = *state;
    job_output_pause(fixture->output);
    write_text(fixture, "later\n");
    loop_run_pending(fixture->loop);
    job_output_read(fixture->output);
    assert_text(fixture, "");
    job_output_resume(fixture->output);
    assert_text(fixture, "");
    loop_run_pending(fixture->loop);
    assert_text(fixture, "later\n");
}

static void fill_pipe(struct fixture *fixture, size_t *written) {
    static const char zeros[65536];
    assert_int_equal(fcntl(fixture->write_fd, F_SETFL, O_NONBLOCK), 0);
    ssize_t length;
    while ((length = write(fixture->write_fd, zeros, sizeof zeros)) > 0)
        *written += (size_t)length;
}

static void flood_is_paused_by_the_sink_and_resumed(void **state) {
    struct fixture *fixture = *state;
    size_t written = 0;
    assert_int_equal(fcntl(fixture->write_fd, F_SETPIPE_SZ, 1 << 20), 1 << 20);
    fill_pipe(fixture, &written);
    file_close_at(&fixture->write_fd);
    for (fixture->pause_at = 1; fixture->ended == 0; fixture->pause_at = fixture->text.length + 1) {
        size_t before = fixture->text.length;
        loop_run_pending(fixture->loop);
        assert_true(fixture->text.length - before <= 65536); // the block in hand, and no more
        job_output_resume(fixture->output);
    }
    assert_int_equal(fixture->text.length, written);
}

static void pause_holds_the_end(void **state) {
    struct fixture *fixture = *state;
    job_output_pause(fixture->output);
    write_text(fixture, "rest");
    job_output_finish(fixture->output);
    loop_run_pending(fixture->loop);
    assert_int_equal(fixture->ended, 0);
    job_output_resume(fixture->output);
    loop_run_pending(fixture->loop);
    assert_text(fixture, "rest");
    assert_int_equal(fixture->ended, 1);
}

static void finishing_ends_after_a_resume_without_output(void **state) {
    struct fixture *fixture = *state;
    job_output_pause(fixture->output);
    job_output_finish(fixture->output);
    job_output_resume(fixture->output);
    assert_int_equal(fixture->ended, 0);
    loop_run_pending(fixture->loop); // though nothing comes, and a writer is there
    assert_int_equal(fixture->ended, 1);
}

// --- floods ---

struct flood {
    struct deferred turn;
    struct fixture *fixture;
    size_t written;
    size_t limit; // then the writer is gone; 0: never
    size_t read_at_turn;
    size_t most_in_a_turn;
};

// Fills the pipe in each turn of the loop, and sees how much was read in between.
static void flood_turn(struct deferred *turn) {
    struct flood *flood = CONTAINER_OF(turn, struct flood, turn);
    struct fixture *fixture = flood->fixture;
    size_t count = fixture->text.length - flood->read_at_turn;
    flood->most_in_a_turn = count > flood->most_in_a_turn ? count : flood->most_in_a_turn;
    flood->read_at_turn = fixture->text.length;
    fill_pipe(fixture, &flood->written);
    if (flood->limit > 0 && flood->written > flood->limit)
        file_close_at(&fixture->write_fd);
    else
        loop_defer(fixture->loop, turn, flood_turn);
}

static void run_flood(struct fixture *fixture, struct flood *flood) {
    flood->fixture = fixture;
    assert_int_equal(fcntl(fixture->write_fd, F_SETPIPE_SZ, 1 << 20), 1 << 20);
    loop_defer(fixture->loop, &flood->turn, flood_turn);
    loop_run(fixture->loop);
    loop_defer_cancel(fixture->loop, &flood->turn);
    assert_int_equal(fixture->ended, 1);
}

static void flood_does_not_hold_the_loop(void **state) {
    struct flood flood = {.limit = 4000000};
    struct fixture *fixture = *state;
    run_flood(fixture, &flood);
    assert_int_equal(fixture->text.length, flood.written);
    assert_in_range(flood.most_in_a_turn, 65536, 262144);
}

static void sink_bounds_a_turn(void **state) {
    struct fixture *fixture = *state;
    struct flood flood = {.limit = 4000000};
    limit_turns_to(fixture, 10000);
    run_flood(fixture, &flood);
    assert_int_equal(fixture->text.length, flood.written);
    assert_in_range(flood.most_in_a_turn, 4096, 10000);
}

static void finishing_is_bounded_while_someone_writes(void **state) {
    struct fixture *fixture = *state;
    struct flood flood = {0};
    fixture->destroys_at_end = true;
    assert_int_equal(fcntl(fixture->write_fd, F_SETPIPE_SZ, 1 << 20), 1 << 20);
    fill_pipe(fixture, &flood.written);
    job_output_finish(fixture->output);
    assert_int_equal(fixture->ended, 0); // not all in one turn
    flood.read_at_turn = fixture->text.length;
    run_flood(fixture, &flood);
    assert_int_equal(fixture->text.length, 1 << 20);
    assert_in_range(flood.most_in_a_turn, 65536, 262144);
}

static void flooded_pipe_is_enlarged(void **state) {
    struct fixture *fixture = *state;
    size_t written = 0;
    fill_pipe(fixture, &written);
    int before = fcntl(fixture->write_fd, F_GETPIPE_SZ);
    loop_run_pending(fixture->loop);
    assert_int_equal(before, 65536);
    assert_int_equal(fcntl(fixture->write_fd, F_GETPIPE_SZ), 262144);
}

// --- terminals, and what cannot be read ---

static void terminal_ends_with_its_last_user(void **state) {
    struct fixture *fixture = *state;
    int master, slave;
    job_output_destroy(fixture->output);
    assert_true(pty_open(getuid(), getgid(), &master, &slave, NULL));
    create_output(fixture, master);
    assert_int_equal(job_output_fd(fixture->output), master);
    job_output_resume(fixture->output);
    for (int i = 0; i < 1000; i++) // more than one reading of a terminal gives
        assert_int_equal(write(slave, "0123456789", 10), 10);
    loop_run_pending(fixture->loop);
    assert_int_equal(fixture->ended, 0);
    assert_int_equal(write(slave, "end\n", 4), 4);
    close(slave);
    job_output_read(fixture->output);
    assert_int_equal(fixture->ended, 1);
    assert_int_equal(fixture->text.length, 10005);
    assert_string_equal(buffer_text(&fixture->text) + 10000, "end\r\n");
}

static void what_cannot_be_watched_stays_the_callers(void **state) {
    struct fixture *fixture = *state;
    AUTO_CLOSE int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct job_output *output = NULL;
    struct job_sink sink = {0};
    AUTO_ERROR struct error err = {0};
    assert_false(job_output_create(fixture->loop, fd, &sink, on_output_ended, fixture, &output, &err));
    assert_true(error_is_set(&err));
    assert_null(output);
    assert_int_not_equal(fcntl(fd, F_GETFD), -1);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    alarm(60);
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(output_goes_into_the_sink),
        TEST(it_ends_when_all_writers_are_gone),
        TEST(it_can_be_destroyed_at_the_end),
        TEST(finishing_reads_the_rest),
        TEST(finishing_ends_after_a_full_turn),
        TEST(finishing_ends_when_paused_in_a_full_turn),
        TEST(destroying_loses_the_rest),
        TEST(dropping_reads_on),
        TEST(pause_leaves_bytes_in_the_pipe),
        TEST(flood_is_paused_by_the_sink_and_resumed),
        TEST(pause_holds_the_end),
        TEST(finishing_ends_after_a_resume_without_output),
        TEST(flood_does_not_hold_the_loop),
        TEST(sink_bounds_a_turn),
        TEST(finishing_is_bounded_while_someone_writes),
        TEST(flooded_pipe_is_enlarged),
        TEST(terminal_ends_with_its_last_user),
        TEST(what_cannot_be_watched_stays_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
