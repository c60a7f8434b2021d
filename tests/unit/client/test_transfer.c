// SPDX-License-Identifier: GPL-3.0-or-later
#include "transfer_run.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#define PREFIX "cannot communicate with server: Get \"http://localhost/x\": "

static void connection_is_kept(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_int_equal(wake_ns(&run), CLIENT_NO_DEADLINE);
    int fd = peer_accept(&run.peer);
    AUTO_FREE char *first = peer_read(fd);
    assert_memory_equal(first, "GET /x HTTP/1.1\r\n", 17);
    peer_send(fd, RESPONSE);
    assert_ended(&run, "abc");
    run_again(&run, &post_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_false(peer_is_called(&run.peer));
    AUTO_FREE char *second = peer_read(fd);
    assert_memory_equal(second, "POST /x HTTP/1.1\r\n", 18);
    peer_send(fd, OK(0));
    assert_ended(&run, "");
    run_finish(&run);
    peer_assert_closed(fd);
}

static void begin_with_own(struct run *run, struct client_connection *kept) {
    const struct client_transfer_limits limits = {.is_single = true, .kept = kept};
    client_transfer_finish(&run->transfer);
    buffer_clear(&run->body);
    assert_true(client_transfer_init(&run->transfer, run->peer.client, &get_x, &limits, NULL));
    assert_int_equal(go_on(run), CLIENT_TRANSFER_WAITING);
}

// The client's idle connection is left alone, and a request over the own one is not repeated.
static void connection_of_the_owner_is_used(void **state UNUSED) {
    struct client_connection kept;
    struct run run;
    run_init(&run, &get_x);
    client_connection_init(&kept, &run.peer.client->endpoint);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    int idle_fd = peer_accept(&run.peer);
    peer_send(idle_fd, RESPONSE);
    assert_ended(&run, "abc");
    begin_with_own(&run, &kept);
    int fd = peer_accept(&run.peer);
    assert_false(run.transfer.is_over_idle);
    peer_send(fd, RESPONSE);
    assert_ended(&run, "abc");
    assert_true(client_connection_is_open(&kept));
    assert_true(client_connection_is_open(&run.peer.client->idle));
    begin_with_own(&run, &kept);
    assert_false(peer_is_called(&run.peer));
    assert_true(run.transfer.is_over_idle);
    assert_false(client_connection_is_open(&kept));
    AUTO_FREE char *requests = peer_read(fd);
    assert_true(text_has_suffix(requests, "\r\n\r\n"));
    close(fd);
    assert_failed(&run, PEBBLE_ERROR_CONNECTION, PREFIX "EOF");
    assert_false(peer_is_called(&run.peer));
    run_finish(&run);
    peer_assert_closed(idle_fd);
}

static void trickle_is_taken_byte_by_byte(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    int fd = peer_accept(&run.peer);
    for (const char *c = RESPONSE; c[1] != '\0'; c++) {
        peer_send(fd, (char[]){*c, '\0'});
        assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    }
    peer_send(fd, "c");
    assert_ended(&run, "abc");
    run_finish(&run);
    close(fd);
}

static void idle_connection_that_was_closed_is_replaced(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    int fd = peer_accept(&run.peer);
    peer_send(fd, RESPONSE);
    assert_ended(&run, "abc");
    close(fd);
    run_again(&run, &post_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    fd = peer_accept(&run.peer);
    peer_send(fd, RESPONSE);
    assert_ended(&run, "abc");
    // What comes unasked is no response.
    peer_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    run_again(&run, &get_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    close(fd);
    fd = peer_accept(&run.peer);
    peer_send(fd, RESPONSE);
    assert_ended(&run, "abc");
    run_finish(&run);
    close(fd);
}

// The daemon closes the idle connection just as the request is on its way.
static void only_get_is_sent_again(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    int fd = peer_accept(&run.peer);
    peer_send(fd, RESPONSE);
    assert_ended(&run, "abc");
    run_again(&run, &get_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    close(fd);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    fd = peer_accept(&run.peer);
    peer_send(fd, RESPONSE);
    assert_ended(&run, "abc");
    run_again(&run, &post_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    free(peer_read(fd));
    close(fd);
    assert_failed(&run, PEBBLE_ERROR_CONNECTION, "cannot communicate with server: Post \"http://localhost/x\": EOF");
    assert_false(peer_is_called(&run.peer));
    run_finish(&run);
}

static void get_is_tried_again_while_there_is_no_server(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    peer_leave(&run.peer);
    AUTO_FREE char *message = memory_printf(PREFIX "socket \"%s\" not found", run.peer.path);
    assert_failed(&run, PEBBLE_ERROR_CONNECTION, message);
    run.peer.client->get_retry_ns = 60 * NS_PER_S;
    run_again(&run, &get_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_int_equal(run.transfer.state, CLIENT_TRANSFER_PAUSING);
    assert_int_equal(wake_ns(&run), run.transfer.resume_ns);
    run.transfer.resume_ns = 0;
    peer_listen(&run.peer);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    int fd = peer_accept(&run.peer);
    close(fd); // a daemon that ends at once is none
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_int_equal(run.transfer.state, CLIENT_TRANSFER_PAUSING);
    run.transfer.resume_ns = 0;
    run.transfer.retry_end_ns = clock_monotonic_ns();
    peer_leave(&run.peer);
    assert_failed(&run, PEBBLE_ERROR_CONNECTION, message);
    run_finish(&run);
}

static void others_are_not_tried_again(void **state UNUSED) {
    struct run run;
    run_init(&run, &post_x);
    peer_leave(&run.peer);
    run.peer.client->get_retry_ns = 60 * NS_PER_S;
    run_again(&run, &post_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_FAILED);
    client_transfer_finish(&run.transfer);
    const struct client_transfer_limits single = {.is_single = true};
    assert_true(client_transfer_init(&run.transfer, run.peer.client, &get_x, &single, NULL));
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_FAILED);
    run_finish(&run);
}

static void daemon_that_goes_away_in_the_middle_is_told(void **state UNUSED) {
    const struct {
        const char *sent;
        enum pebble_error_kind kind;
        const char *message;
    } cases[] = {
        {"", PEBBLE_ERROR_CONNECTION, PREFIX "EOF"},
        {"HTTP/1.1 200", PEBBLE_ERROR_CONNECTION, PREFIX "unexpected EOF"},
        {OK(9) "short", PEBBLE_ERROR_CONNECTION, PREFIX "unexpected EOF"},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", PEBBLE_ERROR_PROTOCOL,
         PREFIX "malformed HTTP response: unexpected switch of protocols"},
    };
    struct run run;
    run_init(&run, &get_x);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        run_again(&run, &get_x);
        assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
        int fd = peer_accept(&run.peer);
        free(peer_read(fd));
        peer_send(fd, cases[i].sent);
        close(fd);
        assert_failed(&run, cases[i].kind, cases[i].message);
    }
    run_finish(&run);
}

// Once there was a head, nothing is tried again.
static void response_that_breaks_off_is_not_fetched_again(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    run.peer.client->get_retry_ns = 60 * NS_PER_S;
    run_again(&run, &get_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    int fd = peer_accept(&run.peer);
    free(peer_read(fd));
    peer_send(fd, OK(9) "short");
    close(fd);
    assert_failed(&run, PEBBLE_ERROR_CONNECTION, PREFIX "unexpected EOF");
    run_finish(&run);
}

static void deadline_ends_it_in_any_state(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    run.transfer.deadline_ns = clock_monotonic_ns() + NS_PER_S * 3600;
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_int_equal(wake_ns(&run), run.transfer.deadline_ns);
    int fd = peer_accept(&run.peer);
    peer_send(fd, OK(5) "ab");
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    run.transfer.deadline_ns = 1;
    assert_failed(&run, PEBBLE_ERROR_TIMEOUT, PREFIX "timed out waiting for server");
    peer_assert_closed(fd);
    run.peer.client->get_retry_ns = 60 * NS_PER_S;
    run_again(&run, &get_x);
    peer_leave(&run.peer);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    run.transfer.deadline_ns = 1;
    assert_failed(&run, PEBBLE_ERROR_TIMEOUT, PREFIX "timed out waiting for server");
    run_finish(&run);
}

static void begin_with_idle_limit(struct run *run, const struct client_request *request) {
    const struct client_transfer_limits limits = {.idle_ns = 3600 * NS_PER_S};
    client_transfer_finish(&run->transfer);
    assert_true(client_transfer_init(&run->transfer, run->peer.client, request, &limits, NULL));
    assert_int_equal(go_on(run), CLIENT_TRANSFER_WAITING);
}

static void silence_of_the_daemon_ends_it(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    begin_with_idle_limit(&run, &get_x);
    int64_t first_ns = wake_ns(&run);
    assert_true(first_ns > clock_monotonic_ns() && first_ns <= clock_monotonic_ns() + 3600 * NS_PER_S);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_int_equal(wake_ns(&run), first_ns);
    int fd = peer_accept(&run.peer);
    peer_send(fd, OK(5) "ab");
    run.transfer.idle_end_ns = 1; // a byte in time gives the whole time again
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_true(wake_ns(&run) > first_ns);
    run.transfer.idle_end_ns = 1;
    assert_failed(&run, PEBBLE_ERROR_TIMEOUT, PREFIX "timed out waiting for server");
    peer_assert_closed(fd);
    run_finish(&run);
}

// Nothing is due from the daemon then.
static void a_pause_of_the_caller_is_no_silence(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    begin_with_idle_limit(&run, &get_x);
    int fd = peer_accept(&run.peer);
    struct client_wants wants = {.poll_fd = -1};
    client_transfer_watch_deadline(&run.transfer, &wants);
    assert_int_equal(wants.wake_ns, CLIENT_NO_DEADLINE);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_int_not_equal(wake_ns(&run), CLIENT_NO_DEADLINE);
    run_finish(&run);
    close(fd);
}

// One step takes so much at most, so that a daemon that sends without a pause does not keep the program.
static void a_step_is_bounded(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    int fd = peer_accept(&run.peer);
    peer_send(fd, "HTTP/1.1 200 OK\r\n\r\nx");
    run.transfer.turn_bytes = SIZE_MAX / 2;
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_int_equal(run.body.length, 0);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_int_equal(run.body.length, 1);
    run_finish(&run);
    close(fd);
}

static void early_response_to_a_large_request_is_read(void **state UNUSED) {
    size_t length = 16 << 20;
    AUTO_FREE char *body = memory_new(length);
    memset(body, 'x', length);
    const struct client_request large = {.method = "POST", .target = "/x", .body = body, .body_length = length};
    for (int closes = 0; closes < 2; closes++) {
        struct run run;
        run_init(&run, &large);
        while (run.transfer.exchange.sent == 0 || run.transfer.turn_bytes > 0)
            assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
        assert_int_equal(run.transfer.state, CLIENT_TRANSFER_SENDING);
        int fd = peer_accept(&run.peer);
        peer_send(fd, RESPONSE);
        if (closes)
            close(fd);
        enum client_transfer_event event = go_on(&run);
        while (event == CLIENT_TRANSFER_WAITING)
            event = go_on(&run);
        assert_int_equal(event, CLIENT_TRANSFER_END);
        assert_string_equal(buffer_text(&run.body), "abc");
        assert_false(client_connection_is_open(&run.peer.client->idle));
        run_finish(&run);
        if (!closes)
            peer_assert_closed(fd);
    }
}

// --- a body that is read while it is sent ---

static void upload_init(struct run *run, struct client_source *source, const struct client_content *content) {
    const struct client_request request = {.method = "POST", .target = "/x", .source = source, .source_type = "a/b"};
    client_source_init(source, content);
    client_source_measure(source);
    run_init(run, &request);
}

static void upload_finish(struct run *run, struct client_source *source) {
    client_source_finish(source);
    run_finish(run);
}

static void body_is_sent_as_it_comes(void **state UNUSED) {
    struct run run;
    struct client_source source;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    upload_init(&run, &source, &(struct client_content){.fd = &ends[0]});
    run.transfer.idle_ns = 3600 * NS_PER_S;
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    int fd = peer_accept(&run.peer);
    AUTO_FREE char *head = peer_read(fd);
    assert_true(text_has_suffix(head, "Transfer-Encoding: chunked\r\n\r\n"));
    assert_int_equal(wake_ns(&run), CLIENT_NO_DEADLINE); // for the pipe, and not for room in the socket
    assert_int_equal(write(ends[1], "abc", 3), 3);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    AUTO_FREE char *piece = peer_read(fd);
    assert_string_equal(piece, "3\r\nabc\r\n");
    close(ends[1]);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    AUTO_FREE char *end = peer_read(fd);
    assert_string_equal(end, "0\r\n\r\n");
    assert_int_not_equal(wake_ns(&run), CLIENT_NO_DEADLINE); // the response is due
    peer_send(fd, RESPONSE);
    assert_ended(&run, "abc");
    assert_true(client_connection_is_open(&run.peer.client->idle));
    upload_finish(&run, &source);
    close(ends[0]);
    peer_assert_closed(fd);
}

static void response_before_the_end_of_the_body_is_read(void **state UNUSED) {
    struct run run;
    struct client_source source;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    upload_init(&run, &source, &(struct client_content){.fd = &ends[0]});
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    int fd = peer_accept(&run.peer);
    peer_send(fd, RESPONSE);
    assert_ended(&run, "abc");
    assert_false(client_connection_is_open(&run.peer.client->idle)); // the rest of the body would have to be sent
    upload_finish(&run, &source);
    close(ends[0]);
    close(ends[1]);
    close(fd);
}

static bool on_read_fails(void *buffer UNUSED, size_t size UNUSED, size_t *length UNUSED, void *data UNUSED) {
    return false;
}

static void source_that_fails_ends_it(void **state UNUSED) {
    struct run run;
    struct client_source source;
    upload_init(&run, &source, &(struct client_content){.on_read = on_read_fails});
    assert_failed(&run, PEBBLE_ERROR_PROTOCOL,
                  "cannot communicate with server: Post \"http://localhost/x\": interrupted");
    assert_int_equal(source.error.kind, PEBBLE_ERROR_CANCELLED);
    int fd = peer_accept(&run.peer);
    upload_finish(&run, &source);
    AUTO_FREE char *head = peer_read(fd);
    assert_true(text_has_suffix(head, "\r\n\r\n")); // and no end of the body
    peer_assert_closed(fd);
}

static void a_step_of_an_upload_is_bounded(void **state UNUSED) {
    struct run run;
    struct client_source source;
    AUTO_FREE char *bytes = memory_new(16 << 20);
    memset(bytes, 'x', 16 << 20);
    upload_init(&run, &source, &(struct client_content){.bytes = bytes, .length = 16 << 20});
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    assert_true(source.done <= 2 << 20);
    upload_finish(&run, &source);
}

static void it_can_be_ended_in_any_state(void **state UNUSED) {
    struct run run;
    run_init(&run, &get_x);
    run_again(&run, &get_x); // before it has begun
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    int fd = peer_accept(&run.peer);
    run_again(&run, &get_x); // waiting for the head
    peer_assert_closed(fd);
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    fd = peer_accept(&run.peer);
    peer_send(fd, OK(5) "ab");
    assert_int_equal(go_on(&run), CLIENT_TRANSFER_WAITING);
    run_again(&run, &get_x); // in the body
    peer_assert_closed(fd);
    run_finish(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_is_kept),
        cmocka_unit_test(connection_of_the_owner_is_used),
        cmocka_unit_test(trickle_is_taken_byte_by_byte),
        cmocka_unit_test(idle_connection_that_was_closed_is_replaced),
        cmocka_unit_test(only_get_is_sent_again),
        cmocka_unit_test(get_is_tried_again_while_there_is_no_server),
        cmocka_unit_test(others_are_not_tried_again),
        cmocka_unit_test(daemon_that_goes_away_in_the_middle_is_told),
        cmocka_unit_test(response_that_breaks_off_is_not_fetched_again),
        cmocka_unit_test(deadline_ends_it_in_any_state),
        cmocka_unit_test(silence_of_the_daemon_ends_it),
        cmocka_unit_test(a_pause_of_the_caller_is_no_silence),
        cmocka_unit_test(a_step_is_bounded),
        cmocka_unit_test(early_response_to_a_large_request_is_read),
        cmocka_unit_test(body_is_sent_as_it_comes),
        cmocka_unit_test(response_before_the_end_of_the_body_is_read),
        cmocka_unit_test(source_that_fails_ends_it),
        cmocka_unit_test(a_step_of_an_upload_is_bounded),
        cmocka_unit_test(it_can_be_ended_in_any_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
