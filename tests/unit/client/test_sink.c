// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"
#include "client/sink_internal.h"

static void assert_writes(struct client_sink *sink, const char *text) {
    size_t written;
    assert_int_equal(client_sink_write(sink, text, strlen(text), &written, NULL), CLIENT_DONE);
    assert_int_equal(written, strlen(text));
}

static void assert_fails(struct client_sink *sink, const char *text, enum pebble_error_kind kind, const char *message) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    size_t written;
    assert_int_equal(client_sink_write(sink, text, strlen(text), &written, &error), CLIENT_FAILED);
    assert_int_equal(error.kind, kind);
    assert_string_equal(error.message, message);
}

static void memory_is_bounded(void **state UNUSED) {
    struct client_sink sink;
    client_sink_init(&sink, &(struct client_target){.limit_bytes = 5});
    assert_writes(&sink, "abc");
    assert_writes(&sink, "de");
    assert_string_equal(buffer_text(&sink.kept), "abcde");
    assert_int_equal(sink.done, 5);
    assert_fails(&sink, "f", PEBBLE_ERROR_PROTOCOL, "cannot keep content in memory: more than 5 bytes");
    client_sink_finish(&sink);
}

static bool on_content_arrived(const void *bytes, size_t length, void *data) {
    buffer_add(data, bytes, length);
    return length > 1;
}

static void a_callback_gets_the_content(void **state UNUSED) {
    struct client_sink sink;
    AUTO_BUFFER struct buffer got = BUFFER_INIT(BUFFER_NO_LIMIT);
    client_sink_init(&sink, &(struct client_target){.on_write = on_content_arrived, .data = &got});
    assert_writes(&sink, "abc");
    assert_fails(&sink, "x", PEBBLE_ERROR_CANCELLED, "interrupted");
    assert_string_equal(buffer_text(&got), "abcx");
    assert_int_equal(sink.done, 3);
    client_sink_finish(&sink);
}

static bool is_ready(int poll_fd) {
    struct epoll_event event;
    return epoll_wait(poll_fd, &event, 1, 0) == 1;
}

// Fills the descriptor, and lets the other end read what is there.
static void assert_is_not_waited_for(int fd, int other_fd) {
    struct client_sink sink;
    enum client_progress progress;
    size_t written, total = 0;
    AUTO_FREE char *bytes = memory_new(1 << 20);
    AUTO_CLOSE int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct client_wants wants = {.poll_fd = poll_fd};
    client_sink_init(&sink, &(struct client_target){.fd = &fd});
    while ((progress = client_sink_write(&sink, bytes, 1 << 20, &written, NULL)) == CLIENT_DONE) {
        assert_true(written > 0 && written <= 1 << 20);
        total += written;
    }
    assert_int_equal(progress, CLIENT_WAITING);
    assert_int_equal(sink.done, total);
    assert_true(client_sink_watch(&sink, &wants, true, NULL));
    assert_false(is_ready(poll_fd));
    while (total > 0) {
        ssize_t count = read(other_fd, bytes, 1 << 20);
        assert_true(count > 0);
        total -= (size_t)count;
    }
    assert_true(is_ready(poll_fd));
    assert_true(client_sink_watch(&sink, &wants, false, NULL));
    assert_false(is_ready(poll_fd));
    assert_writes(&sink, "more");
    client_sink_finish(&sink);
}

static void descriptors_are_not_waited_for(void **state UNUSED) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_is_not_waited_for(ends[1], ends[0]);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_is_not_waited_for(ends[1], ends[0]);
    close(ends[0]);
    close(ends[1]);
}

static int signals;

static void on_signal_raised(int number UNUSED) {
    signals++;
}

static void nobody_to_read_is_an_error_without_a_signal(void **state UNUSED) {
    int ends[2];
    struct client_sink sink;
    sigset_t blocked;
    assert_ptr_not_equal(signal(SIGPIPE, on_signal_raised), SIG_ERR);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    client_sink_init(&sink, &(struct client_target){.fd = &ends[1]});
    assert_fails(&sink, "x", PEBBLE_ERROR_FILE, "cannot write to target: broken pipe");
    client_sink_finish(&sink);
    close(ends[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    close(ends[0]);
    client_sink_init(&sink, &(struct client_target){.fd = &ends[1]});
    assert_fails(&sink, "x", PEBBLE_ERROR_FILE, "cannot write to target: broken pipe");
    client_sink_finish(&sink);
    close(ends[1]);
    assert_int_equal(signals, 0);
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
    assert_false(sigismember(&blocked, SIGPIPE));
}

static void a_full_disk_is_reported(void **state UNUSED) {
    struct client_sink sink;
    AUTO_CLOSE int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    client_sink_init(&sink, &(struct client_target){.fd = &fd});
    assert_fails(&sink, "x", PEBBLE_ERROR_FILE, "cannot write to target: no space left on device");
    client_sink_finish(&sink);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(a_callback_gets_the_content),
        cmocka_unit_test(descriptors_are_not_waited_for),
        cmocka_unit_test(nobody_to_read_is_an_error_without_a_signal),
        cmocka_unit_test(a_full_disk_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
