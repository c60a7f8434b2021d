// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/secure_internal.h"

#include <poll.h>
#include <stdint.h>
#include <sys/uio.h>

// What is received at once. The engine has room for it whenever it waits for more.
#define CIPHERTEXT_BYTES ((size_t)16384)
// What is received by one call at most: a peer may send records that carry no data.
#define TURN_BYTES ((size_t)262144)

bool client_secure_init(struct client_secure *secure, struct tls_context *context, const char *host,
                        struct error *err) {
    struct client_secure made = {0};
    if (!tls_engine_create(context, host, &made.engine, err))
        return false;
    *secure = made;
    return true;
}

// --- ciphertext ---

bool client_secure_has_output(const struct client_secure *secure) {
    size_t length;
    return tls_engine_output(secure->engine, &length) != NULL;
}

// CLIENT_IO_DONE: nothing is left. *flushed counts the bytes.
static enum client_io flush_output(struct client_secure *secure, const struct client_socket *socket, size_t *flushed,
                                   struct error *err) {
    *flushed = 0;
    for (;;) {
        size_t length, sent;
        const char *bytes = tls_engine_output(secure->engine, &length);
        if (bytes == NULL)
            return CLIENT_IO_DONE;
        enum client_io io = client_socket_send(socket, bytes, length, &sent, err);
        if (io != CLIENT_IO_DONE)
            return io;
        tls_engine_consume_output(secure->engine, sent);
        *flushed += sent;
    }
}

void client_secure_finish(struct client_secure *secure, const struct client_socket *socket) {
    size_t flushed;
    if (secure->engine == NULL)
        return;
    tls_engine_close(secure->engine);
    (void)flush_output(secure, socket, &flushed, NULL);
    tls_engine_destroy(secure->engine);
    *secure = (struct client_secure){0};
}

// The end is given to the engine, which knows whether it is an orderly one.
static enum client_io receive_ciphertext(struct client_secure *secure, const struct client_socket *socket,
                                         size_t *budget, struct error *err) {
    char bytes[CIPHERTEXT_BYTES];
    size_t received;
    if (*budget == 0)
        return CLIENT_IO_BLOCKED;
    enum client_io io =
        client_socket_receive(socket, bytes, *budget < sizeof bytes ? *budget : sizeof bytes, &received, err);
    if (io == CLIENT_IO_CLOSED) {
        secure->has_input_ended = true;
        tls_engine_receive_end(secure->engine);
        return CLIENT_IO_DONE;
    }
    if (io != CLIENT_IO_DONE)
        return io;
    *budget -= received;
    secure->awaits_peer = false;
    if (tls_engine_receive(secure->engine, bytes, received) == received)
        return CLIENT_IO_DONE;
    (void)error_set(err, ERROR_CONNECTION, "tls: record too large");
    return CLIENT_IO_FAILED;
}

// --- plaintext ---

// Where plaintext goes, and how many bytes of ciphertext may still be received for it.
struct plaintext {
    char *bytes;
    size_t size;
    size_t budget;
};

// Reads what there is at once, at least one byte unless it is blocked.
static enum client_io read_plaintext(struct client_secure *secure, const struct client_socket *socket,
                                     struct plaintext *plain, size_t *length, struct error *err) {
    size_t flushed;
    for (;;) {
        enum tls_result result = tls_engine_read(secure->engine, plain->bytes, plain->size, length, err);
        secure->may_have_input = result == TLS_DATA;
        enum client_io io = flush_output(secure, socket, &flushed, result == TLS_WAITING ? err : NULL);
        if (result == TLS_DATA)
            return CLIENT_IO_DONE;
        if (result == TLS_END)
            return CLIENT_IO_CLOSED;
        // A peer that has closed (CLIENT_IO_CLOSED) may have sent the reason before.
        if (result == TLS_FAILED || io == CLIENT_IO_FAILED)
            return CLIENT_IO_FAILED;
        io = receive_ciphertext(secure, socket, &plain->budget, err);
        if (io != CLIENT_IO_DONE)
            return io;
    }
}

