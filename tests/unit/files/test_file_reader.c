// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "files/file_reader.h"

struct reading {
    struct file_reader *reader;
    struct buffer content;
    size_t at_a_time; // bytes consumed in one step
    int pieces;
    bool is_done;
};

static void take(struct reading *reading) {
    const char *bytes;
    size_t length;
    enum file_reader_state state;
    while ((state = file_reader_state(reading->reader, &bytes, &length)) == FILE_READER_PIECE) {
        size_t part = length < reading->at_a_time ? length : reading->at_a_time;
        buffer_add(&reading->content, bytes, part);
        reading->pieces++;
        file_reader_consume(reading->reader, part);
    }
    reading->is_done = state != FILE_READER_BUSY;
}

static void on_reader_ready(struct file_reader *reader UNUSED, void *data) {
    take(data);
}

// Reads all; the caller finishes `reading`.
static void read_file(const struct fixture *fixture, const char *path, size_t at_a_time, struct reading *reading) {
    *reading = (struct reading){.at_a_time = at_a_time, .content = BUFFER_INIT(BUFFER_NO_LIMIT)};
    reading->reader = file_reader_create(fixture->manager, path, on_reader_ready, reading);
    const char *bytes;
    size_t length;
    assert_int_equal(file_reader_state(reading->reader, &bytes, &length), FILE_READER_BUSY);
    run_until(fixture, &reading->is_done);
}

static void reading_finish(struct reading *reading) {
    file_reader_destroy(reading->reader);
    buffer_finish(&reading->content);
}

static void reads_large_files(void **state) {
    const struct fixture *fixture = *state;
    AUTO_FREE char *path = path_of(fixture, "file");
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT, 0600);
    AUTO_BUFFER struct buffer expected = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; expected.length < 1500000; i++)
        buffer_printf(&expected, "%d,", i);
    assert_int_equal(write(fd, expected.data, expected.length), expected.length);
    for (size_t at_a_time = 1000; at_a_time < 100000000; at_a_time *= 100) {
        CLEANUP(reading_finish) struct reading reading;
        read_file(fixture, path, at_a_time, &reading);
        assert_int_equal(reading.content.length, expected.length);
        assert_memory_equal(reading.content.data, expected.data, expected.length);
    }
}

static void reads_to_the_end_and_not_to_the_size(void **state) {
    const struct fixture *fixture = *state;
    CLEANUP(reading_finish) struct reading reading;
    read_file(fixture, "/proc/self/status", SIZE_MAX, &reading);
    assert_int_equal(strncmp(buffer_text(&reading.content), "Name:", 5), 0);
    put(fixture, "empty", "");
    put_link(fixture, "empty", "link");
    AUTO_FREE char *path = path_of(fixture, "link");
    CLEANUP(reading_finish) struct reading empty;
    read_file(fixture, path, SIZE_MAX, &empty);
    assert_int_equal(empty.content.length, 0);
    assert_int_equal(empty.pieces, 0);
    assert_false(error_is_set(file_reader_error(empty.reader)));
}

static void assert_fails(const struct fixture *fixture, const char *path, const char *message) {
    CLEANUP(reading_finish) struct reading reading;
    const char *bytes;
    size_t length;
    read_file(fixture, path, SIZE_MAX, &reading);
    assert_int_equal(file_reader_state(reading.reader, &bytes, &length), FILE_READER_FAILED);
    assert_message(fixture, file_reader_error(reading.reader), message);
}

static void only_regular_files_are_read(void **state) {
    const struct fixture *fixture = *state;
    AUTO_FREE char *pipe_path = path_of(fixture, "pipe");
    AUTO_FREE char *missing = path_of(fixture, "no");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_fails(fixture, pipe_path, "can only read a regular file: \"@/pipe\"");
    assert_fails(fixture, fixture->directory, "can only read a regular file: \"@\"");
    assert_fails(fixture, "/dev/zero", "can only read a regular file: \"/dev/zero\"");
    assert_fails(fixture, missing, "stat @/no: no such file or directory");
    assert_fails(fixture, "relative", "paths must be absolute, got \"relative\"");
    assert_fails(fixture, "/proc/self/mem", "read /proc/self/mem: input/output error");
}

static void it_can_be_destroyed_at_any_time(void **state) {
    const struct fixture *fixture = *state;
    AUTO_FREE char *path = path_of(fixture, "file");
    put(fixture, "file", "");
    assert_int_equal(truncate(path, 10000000), 0);
    for (int turns = 0; turns < 20; turns++) {
        struct reading reading = {.at_a_time = 100000, .content = BUFFER_INIT(BUFFER_NO_LIMIT)};
        reading.reader = file_reader_create(fixture->manager, path, on_reader_ready, &reading);
        for (int i = 0; i < turns && !reading.is_done; i++)
            (void)uv_run(loop_uv(fixture->loop), UV_RUN_ONCE);
        reading_finish(&reading);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(reads_large_files),
        FIXTURE_TEST(reads_to_the_end_and_not_to_the_size),
        FIXTURE_TEST(only_regular_files_are_read),
        FIXTURE_TEST(it_can_be_destroyed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
