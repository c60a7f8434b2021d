// SPDX-License-Identifier: GPL-3.0-or-later
// Two streams in one loop, a client and a server.
#include "net/stream_internal.h"

#include "../tls/engine_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

struct end {
    struct stream *stream;
    struct buffer got;
    int ended, drained, without_data;
    char *failure;
    bool pauses; // after each call of on_data; the test lets it read again
};

static struct loop *loop;
static struct chain chain;
static struct certificate_fixture own;
static struct tls_context *contexts[2];
static struct end client, server;

// --- handlers ---

static void on_stream_data(struct stream *stream, const char *bytes, size_t length, void *data) {
    struct end *end = data;
    buffer_add(&end->got, bytes, length);
    if (end->pauses)
        stream_read_stop(stream);
}

static void on_stream_no_data(struct stream *stream UNUSED, void *data) {
    struct end *end = data;
    end->without_data++;
}

static void on_stream_end(struct stream *stream UNUSED, void *data) {
    struct end *end = data;
    end->ended++;
}

static void on_stream_drained(struct stream *stream UNUSED, void *data) {
    struct end *end = data;
    end->drained++;
}

static void on_stream_failed(struct stream *stream UNUSED, const struct error *err, void *data) {
    struct end *end = data;
    assert_null(end->failure);
    assert_int_equal(err->kind, ERROR_CONNECTION);
    end->failure = memory_string(error_text(err));
}

// --- set-up ---

static int begin(void **state UNUSED) {
    (void)signal(SIGPIPE, SIG_IGN);
    chain = chain_make_at((int64_t)time(NULL));
    own = fixture_make((struct certificate_fixture_spec){.name = "client"});
    contexts[0] = client_context(&chain, &own);
    contexts[1] = server_context(&chain);
    client = server = (struct end){.got = BUFFER_INIT(BUFFER_NO_LIMIT)};
    return loop_create(&loop, NULL) ? 0 : -1;
}

static void end_finish(struct end *end) {
    stream_destroy(end->stream);
    buffer_finish(&end->got);
    free(end->failure);
}

static int finish(void **state UNUSED) {
    end_finish(&client);
    end_finish(&server);
    loop_destroy(loop);
    tls_context_release(contexts[0]);
    tls_context_release(contexts[1]);
    fixture_finish(&own);
    chain_finish(&chain);
    return 0;
}

static void open_end(struct end *end, int fd, struct tls_context *context, const char *host) {
    static const struct stream_handlers handlers = {.on_data = on_stream_data,
                                                    .on_no_data = on_stream_no_data,
                                                    .on_end = on_stream_end,
                                                    .on_drained = on_stream_drained,
                                                    .on_failed = on_stream_failed};
    struct tls_engine *engine;
    assert_true(tls_engine_create(context, host, &engine, NULL));
    end->stream = stream_create(loop, fd, STREAM_UNIX);
    assert_null(stream_tls(end->stream));
    stream_set_handlers(end->stream, &handlers, end);
    stream_start_tls(end->stream, engine);
    assert_ptr_equal(stream_tls(end->stream), engine);
}

