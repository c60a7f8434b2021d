// SPDX-License-Identifier: LGPL-3.0-or-later
#include "tls/tls_engine.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "tls/certificate_internal.h"
#include "tls/openssl_internal.h"
#include "tls/tls_context_internal.h"
#include "tls/tls_failure_internal.h"
#include "tls/tls_verify_internal.h"

// What OpenSSL adds by itself, such as responses to key updates, may exceed TLS_ENGINE_OUTPUT_BYTES. A peer that causes
// more than this without reading is disconnected.
#define OUTPUT_BYTES_MAX (4 * TLS_ENGINE_OUTPUT_BYTES)
// A key update costs as much work as a large record. So many of a peer are handled, and as many again after each
// DATA_PER_KEY_UPDATES bytes of it.
#define KEY_UPDATES_MAX 16
#define DATA_PER_KEY_UPDATES ((size_t)64 << 10)
// The plaintext of a record.
#define RECORD_BYTES ((size_t)SSL3_RT_MAX_PLAIN_LENGTH)

// Bytes that are added at the end and taken from the front. No memory is kept while it is empty.
struct queue {
    struct buffer bytes;
    size_t start;
};

struct tls_engine {
    struct tls_context *context;
    SSL *ssl;
    char *host;
    struct queue input, output;
    bool has_input_ended, is_established, is_closed, refuses_peer;
    char first[TLS_FIRST_BYTES]; // what has been received first
    size_t first_length;
    struct tls_verification verification;
    unsigned key_updates; // of the peer, since it has sent DATA_PER_KEY_UPDATES
    size_t data_read;     // since the same
    struct error failure; // set if the connection has failed
    struct certificate *peer;
};

// --- queues ---

static size_t queue_length(const struct queue *queue) {
    return queue->bytes.length - queue->start;
}

// Adds up to the limit of the buffer, and returns how much.
static size_t queue_add(struct queue *queue, const void *bytes, size_t length) {
    size_t room = queue->bytes.limit_bytes - queue_length(queue);
    if (length > room)
        length = room;
    if (length > queue->bytes.limit_bytes - queue->bytes.length) {
        buffer_consume(&queue->bytes, queue->start);
        queue->start = 0;
    }
    buffer_add(&queue->bytes, bytes, length);
    return length;
}

static void queue_consume(struct queue *queue, size_t length) {
    queue->start += length;
    if (queue->start < queue->bytes.length)
        return;
    buffer_finish(&queue->bytes);
    queue->start = 0;
}

// --- OpenSSL's input and output ---

static int on_ciphertext_wanted(BIO *bio, char *bytes, size_t size, size_t *length) {
    struct tls_engine *engine = BIO_get_data(bio);
    size_t held = queue_length(&engine->input);
    BIO_clear_retry_flags(bio);
    *length = size < held ? size : held;
    if (error_is_set(&engine->failure)) {
        *length = 0;
        return 0;
    }
    if (*length == 0) {
        if (!engine->has_input_ended)
            BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(bytes, engine->input.bytes.data + engine->input.start, *length);
    queue_consume(&engine->input, *length);
    return 1;
}

static int on_ciphertext_made(BIO *bio, const char *bytes, size_t size, size_t *length) {
    struct tls_engine *engine = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *length = 0;
    if (size > OUTPUT_BYTES_MAX - queue_length(&engine->output)) {
        (void)error_set(&engine->failure, ERROR_CONNECTION, "tls: peer does not read");
        return 0;
    }
    *length = queue_add(&engine->output, bytes, size);
    return 1;
}

static long on_control_requested(BIO *bio, int command, long number UNUSED, void *data UNUSED) {
    const struct tls_engine *engine = BIO_get_data(bio);
    if (command == BIO_CTRL_EOF)
        return engine->has_input_ended && queue_length(&engine->input) == 0;
    return command == BIO_CTRL_FLUSH;
}

// Called before OpenSSL handles a message. What this sets makes it fail at the next record.
static void on_message_passed(int is_sent, int version UNUSED, int type, const void *bytes, size_t length,
                              SSL *ssl UNUSED, void *data) {
    struct tls_engine *engine = data;
    if (is_sent || type != SSL3_RT_HANDSHAKE || length == 0 || *(const unsigned char *)bytes != SSL3_MT_KEY_UPDATE)
        return;
    if (++engine->key_updates > KEY_UPDATES_MAX && !error_is_set(&engine->failure))
        (void)error_set(&engine->failure, ERROR_CONNECTION, "tls: too many non-advancing records");
}

static void count_data(struct tls_engine *engine, size_t length) {
    engine->data_read += length;
    if (engine->data_read < DATA_PER_KEY_UPDATES)
        return;
    engine->data_read = 0;
    engine->key_updates = 0;
}

// Made once. The number of types is limited.
static BIO_METHOD *queue_method;
static pthread_once_t queue_method_once = PTHREAD_ONCE_INIT;

static void make_queue_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "queue");
    if (method == NULL || BIO_meth_set_read_ex(method, on_ciphertext_wanted) != 1 ||
        BIO_meth_set_write_ex(method, on_ciphertext_made) != 1 ||
        BIO_meth_set_ctrl(method, on_control_requested) != 1) {
        BIO_meth_free(method);
        return;
    }
    queue_method = method;
}

