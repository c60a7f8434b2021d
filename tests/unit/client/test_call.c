// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/call_internal.h"
#include "client/errors.h"
#include "peer.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

static struct pebble_call *start(const struct peer *peer) {
    struct pebble_call *call = NULL;
    assert_true(pebble_call_get_services(peer->client, NULL, 0, &call, NULL));
    return call;
}

static void assert_cancelled(struct pebble_call *call) {
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_FAILED);
    assert_int_equal(pebble_call_error(call)->kind, PEBBLE_ERROR_CANCELLED);
    assert_string_equal(pebble_call_error(call)->message, "cancelled");
    assert_null(pebble_call_take_services(call));
    assert_int_equal(pebble_call_poll_events(call), 0);
    assert_int_equal(pebble_call_timeout_ms(call), -1);
    assert_false(peer_is_ready(call));
}

static void nothing_is_sent_before_the_first_step(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer);
    assert_false(peer_is_called(&peer));
    assert_int_equal(pebble_call_timeout_ms(call), 0);
    assert_int_equal(pebble_call_poll_events(call), POLLIN);
    assert_null(pebble_call_error(call));
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    assert_true(peer_is_called(&peer));
    assert_int_equal(pebble_call_timeout_ms(call), -1);
    pebble_call_destroy(call);
    pebble_call_destroy(NULL);
    peer_end(&peer);
}

// The daemon sends a byte at a time; no step waits for the next one.
static void steps_never_wait(void **state UNUSED) {
    const char text[] = HEAD "abcde";
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int daemon = peer_accept(&peer), fd = pebble_call_fd(call);
    for (size_t i = 0; i + 2 < sizeof text; i++) {
        assert_false(peer_is_ready(call));
        peer_send(daemon, (char[]){text[i], '\0'});
        assert_true(peer_is_ready(call));
        assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
        assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING); // for nothing
        assert_int_equal(pebble_call_fd(call), fd);
    }
    peer_send(daemon, "e");
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_FAILED);
    assert_int_equal(pebble_call_error(call)->kind, PEBBLE_ERROR_PROTOCOL);
    assert_int_equal(pebble_call_fd(call), fd);
    assert_false(peer_is_ready(call));
    pebble_call_destroy(call);
    close(daemon);
    peer_end(&peer);
}

static void several_calls_are_under_way_at_once(void **state UNUSED) {
    struct peer peer;
    struct pebble_call *calls[3];
    int daemons[3];
    peer_begin(&peer);
    for (int i = 0; i < 3; i++) {
        calls[i] = start(&peer);
        assert_int_equal(pebble_call_step(calls[i]), PEBBLE_CALL_RUNNING);
        daemons[i] = peer_accept(&peer);
    }
    // In another order than they began in.
    for (int i = 2; i >= 0; i--) {
        peer_respond(daemons[i], i == 1 ? "[{\"name\":\"a\"}]" : "[]");
        for (int other = 0; other < i; other++)
            assert_int_equal(pebble_call_step(calls[other]), PEBBLE_CALL_RUNNING);
        assert_int_equal(peer_run(calls[i]), PEBBLE_CALL_DONE);
    }
    for (int i = 0; i < 3; i++) {
        struct pebble_services *services = pebble_call_take_services(calls[i]);
        assert_int_equal(pebble_services_count(services), i == 1 ? 1 : 0);
        pebble_services_destroy(services);
        assert_null(pebble_call_take_services(calls[i]));
        pebble_call_destroy(calls[i]);
    }
    // One connection is left, for the next call.
    struct pebble_call *next = start(&peer);
    assert_int_equal(pebble_call_step(next), PEBBLE_CALL_RUNNING);
    assert_false(peer_is_called(&peer));
    pebble_call_destroy(next);
    for (int i = 0; i < 3; i++)
        peer_assert_closed(daemons[i]);
    peer_end(&peer);
}

static void results_are_taken_as_what_they_are(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer);
    assert_null(pebble_call_take_services(call));
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int daemon = peer_accept(&peer);
    peer_respond(daemon, "[]");
    assert_int_equal(peer_run(call), PEBBLE_CALL_DONE);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_DONE);
    assert_null(pebble_call_take_changes(call));
    assert_null(pebble_call_take_plan(call));
    assert_null(pebble_call_change(call));
    assert_null(pebble_call_log_entry(call));
    assert_false(pebble_call_is_healthy(call));
    pebble_call_cancel(call); // too late
    assert_null(pebble_call_error(call));
    pebble_call_destroy(call); // with its result
    close(daemon);
    peer_end(&peer);
}

