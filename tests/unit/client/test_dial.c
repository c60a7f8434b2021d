// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/dial_internal.h"
#include "fake_daemon.h"
#include "peer.h"

static struct client_endpoint socket_at(char *path) {
    return (struct client_endpoint){.socket_path = path};
}

// Steps until it is connected or has failed.
static enum client_progress run(struct client_dial *dial, int *fd, struct error *err) {
    AUTO_CLOSE int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (;;) {
        enum client_progress progress = client_dial_step(dial, fd, err);
        if (progress != CLIENT_WAITING)
            return progress;
        struct client_wants wants = {.poll_fd = poll_fd};
        assert_true(client_dial_watch(dial, &wants, NULL));
        assert_int_not_equal(wants.wake_ns, CLIENT_NO_DEADLINE);
        struct pollfd watched = {.fd = poll_fd, .events = POLLIN};
        assert_true(poll(&watched, 1, 60000) > 0);
    }
}

static void assert_fails(struct client_endpoint endpoint, int errnum, const char *message) {
    struct client_dial dial;
    AUTO_ERROR struct error err = {0};
    int fd = -7;
    client_dial_init(&dial, &endpoint);
    assert_int_equal(run(&dial, &fd, &err), CLIENT_FAILED);
    assert_string_equal(err.message, message);
    assert_int_equal(err.kind, ERROR_CONNECTION);
    assert_int_equal(err.errnum, errnum);
    assert_int_equal(fd, -7);
    client_dial_finish(&dial);
}

static void missing_socket_is_told(void **state UNUSED) {
    char path[] = "/nowhere/\"x\"";
    assert_fails(socket_at(path), 0, "socket \"/nowhere/\\\"x\\\"\" not found");
    char below_a_file[] = "/proc/version/x";
    assert_fails(socket_at(below_a_file), ENOTDIR,
                 "cannot stat \"/proc/version/x\": stat /proc/version/x: not a directory");
}

static void refusal_has_the_words_of_dial(void **state UNUSED) {
    char *path = fake_socket_path();
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    AUTO_FREE char *expected = memory_printf("dial unix %s: connect: connection refused", path);
    assert_fails(socket_at(path), ECONNREFUSED, expected);
    fake_socket_remove(path);
}

// It exists, so that its length is what is refused.
static void path_that_is_too_long_is_no_connection(void **state UNUSED) {
    char *path = fake_socket_path();
    AUTO_BUFFER struct buffer long_path = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add(&long_path, path, (size_t)(strrchr(path, '/') - path));
    for (int i = 0; i < 60; i++)
        buffer_add_string(&long_path, "/.");
    AUTO_FREE char *expected = memory_printf("dial unix %s: connect: invalid argument", buffer_text(&long_path));
    assert_fails(socket_at(long_path.data), EINVAL, expected);
    fake_socket_remove(path);
}

static void unix_sockets_connect_at_once(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    const struct client_endpoint endpoint = socket_at(peer.path);
    struct client_dial dial;
    int fd = -1;
    client_dial_init(&dial, &endpoint);
    assert_int_equal(client_dial_step(&dial, &fd, NULL), CLIENT_DONE);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    close(fd);
    peer_end(&peer);
}

// A socket whose backlog is full refuses for the moment only.
static void full_backlog_is_waited_for(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    assert_int_equal(listen(peer.listener, 0), 0);
    const struct client_endpoint endpoint = socket_at(peer.path);
    struct client_dial dial;
    int first = -1, second = -1;
    client_dial_init(&dial, &endpoint);
    assert_int_equal(client_dial_step(&dial, &first, NULL), CLIENT_DONE);
    assert_int_equal(client_dial_step(&dial, &second, NULL), CLIENT_WAITING);
    struct client_wants wants = {.poll_fd = -1};
    assert_true(client_dial_watch(&dial, &wants, NULL));
    assert_int_equal(wants.wake_ns, dial.resume_ns);
    close(peer_accept(&peer));
    dial.resume_ns = clock_monotonic_ns() + NS_PER_S * 3600;
    assert_int_equal(client_dial_step(&dial, &second, NULL), CLIENT_WAITING);
    dial.resume_ns = 0;
    assert_int_equal(client_dial_step(&dial, &second, NULL), CLIENT_DONE);
    close(first);
    close(second);
    peer_end(&peer);
}

