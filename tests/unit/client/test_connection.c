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
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/connection_internal.h"
#include "fake_daemon.h"

// A connection whose other end is *peer.
static void connect_pair(struct client_connection *connection, int *peer) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    client_connection_init(connection);
    connection->socket_path = memory_string("somewhere");
    connection->fd = ends[0];
    *peer = ends[1];
}

static int64_t soon(void) {
    return clock_monotonic_ns() + 20 * NS_PER_MS;
}

static bool refuse(void *data) {
    ++*(int *)data;
    return false;
}

static bool agree(void *data) {
    ++*(int *)data;
    return true;
}

static void missing_socket_is_told(void **state UNUSED) {
    struct client_connection connection;
    client_connection_init(&connection);
    connection.socket_path = memory_string("/nowhere/\"x\"");
    AUTO_ERROR struct error err = {0};
    assert_false(client_connection_open(&connection, CLIENT_NO_DEADLINE, &err));
    assert_int_equal(err.kind, ERROR_CONNECTION);
    assert_string_equal(err.message, "socket \"/nowhere/\\\"x\\\"\" not found");
    client_connection_finish(&connection);
}

static void refusal_has_the_words_of_dial(void **state UNUSED) {
    char *path = fake_socket_path();
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    struct client_connection connection;
    client_connection_init(&connection);
    connection.socket_path = memory_string(path);
    AUTO_ERROR struct error err = {0};
    assert_false(client_connection_open(&connection, CLIENT_NO_DEADLINE, &err));
    AUTO_FREE char *expected = memory_printf("dial unix %s: connect: connection refused", path);
    assert_string_equal(err.message, expected);
    assert_int_equal(err.kind, ERROR_CONNECTION);
    client_connection_finish(&connection);
    fake_socket_remove(path);
}

static void path_that_is_too_long_is_no_connection(void **state UNUSED) {
    char *path = fake_socket_path();
    char *directory = memory_string(path);
    *strrchr(directory, '/') = '\0';
    struct client_connection connection;
    client_connection_init(&connection);
    // It exists, so that its length is what is refused.
    AUTO_BUFFER struct buffer long_path = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&long_path, directory);
    for (int i = 0; i < 60; i++)
        buffer_add_string(&long_path, "/.");
    connection.socket_path = memory_string(buffer_text(&long_path));
    AUTO_ERROR struct error err = {0};
    assert_false(client_connection_open(&connection, CLIENT_NO_DEADLINE, &err));
    assert_int_equal(err.kind, ERROR_CONNECTION);
    assert_int_equal(err.errnum, ENAMETOOLONG);
    client_connection_finish(&connection);
    fake_socket_remove(path);
    free(directory);
}

// A socket whose backlog is full: it refuses for the moment only.
static void full_backlog_is_waited_for(void **state UNUSED) {
    char *path = fake_socket_path();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 0), 0);
    struct client_connection first, second;
    client_connection_init(&first);
    client_connection_init(&second);
    first.socket_path = memory_string(path);
    second.socket_path = memory_string(path);
    AUTO_ERROR struct error err = {0};
    assert_true(client_connection_open(&first, CLIENT_NO_DEADLINE, &err));
    assert_false(client_connection_open(&second, soon(), &err));
    assert_int_equal(err.kind, ERROR_TIMEOUT);
    int calls = 0;
    second.interrupt = refuse;
    second.interrupt_data = &calls;
    assert_false(client_connection_open(&second, CLIENT_NO_DEADLINE, &err));
    assert_int_equal(err.kind, ERROR_CANCELLED);
    assert_int_equal(calls, 1);
    int accepted = accept(listener, NULL, NULL);
    second.interrupt = NULL;
    assert_true(client_connection_open(&second, CLIENT_NO_DEADLINE, &err));
    close(accepted);
    close(listener);
    client_connection_finish(&first);
    client_connection_finish(&second);
    fake_socket_remove(path);
}

static void tcp_refusal_names_host_and_port(void **state UNUSED) {
    struct fake_daemon *daemon = fake_daemon_start(NULL, NULL, 0);
    struct client_connection connection;
    client_connection_init(&connection);
    connection.host = memory_string("127.0.0.1");
    connection.port = fake_daemon_port(daemon);
    fake_daemon_stop(daemon, NULL);
    AUTO_ERROR struct error err = {0};
    assert_false(client_connection_open(&connection, CLIENT_NO_DEADLINE, &err));
    AUTO_FREE char *expected = memory_printf("dial tcp 127.0.0.1:%d: connect: connection refused", connection.port);
    assert_string_equal(err.message, expected);
    client_connection_finish(&connection);
}

static void unknown_host_is_told(void **state UNUSED) {
    struct client_connection connection;
    client_connection_init(&connection);
    connection.host = memory_string("1.2.3.4.5");
    connection.port = 80;
    AUTO_ERROR struct error err = {0};
    assert_false(client_connection_open(&connection, CLIENT_NO_DEADLINE, &err));
    assert_int_equal(err.kind, ERROR_CONNECTION);
    assert_memory_equal(err.message, "dial tcp: lookup 1.2.3.4.5: ", 28);
    client_connection_finish(&connection);
}

