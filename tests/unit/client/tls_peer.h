// SPDX-License-Identifier: GPL-3.0-or-later
// The server of a TLS connection that is the test itself, and contexts for both sides.
#pragma once

#include "tls/engine_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/client_internal.h"

struct tls_peer {
    struct chain chain;
    struct certificate_fixture wren; // the client
    struct tls_context *server, *client;
    struct side side; // of the connection
    int fd;           // -1: none
    bool has_client_ended;
};

static inline void tls_peer_begin(struct tls_peer *peer) {
    *peer = (struct tls_peer){.chain = chain_make_at(time(NULL)), .fd = -1};
    peer->wren = fixture_make((struct certificate_fixture_spec){.name = "wren", .usage = "clientAuth"});
    peer->server = server_context(&peer->chain);
    peer->client = client_context(&peer->chain, &peer->wren);
}

// Closes the socket, without close_notify.
static inline void tls_peer_leave(struct tls_peer *peer) {
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    side_finish(&peer->side);
    peer->side = (struct side){0};
}

static inline void tls_peer_end(struct tls_peer *peer) {
    tls_peer_leave(peer);
    tls_context_release(peer->client);
    tls_context_release(peer->server);
    fixture_finish(&peer->wren);
    chain_finish(&peer->chain);
}

// Takes over a connected socket of a client.
static inline void tls_peer_accept(struct tls_peer *peer, int fd) {
    tls_peer_leave(peer);
    peer->fd = fd;
    peer->has_client_ended = false;
    peer->side = (struct side){.received = BUFFER_INIT(BUFFER_NO_LIMIT), .result = TLS_WAITING};
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_true(tls_engine_create(peer->server, NULL, &peer->side.engine, NULL));
}

// Makes the client of a Unix socket talk TLS.
static inline void tls_peer_secure(const struct tls_peer *peer, struct pebble_client *client) {
    client->endpoint.is_https = true;
    client->endpoint.tls = tls_context_hold(peer->client);
    client->endpoint.host = memory_string("localhost");
}

static inline void tls_peer_send_output(struct tls_peer *peer) {
    size_t length;
    for (;;) {
        const char *bytes = tls_engine_output(peer->side.engine, &length);
        ssize_t sent = bytes != NULL ? send(peer->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
        if (sent <= 0)
            return;
        tls_engine_consume_output(peer->side.engine, (size_t)sent);
    }
}

// Receives all there is, at most `limit` bytes of ciphertext, and responds to it.
static inline void tls_peer_pump_some(struct tls_peer *peer, size_t limit) {
    char bytes[4096];
    while (limit > 0) {
        ssize_t count = recv(peer->fd, bytes, limit < sizeof bytes ? limit : sizeof bytes, MSG_DONTWAIT);
        if (count < 0)
            break;
        limit -= (size_t)count;
        peer->has_client_ended = count == 0;
        if (count == 0)
            tls_engine_receive_end(peer->side.engine);
        assert_int_equal(tls_engine_receive(peer->side.engine, bytes, (size_t)count), count);
        side_read(&peer->side);
        if (count == 0)
            break;
    }
    tls_peer_send_output(peer);
}

static inline void tls_peer_pump(struct tls_peer *peer) {
    tls_peer_pump_some(peer, SIZE_MAX);
}

// Sends a text, as one record.
static inline void tls_peer_send(struct tls_peer *peer, const char *text) {
    side_write(&peer->side, text);
    tls_peer_send_output(peer);
}

static inline void tls_peer_send_end(struct tls_peer *peer) {
    tls_engine_close(peer->side.engine);
    tls_peer_send_output(peer);
}

// What has been received, which is dropped. Owned.
static inline char *tls_peer_take(struct tls_peer *peer) {
    tls_peer_pump(peer);
    char *text = memory_string(buffer_text(&peer->side.received));
    buffer_clear(&peer->side.received);
    return text;
}
