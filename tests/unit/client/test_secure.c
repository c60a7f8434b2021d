// SPDX-License-Identifier: GPL-3.0-or-later
#include "tls_peer.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>

#include "base/compiler.h"
#include "base/text.h"
#include "client/secure_internal.h"

#define TURN_BYTES ((size_t)262144)

// A client and its server.
struct line {
    struct tls_peer peer;
    struct client_socket socket;
    struct client_secure secure;
};

// Unlike those of Unix sockets, the buffers of TCP hold much more than a turn.
static void connect_tcp(int ends[2]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&address, size), 0);
    ends[1] = accept(listener, NULL, NULL);
    close(listener);
}

static void connect_unix(int ends[2]) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

static void line_open(struct line *line, struct tls_context *client, void (*connect_ends)(int ends[2])) {
    int ends[2];
    connect_ends(ends);
    line->socket = (struct client_socket){.fd = ends[0], .peer = "somewhere"};
    tls_peer_accept(&line->peer, ends[1]);
    assert_true(client_secure_init(&line->secure, client, "localhost", NULL));
}

static void line_begin(struct line *line) {
    *line = (struct line){0};
    tls_peer_begin(&line->peer);
    line_open(line, line->peer.client, connect_unix);
}

static void line_connect(struct line *line) {
    line_begin(line);
    assert_int_equal(client_secure_handshake(&line->secure, &line->socket, NULL), CLIENT_WAITING);
    tls_peer_pump(&line->peer);
    assert_int_equal(client_secure_handshake(&line->secure, &line->socket, NULL), CLIENT_DONE);
    tls_peer_pump(&line->peer);
    assert_true(tls_engine_is_established(line->peer.side.engine));
}

static void line_end(struct line *line) {
    client_secure_finish(&line->secure, &line->socket);
    client_secure_finish(&line->secure, &line->socket);
    close(line->socket.fd);
    tls_peer_end(&line->peer);
}

static void assert_received(struct line *line, size_t size, const char *text) {
    char bytes[256];
    size_t received = 0;
    assert_int_equal(client_secure_receive(&line->secure, &line->socket, bytes, size, &received, NULL), CLIENT_IO_DONE);
    assert_int_equal(received, strlen(text));
    assert_memory_equal(bytes, text, received);
}

static enum client_io receive(struct line *line, struct error *err) {
    char byte;
    size_t received = 0;
    return client_secure_receive(&line->secure, &line->socket, &byte, 1, &received, err);
}

static bool is_readable(int fd, int timeout_ms) {
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    return poll(&watched, 1, timeout_ms) > 0;
}

// --- the usual ---

static void carries_bytes_both_ways(void **state UNUSED) {
    struct line line;
    size_t sent = 0;
    line_connect(&line);
    assert_int_equal(receive(&line, NULL), CLIENT_IO_BLOCKED);
    assert_false(client_secure_has_input(&line.secure, &line.socket));
    assert_int_equal(client_secure_send(&line.secure, &line.socket, "question", 8, &sent, NULL), CLIENT_IO_DONE);
    assert_int_equal(sent, 8);
    assert_false(client_secure_has_output(&line.secure));
    AUTO_FREE char *text = tls_peer_take(&line.peer);
    assert_string_equal(text, "question");
    tls_peer_send(&line.peer, "ans");
    tls_peer_send(&line.peer, "wer");
    assert_received(&line, 256, "answer");
    line_end(&line);
}

// The socket does not become readable again for what the engine holds.
static void bytes_that_are_held_are_due(void **state UNUSED) {
    struct line line;
    line_connect(&line);
    assert_false(client_secure_is_due(&line.secure));
    tls_peer_send(&line.peer, "abc");
    tls_peer_send(&line.peer, "def");
    assert_received(&line, 2, "ab");
    assert_false(is_readable(line.socket.fd, 0));
    assert_true(client_secure_is_due(&line.secure));
    assert_received(&line, 256, "cdef");
    assert_int_equal(receive(&line, NULL), CLIENT_IO_BLOCKED);
    assert_false(client_secure_is_due(&line.secure));
    line_end(&line);
}

