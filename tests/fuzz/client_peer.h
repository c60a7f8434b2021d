// SPDX-License-Identifier: GPL-3.0-or-later
// A daemon in the same thread, whose responses are the input of a fuzz target. The input consists of parts, divided by
// PEER_END. The connections that the client opens get one part each; with `is_kept` a connection gets a part for each
// request. The target is linked with --wrap for clock_gettime() and poll(): time passes only when the client waits and
// the daemon has nothing more to do, and then at once. After PEER_WAITS_MAX of these waits, or when the client would
// wait without a limit, the run ends: a call is destroyed in the state that it is in, a function that blocks is
// interrupted.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"
#include "pebble.h"
#include "wire/websocket.h"

#define PEER_END "\xff\xfe"
#define PEER_STEPS_MAX 100000 // more than any input leads to: beyond, the client does not wait when it should
#define PEER_WAITS_MAX 50
#define PEER_CONNECTIONS_MAX 64
#define PEER_START_NS (INT64_C(1700000000) * NS_PER_S)

struct peer_connection {
    int fd;
    bool has_responded;
    bool has_ended; // by the client
    size_t length;
    char request[4096];
};

struct peer {
    bool is_running;
    bool is_kept;
    const char *rest; // of the input
    size_t left;
    int64_t now_ns;
    int waits;
    struct peer_connection connections[PEER_CONNECTIONS_MAX];
    size_t count;
};

// The listening socket is the same for all runs.
static int peer_listener_fd;
static int peer_interrupt_fd;
static struct peer peer;

static inline void check(bool is_true) {
    if (!is_true)
        abort();
}

// --- the socket ---

// The client reaches the socket by its descriptor, so that nothing remains in the file system. Returns the path.
static inline const char *peer_listen(void) {
    static char path[64];
    char directory[] = "/tmp/fuzz-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path[0] != '\0')
        return path;
    check(mkdtemp(directory) != NULL);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/s", directory);
    peer_listener_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    check(bind(peer_listener_fd, (const struct sockaddr *)&address, sizeof address) == 0);
    check(listen(peer_listener_fd, PEER_CONNECTIONS_MAX) == 0);
    int path_fd = open(address.sun_path, O_PATH | O_CLOEXEC);
    check(path_fd >= 0 && unlink(address.sun_path) == 0 && rmdir(directory) == 0);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", path_fd);
    peer_interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    check(peer_interrupt_fd >= 0);
    return path;
}

static inline struct pebble_client *peer_begin(const char *input, size_t length, bool is_kept) {
    struct pebble_client *client = NULL;
    const struct pebble_client_options options = {.size = sizeof options, .socket_path = peer_listen()};
    uint64_t count;
    (void)!read(peer_interrupt_fd, &count, sizeof count);
    peer.is_running = true;
    peer.is_kept = is_kept;
    peer.rest = input;
    peer.left = length;
    peer.now_ns = PEER_START_NS;
    peer.waits = 0;
    peer.count = 0;
    check(pebble_client_create(&options, &client, NULL));
    pebble_client_set_interrupt_fd(client, peer_interrupt_fd);
    return client;
}

