// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/file.h"
#include "client/source_internal.h"

static void begin(struct client_source *source, const struct client_content *content) {
    client_source_init(source, content);
    buffer_add_string(&source->before, "<<");
    buffer_add_string(&source->after, ">>");
    client_source_measure(source);
}

// Reads `size` bytes at a time up to the end; the text of all.
static void assert_reads(struct client_source *source, size_t size, const char *expected) {
    AUTO_BUFFER struct buffer all = BUFFER_INIT(BUFFER_NO_LIMIT);
    size_t length = 1;
    while (length > 0) {
        char bytes[64];
        assert_int_equal(client_source_read(source, bytes, size, &length), CLIENT_DONE);
        assert_true(length <= size);
        buffer_add(&all, bytes, length);
    }
    assert_string_equal(buffer_text(&all), expected);
}

static void assert_fails(const struct client_content *content, enum pebble_error_kind kind, const char *message) {
    struct client_source source;
    char bytes[64];
    size_t length;
    client_source_init(&source, content);
    client_source_measure(&source);
    assert_int_equal(client_source_read(&source, bytes, sizeof bytes, &length), CLIENT_FAILED);
    assert_int_equal(source.error.kind, kind);
    assert_string_equal(source.error.message, message);
    client_source_finish(&source);
}

static void memory_is_read_with_the_text_around_it(void **state UNUSED) {
    const size_t sizes[] = {1, 3, 64};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        struct client_source source;
        begin(&source, &(struct client_content){.bytes = "content", .length = 7});
        assert_true(source.has_length);
        assert_int_equal(source.length, 11);
        assert_reads(&source, sizes[i], "<<content>>");
        assert_int_equal(source.done, 7);
        client_source_finish(&source);
        client_source_finish(&source);
    }
}

static void nothing_is_content_too(void **state UNUSED) {
    struct client_source source;
    begin(&source, &(struct client_content){0});
    assert_true(source.has_length);
    assert_reads(&source, 64, "<<>>");
    assert_int_equal(source.done, 0);
    client_source_finish(&source);
}

static void a_small_content_is_read_at_once(void **state UNUSED) {
    struct client_source source;
    char bytes[64];
    size_t length;
    begin(&source, &(struct client_content){.bytes = "content", .length = 7});
    assert_int_equal(client_source_read(&source, bytes, sizeof bytes, &length), CLIENT_DONE);
    assert_int_equal(length, 11);
    client_source_finish(&source);
}

static void a_file_is_read_from_its_position(void **state UNUSED) {
    FILE *file = tmpfile();
    struct client_source source;
    (void)fputs("0123456789", file);
    (void)fflush(file);
    int fd = fileno(file);
    assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
    begin(&source, &(struct client_content){.fd = &fd});
    assert_false(source.has_length);
    assert_reads(&source, 5, "<<456789>>");
    assert_int_equal(source.done, 6);
    client_source_finish(&source);
    (void)fclose(file);
}

static bool is_ready(int poll_fd) {
    struct epoll_event event;
    return epoll_wait(poll_fd, &event, 1, 0) == 1;
}

static void a_pipe_is_not_waited_for(void **state UNUSED) {
    int ends[2];
    char bytes[64];
    size_t length;
    struct client_source source;
    AUTO_CLOSE int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct client_wants wants = {.poll_fd = poll_fd};
    assert_int_equal(pipe(ends), 0); // one that blocks
    begin(&source, &(struct client_content){.fd = &ends[0]});
    assert_int_equal(client_source_read(&source, bytes, sizeof bytes, &length), CLIENT_DONE);
    assert_int_equal(length, 2);
    assert_int_equal(client_source_read(&source, bytes, sizeof bytes, &length), CLIENT_WAITING);
    assert_true(client_source_watch(&source, &wants, true, NULL));
    assert_false(is_ready(poll_fd));
    assert_int_equal(write(ends[1], "abc", 3), 3);
    assert_true(is_ready(poll_fd));
    assert_true(client_source_watch(&source, &wants, false, NULL)); // the socket is waited for instead
    assert_false(is_ready(poll_fd));
    assert_int_equal(client_source_read(&source, bytes, sizeof bytes, &length), CLIENT_DONE);
    assert_int_equal(length, 3);
    assert_true(client_source_watch(&source, &wants, true, NULL));
    close(ends[1]);
    assert_true(is_ready(poll_fd));
    assert_reads(&source, 64, ">>");
    client_source_finish(&source);
    assert_false(is_ready(poll_fd));
    close(ends[0]);
}

struct reader {
    const char *text;
    size_t step; // bytes of each call
};

static bool on_content_wanted(void *buffer, size_t size, size_t *length, void *data) {
    struct reader *reader = data;
    size_t count = strnlen(reader->text, reader->step < size ? reader->step : size);
    memcpy(buffer, reader->text, count);
    reader->text += count;
    *length = count;
    return reader->step > 0;
}

static void a_callback_gives_the_content(void **state UNUSED) {
    struct client_source source;
    struct reader reader = {"in small pieces", 2};
    begin(&source, &(struct client_content){.on_read = on_content_wanted, .data = &reader});
    assert_false(source.has_length);
    assert_reads(&source, 64, "<<in small pieces>>");
    assert_int_equal(source.done, 15);
    client_source_finish(&source);
}

static bool on_excess_wanted(void *buffer UNUSED, size_t size, size_t *length, void *data UNUSED) {
    *length = size + 1;
    return true;
}

static void failures_are_reported(void **state UNUSED) {
    struct reader reader = {"", 0};
    AUTO_CLOSE int directory_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int closed_fd = 1000;
    assert_fails(&(struct client_content){.on_read = on_content_wanted, .data = &reader}, PEBBLE_ERROR_CANCELLED,
                 "interrupted");
    assert_fails(&(struct client_content){.on_read = on_excess_wanted}, PEBBLE_ERROR_ARGUMENT,
                 "cannot read from source: more than there is room for");
    assert_fails(&(struct client_content){.fd = &directory_fd}, PEBBLE_ERROR_FILE,
                 "cannot read from source: is a directory");
    assert_fails(&(struct client_content){.fd = &closed_fd}, PEBBLE_ERROR_FILE,
                 "cannot read from source: bad file descriptor");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_read_with_the_text_around_it),
        cmocka_unit_test(nothing_is_content_too),
        cmocka_unit_test(a_small_content_is_read_at_once),
        cmocka_unit_test(a_file_is_read_from_its_position),
        cmocka_unit_test(a_pipe_is_not_waited_for),
        cmocka_unit_test(a_callback_gives_the_content),
        cmocka_unit_test(failures_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