static BIO *create_bio(struct tls_engine *engine) {
    (void)pthread_once(&queue_method_once, make_queue_method);
    BIO *bio = queue_method != NULL ? BIO_new(queue_method) : NULL;
    if (bio == NULL)
        return NULL;
    BIO_set_data(bio, engine);
    BIO_set_init(bio, 1);
    return bio;
}

// --- creating ---

static bool set_host(struct tls_engine *engine, const char *host) {
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    bool is_address = address != NULL;
    ASN1_OCTET_STRING_free(address);
    ERR_clear_error();
    size_t length = strlen(host);
    // A name may end with the root's dot, which is not part of it in certificates.
    if (!is_address && length > 0 && host[length - 1] == '.')
        length--;
    engine->host = memory_string_n(host, length);
    engine->verification.host = engine->host;
    // Server name indication has no addresses (RFC 6066 section 3).
    return is_address || length == 0 || SSL_set_tlsext_host_name(engine->ssl, engine->host) == 1;
}

static bool set_up(struct tls_engine *engine, const char *host) {
    engine->ssl = SSL_new(tls_context_ssl(engine->context));
    BIO *bio = engine->ssl != NULL ? create_bio(engine) : NULL;
    if (bio == NULL)
        return false;
    SSL_set_bio(engine->ssl, bio, bio);
    SSL_set_app_data(engine->ssl, &engine->verification);
    SSL_set_msg_callback(engine->ssl, on_message_passed);
    SSL_set_msg_callback_arg(engine->ssl, engine);
    if (tls_context_is_server(engine->context)) {
        SSL_set_accept_state(engine->ssl);
        return true;
    }
    SSL_set_connect_state(engine->ssl);
    return set_host(engine, host);
}

bool tls_engine_create(struct tls_context *context, const char *host, struct tls_engine **engine, struct error *err) {
    struct tls_engine *made = memory_new(sizeof *made);
    made->context = tls_context_hold(context);
    made->verification.fingerprint = tls_context_fingerprint(context);
    buffer_init(&made->input.bytes, TLS_ENGINE_INPUT_BYTES_MAX);
    buffer_init(&made->output.bytes, OUTPUT_BYTES_MAX);
    if (!set_up(made, host)) {
        tls_engine_destroy(made);
        return openssl_fail(err, "cannot create TLS connection");
    }
    *engine = made;
    return true;
}

