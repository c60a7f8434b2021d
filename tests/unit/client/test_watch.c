// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "client/watch_internal.h"

static bool is_ready(int fd) {
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    return poll(&watched, 1, 0) > 0;
}

static void one_descriptor_stands_for_others(void **state UNUSED) {
    int poll_fd = epoll_create1(EPOLL_CLOEXEC), ends[2];
    assert_int_equal(pipe(ends), 0);
    struct client_watch reading = {0}, writing = {0};
    assert_true(client_watch_set(&reading, poll_fd, ends[0], POLLIN, NULL));
    assert_false(is_ready(poll_fd));
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_true(is_ready(poll_fd));
    client_watch_clear(&reading);
    assert_false(is_ready(poll_fd));
    assert_true(client_watch_set(&writing, poll_fd, ends[1], POLLIN, NULL));
    assert_false(is_ready(poll_fd));
    assert_true(client_watch_set(&writing, poll_fd, ends[1], POLLIN | POLLOUT, NULL));
    assert_true(is_ready(poll_fd));
    client_watch_clear(&writing);
    client_watch_clear(&writing);
    assert_false(is_ready(poll_fd));
    close(ends[0]);
    close(ends[1]);
    close(poll_fd);
}

static void what_cannot_be_watched_is_an_error(void **state UNUSED) {
    struct client_watch watch = {0};
    AUTO_ERROR struct error err = {0};
    assert_false(client_watch_set(&watch, -1, 0, POLLIN, &err));
    assert_string_equal(err.message, "cannot wait for server: bad file descriptor");
    client_watch_clear(&watch);
}

static void the_soonest_time_counts(void **state UNUSED) {
    struct client_wants wants = {.wake_ns = CLIENT_NO_DEADLINE};
    client_wants_time(&wants, CLIENT_NO_DEADLINE);
    assert_int_equal(wants.wake_ns, CLIENT_NO_DEADLINE);
    client_wants_time(&wants, 20);
    client_wants_time(&wants, 30);
    client_wants_time(&wants, CLIENT_NO_DEADLINE);
    assert_int_equal(wants.wake_ns, 20);
    client_wants_time(&wants, 10);
    assert_int_equal(wants.wake_ns, 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_descriptor_stands_for_others),
        cmocka_unit_test(what_cannot_be_watched_is_an_error),
        cmocka_unit_test(the_soonest_time_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
