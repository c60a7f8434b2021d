// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"
#include "temporary.h"
#include "testing/relay_internal.h"
#include "testing/socket_internal.h"

#define WAIT_MS 60000

struct with_relay {
    char *directory, *client_path, *daemon_path;
    int listener; // of the daemon
    struct testing_records *records;
    struct testing_relay *relay;
};

static void begin(struct with_relay *with) {
    with->directory = temporary_create();
    with->client_path = path_join(with->directory, "c");
    with->daemon_path = path_join(with->directory, "d");
    with->listener = testing_socket_listen(with->daemon_path);
    assert_true(with->listener >= 0);
    with->records = testing_records_create();
    with->relay = testing_relay_create(with->client_path, with->daemon_path, with->records, NULL);
    assert_non_null(with->relay);
}

static void end(struct with_relay *with) {
    testing_relay_destroy(with->relay);
    testing_records_destroy(with->records);
    file_close_at(&with->listener);
    (void)unlink(with->client_path);
    (void)unlink(with->daemon_path);
    free(with->client_path);
    free(with->daemon_path);
    temporary_remove(with->directory);
}

static void await(int fd) {
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&watched, 1, WAIT_MS), 1);
}

static int accept_one(const struct with_relay *with) {
    await(with->listener);
    int fd = accept4(with->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void assert_text(int fd, const char *expected) {
    char text[256];
    await(fd);
    ssize_t length = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    assert_true(length >= 0);
    text[length] = '\0';
    assert_string_equal(text, expected);
}

static void write_text(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void connections_are_passed_on(void **state UNUSED) {
    struct with_relay with;
    begin(&with);
    assert_int_equal(testing_socket_connect(with.client_path), -1);
    assert_true(testing_relay_open(with.relay, NULL));
    assert_true(testing_relay_open(with.relay, NULL));
    AUTO_CLOSE int client = testing_socket_connect(with.client_path);
    AUTO_CLOSE int other = testing_socket_connect(with.client_path);
    assert_true(client >= 0 && other >= 0);
    AUTO_CLOSE int daemon = accept_one(&with);
    AUTO_CLOSE int daemon_other = accept_one(&with);
    write_text(client, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_text(daemon, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    write_text(daemon, "HTTP/1.1 200 OK\r\n\r\n");
    assert_text(client, "HTTP/1.1 200 OK\r\n\r\n");
    assert_int_equal(testing_records_count(with.records), 1);
    file_close_at(&daemon_other);
    assert_text(other, ""); // its end
    end(&with);
}

static void closing_cuts_connections(void **state UNUSED) {
    struct with_relay with;
    begin(&with);
    testing_relay_close(with.relay); // nothing to close
    assert_true(testing_relay_open(with.relay, NULL));
    AUTO_CLOSE int client = testing_socket_connect(with.client_path);
    AUTO_CLOSE int daemon = accept_one(&with);
    testing_relay_close(with.relay);
    char byte;
    assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), 0); // it has happened already
    assert_int_equal(recv(daemon, &byte, 1, MSG_DONTWAIT), 0);
    assert_int_equal(testing_socket_connect(with.client_path), -1);
    assert_true(testing_relay_open(with.relay, NULL));
    AUTO_CLOSE int again = testing_socket_connect(with.client_path);
    AUTO_CLOSE int daemon_again = accept_one(&with);
    write_text(again, "x");
    assert_text(daemon_again, "x");
    end(&with);
}

static void no_daemon(void **state UNUSED) {
    struct with_relay with;
    begin(&with);
    assert_true(testing_relay_open(with.relay, NULL));
    file_close_at(&with.listener);
    AUTO_CLOSE int client = testing_socket_connect(with.client_path);
    assert_text(client, "");
    end(&with);
}

static void no_socket(void **state UNUSED) {
    struct pebble_error error = {0};
    struct testing_records *records = testing_records_create();
    struct testing_relay *relay = testing_relay_create("/none/c", "/none/d", records, NULL);
    assert_false(testing_relay_open(relay, &error));
    assert_string_equal(error.message, "cannot listen on /none/c: no such file or directory");
    testing_relay_destroy(relay);
    testing_relay_destroy(NULL);
    struct rlimit limit, none = {0};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_null(testing_relay_create("/none/c", "/none/d", records, &error));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_string_equal(error.message, "cannot create relay: too many open files");
    pebble_error_clear(&error);
    testing_records_destroy(records);
}

// The table of descriptors is full when the client connects: it waits until there is room.
static void full_descriptor_table(void **state UNUSED) {
    struct with_relay with;
    struct rlimit limit, small;
    begin(&with);
    assert_true(testing_relay_open(with.relay, NULL));
    AUTO_CLOSE int client = testing_socket_connect(with.client_path);
    AUTO_CLOSE int daemon = accept_one(&with);
    AUTO_CLOSE int spare = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    small = (struct rlimit){.rlim_cur = (rlim_t)spare + 1, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
    file_close_at(&spare);
    AUTO_CLOSE int late = testing_socket_connect(with.client_path); // takes the last descriptor
    assert_true(late >= 0);
    write_text(client, "x"); // the others go on
    assert_text(daemon, "x");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    AUTO_CLOSE int daemon_late = accept_one(&with);
    write_text(late, "y");
    assert_text(daemon_late, "y");
    end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_passed_on),
        cmocka_unit_test(closing_cuts_connections),
        cmocka_unit_test(no_daemon),
        cmocka_unit_test(no_socket),
        cmocka_unit_test(full_descriptor_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
