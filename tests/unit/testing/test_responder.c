// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "testing/responder_internal.h"

static int open_connection(const struct testing_responder *responder) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                        .sin_port = htons((uint16_t)testing_responder_port(responder))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void assert_response(int fd, const char *expected) {
    char text[256] = "";
    size_t length = 0;
    ssize_t count;
    while ((count = recv(fd, text + length, sizeof text - 1 - length, 0)) > 0)
        length += (size_t)count;
    assert_int_equal(count, 0);
    assert_memory_equal(text, expected, strlen(expected));
}

static void write_text(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void checks_are_answered(void **state UNUSED) {
    struct testing_responder *responder = testing_responder_create(NULL);
    assert_non_null(responder);
    AUTO_CLOSE int silent = open_connection(responder); // sends nothing
    assert_true(silent >= 0);
    AUTO_CLOSE int first = open_connection(responder);
    write_text(first, "GET /7 HTTP/1.1\r\n");
    testing_responder_set(responder, 7, false);
    write_text(first, "Host: x\r\n\r\n");
    assert_response(first, "HTTP/1.1 503 ");
    testing_responder_set(responder, 7, true);
    AUTO_CLOSE int second = open_connection(responder);
    write_text(second, "GET /7 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_response(second, "HTTP/1.1 200 ");
    testing_responder_destroy(responder);
    testing_responder_destroy(NULL);
}

static void many_connections(void **state UNUSED) {
    struct testing_responder *responder = testing_responder_create(NULL);
    int fds[100];
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        fds[i] = open_connection(responder);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        write_text(fds[i], "GET /1 HTTP/1.1\r\n\r\n");
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        assert_response(fds[i], "HTTP/1.1 200 ");
        assert_int_equal(close(fds[i]), 0);
    }
    testing_responder_destroy(responder);
}

static void idle_connections_give_way(void **state UNUSED) {
    struct testing_responder *responder = testing_responder_create(NULL);
    int fds[300];
    char byte;
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        fds[i] = open_connection(responder);
    AUTO_CLOSE int fd = open_connection(responder);
    write_text(fd, "GET /1 HTTP/1.1\r\n\r\n");
    assert_response(fd, "HTTP/1.1 200 ");
    assert_int_equal(recv(fds[0], &byte, 1, 0), 0);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        assert_int_equal(close(fds[i]), 0);
    testing_responder_destroy(responder);
}

static void heads_are_limited(void **state UNUSED) {
    struct testing_responder *responder = testing_responder_create(NULL);
    AUTO_CLOSE int fd = open_connection(responder);
    char bytes[1024], byte;
    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < 64 && send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0; i++)
        continue;
    assert_true(recv(fd, &byte, 1, 0) <= 0); // closed
    testing_responder_destroy(responder);
}

static void requests_are_read(void **state UNUSED) {
    struct testing_responder *responder = testing_responder_create(NULL);
    testing_responder_set(responder, TESTING_CHECKS_MAX - 1, false);
    assert_int_equal(testing_responder_status(responder, "GET /999 HTTP/1.1\r\n"), 503);
    assert_int_equal(testing_responder_status(responder, "GET /1000 HTTP/1.1\r\n"), 404);
    assert_int_equal(testing_responder_status(responder, "GET /x HTTP/1.1\r\n"), 404);
    assert_int_equal(testing_responder_status(responder, "GET /1x HTTP/1.1\r\n"), 404);
    assert_int_equal(testing_responder_status(responder, "POST /1 HTTP/1.1\r\n"), 404);
    assert_int_equal(testing_responder_status(responder, ""), 404);
    testing_responder_destroy(responder);
}

static void without_descriptors(void **state UNUSED) {
    struct pebble_error error = {0};
    struct rlimit limit, none = {0};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_null(testing_responder_create(&error));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_string_equal(error.message, "cannot listen for checks: too many open files");
    pebble_error_clear(&error);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_are_answered),       cmocka_unit_test(many_connections),
        cmocka_unit_test(idle_connections_give_way), cmocka_unit_test(heads_are_limited),
        cmocka_unit_test(requests_are_read),         cmocka_unit_test(without_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
