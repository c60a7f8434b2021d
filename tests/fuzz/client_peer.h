// SPDX-License-Identifier: GPL-3.0-or-later
// A daemon in the same thread, whose responses are the input of a fuzz target: a client's call is driven, and after
// each step the connections that it has opened get the next part of the input. The parts are divided by PEER_END. When
// nothing more can happen without waiting, the call is destroyed in the state that it is in.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "pebble.h"
#include "wire/websocket.h"

#define PEER_END "\xff\xfe"
#define PEER_STEPS_MAX 2000
#define PEER_CONNECTIONS_MAX 8

struct peer {
    int listener_fd;
    const char *rest; // of the input
    size_t left;
    struct {
        int fd;
        bool has_responded;
        size_t length;
        char request[8192];
    } connections[PEER_CONNECTIONS_MAX];
    size_t count;
};

static inline void check(bool is_true) {
    if (!is_true)
        abort();
}

// The socket and the client are the same for all runs.
static inline struct pebble_client *peer_client(int *listener_fd) {
    static char path[sizeof((struct sockaddr_un *)NULL)->sun_path] = "/tmp/fuzz-XXXXXX";
    static struct pebble_client *client;
    static int fd;
    if (client == NULL) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        check(mkdtemp(path) != NULL);
        (void)strncat(path, "/s", sizeof path - strlen(path) - 1);
        memcpy(address.sun_path, path, sizeof address.sun_path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        check(bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0);
        const struct pebble_client_options options = {.size = sizeof options, .socket_path = path};
        check(pebble_client_create(&options, &client, NULL));
    }
    *listener_fd = fd;
    return client;
}

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

// The next part goes to the connection, which ends after it.
static inline void peer_respond(struct peer *peer, int fd) {
    const char *end = peer->left > 1 ? memmem(peer->rest, peer->left, PEER_END, 2) : NULL;
    size_t length = end != NULL ? (size_t)(end - peer->rest) : peer->left;
    size_t skipped = end != NULL ? length + 2 : length;
    (void)send(fd, peer->rest, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_WR);
    peer->rest += skipped;
    peer->left -= skipped;
}

// Whether something has come.
static inline bool peer_read(struct peer *peer, size_t index) {
    char bytes[4096];
    int fd = peer->connections[index].fd;
    char *request = peer->connections[index].request;
    size_t length = peer->connections[index].length;
    size_t room = sizeof peer->connections[index].request - 1 - length;
    ssize_t count =
        room > 0 ? recv(fd, request + length, room, MSG_DONTWAIT) : recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count <= 0)
        return false;
    peer->connections[index].length += room > 0 ? (size_t)count : 0;
    if (!peer->connections[index].has_responded && strstr(request, "\r\n\r\n") != NULL) {
        peer->connections[index].has_responded = true;
        peer_switch(fd, request);
        peer_respond(peer, fd);
    }
    return true;
}

// Whether there was anything to do.
static inline bool peer_go_on(struct peer *peer) {
    bool has_read = false;
    int fd = accept4(peer->listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && peer->count < PEER_CONNECTIONS_MAX)
        peer->connections[peer->count++].fd = fd;
    else if (fd >= 0)
        (void)close(fd);
    for (size_t i = 0; i < peer->count; i++)
        has_read = peer_read(peer, i) || has_read;
    return fd >= 0 || has_read;
}

// Called for each item, and at the end.
typedef void (*peer_look_fn)(struct pebble_call *call, enum pebble_call_state state);

static inline void peer_check_end(const struct pebble_call *call, enum pebble_call_state state) {
    const struct pebble_error *error = pebble_call_error(call);
    check((error != NULL) == (state == PEBBLE_CALL_FAILED));
    check(error == NULL || (error->kind != PEBBLE_ERROR_NONE && error->message != NULL && error->message[0] != '\0'));
}

// Destroys the call.
static inline void peer_drive(struct pebble_call *call, int listener_fd, const char *input, size_t length,
                              peer_look_fn look) {
    struct peer peer = {.listener_fd = listener_fd, .rest = input, .left = length};
    int idle = 0;
    for (int steps = 0; steps < PEER_STEPS_MAX && idle < 2; steps++) {
        enum pebble_call_state state = pebble_call_step(call);
        peer_check_end(call, state);
        if (state != PEBBLE_CALL_RUNNING)
            look(call, state);
        if (state == PEBBLE_CALL_DONE || state == PEBBLE_CALL_FAILED)
            break;
        bool goes_on = peer_go_on(&peer) || state == PEBBLE_CALL_ITEM || pebble_call_timeout_ms(call) == 0;
        idle = goes_on ? 0 : idle + 1;
    }
    pebble_call_destroy(call);
    for (size_t i = 0; i < peer.count; i++)
        (void)close(peer.connections[i].fd);
    for (int fd; (fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
        (void)close(fd);
}
