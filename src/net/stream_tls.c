// SPDX-License-Identifier: GPL-3.0-or-later
// TLS over a socket. Declared in net/stream_internal.h.
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "net/stream_internal.h"
#include "tls/tls_engine.h"

#define RECEIVES_PER_READ 2

struct tls_state {
    struct tls_engine *engine;
    bool has_input;       // the engine has not asked for more bytes since it returned some
    bool waits_for_input; // for the handshake, before it takes bytes to write
    bool shuts_down;      // the sending side of the socket, when the output has been sent
    int send_errnum;      // why the socket does not take the output; 0: it does
    struct error failure;
};

void *stream_tls_create(struct tls_engine *engine) {
    struct tls_state *tls = memory_new(sizeof *tls);
    tls->engine = engine;
    return tls;
}

struct tls_engine *stream_tls_engine(void *state) {
    struct tls_state *tls = state;
    return tls->engine;
}

static void tls_destroy(void *state) {
    struct tls_state *tls = state;
    tls_engine_destroy(tls->engine);
    error_clear(&tls->failure);
    free(tls);
}

// --- ciphertext ---

static int tls_flush(void *state, int fd) {
    struct tls_state *tls = state;
    size_t length;
    for (const void *bytes = tls_engine_output(tls->engine, &length); length > 0 && tls->send_errnum == 0;
         bytes = tls_engine_output(tls->engine, &length)) {
        ssize_t sent = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && stream_errnum_is_passing(errno))
            return 0;
        if (sent < 0)
            tls->send_errnum = errno;
        else
            tls_engine_consume_output(tls->engine, (size_t)sent);
    }
    errno = tls->send_errnum;
    if (tls->send_errnum != 0)
        return -1;
    if (tls->shuts_down) {
        tls->shuts_down = false;
        (void)shutdown(fd, SHUT_WR);
    }
    return 0;
}

static size_t tls_held_output(const void *state) {
    const struct tls_state *tls = state;
    size_t length;
    (void)tls_engine_output(tls->engine, &length);
    return tls->send_errnum != 0 ? 0 : length;
}

static size_t tls_held_bytes(const void *state) {
    const struct tls_state *tls = state;
    return tls_engine_held_bytes(tls->engine);
}

// Passes received bytes to the engine. The engine takes all of them, because it has none when this is called. Returns
// false with errno if there are none.
static bool receive(struct tls_state *tls, int fd) {
    char bytes[TLS_ENGINE_INPUT_BYTES_MAX];
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0)
        return false;
    if (got == 0)
        tls_engine_receive_end(tls->engine);
    else
        (void)tls_engine_receive(tls->engine, bytes, (size_t)got);
    return true;
}

// --- plaintext ---

static int fail(struct tls_state *tls, struct error *err) {
    if (!error_is_set(&tls->failure))
        (void)error_move(&tls->failure, err);
    errno = EPROTO;
    return -1;
}

// Reads until the buffer is full or the engine has nothing more.
static enum tls_result fill(struct tls_state *tls, char *bytes, size_t size, size_t *length, struct error *err) {
    enum tls_result result = TLS_DATA;
    while (*length < size && result == TLS_DATA) {
        size_t got = 0;
        result = tls_engine_read(tls->engine, bytes + *length, size - *length, &got, err);
        *length += got;
    }
    tls->has_input = result != TLS_WAITING;
    tls->waits_for_input = false;
    return result;
}

static ssize_t tls_read(void *state, int fd, void *bytes, size_t size) {
    struct tls_state *tls = state;
    AUTO_ERROR struct error err = {0};
    size_t length = 0;
    for (int receives = 0;; receives++) {
        enum tls_result result = fill(tls, bytes, size, &length, &err);
        if (result == TLS_FAILED && length == 0) {
            (void)tls_flush(tls, fd); // the alert
            return fail(tls, &err);
        }
        if (result != TLS_WAITING)
            return (ssize_t)length;
        if (receives == RECEIVES_PER_READ)
            break; // the rest is left in the kernel
        if (!receive(tls, fd)) {
            if (length == 0)
                return -1;
            break;
        }
    }
    errno = EAGAIN;
    return length > 0 ? (ssize_t)length : -1;
}

static ssize_t tls_write(void *state, int fd, const struct iovec *pieces, size_t count) {
    struct tls_state *tls = state;
    AUTO_ERROR struct error err = {0};
    size_t taken = 0;
    if (tls_flush(tls, fd) != 0)
        return -1;
    errno = EAGAIN;
    if (tls_held_output(tls) > 0)
        return -1;
    if (!tls_engine_write(tls->engine, pieces, count, &taken, &err))
        return fail(tls, &err);
    tls->waits_for_input = taken == 0;
    if (tls_flush(tls, fd) != 0)
        return -1;
    errno = EAGAIN;
    return taken > 0 ? (ssize_t)taken : -1;
}

static void tls_shut_down(void *state, int fd) {
    struct tls_state *tls = state;
    tls_engine_close(tls->engine);
    tls->shuts_down = true;
    (void)tls_flush(tls, fd);
}

static bool tls_has_input(const void *state) {
    const struct tls_state *tls = state;
    return tls->has_input;
}

static bool tls_waits_for_input(const void *state) {
    const struct tls_state *tls = state;
    return tls->waits_for_input;
}

static const struct error *tls_failure(const void *state) {
    const struct tls_state *tls = state;
    return error_is_set(&tls->failure) ? &tls->failure : NULL;
}

const struct stream_transport stream_tls_transport = {
    .read = tls_read,
    .write = tls_write,
    .shut_down = tls_shut_down,
    .destroy = tls_destroy,
    .flush = tls_flush,
    .held_output = tls_held_output,
    .held_bytes = tls_held_bytes,
    .has_input = tls_has_input,
    .waits_for_input = tls_waits_for_input,
    .failure = tls_failure,
};
