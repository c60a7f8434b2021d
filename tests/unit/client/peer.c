// SPDX-License-Identifier: GPL-3.0-or-later
#include "peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "fake_daemon.h"

#define WAIT_MS 60000 // for what is on its way

void peer_listen(struct peer *peer) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, peer->path, strlen(peer->path) + 1);
    peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(peer->listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 16), 0);
}

void peer_leave(struct peer *peer) {
    close(peer->listener);
    unlink(peer->path);
    peer->listener = -1;
}

void peer_begin(struct peer *peer) {
    *peer = (struct peer){.path = fake_socket_path()};
    peer_listen(peer);
    const struct pebble_client_options options = {.size = sizeof options, .socket_path = peer->path};
    assert_true(pebble_client_create(&options, &peer->client, NULL));
}

void peer_end(struct peer *peer) {
    pebble_client_destroy(peer->client);
    if (peer->listener >= 0)
        peer_leave(peer);
    fake_socket_remove(peer->path);
}

static bool is_readable(int fd, int timeout_ms) {
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    return poll(&watched, 1, timeout_ms) > 0;
}

bool peer_is_called(const struct peer *peer) {
    return is_readable(peer->listener, 0);
}

int peer_accept(const struct peer *peer) {
    int fd = accept(peer->listener, NULL, NULL);
    assert_true(fd >= 0);
    return fd;
}

char *peer_read(int fd) {
    char text[4096];
    struct buffer all = BUFFER_INIT(BUFFER_NO_LIMIT);
    ssize_t count = recv(fd, text, sizeof text, MSG_DONTWAIT);
    assert_true(count >= 0);
    for (; count > 0; count = recv(fd, text, sizeof text, MSG_DONTWAIT))
        buffer_add(&all, text, (size_t)count);
    return buffer_take(&all);
}

void peer_send(int fd, const char *text) {
    size_t length = strlen(text);
    assert_int_equal(send(fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT), length);
}

void peer_respond(int fd, const char *result) {
    AUTO_FREE char *body =
        memory_printf("{\"type\":\"sync\",\"status-code\":200,\"status\":\"OK\",\"result\":%s}", result);
    AUTO_FREE char *text = memory_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    peer_send(fd, text);
}

void peer_assert_closed(int fd) {
    char rest[4096];
    ssize_t count = 1;
    while (count > 0)
        count = recv(fd, rest, sizeof rest, MSG_DONTWAIT);
    assert_true(count == 0 || errno == ECONNRESET);
    close(fd);
}

enum pebble_call_state peer_run(struct pebble_call *call) {
    for (;;) {
        enum pebble_call_state state = pebble_call_step(call);
        if (state != PEBBLE_CALL_RUNNING)
            return state;
        int64_t timeout_ms = pebble_call_timeout_ms(call);
        struct pollfd watched = {.fd = pebble_call_fd(call), .events = pebble_call_poll_events(call)};
        bool is_bounded = timeout_ms >= 0 && timeout_ms < WAIT_MS;
        if (poll(&watched, 1, is_bounded ? (int)timeout_ms : WAIT_MS) == 0 && !is_bounded)
            fail_msg("the call waits for what does not come");
    }
}

bool peer_is_ready(const struct pebble_call *call) {
    return is_readable(pebble_call_fd(call), 0);
}
