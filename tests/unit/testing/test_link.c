// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"
#include "testing/link_internal.h"

struct with_link {
    int client, daemon; // the ends that the test has
    struct testing_records *records;
    struct testing_link *link;
};

static void open_pair(int *near, int *far) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    *near = ends[0];
    *far = ends[1];
}

static void begin(struct with_link *with) {
    int client, daemon;
    open_pair(&with->client, &client);
    open_pair(&with->daemon, &daemon);
    with->records = testing_records_create();
    with->link = testing_link_create(client, with->records);
    struct pollfd polls[TESTING_LINK_POLLS];
    testing_link_watch(with->link, polls);
    assert_int_equal(polls[0].fd, -1);
    assert_true(testing_link_step(with->link, polls));
    testing_link_connect(with->link, daemon);
}

static void end(struct with_link *with) {
    if (with->link != NULL)
        testing_link_destroy(with->link);
    file_close_at(&with->client);
    file_close_at(&with->daemon);
    testing_records_destroy(with->records);
}

// Steps until there is nothing to do. False when the link is over; then it is destroyed.
static bool run(struct with_link *with) {
    struct pollfd polls[TESTING_LINK_POLLS];
    for (int i = 0; i < 100000; i++) {
        testing_link_watch(with->link, polls);
        if (poll(polls, TESTING_LINK_POLLS, 0) == 0)
            return true;
        if (!testing_link_step(with->link, polls)) {
            testing_link_destroy(with->link);
            with->link = NULL;
            return false;
        }
    }
    fail_msg("the link is never idle");
    return false;
}

static void write_text(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void assert_text(int fd, const char *expected) {
    char text[256];
    ssize_t length = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    assert_true(length >= 0);
    text[length] = '\0';
    assert_string_equal(text, expected);
}

static void bytes_pass(void **state UNUSED) {
    struct with_link with;
    begin(&with);
    write_text(with.client, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(run(&with));
    assert_text(with.daemon, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    write_text(with.daemon, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_true(run(&with));
    assert_text(with.client, "HTTP/1.1 204 No Content\r\n\r\n");
    struct pebble_test_request *request = testing_records_at(with.records, 0);
    assert_int_equal(pebble_test_request_status(request), 204);
    pebble_test_request_destroy(request);
    end(&with);
}

static void half_closed(void **state UNUSED) {
    struct with_link with;
    begin(&with);
    write_text(with.client, "request");
    assert_int_equal(shutdown(with.client, SHUT_WR), 0);
    assert_true(run(&with));
    assert_text(with.daemon, "request");
    assert_text(with.daemon, ""); // the end
    write_text(with.daemon, "response");
    assert_true(run(&with));
    assert_text(with.client, "response");
    file_close_at(&with.daemon);
    assert_false(run(&with));
    assert_text(with.client, "");
    end(&with);
    // The other direction.
    begin(&with);
    assert_int_equal(shutdown(with.daemon, SHUT_WR), 0);
    assert_true(run(&with));
    assert_text(with.client, "");
    write_text(with.client, "more");
    assert_true(run(&with));
    assert_text(with.daemon, "more");
    end(&with);
}

static void client_is_gone(void **state UNUSED) {
    struct with_link with;
    begin(&with);
    write_text(with.client, "request");
    file_close_at(&with.client);
    assert_false(run(&with));
    assert_text(with.daemon, "request");
    assert_text(with.daemon, "");
    assert_int_equal(send(with.daemon, "x", 1, MSG_NOSIGNAL), -1);
    end(&with);
}

static void daemon_is_gone(void **state UNUSED) {
    struct with_link with;
    begin(&with);
    write_text(with.daemon, "response");
    file_close_at(&with.daemon);
    assert_false(run(&with));
    assert_text(with.client, "response");
    assert_text(with.client, "");
    end(&with);
}

// Writes until the socket takes no more, with what the link takes in between. Returns the number of bytes.
static size_t fill(struct with_link *with, int fd) {
    AUTO_FREE char *bytes = memory_new(TESTING_LINK_BYTES);
    size_t total = 0;
    for (;;) {
        ssize_t sent = send(fd, bytes, TESTING_LINK_BYTES, MSG_NOSIGNAL);
        if (sent < 0)
            return total;
        total += (size_t)sent;
        assert_true(run(with));
    }
}

static size_t drain(struct with_link *with, int fd) {
    AUTO_FREE char *bytes = memory_new(TESTING_LINK_BYTES);
    size_t total = 0;
    for (;;) {
        ssize_t length = recv(fd, bytes, TESTING_LINK_BYTES, MSG_DONTWAIT);
        if (length <= 0)
            return total;
        total += (size_t)length;
        assert_true(run(with));
    }
}

static void a_slow_reader_holds_the_writer(void **state UNUSED) {
    struct with_link with;
    begin(&with);
    size_t to_daemon = fill(&with, with.client), to_client = fill(&with, with.daemon);
    assert_true(to_daemon > TESTING_LINK_BYTES);
    assert_int_equal(drain(&with, with.daemon), to_daemon);
    assert_int_equal(drain(&with, with.client), to_client);
    // A reader that goes away while the link holds bytes for it.
    (void)fill(&with, with.daemon);
    file_close_at(&with.client);
    assert_false(run(&with));
    end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass),
        cmocka_unit_test(half_closed),
        cmocka_unit_test(client_is_gone),
        cmocka_unit_test(daemon_is_gone),
        cmocka_unit_test(a_slow_reader_holds_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