static void patience_has_an_end(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    assert_int_equal(listen(peer.listener, 0), 0);
    const struct client_endpoint endpoint = socket_at(peer.path);
    struct client_dial dial;
    AUTO_ERROR struct error err = {0};
    int first = -1, second = -1;
    client_dial_init(&dial, &endpoint);
    assert_int_equal(client_dial_step(&dial, &first, NULL), CLIENT_DONE);
    assert_int_equal(client_dial_step(&dial, &second, &err), CLIENT_WAITING);
    dial.deadline_ns = 1;
    assert_int_equal(client_dial_step(&dial, &second, &err), CLIENT_FAILED);
    AUTO_FREE char *expected = memory_printf("dial unix %s: connect: connection timed out", peer.path);
    assert_string_equal(err.message, expected);
    assert_int_equal(err.kind, ERROR_CONNECTION);
    close(first);
    peer_end(&peer);
}

static void giving_up_is_fine_in_any_state(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    assert_int_equal(listen(peer.listener, 0), 0);
    const struct client_endpoint endpoint = socket_at(peer.path);
    struct client_dial dial;
    int first = -1, second = -1;
    client_dial_init(&dial, &endpoint);
    client_dial_finish(&dial);
    assert_int_equal(client_dial_step(&dial, &first, NULL), CLIENT_DONE);
    assert_int_equal(client_dial_step(&dial, &second, NULL), CLIENT_WAITING);
    client_dial_finish(&dial);
    assert_int_equal(dial.fd, -1);
    char host[] = "localhost";
    const struct client_endpoint named = {.host = host, .port = 1};
    client_dial_init(&dial, &named);
    (void)!client_dial_step(&dial, &second, NULL);
    client_dial_finish(&dial);
    close(first);
    peer_end(&peer);
}

static void tcp_refusal_names_host_and_port(void **state UNUSED) {
    struct fake_daemon *daemon = fake_daemon_start(NULL, NULL, 0);
    int port = fake_daemon_port(daemon);
    fake_daemon_stop(daemon, NULL);
    char host[] = "127.0.0.1", v6[] = "::1";
    AUTO_FREE char *expected = memory_printf("dial tcp 127.0.0.1:%d: connect: connection refused", port);
    assert_fails((struct client_endpoint){.host = host, .port = port}, ECONNREFUSED, expected);
    struct client_dial dial;
    const struct client_endpoint endpoint = {.host = v6, .port = port};
    AUTO_ERROR struct error err = {0};
    int fd = -1;
    client_dial_init(&dial, &endpoint);
    assert_int_equal(run(&dial, &fd, &err), CLIENT_FAILED); // refused, or there is no IPv6
    AUTO_FREE char *begin = memory_printf("dial tcp [::1]:%d: connect: ", port);
    assert_memory_equal(err.message, begin, strlen(begin));
}

// "localhost" may be ::1 first, where nobody listens.
static void the_next_address_is_tried(void **state UNUSED) {
    struct fake_daemon *daemon = fake_daemon_start(NULL, NULL, 0);
    char host[] = "localhost";
    const struct client_endpoint endpoint = {.host = host, .port = fake_daemon_port(daemon)};
    struct client_dial dial;
    int fd = -1;
    client_dial_init(&dial, &endpoint);
    assert_int_equal(run(&dial, &fd, NULL), CLIENT_DONE);
    int value = 0;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &size), 0);
    assert_int_equal(value, 1);
    close(fd);
    fake_daemon_stop(daemon, NULL);
}

static void unknown_host_is_told(void **state UNUSED) {
    char host[101];
    memset(host, 'x', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    const struct client_endpoint endpoint = {.host = host, .port = 80};
    struct client_dial dial;
    AUTO_ERROR struct error err = {0};
    int fd = -1;
    client_dial_init(&dial, &endpoint);
    assert_int_equal(run(&dial, &fd, &err), CLIENT_FAILED);
    assert_memory_equal(err.message, "dial tcp: lookup xxx", 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_socket_is_told),
        cmocka_unit_test(refusal_has_the_words_of_dial),
        cmocka_unit_test(path_that_is_too_long_is_no_connection),
        cmocka_unit_test(unix_sockets_connect_at_once),
        cmocka_unit_test(full_backlog_is_waited_for),
        cmocka_unit_test(patience_has_an_end),
        cmocka_unit_test(giving_up_is_fine_in_any_state),
        cmocka_unit_test(tcp_refusal_names_host_and_port),
        cmocka_unit_test(the_next_address_is_tried),
        cmocka_unit_test(unknown_host_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