void tls_engine_destroy(struct tls_engine *engine) {
    if (engine == NULL)
        return;
    SSL_free(engine->ssl);
    certificate_release(engine->peer);
    tls_context_release(engine->context);
    buffer_finish(&engine->input.bytes);
    buffer_finish(&engine->output.bytes);
    error_clear(&engine->verification.failure);
    error_clear(&engine->failure);
    free(engine->host);
    free(engine);
}

// --- ciphertext ---

size_t tls_engine_receive(struct tls_engine *engine, const void *bytes, size_t length) {
    size_t missing = sizeof engine->first - engine->first_length;
    size_t kept = length < missing ? length : missing;
    memcpy(engine->first + engine->first_length, bytes, kept);
    engine->first_length += kept;
    return queue_add(&engine->input, bytes, length);
}

void tls_engine_receive_end(struct tls_engine *engine) {
    engine->has_input_ended = true;
}

const void *tls_engine_output(const struct tls_engine *engine, size_t *length) {
    *length = queue_length(&engine->output);
    return *length > 0 ? engine->output.bytes.data + engine->output.start : NULL;
}

void tls_engine_consume_output(struct tls_engine *engine, size_t length) {
    queue_consume(&engine->output, length);
}

size_t tls_engine_held_bytes(const struct tls_engine *engine) {
    return engine->input.bytes.capacity + engine->output.bytes.capacity;
}

// --- plaintext ---

// Sets the failure if the peer speaks HTTP, and returns whether it does. A client gets a response that it understands.
static bool fail_plain_http(struct tls_engine *engine) {
    bool is_server = tls_context_is_server(engine->context);
    if (!tls_failure_set_http(&engine->failure, engine->first, is_server))
        return false;
    if (is_server)
        (void)queue_add(&engine->output, TLS_FAILURE_HTTP_RESPONSE, strlen(TLS_FAILURE_HTTP_RESPONSE));
    return true;
}

static void set_failure(struct tls_engine *engine) {
    unsigned long code = ERR_peek_error();
    if (error_is_set(&engine->failure))
        return;
    engine->refuses_peer = error_is_set(&engine->verification.failure);
    if (engine->refuses_peer)
        (void)error_move(&engine->failure, &engine->verification.failure);
    else if (fail_plain_http(engine))
        return;
    else if (code == 0)
        (void)error_set(&engine->failure, ERROR_CONNECTION, "unexpected EOF");
    else
        (void)tls_failure_set(&engine->failure, code, tls_context_is_server(engine->context));
}

// What a call of OpenSSL that has not succeeded means. Empties the queue of errors.
static enum tls_result outcome(struct tls_engine *engine, int returned, struct error *err) {
    int code = SSL_get_error(engine->ssl, returned);
    enum tls_result result = code == SSL_ERROR_WANT_READ     ? TLS_WAITING
                             : code == SSL_ERROR_ZERO_RETURN ? TLS_END
                                                             : TLS_FAILED;
    if (result == TLS_FAILED) {
        set_failure(engine);
        (void)error_copy(err, &engine->failure);
    }
    ERR_clear_error();
    return result;
}

// TLS_DATA if plaintext can be read and written.
static enum tls_result complete_handshake(struct tls_engine *engine, struct error *err) {
    if (error_is_set(&engine->failure)) {
        (void)error_copy(err, &engine->failure);
        return TLS_FAILED;
    }
    ERR_clear_error();
    if (engine->is_established)
        return TLS_DATA;
    int returned = SSL_do_handshake(engine->ssl);
    engine->is_established = returned == 1;
    return returned == 1 ? TLS_DATA : outcome(engine, returned, err);
}

enum tls_result tls_engine_read(struct tls_engine *engine, void *bytes, size_t size, size_t *length,
                                struct error *err) {
    enum tls_result result = complete_handshake(engine, err);
    size_t got;
    if (result != TLS_DATA)
        return result;
    int returned = SSL_read_ex(engine->ssl, bytes, size, &got);
    if (returned != 1)
        return outcome(engine, returned, err);
    count_data(engine, got);
    *length = got;
    return TLS_DATA;
}