static inline void peer_end(struct pebble_client *client) {
    const char *text;
    int64_t warning_ns = pebble_client_latest_warning_ns(client, &text);
    check((warning_ns == 0 || text != NULL) && (text == NULL || strlen(text) > 0));
    (void)pebble_client_maintenance(client);
    pebble_client_destroy(client);
    for (size_t i = 0; i < peer.count; i++)
        (void)close(peer.connections[i].fd);
    for (int fd; (fd = accept4(peer_listener_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
        (void)close(fd);
    peer.is_running = false;
}

// --- responses ---

// Switches to WebSocket if the request wants that: the right response depends on a random key.
static inline void peer_switch(int fd, const char *request) {
    static const char name[] = "Sec-WebSocket-Key: ";
    char text[256], accept[WEBSOCKET_ACCEPT_SIZE];
    const char *key = strstr(request, name);
    if (key == NULL)
        return;
    AUTO_FREE char *copy = memory_string_n(key + sizeof name - 1, strcspn(key + sizeof name - 1, "\r"));
    websocket_make_accept(copy, accept);
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n",
                          accept);
    (void)send(fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// The next part goes to the connection, which ends after it, unless connections are kept and there are more parts.
static inline void peer_respond(int fd) {
    const char *end = peer.left > 1 ? memmem(peer.rest, peer.left, PEER_END, 2) : NULL;
    size_t length = end != NULL ? (size_t)(end - peer.rest) : peer.left;
    size_t skipped = end != NULL ? length + 2 : length;
    (void)send(fd, peer.rest, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    peer.rest += skipped;
    peer.left -= skipped;
    if (!peer.is_kept || peer.left == 0)
        (void)shutdown(fd, SHUT_WR);
}

// Whether something has come.
static inline bool peer_read(struct peer_connection *connection) {
    char bytes[4096];
    if (connection->has_ended)
        return false;
    size_t room = sizeof connection->request - 1 - connection->length;
    bool is_head = !connection->has_responded && room > 0;
    ssize_t count = recv(connection->fd, is_head ? connection->request + connection->length : bytes,
                         is_head ? room : sizeof bytes, MSG_DONTWAIT);
    connection->has_ended = count == 0;
    if (count <= 0)
        return false;
    if (is_head) {
        connection->length += (size_t)count;
        connection->request[connection->length] = '\0';
    }
    if (!is_head || strstr(connection->request, "\r\n\r\n") == NULL)
        return true;
    peer_switch(connection->fd, connection->request);
    peer_respond(connection->fd);
    connection->has_responded = !peer.is_kept;
    connection->length = 0;
    return true;
}

static inline void peer_accept(int fd) {
    struct peer_connection *connection = &peer.connections[peer.count++];
    connection->fd = fd;
    connection->has_responded = false;
    connection->has_ended = false;
    connection->length = 0;
}

// Whether there was anything to do.
static inline bool peer_go_on(void) {
    bool has_read = false;
    int fd = accept4(peer_listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && peer.count < PEER_CONNECTIONS_MAX)
        peer_accept(fd);
    else if (fd >= 0)
        (void)close(fd);
    for (size_t i = 0; i < peer.count; i++)
        has_read = peer_read(&peer.connections[i]) || has_read;
    return fd >= 0 || has_read;
}

// --- time ---

int __real_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);
int __real_poll(struct pollfd *watched, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *watched, nfds_t count, int timeout_ms);

int __wrap_clock_gettime(clockid_t id, struct timespec *now) {
    if (!peer.is_running)
        return __real_clock_gettime(id, now);
    *now = (struct timespec){.tv_sec = peer.now_ns / NS_PER_S, .tv_nsec = peer.now_ns % NS_PER_S};
    return 0;
}

// Lets the time pass. False: the run is over.
static inline bool peer_pass(int64_t timeout_ms) {
    if (timeout_ms < 0 || timeout_ms > INT64_MAX / 4 / NS_PER_MS || peer.waits >= PEER_WAITS_MAX)
        return false;
    peer.now_ns = clock_add_ns(peer.now_ns, timeout_ms * NS_PER_MS);
    peer.waits++;
    return true;
}

// For the functions that block.
int __wrap_poll(struct pollfd *watched, nfds_t count, int timeout_ms) {
    int ready = __real_poll(watched, count, 0);
    for (int steps = 0; peer.is_running && timeout_ms != 0 && ready == 0; steps++) {
        static const uint64_t one = 1;
        check(steps < PEER_STEPS_MAX);
        if (!peer_go_on()) {
            if (peer_pass(timeout_ms))
                return 0;
            check(write(peer_interrupt_fd, &one, sizeof one) == sizeof one);
        }
        ready = __real_poll(watched, count, 0);
    }
    return ready;
}

// --- calls ---

// Called for each item, and at the end.
typedef void (*peer_look_fn)(struct pebble_call *call, enum pebble_call_state state);

static inline void peer_check_error(const struct pebble_error *error) {
    check(error->kind != PEBBLE_ERROR_NONE && error->message != NULL && error->message[0] != '\0');
    check((error->change != NULL) == (error->kind == PEBBLE_ERROR_CHANGE));
    check((error->exec_result != NULL) == (error->kind == PEBBLE_ERROR_EXEC));
    check(error->api_kind == NULL || error->kind == PEBBLE_ERROR_API || error->kind == PEBBLE_ERROR_PATH);
    if (error->change != NULL)
        check(pebble_change_id(error->change) != NULL && pebble_change_status(error->change) != NULL);
}

static inline void peer_check_end(const struct pebble_call *call, enum pebble_call_state state) {
    const struct pebble_error *error = pebble_call_error(call);
    bool has_ended = state == PEBBLE_CALL_DONE || state == PEBBLE_CALL_FAILED;
    check((error != NULL) == (state == PEBBLE_CALL_FAILED));
    check(!has_ended || (pebble_call_poll_events(call) == 0 && pebble_call_timeout_ms(call) == -1));
    if (error != NULL)
        peer_check_error(error);
}

// Whether the call may be stepped again.
static inline bool peer_wait_for(const struct pebble_call *call) {
    struct pollfd watched = {.fd = pebble_call_fd(call), .events = pebble_call_poll_events(call)};
    int64_t timeout_ms = pebble_call_timeout_ms(call);
    return peer_go_on() || timeout_ms == 0 || __real_poll(&watched, 1, 0) > 0 || peer_pass(timeout_ms);
}

// Destroys the call.
static inline void peer_drive(struct pebble_call *call, peer_look_fn look) {
    enum pebble_call_state state;
    int steps = 0;
    do {
        check(steps++ < PEER_STEPS_MAX);
        state = pebble_call_step(call);
        peer_check_end(call, state);
        if (state != PEBBLE_CALL_RUNNING)
            look(call, state);
    } while (state == PEBBLE_CALL_ITEM || (state == PEBBLE_CALL_RUNNING && peer_wait_for(call)));
    pebble_call_destroy(call);
}