static void looking_ahead_loses_nothing(void **state UNUSED) {
    struct line line;
    line_connect(&line);
    tls_peer_send(&line.peer, "a");
    assert_true(client_secure_has_input(&line.secure, &line.socket));
    assert_true(client_secure_has_input(&line.secure, &line.socket));
    assert_true(client_secure_is_due(&line.secure));
    tls_peer_send(&line.peer, "bc");
    assert_received(&line, 1, "a");
    assert_true(client_secure_is_due(&line.secure));
    assert_true(client_secure_has_input(&line.secure, &line.socket));
    assert_received(&line, 256, "bc");
    assert_false(client_secure_has_input(&line.secure, &line.socket));
    assert_false(client_secure_is_due(&line.secure));
    line_end(&line);
}

// --- the end ---

static void orderly_end_is_no_failure(void **state UNUSED) {
    struct line line;
    line_connect(&line);
    tls_peer_send(&line.peer, "last");
    tls_peer_send_end(&line.peer);
    tls_peer_leave(&line.peer);
    assert_received(&line, 256, "last");
    assert_true(client_secure_has_input(&line.secure, &line.socket));
    assert_int_equal(receive(&line, NULL), CLIENT_IO_CLOSED);
    assert_int_equal(receive(&line, NULL), CLIENT_IO_CLOSED);
    assert_false(client_secure_is_refused(&line.secure));
    line_end(&line);
}

static void end_without_notice_is_a_failure(void **state UNUSED) {
    struct line line;
    AUTO_ERROR struct error err = {0};
    line_connect(&line);
    tls_peer_send(&line.peer, "last");
    tls_peer_leave(&line.peer);
    assert_received(&line, 256, "last");
    assert_true(client_secure_has_input(&line.secure, &line.socket));
    assert_int_equal(receive(&line, &err), CLIENT_IO_FAILED);
    assert_string_equal(error_text(&err), "unexpected EOF");
    assert_int_equal(err.kind, ERROR_CONNECTION);
    assert_false(client_secure_is_refused(&line.secure));
    line_end(&line);
}

static void own_end_is_announced(void **state UNUSED) {
    struct line line;
    line_connect(&line);
    client_secure_finish(&line.secure, &line.socket);
    tls_peer_pump(&line.peer);
    assert_int_equal(line.peer.side.result, TLS_END);
    line_end(&line);
}

static void nothing_is_sent_to_a_peer_that_has_gone(void **state UNUSED) {
    struct line line;
    size_t sent = 0;
    line_connect(&line);
    tls_peer_leave(&line.peer);
    assert_int_equal(client_secure_send(&line.secure, &line.socket, "x", 1, &sent, NULL), CLIENT_IO_CLOSED);
    assert_int_equal(sent, 0);
    line_end(&line);
}

// --- what is waited for ---

static void handshake_waits_for_the_peer(void **state UNUSED) {
    struct line line;
    line_begin(&line);
    assert_int_equal(client_secure_handshake(&line.secure, &line.socket, NULL), CLIENT_WAITING);
    assert_int_equal(client_secure_events(&line.secure, POLLIN), POLLIN);
    assert_false(client_secure_is_due(&line.secure));
    // A half of the client's first message is no handshake.
    tls_peer_pump_some(&line.peer, 100);
    assert_int_equal(client_secure_handshake(&line.secure, &line.socket, NULL), CLIENT_WAITING);
    tls_peer_leave(&line.peer);
    AUTO_ERROR struct error err = {0};
    assert_int_equal(client_secure_handshake(&line.secure, &line.socket, &err), CLIENT_FAILED);
    assert_int_equal(err.kind, ERROR_CONNECTION);
    assert_false(client_secure_is_refused(&line.secure));
    line_end(&line);
}

static void ciphertext_that_is_left_is_waited_for(void **state UNUSED) {
    struct line line;
    line_connect(&line);
    size_t length = 4 << 20, done = 0, sent = 0;
    char *bytes = memory_new(length);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)('a' + i % 17 + i / 1000 % 7);
    bool was_blocked = false;
    while (done < length) {
        enum client_io io = client_secure_send(&line.secure, &line.socket, bytes + done, length - done, &sent, NULL);
        if (io == CLIENT_IO_DONE) {
            done += sent;
            continue;
        }
        assert_int_equal(io, CLIENT_IO_BLOCKED);
        was_blocked = true;
        assert_true(client_secure_has_output(&line.secure));
        // Also while the client only reads.
        assert_int_equal(client_secure_events(&line.secure, POLLIN), POLLIN | POLLOUT);
        tls_peer_pump(&line.peer);
    }
    assert_true(was_blocked);
    while (client_secure_has_output(&line.secure)) {
        tls_peer_pump(&line.peer);
        assert_int_equal(receive(&line, NULL), CLIENT_IO_BLOCKED); // reading sends it
    }
    assert_int_equal(client_secure_events(&line.secure, POLLIN), POLLIN);
    assert_int_equal(client_secure_events(&line.secure, POLLIN | POLLOUT), POLLIN | POLLOUT);
    tls_peer_pump(&line.peer);
    assert_int_equal(line.peer.side.received.length, length);
    assert_memory_equal(line.peer.side.received.data, bytes, length);
    free(bytes);
    line_end(&line);
}