// Copies the first `length` bytes of the pieces without their first `skip` bytes.
static void join(const struct iovec *pieces, size_t skip, char *bytes, size_t length) {
    for (; length > 0; pieces++) {
        size_t skipped = skip < pieces->iov_len ? skip : pieces->iov_len;
        size_t part = pieces->iov_len - skipped < length ? pieces->iov_len - skipped : length;
        memcpy(bytes, (const char *)pieces->iov_base + skipped, part);
        skip -= skipped;
        bytes += part;
        length -= part;
    }
}

// Encrypts one record with the bytes at `*piece` and `*offset` in it, and moves these on. Small pieces, such as a head
// and a body, are joined. Sets `written`, to 0 if the rest of a message of the handshake, such as a key update, has to
// be read first. `left` is the number of bytes in all pieces.
static bool write_record(struct tls_engine *engine, const struct iovec **piece, size_t *offset, size_t left,
                         size_t *written, struct error *err) {
    char joined[RECORD_BYTES];
    size_t length = left < sizeof joined ? left : sizeof joined;
    while (*offset == (*piece)->iov_len) {
        ++*piece;
        *offset = 0;
    }
    const char *bytes = (const char *)(*piece)->iov_base + *offset;
    if ((*piece)->iov_len - *offset < length) {
        join(*piece, *offset, joined, length);
        bytes = joined;
    }
    int returned = SSL_write_ex(engine->ssl, bytes, length, written);
    if (returned != 1) {
        *written = 0;
        return outcome(engine, returned, err) == TLS_WAITING;
    }
    for (*offset += *written; *offset > (*piece)->iov_len; ++*piece)
        *offset -= (*piece)->iov_len;
    return true;
}

bool tls_engine_write(struct tls_engine *engine, const struct iovec *pieces, size_t count, size_t *taken,
                      struct error *err) {
    if (engine->is_closed)
        return error_set(err, ERROR_CONNECTION, "tls: protocol is shutdown");
    enum tls_result result = complete_handshake(engine, err);
    if (result == TLS_FAILED)
        return false;
    size_t total = 0, left = 0, offset = 0, written = 1;
    for (size_t i = 0; result == TLS_DATA && i < count; i++)
        left += pieces[i].iov_len;
    for (; left > 0 && written > 0 && queue_length(&engine->output) < TLS_ENGINE_OUTPUT_BYTES; left -= written) {
        if (!write_record(engine, &pieces, &offset, left, &written, err))
            return false;
        total += written;
    }
    *taken = total;
    return true;
}

void tls_engine_close(struct tls_engine *engine) {
    if (engine->is_closed || error_is_set(&engine->failure) || !engine->is_established)
        return;
    engine->is_closed = true;
    ERR_clear_error();
    (void)SSL_shutdown(engine->ssl);
    ERR_clear_error();
}

// --- state ---

bool tls_engine_is_established(const struct tls_engine *engine) {
    return engine->is_established;
}

bool tls_engine_is_failed(const struct tls_engine *engine) {
    return error_is_set(&engine->failure);
}

bool tls_engine_refuses_peer(const struct tls_engine *engine) {
    return engine->refuses_peer;
}

struct certificate *tls_engine_peer_certificate(struct tls_engine *engine) {
    X509 *x509 = engine->peer == NULL && engine->is_established ? SSL_get1_peer_certificate(engine->ssl) : NULL;
    if (x509 != NULL && !certificate_wrap(x509, &engine->peer, NULL))
        return NULL;
    return engine->peer;
}

size_t tls_engine_peer_certificate_count(const struct tls_engine *engine) {
    // On a server's side, the chain is without the first certificate.
    int rest = sk_X509_num(SSL_get_peer_cert_chain(engine->ssl));
    bool has_one = SSL_get0_peer_certificate(engine->ssl) != NULL;
    return (rest > 0 ? (size_t)rest : 0) + (has_one && tls_context_is_server(engine->context));
}
