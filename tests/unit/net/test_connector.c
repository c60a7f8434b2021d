// SPDX-License-Identifier: GPL-3.0-or-later
#include "connector_fixture.h"

// --- connecting ---

static char received[8];

static void on_stream_data(struct stream *stream UNUSED, const char *bytes, size_t length, void *data UNUSED) {
    assert_true(length < sizeof received);
    memcpy(received, bytes, length);
    loop_stop(loop);
}

static void expect_works(const struct outcome *outcome, int listener) {
    static const struct stream_handlers handlers = {.on_data = on_stream_data};
    AUTO_CLOSE int peer = accept(listener, NULL, NULL);
    char request[8] = "";
    struct iovec piece = {.iov_base = (char[]){"ping"}, .iov_len = 4};
    expect_stream(outcome);
    stream_write(outcome->stream, &piece, 1);
    assert_int_equal(recv(peer, request, sizeof request, 0), 4);
    assert_string_equal(request, "ping");
    assert_int_equal(send(peer, "pong", 4, 0), 4);
    stream_set_handlers(outcome->stream, &handlers, NULL);
    stream_read_start(outcome->stream);
    memset(received, 0, sizeof received);
    loop_run(loop);
    assert_string_equal(received, "pong");
}

static void connects_to_a_numeric_address(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int listener = listen_at("127.0.0.1", &port);
    struct outcome *outcome = start(0, "127.0.0.1", port, 0);
    run_until_done(1);
    expect_works(outcome, listener);
    assert_int_equal(gate.calls, 0);
}

static void connects_to_a_unix_socket(void **state UNUSED) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char directory[] = "/tmp/test-connector-XXXXXX";
    assert_non_null(mkdtemp(directory));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
    AUTO_CLOSE int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    struct outcome *outcome = start_target(0, &(struct connect_target){.unix_path = address.sun_path});
    run_until_done(1);
    (void)unlink(address.sun_path);
    (void)rmdir(directory);
    expect_works(outcome, listener);
}

static void names_what_went_wrong(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int bound UNUSED = bind_at("127.0.0.1", &port);
    AUTO_FREE char *message = memory_printf("dial tcp 127.0.0.1:%u: connect: connection refused", port);
    char longest[200];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    AUTO_FREE char *long_message = memory_printf("dial unix %s: connect: invalid argument", longest);
    start(0, "127.0.0.1", port, 0);
    start(1, "nobody", port, 0);
    start(2, "none", port, 0);
    start_target(3, &(struct connect_target){.unix_path = "/nonexistent/socket"});
    start_target(4, &(struct connect_target){.unix_path = longest});
    start_target(5, &(struct connect_target){.unix_path = ""});
    run_until_done(6);
    expect_error(&outcomes[0], ERROR_CONNECTION, message);
    assert_int_equal(outcomes[0].errnum, ECONNREFUSED);
    expect_error(&outcomes[1], ERROR_CONNECTION, "dial tcp: lookup nobody: no such host");
    expect_error(&outcomes[2], ERROR_CONNECTION, "dial tcp: lookup none: no such host");
    expect_error(&outcomes[3], ERROR_CONNECTION, "dial unix /nonexistent/socket: connect: no such file or directory");
    assert_int_equal(outcomes[3].errnum, ENOENT);
    expect_error(&outcomes[4], ERROR_CONNECTION, long_message);
    expect_error(&outcomes[5], ERROR_CONNECTION, "dial unix : connect: invalid argument");
}

// --- several addresses ---

static void goes_on_to_the_next_address(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int listener = listen_at("127.0.0.2", &port);
    struct outcome *outcome = start(0, "two", port, 0);
    run_until_done(1);
    expect_works(outcome, listener);
}

static void reports_the_first_address(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int bound UNUSED = bind_at("0.0.0.0", &port);
    AUTO_FREE char *message = memory_printf("dial tcp 127.0.0.1:%u: connect: connection refused", port);
    start(0, "three", port, 0);
    run_until_done(1);
    expect_error(&outcomes[0], ERROR_CONNECTION, message);
}

static void each_address_has_a_share_of_the_time(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_FULL_SOCKET struct full_socket full UNUSED = listen_full_at("127.0.0.1", &port);
    AUTO_CLOSE int listener = listen_at("127.0.0.2", &port);
    int64_t began_ns = clock_monotonic_ns();
    struct outcome *outcome = start(0, "two", port, 2 * NS_PER_S);
    run_until_done(1);
    assert_true(clock_monotonic_ns() - began_ns >= NS_PER_S);
    expect_works(outcome, listener);
}

// --- time ---

static void ends_at_the_deadline(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_FULL_SOCKET struct full_socket full UNUSED = listen_full_at("127.0.0.1", &port);
    AUTO_FREE char *message = memory_printf("dial tcp 127.0.0.1:%u: i/o timeout", port);
    int64_t began_ns = clock_monotonic_ns();
    start(0, "127.0.0.1", port, 30 * NS_PER_MS);
    start(1, "local", port, 40 * NS_PER_MS);
    start(2, "hang", port, 20 * NS_PER_MS);
    run_until_done(3);
    assert_true(clock_monotonic_ns() - began_ns >= 40 * NS_PER_MS);
    expect_error(&outcomes[0], ERROR_TIMEOUT, message);
    expect_error(&outcomes[1], ERROR_TIMEOUT, message);
    expect_error(&outcomes[2], ERROR_TIMEOUT, "dial tcp: lookup hang: i/o timeout");
}