// --- refusals ---

static void server_that_is_not_trusted_is_refused(void **state UNUSED) {
    struct line line;
    AUTO_ERROR struct error err = {0};
    line_begin(&line);
    struct chain other = chain_make_at(time(NULL));
    struct tls_context *client = client_context(&other, NULL);
    client_secure_finish(&line.secure, &line.socket);
    close(line.socket.fd);
    line_open(&line, client, connect_unix);
    assert_int_equal(client_secure_handshake(&line.secure, &line.socket, NULL), CLIENT_WAITING);
    tls_peer_pump(&line.peer);
    assert_int_equal(client_secure_handshake(&line.secure, &line.socket, &err), CLIENT_FAILED);
    assert_true(text_has_prefix(error_text(&err), "tls: failed to verify certificate: "));
    assert_true(client_secure_is_refused(&line.secure));
    assert_true(tls_engine_refuses_peer(line.secure.engine));
    // The alert was sent.
    tls_peer_pump(&line.peer);
    assert_int_equal(line.peer.side.result, TLS_FAILED);
    assert_true(text_has_prefix(error_text(&line.peer.side.err), "remote error: tls: "));
    tls_context_release(client);
    chain_finish(&other);
    line_end(&line);
}

// A client learns that after its own part of the handshake.
static void refusal_of_the_server_is_reported(void **state UNUSED) {
    struct line line;
    AUTO_ERROR struct error err = {0};
    line_begin(&line);
    struct tls_context *client = client_context(&line.peer.chain, NULL);
    client_secure_finish(&line.secure, &line.socket);
    close(line.socket.fd);
    line_open(&line, client, connect_unix);
    assert_int_equal(client_secure_handshake(&line.secure, &line.socket, NULL), CLIENT_WAITING);
    tls_peer_pump(&line.peer);
    assert_int_equal(client_secure_handshake(&line.secure, &line.socket, NULL), CLIENT_DONE);
    tls_peer_pump(&line.peer);
    assert_int_equal(line.peer.side.result, TLS_FAILED);
    tls_peer_leave(&line.peer);
    size_t sent = 0;
    assert_int_equal(client_secure_send(&line.secure, &line.socket, "x", 1, &sent, NULL), CLIENT_IO_CLOSED);
    assert_int_equal(receive(&line, &err), CLIENT_IO_FAILED);
    assert_string_equal(error_text(&err), "remote error: tls: certificate required");
    assert_true(client_secure_is_refused(&line.secure));
    tls_context_release(client);
    line_end(&line);
}

// --- a hostile server ---

// A server that is OpenSSL itself, with its ciphertext in memory.
struct raw_server {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
};

static X509 *x509_of(const struct certificate *certificate) {
    size_t length;
    const unsigned char *der = certificate_der(certificate, &length);
    X509 *x509 = d2i_X509(NULL, &der, (long)length);
    assert_non_null(x509);
    return x509;
}

static EVP_PKEY *pkey_of(const struct tls_key *key) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(tls_key_add_pem(key, &text, NULL));
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.length);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(pkey);
    return pkey;
}

static void raw_server_begin(struct raw_server *server, const struct tls_peer *peer) {
    X509 *leaf = x509_of(peer->chain.leaf);
    EVP_PKEY *key = pkey_of(peer->chain.key);
    server->fd = peer->fd;
    server->context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(server->context, leaf), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server->context, key), 1);
    assert_int_equal(SSL_CTX_add0_chain_cert(server->context, x509_of(peer->chain.identity)), 1);
    EVP_PKEY_free(key);
    X509_free(leaf);
    server->ssl = SSL_new(server->context);
    SSL_set_bio(server->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(server->ssl);
}

static void raw_server_end(struct raw_server *server) {
    SSL_free(server->ssl);
    SSL_CTX_free(server->context);
}

