// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "testing/launch_internal.h"

static void failures_are_described(void **state UNUSED) {
    char text[TESTING_TEXT_BYTES], what[TESTING_TEXT_BYTES * 2];
    testing_launch_describe(text, "mount root/etc", EPERM);
    assert_string_equal(text, "cannot mount root/etc: operation not permitted");
    memset(what, 'x', sizeof what - 1);
    what[sizeof what - 1] = '\0';
    testing_launch_describe(text, what, EPERM);
    assert_int_equal(strlen(text), TESTING_TEXT_BYTES - 1);
}

static void *read_later(void *data) {
    char bytes[64];
    int fd = *(const int *)data;
    while (recv(fd, bytes, sizeof bytes, 0) > 0)
        continue;
    return NULL;
}

static void messages_are_not_lost(void **state UNUSED) {
    int ends[2];
    pthread_t reader;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    while (send(ends[0], "x", 1, MSG_NOSIGNAL) == 1) // until it is full
        continue;
    assert_int_equal(pthread_create(&reader, NULL, read_later, &ends[1]), 0);
    testing_launch_send(ends[0], "y", 1);
    assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
    assert_int_equal(pthread_join(reader, NULL), 0);
    (void)close(ends[1]);
    testing_launch_send(ends[0], "z", 1); // there is nobody
    (void)close(ends[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(failures_are_described),
                                       cmocka_unit_test(messages_are_not_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