static void deadline_covers_all_addresses(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_FULL_SOCKET struct full_socket first UNUSED = listen_full_at("127.0.0.1", &port);
    AUTO_FULL_SOCKET struct full_socket second UNUSED = listen_full_at("127.0.0.2", &port);
    AUTO_FREE char *message = memory_printf("dial tcp 127.0.0.1:%u: i/o timeout", port);
    int64_t began_ns = clock_monotonic_ns();
    start(0, "two", port, 60 * NS_PER_MS);
    run_until_done(1);
    assert_true(clock_monotonic_ns() - began_ns >= 60 * NS_PER_MS);
    expect_error(&outcomes[0], ERROR_TIMEOUT, message);
}

static void deadline_may_be_the_end_of_time(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int listener = listen_at("127.0.0.1", &port);
    struct outcome *outcome = start(0, "local", port, INT64_MAX);
    run_until_done(1);
    expect_works(outcome, listener);
}

static void deadline_may_have_passed(void **state UNUSED) {
    start(0, "hang", 1, -1);
    run_until_done(1);
    expect_error(&outcomes[0], ERROR_TIMEOUT, "dial tcp: lookup hang: i/o timeout");
}

// --- cancelling ---

static void cancel(int i) {
    connector_cancel(outcomes[i].attempt);
    outcomes[i].attempt = NULL;
}

static void can_be_cancelled_in_each_phase(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_FULL_SOCKET struct full_socket full UNUSED = listen_full_at("127.0.0.1", &port);
    start(0, "127.0.0.1", port, 0); // not begun
    cancel(0);
    start(1, "127.0.0.1", port, 0); // connecting
    start(2, "hang", port, 0);      // resolving
    loop_run_pending(loop);
    gate_wait_for(1);
    assert_non_null(outcomes[1].attempt->poll);
    assert_non_null(outcomes[2].attempt->lookup);
    cancel(1);
    cancel(2);
    gate_set_open(true);
    start(3, "nobody", port, 0);
    run_until_done(1);
    expect_error(&outcomes[3], ERROR_CONNECTION, "dial tcp: lookup nobody: no such host");
    for (int i = 0; i < 3; i++)
        assert_int_equal(outcomes[i].calls, 0);
}

static void cancel_the_next(void) {
    cancel(1);
}

static void one_may_cancel_another(void **state UNUSED) {
    start(0, "nobody", 1, 0)->on_end = cancel_the_next;
    start(1, "nobody", 1, 0);
    start(2, "nobody", 1, 0);
    run_until_done(2);
    assert_int_equal(outcomes[0].calls, 1);
    assert_int_equal(outcomes[1].calls, 0);
    assert_int_equal(outcomes[2].calls, 1);
}

static void cancel_itself(void) {
    connector_cancel(ending);
}

static void may_cancel_itself_in_its_function(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_CLOSE int listener UNUSED = listen_at("127.0.0.1", &port);
    start(0, "127.0.0.1", port, 0)->on_end = cancel_itself;
    start(1, "nobody", port, 0)->on_end = cancel_itself;
    run_until_done(2);
    expect_stream(&outcomes[0]);
    expect_error(&outcomes[1], ERROR_CONNECTION, "dial tcp: lookup nobody: no such host");
}

static void destroy_in_every_phase(void **state UNUSED) {
    uint16_t port = 0;
    AUTO_FULL_SOCKET struct full_socket full UNUSED = listen_full_at("127.0.0.1", &port);
    start(0, "127.0.0.1", port, 0);
    start(1, "hang", port, 0);
    loop_run_pending(loop);
    gate_wait_for(1);
    start(2, "local", port, 0);
    connector_destroy(connector);
    connector = NULL;
    loop_run_pending(loop);
    assert_int_equal(done_count, 0);
    loop_destroy(loop);
    loop = NULL;
    // What hangs ends when nothing of the connector is left.
    gate_set_open(true);
    gate_wait_until_passed();
}

static void destroy_connector(void) {
    connector_destroy(connector);
    connector = NULL;
}

static void may_be_destroyed_by_an_attempt(void **state UNUSED) {
    start(0, "nobody", 1, 0)->on_end = destroy_connector;
    start(1, "nobody", 1, 0);
    start(2, "local", 1, 0);
    run_until_done(1);
    loop_run_pending(loop);
    assert_int_equal(done_count, 1);
}

int main(void) {
    alarm(60);
    const struct CMUnitTest tests[] = {
        TEST(connects_to_a_numeric_address),
        TEST(connects_to_a_unix_socket),
        TEST(names_what_went_wrong),
        TEST(goes_on_to_the_next_address),
        TEST(reports_the_first_address),
        TEST(each_address_has_a_share_of_the_time),
        TEST(ends_at_the_deadline),
        TEST(deadline_covers_all_addresses),
        TEST(deadline_may_be_the_end_of_time),
        TEST(deadline_may_have_passed),
        TEST(can_be_cancelled_in_each_phase),
        TEST(one_may_cancel_another),
        TEST(may_cancel_itself_in_its_function),
        TEST(destroy_in_every_phase),
        TEST(may_be_destroyed_by_an_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