// Sends what there is, as far as the socket takes it. Returns false if something is left.
static bool raw_server_send(struct raw_server *server) {
    char *bytes;
    long length = BIO_get_mem_data(SSL_get_wbio(server->ssl), &bytes);
    ssize_t sent = length > 0 ? send(server->fd, bytes, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    if (sent > 0)
        assert_int_equal(BIO_read(SSL_get_wbio(server->ssl), bytes, (int)sent), sent);
    return sent == length;
}

static void raw_server_pump(struct raw_server *server) {
    char bytes[16384];
    ssize_t count;
    while ((count = recv(server->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        assert_int_equal(BIO_write(SSL_get_rbio(server->ssl), bytes, (int)count), count);
    (void)SSL_read(server->ssl, bytes, sizeof bytes);
    ERR_clear_error();
    (void)raw_server_send(server);
}

static void line_connect_raw(struct line *line, struct raw_server *server, void (*connect_ends)(int ends[2])) {
    *line = (struct line){0};
    tls_peer_begin(&line->peer);
    line_open(line, line->peer.client, connect_ends);
    raw_server_begin(server, &line->peer);
    while (client_secure_handshake(&line->secure, &line->socket, NULL) == CLIENT_WAITING)
        raw_server_pump(server);
    assert_true(tls_engine_is_established(line->secure.engine));
    while (!SSL_is_init_finished(server->ssl))
        raw_server_pump(server);
}

// Session tickets are records without data: a step receives a bounded number of them.
static void records_without_data_are_bounded(void **state UNUSED) {
    struct line line;
    struct raw_server server;
    size_t total = 0;
    line_connect_raw(&line, &server, connect_tcp);
    while (total < 8 * TURN_BYTES && raw_server_send(&server)) {
        for (int i = 0; i < 100; i++) {
            assert_int_equal(SSL_new_session_ticket(server.ssl), 1);
            assert_int_equal(SSL_do_handshake(server.ssl), 1);
        }
        total += (size_t)BIO_ctrl_pending(SSL_get_wbio(server.ssl));
    }
    total -= (size_t)BIO_ctrl_pending(SSL_get_wbio(server.ssl));
    if (total <= TURN_BYTES)
        print_message("only %zu bytes fit into the buffers\n", total);
    assert_int_equal(receive(&line, NULL), CLIENT_IO_BLOCKED);
    assert_false(client_secure_is_due(&line.secure));
    // What is left makes the socket readable.
    assert_int_equal(is_readable(line.socket.fd, total > TURN_BYTES ? 30000 : 0), total > TURN_BYTES);
    raw_server_end(&server);
    line_end(&line);
}

// A key update that has to be responded to while the socket takes nothing.
static void response_to_a_key_update_is_sent_later(void **state UNUSED) {
    struct line line;
    struct raw_server server;
    char bytes[1000] = {0};
    size_t sent;
    line_connect_raw(&line, &server, connect_unix);
    while (client_secure_send(&line.secure, &line.socket, bytes, sizeof bytes, &sent, NULL) == CLIENT_IO_DONE) {
    }
    raw_server_pump(&server);
    assert_int_equal(client_secure_events(&line.secure, POLLIN), POLLIN | POLLOUT);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(SSL_key_update(server.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(server.ssl), 1);
        assert_int_equal(SSL_write(server.ssl, "x", 1), 1);
        assert_true(raw_server_send(&server));
        assert_received(&line, 256, "x");
        raw_server_pump(&server);
    }
    assert_int_equal(receive(&line, NULL), CLIENT_IO_BLOCKED);
    assert_false(client_secure_has_output(&line.secure));
    raw_server_end(&server);
    line_end(&line);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_bytes_both_ways),
        cmocka_unit_test(bytes_that_are_held_are_due),
        cmocka_unit_test(looking_ahead_loses_nothing),
        cmocka_unit_test(orderly_end_is_no_failure),
        cmocka_unit_test(end_without_notice_is_a_failure),
        cmocka_unit_test(own_end_is_announced),
        cmocka_unit_test(nothing_is_sent_to_a_peer_that_has_gone),
        cmocka_unit_test(handshake_waits_for_the_peer),
        cmocka_unit_test(ciphertext_that_is_left_is_waited_for),
        cmocka_unit_test(server_that_is_not_trusted_is_refused),
        cmocka_unit_test(refusal_of_the_server_is_reported),
        cmocka_unit_test(records_without_data_are_bounded),
        cmocka_unit_test(response_to_a_key_update_is_sent_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