static void open_pair(int fds[2]) {
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static void open_both(void) {
    int fds[2];
    open_pair(fds);
    open_end(&client, fds[0], contexts[0], "host");
    open_end(&server, fds[1], contexts[1], NULL);
    stream_read_start(client.stream);
    stream_read_start(server.stream);
}

static void run_once(void) {
    (void)uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void end_write(struct end *end, const char *text) {
    stream_write(end->stream, &(const struct iovec){.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)}, 1);
}

static void wait_for_text(const struct end *end, const char *text) {
    while (!text_equal(buffer_text(&end->got), text))
        run_once();
}

// --- tests ---

static void writes_before_the_handshake_are_queued(void **state UNUSED) {
    open_both();
    end_write(&client, "request");
    end_write(&server, "response");
    assert_true(stream_queued_bytes(client.stream) >= strlen("request"));
    wait_for_text(&server, "request");
    wait_for_text(&client, "response");
    while (client.drained == 0 || server.drained == 0)
        run_once();
    assert_int_equal(stream_queued_bytes(client.stream), 0);
    assert_int_equal(stream_queued_bytes(server.stream), 0);
    assert_true(tls_engine_is_established(stream_tls(server.stream)));
    assert_non_null(tls_engine_peer_certificate(stream_tls(server.stream)));
}

static void reads_for_the_handshake_are_reported(void **state UNUSED) {
    open_both();
    end_write(&client, "request");
    while (server.got.length == 0 && server.without_data == 0)
        run_once();
    assert_int_equal(server.got.length, 0);
    assert_int_not_equal(server.without_data, 0);
    wait_for_text(&server, "request");
}

static void sides_end_one_by_one(void **state UNUSED) {
    open_both();
    end_write(&client, "last");
    stream_shut_down(client.stream);
    wait_for_text(&server, "last");
    while (server.ended == 0)
        run_once();
    end_write(&server, "after");
    stream_shut_down(server.stream);
    wait_for_text(&client, "after");
    while (client.ended == 0)
        run_once();
    assert_null(client.failure);
    assert_null(server.failure);
    assert_int_equal(client.ended + server.ended, 2);
}

// Bytes that the transport has read are reported without further ones from the socket.
static void much_arrives_at_a_reader_that_pauses(void **state UNUSED) {
    static char bytes[3000000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    open_both();
    server.pauses = true;
    stream_write(client.stream, &(const struct iovec){.iov_base = bytes, .iov_len = sizeof bytes}, 1);
    assert_true(stream_is_full(client.stream));
    stream_shut_down(client.stream);
    while (server.ended == 0) {
        run_once();
        stream_read_start(server.stream);
    }
    assert_int_equal(server.got.length, sizeof bytes);
    assert_memory_equal(server.got.data, bytes, sizeof bytes);
    assert_true(client.drained > 0);
}

static void unread_bytes_are_known(void **state UNUSED) {
    static char bytes[200000];
    open_both();
    server.pauses = true;
    stream_write(client.stream, &(const struct iovec){.iov_base = bytes, .iov_len = sizeof bytes}, 1);
    while (server.got.length == 0)
        run_once();
    assert_true(stream_has_unread(server.stream));
}

static void memory_is_counted(void **state UNUSED) {
    static char bytes[3000000];
    open_both();
    assert_int_equal(stream_held_bytes(server.stream), 0);
    assert_int_equal(tls_engine_receive(stream_tls(server.stream), bytes, 1000), 1000);
    assert_in_range(stream_held_bytes(server.stream), 1000, 4096);
    stream_write(client.stream, &(const struct iovec){.iov_base = bytes, .iov_len = sizeof bytes}, 1);
    assert_in_range(stream_held_bytes(client.stream), sizeof bytes, sizeof bytes + 100000);
}

static void cut_connection_is_a_failure(void **state UNUSED) {
    open_both();
    end_write(&client, "x");
    wait_for_text(&server, "x");
    stream_destroy(TAKE(client.stream));
    while (server.failure == NULL)
        run_once();
    assert_string_equal(server.failure, "unexpected EOF");
    assert_int_equal(server.ended, 0);
    assert_true(stream_is_broken(server.stream));
    assert_int_equal(stream_queued_bytes(server.stream), 0);
}

static void failed_handshake_is_reported_to_both_sides(void **state UNUSED) {
    tls_context_release(contexts[0]);
    contexts[0] = client_context(&chain, NULL);
    open_both();
    while (client.failure == NULL || server.failure == NULL)
        run_once();
    assert_string_equal(client.failure, "remote error: tls: certificate required");
}

static void foreign_bytes_are_answered_with_an_alert(void **state UNUSED) {
    int fds[2];
    char alert[16];
    open_pair(fds);
    open_end(&server, fds[1], contexts[1], NULL);
    stream_read_start(server.stream);
    assert_int_equal(write(fds[0], "\x16\x03\x01\0\5hello", 10), 10);
    while (server.failure == NULL)
        run_once();
    assert_non_null(strstr(server.failure, "tls: "));
    assert_true(read(fds[0], alert, sizeof alert) > 0);
    assert_int_equal(alert[0], 21);
    (void)close(fds[0]);
}

// --- held output ---

// Writes until the socket of the server takes no more, so that a part of a record is held and nothing is queued.
static void fill_socket(void) {
    static const char bytes[1000];
    open_both();
    end_write(&client, "x");
    wait_for_text(&server, "x");
    stream_set_water_marks(server.stream, 0, 1);
    stream_read_stop(client.stream);
    while (stream_queued_bytes(server.stream) == 0)
        stream_write(server.stream,
                     &(const struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = sizeof bytes}, 1);
    server.drained = 0;
}

// Reads in place of the client's stream, while the loop does not run.
static void empty_socket(void) {
    static char bytes[65536];
    while (recv(stream_fd(client.stream), bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

static void reading_does_not_hide_that_output_is_sent(void **state UNUSED) {
    fill_socket();
    empty_socket();
    end_write(&client, "y");
    wait_for_text(&server, "xy");
    assert_int_equal(stream_queued_bytes(server.stream), 0);
    assert_true(server.drained > 0);
}

static void writing_does_not_hide_that_output_is_sent(void **state UNUSED) {
    fill_socket();
    empty_socket();
    end_write(&server, "z");
    assert_true(stream_queued_bytes(server.stream) > 0);
    while (server.drained == 0)
        run_once();
    assert_int_equal(stream_queued_bytes(server.stream), 0);
}

static void shutting_down_does_not_hide_that_output_is_sent(void **state UNUSED) {
    char byte;
    fill_socket();
    empty_socket();
    stream_shut_down(server.stream);
    assert_true(stream_queued_bytes(server.stream) > 0);
    while (server.drained == 0)
        run_once();
    empty_socket();
    assert_int_equal(recv(stream_fd(client.stream), &byte, 1, MSG_DONTWAIT), 0);
}

// Otherwise the loop would spin until the peer has sent its part of the handshake.
static void transport_waits_for_input_before_it_writes(void **state UNUSED) {
    int fds[2];
    struct tls_engine *engine;
    const struct stream_transport *transport = &stream_tls_transport;
    open_pair(fds);
    assert_true(tls_engine_create(contexts[0], "host", &engine, NULL));
    void *tls = stream_tls_create(engine);
    assert_false(transport->waits_for_input(tls));
    assert_int_equal(transport->write(tls, fds[0], &(struct iovec){(char[]){"x"}, 1}, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(transport->waits_for_input(tls));
    assert_int_equal(transport->held_output(tls), 0);
    assert_null(transport->failure(tls));
    transport->destroy(tls);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

// Otherwise the next write would seem to succeed.
static void transport_stays_broken(void **state UNUSED) {
    int fds[2];
    char byte;
    struct tls_engine *engine;
    const struct stream_transport *transport = &stream_tls_transport;
    open_pair(fds);
    assert_true(tls_engine_create(contexts[0], "host", &engine, NULL));
    void *tls = stream_tls_create(engine);
    assert_int_equal(transport->read(tls, fds[0], &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(transport->held_output(tls) > 0);
    (void)close(fds[1]);
    for (int i = 0; i < 2; i++) {
        errno = 0;
        assert_int_equal(transport->flush(tls, fds[0]), -1);
        assert_int_equal(errno, EPIPE);
        assert_int_equal(transport->held_output(tls), 0);
    }
    transport->destroy(tls);
    (void)close(fds[0]);
}

// A peer that closes while it is written to does not leave output behind that is waited for.
static void output_for_a_closed_socket_breaks_the_stream(void **state UNUSED) {
    static char bytes[1000000];
    open_both();
    end_write(&client, "x");
    wait_for_text(&server, "x");
    stream_read_stop(server.stream);
    stream_destroy(TAKE(client.stream));
    for (int i = 0; i < 2; i++)
        stream_write(server.stream, &(const struct iovec){.iov_base = bytes, .iov_len = sizeof bytes}, 1);
    while (!stream_is_broken(server.stream))
        run_once();
    assert_int_equal(stream_queued_bytes(server.stream), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_before_the_handshake_are_queued, begin, finish),
        cmocka_unit_test_setup_teardown(reads_for_the_handshake_are_reported, begin, finish),
        cmocka_unit_test_setup_teardown(sides_end_one_by_one, begin, finish),
        cmocka_unit_test_setup_teardown(much_arrives_at_a_reader_that_pauses, begin, finish),
        cmocka_unit_test_setup_teardown(unread_bytes_are_known, begin, finish),
        cmocka_unit_test_setup_teardown(memory_is_counted, begin, finish),
        cmocka_unit_test_setup_teardown(cut_connection_is_a_failure, begin, finish),
        cmocka_unit_test_setup_teardown(failed_handshake_is_reported_to_both_sides, begin, finish),
        cmocka_unit_test_setup_teardown(foreign_bytes_are_answered_with_an_alert, begin, finish),
        cmocka_unit_test_setup_teardown(reading_does_not_hide_that_output_is_sent, begin, finish),
        cmocka_unit_test_setup_teardown(writing_does_not_hide_that_output_is_sent, begin, finish),
        cmocka_unit_test_setup_teardown(shutting_down_does_not_hide_that_output_is_sent, begin, finish),
        cmocka_unit_test_setup_teardown(transport_waits_for_input_before_it_writes, begin, finish),
        cmocka_unit_test_setup_teardown(transport_stays_broken, begin, finish),
        cmocka_unit_test_setup_teardown(output_for_a_closed_socket_breaks_the_stream, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