// Reads one byte ahead, or what comes in its place.
static enum client_io peek(struct client_secure *secure, const struct client_socket *socket, struct error *err) {
    struct plaintext plain = {.bytes = &secure->peeked, .size = 1, .budget = TURN_BYTES};
    size_t length;
    if (secure->has_peeked)
        return CLIENT_IO_DONE;
    enum client_io io = read_plaintext(secure, socket, &plain, &length, err);
    secure->has_peeked = io == CLIENT_IO_DONE;
    return io;
}

enum client_progress client_secure_handshake(struct client_secure *secure, const struct client_socket *socket,
                                             struct error *err) {
    enum client_io io = peek(secure, socket, err);
    if (io == CLIENT_IO_FAILED)
        return CLIENT_FAILED;
    if (tls_engine_is_established(secure->engine))
        return CLIENT_DONE;
    if (io == CLIENT_IO_BLOCKED)
        return CLIENT_WAITING;
    (void)error_set(err, ERROR_CONNECTION, "EOF");
    return CLIENT_FAILED;
}

enum client_io client_secure_send(struct client_secure *secure, const struct client_socket *socket, const char *bytes,
                                  size_t length, size_t *sent, struct error *err) {
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    AUTO_ERROR struct error cause = {0};
    size_t flushed, taken;
    enum client_io io = flush_output(secure, socket, &flushed, err);
    if (io != CLIENT_IO_DONE)
        return io;
    bool is_written = tls_engine_write(secure->engine, &piece, 1, &taken, err);
    io = flush_output(secure, socket, &flushed, &cause);
    if (!is_written)
        return CLIENT_IO_FAILED;
    secure->awaits_peer = taken == 0;
    // If bytes have been sent, the peer may have received them, and the next call reports the failure.
    if (flushed == 0 && io == CLIENT_IO_FAILED)
        (void)error_move(err, &cause);
    if (flushed == 0 && (io == CLIENT_IO_CLOSED || io == CLIENT_IO_FAILED))
        return io;
    *sent = taken;
    return taken > 0 ? CLIENT_IO_DONE : CLIENT_IO_BLOCKED;
}

enum client_io client_secure_receive(struct client_secure *secure, const struct client_socket *socket, char *bytes,
                                     size_t size, size_t *received, struct error *err) {
    struct plaintext plain = {.bytes = bytes, .size = size, .budget = TURN_BYTES};
    enum client_io io = CLIENT_IO_DONE;
    if (secure->has_peeked) {
        *plain.bytes++ = secure->peeked;
        plain.size--;
        secure->has_peeked = false;
    }
    while (plain.size > 0 && io == CLIENT_IO_DONE) {
        size_t length;
        // What ends the connection behind other bytes is reported by the next call.
        io = read_plaintext(secure, socket, &plain, &length, plain.size == size ? err : NULL);
        if (io == CLIENT_IO_DONE) {
            plain.bytes += length;
            plain.size -= length;
        }
    }
    if (plain.size == size)
        return io;
    *received = size - plain.size;
    return CLIENT_IO_DONE;
}

bool client_secure_has_input(struct client_secure *secure, const struct client_socket *socket) {
    return peek(secure, socket, NULL) != CLIENT_IO_BLOCKED;
}

// --- what to wait for ---

short client_secure_events(const struct client_secure *secure, short events) {
    bool is_writer = client_secure_has_output(secure) || ((events & POLLOUT) != 0 && !secure->awaits_peer);
    return is_writer ? POLLIN | POLLOUT : POLLIN;
}

bool client_secure_is_due(const struct client_secure *secure) {
    return secure->has_peeked || secure->may_have_input;
}

bool client_secure_is_refused(const struct client_secure *secure) {
    return tls_engine_is_failed(secure->engine) && !secure->has_input_ended;
}