static void receives_what_is_there_and_then_the_end(void **state UNUSED) {
    struct client_connection connection;
    int peer;
    connect_pair(&connection, &peer);
    assert_int_equal(write(peer, "hello", 5), 5);
    char data[16];
    size_t received = 99;
    AUTO_ERROR struct error err = {0};
    assert_true(client_connection_receive(&connection, data, sizeof data, &received, CLIENT_NO_DEADLINE, &err));
    assert_int_equal(received, 5);
    assert_memory_equal(data, "hello", 5);
    close(peer);
    assert_true(client_connection_receive(&connection, data, sizeof data, &received, CLIENT_NO_DEADLINE, &err));
    assert_int_equal(received, 0);
    client_connection_finish(&connection);
}

static void silence_ends_at_the_deadline(void **state UNUSED) {
    struct client_connection connection;
    int peer;
    connect_pair(&connection, &peer);
    char data[16];
    size_t received = 99;
    AUTO_ERROR struct error err = {0};
    assert_false(client_connection_receive(&connection, data, sizeof data, &received, soon(), &err));
    assert_int_equal(err.kind, ERROR_TIMEOUT);
    assert_int_equal(received, 99);
    close(peer);
    client_connection_finish(&connection);
}

static void interrupt_ends_a_wait(void **state UNUSED) {
    struct client_connection connection;
    int peer;
    connect_pair(&connection, &peer);
    int calls = 0;
    connection.interrupt = refuse;
    connection.interrupt_data = &calls;
    char data[16];
    size_t received;
    AUTO_ERROR struct error err = {0};
    assert_false(client_connection_receive(&connection, data, sizeof data, &received, CLIENT_NO_DEADLINE, &err));
    assert_int_equal(err.kind, ERROR_CANCELLED);
    error_clear(&err);
    assert_false(client_connection_pause(&connection, 1000000, &err));
    assert_int_equal(err.kind, ERROR_CANCELLED);
    assert_int_equal(calls, 2);
    connection.interrupt = agree;
    assert_true(client_connection_pause(&connection, 1, &err));
    assert_true(calls > 2);
    close(peer);
    client_connection_finish(&connection);
}

static void on_alarm(int number UNUSED) {
}

// Whether the alarm comes just before or during the pause: it goes on coming.
static void signal_ends_a_pause(void **state UNUSED) {
    struct sigaction action = {.sa_handler = on_alarm};
    assert_int_equal(sigaction(SIGUSR2, &action, NULL), 0);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    timer_t timer;
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    const struct itimerspec often = {{0, 5000000}, {0, 5000000}};
    timer_settime(timer, 0, &often, NULL);
    struct client_connection connection;
    client_connection_init(&connection);
    AUTO_ERROR struct error err = {0};
    assert_true(client_connection_pause(&connection, INT64_C(100000000), &err));
    timer_delete(timer);
}

static void send_stops_when_the_peer_has_closed(void **state UNUSED) {
    struct client_connection connection;
    int peer;
    connect_pair(&connection, &peer);
    close(peer);
    size_t sent = 99;
    AUTO_ERROR struct error err = {0};
    assert_true(client_connection_send(&connection, "hello", 5, &sent, CLIENT_NO_DEADLINE, &err));
    assert_int_equal(sent, 0);
    client_connection_finish(&connection);
}

static void send_stops_when_the_peer_answers_early(void **state UNUSED) {
    struct client_connection connection;
    int peer;
    connect_pair(&connection, &peer);
    assert_int_equal(write(peer, "no", 2), 2);
    size_t length = 16 << 20;
    AUTO_FREE char *data = memory_new(length);
    size_t sent = 0;
    AUTO_ERROR struct error err = {0};
    assert_true(client_connection_send(&connection, data, length, &sent, CLIENT_NO_DEADLINE, &err));
    assert_true(sent > 0 && sent < length);
    close(peer);
    client_connection_finish(&connection);
}

static void peer_that_takes_nothing_is_timed_out(void **state UNUSED) {
    struct client_connection connection;
    int peer;
    connect_pair(&connection, &peer);
    size_t length = 16 << 20;
    AUTO_FREE char *data = memory_new(length);
    size_t sent = 0;
    AUTO_ERROR struct error err = {0};
    assert_false(client_connection_send(&connection, data, length, &sent, soon(), &err));
    assert_int_equal(err.kind, ERROR_TIMEOUT);
    close(peer);
    client_connection_finish(&connection);
}

static void quiet_is_open_without_a_word(void **state UNUSED) {
    struct client_connection connection;
    client_connection_init(&connection);
    assert_false(client_connection_is_quiet(&connection));
    int peer;
    connect_pair(&connection, &peer);
    assert_true(client_connection_is_quiet(&connection));
    assert_int_equal(write(peer, "x", 1), 1);
    assert_false(client_connection_is_quiet(&connection));
    client_connection_finish(&connection);
    close(peer);
    connect_pair(&connection, &peer);
    close(peer);
    assert_false(client_connection_is_quiet(&connection));
    client_connection_finish(&connection);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_socket_is_told),
        cmocka_unit_test(refusal_has_the_words_of_dial),
        cmocka_unit_test(path_that_is_too_long_is_no_connection),
        cmocka_unit_test(full_backlog_is_waited_for),
        cmocka_unit_test(tcp_refusal_names_host_and_port),
        cmocka_unit_test(unknown_host_is_told),
        cmocka_unit_test(receives_what_is_there_and_then_the_end),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(interrupt_ends_a_wait),
        cmocka_unit_test(signal_ends_a_pause),
        cmocka_unit_test(send_stops_when_the_peer_has_closed),
        cmocka_unit_test(send_stops_when_the_peer_answers_early),
        cmocka_unit_test(peer_that_takes_nothing_is_timed_out),
        cmocka_unit_test(quiet_is_open_without_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