static void cancelling_ends_it_in_any_state(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer);
    pebble_call_cancel(call); // before it has begun
    assert_cancelled(call);
    assert_false(peer_is_called(&peer));
    pebble_call_destroy(call);

    call = start(&peer);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int daemon = peer_accept(&peer);
    pebble_call_cancel(call); // waiting for the response
    peer_assert_closed(daemon);
    assert_cancelled(call);
    pebble_call_cancel(call);
    assert_cancelled(call);
    pebble_call_destroy(call);

    call = start(&peer);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    daemon = peer_accept(&peer);
    peer_send(daemon, HEAD "ab");
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    pebble_call_cancel(call); // in the response
    peer_assert_closed(daemon);
    assert_cancelled(call);
    pebble_call_destroy(call);

    peer.client->get_retry_ns = 60 * NS_PER_S;
    peer_leave(&peer);
    call = start(&peer);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    assert_true(pebble_call_timeout_ms(call) >= 0);
    pebble_call_cancel(call); // while there is no daemon
    assert_cancelled(call);
    pebble_call_destroy(call);
    peer_end(&peer);
}

static void it_is_tried_again_while_there_is_no_daemon(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    peer_leave(&peer);
    peer.client->get_retry_ns = 60 * NS_PER_S;
    struct pebble_call *call = start(&peer);
    int fd = pebble_call_fd(call);
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int64_t timeout_ms = pebble_call_timeout_ms(call);
    assert_true(timeout_ms >= 0 && timeout_ms <= 250);
    assert_false(peer_is_ready(call));
    peer_listen(&peer);
    while (!peer_is_called(&peer)) {
        assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
        struct pollfd watched = {.fd = fd, .events = POLLIN};
        (void)poll(&watched, 1, (int)pebble_call_timeout_ms(call));
        assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    }
    assert_int_equal(pebble_call_fd(call), fd);
    int daemon = peer_accept(&peer);
    peer_respond(daemon, "[]");
    assert_int_equal(peer_run(call), PEBBLE_CALL_DONE);
    pebble_call_destroy(call);
    close(daemon);
    peer_end(&peer);
}

static void the_clients_time_counts_for_all_of_it(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    peer.client->timeout_ns = 20 * NS_PER_MS;
    struct pebble_call *call = start(&peer);
    assert_int_equal(peer_run(call), PEBBLE_CALL_FAILED);
    assert_int_equal(pebble_call_error(call)->kind, PEBBLE_ERROR_TIMEOUT);
    assert_string_equal(pebble_call_error(call)->message,
                        "cannot communicate with server: Get "
                        "\"http://localhost/v1/services?names=\": timed out waiting for server");
    pebble_call_destroy(call);
    peer_end(&peer);
}

static void it_outlives_its_client(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer);
    pebble_client_destroy(peer.client);
    peer.client = NULL;
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int daemon = peer_accept(&peer);
    peer_respond(daemon, "[]");
    assert_int_equal(peer_run(call), PEBBLE_CALL_DONE);
    pebble_call_destroy(call);
    peer_assert_closed(daemon);
    peer_end(&peer);
}

static void without_descriptors_there_is_no_call(void **state UNUSED) {
    struct peer peer;
    struct rlimit limit;
    peer_begin(&peer);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    struct pebble_call *call = start(&peer), *second = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_false(pebble_call_get_services(peer.client, NULL, 0, &second, &error));
    enum pebble_call_state result = pebble_call_step(call);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_null(second);
    assert_int_equal(error.kind, PEBBLE_ERROR_CONNECTION);
    assert_string_equal(error.message, "cannot create call: too many open files");
    assert_int_equal(result, PEBBLE_CALL_FAILED);
    assert_non_null(strstr(pebble_call_error(call)->message, "too many open files"));
    pebble_call_destroy(call);
    peer_end(&peer);
}

static void descriptors_are_not_inherited(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_call *call = start(&peer);
    assert_true((fcntl(pebble_call_fd(call), F_GETFD) & FD_CLOEXEC) != 0);
    pebble_call_destroy(call);
    peer_end(&peer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_before_the_first_step),
        cmocka_unit_test(steps_never_wait),
        cmocka_unit_test(several_calls_are_under_way_at_once),
        cmocka_unit_test(results_are_taken_as_what_they_are),
        cmocka_unit_test(cancelling_ends_it_in_any_state),
        cmocka_unit_test(it_is_tried_again_while_there_is_no_daemon),
        cmocka_unit_test(the_clients_time_counts_for_all_of_it),
        cmocka_unit_test(it_outlives_its_client),
        cmocka_unit_test(without_descriptors_there_is_no_call),
        cmocka_unit_test(descriptors_are_not_inherited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
