// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/clock.h"
#include "client/errors.h"
#include "client/events_internal.h"
#include "peer.h"
#include "with_daemon.h"

#define BOOT "{\"boot-id\":\"a\"}"
#define NOTICES "[{\"id\":\"1\",\"type\":\"custom\",\"last-repeated\":\"1970-01-01T00:00:00.000000001Z\"}]"

static struct pebble_events *create(struct pebble_client *client) {
    struct pebble_events *events = NULL;
    assert_true(pebble_events_create(client, NULL, &events, NULL));
    return events;
}

static void options_are_checked(void **state UNUSED) {
    static const struct {
        struct pebble_events_options options;
        const char *message;
    } cases[] = {
        {{.size = 0}, "cannot use options: their size is not set"},
        {{.kinds = 128}, "cannot use options: unknown flags 0x80"},
        {{.flags = 2}, "cannot use options: unknown flags 0x2"},
        {{.after_ns = -1}, "cannot use options: invalid position"},
        {{.after_ns = 1, .flags = PEBBLE_EVENTS_FROM_NOW}, "cannot use options: invalid position"},
        {{.wait_ms = -1}, "cannot use options: invalid duration"},
        {{.wait_ms = 3600001}, "cannot use options: invalid duration"},
        {{.response_ms = -1}, "cannot use options: invalid duration"},
        {{.retry_min_ms = -1}, "cannot use options: invalid duration"},
        {{.retry_max_ms = 3600001}, "cannot use options: invalid duration"},
        {{.retry_min_ms = 2, .retry_max_ms = 1}, "cannot use options: retry_min_ms is above retry_max_ms"},
        {{.limit_bytes = SIZE_MAX}, "cannot use options: limit_bytes is too large"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct pebble_events_options options = cases[i].options;
        struct pebble_events *events = NULL;
        options.size = i > 0 ? sizeof options : 0;
        assert_false(pebble_events_create(with.client, &options, &events, &with.error));
        with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, cases[i].message);
        assert_null(events);
    }
    with_daemon_end(&with);
}

static void pauses_have_defaults(void **state UNUSED) {
    static const struct {
        int64_t given_min_ms, given_max_ms, min_ms, max_ms;
    } cases[] = {{0, 0, 100, 5000}, {0, 7, 7, 7}, {0, 700, 100, 700}, {700, 0, 700, 5000}, {9000, 0, 9000, 9000}};
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct pebble_events_options options = {
            .size = sizeof options, .retry_min_ms = cases[i].given_min_ms, .retry_max_ms = cases[i].given_max_ms};
        struct pebble_events *events = NULL;
        assert_true(pebble_events_create(with.client, &options, &events, NULL));
        assert_int_equal(events->retry_min_ns, cases[i].min_ms * NS_PER_MS);
        assert_int_equal(events->retry_max_ns, cases[i].max_ms * NS_PER_MS);
        pebble_events_destroy(events);
    }
    with_daemon_end(&with);
}

static void position_is_that_of_the_options(void **state UNUSED) {
    struct pebble_events_options options = {.size = sizeof options, .after_ns = 7, .boot_id = "b"};
    struct pebble_events *events = NULL;
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    assert_true(pebble_events_create(with.client, &options, &events, NULL));
    assert_int_equal(pebble_events_position_ns(events), 7);
    assert_string_equal(pebble_events_boot_id(events), "b");
    pebble_events_destroy(events);
    options = (struct pebble_events_options){.size = sizeof options, .boot_id = "", .flags = PEBBLE_EVENTS_FROM_NOW};
    int64_t begin_ns = clock_wall_ns();
    assert_true(pebble_events_create(with.client, &options, &events, NULL));
    assert_true(pebble_events_position_ns(events) >= begin_ns);
    assert_true(pebble_events_position_ns(events) <= clock_wall_ns());
    assert_null(pebble_events_boot_id(events));
    pebble_events_destroy(events);
    pebble_events_destroy(NULL);
    with_daemon_end(&with);
}

static void waits_end(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_error error = {0};
    const struct pebble_event *event = NULL;
    struct pebble_events *events = create(peer.client);
    assert_false(pebble_events_wait(events, -2, &event, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_true(pebble_events_wait(events, 0, &event, &error)); // without an event
    assert_null(event);
    int fd = peer_accept(&peer);
    assert_true(pebble_events_wait(events, 1, &event, &error));
    assert_null(event);
    peer_respond(fd, BOOT);
    assert_true(pebble_events_wait(events, -1, &event, &error));
    assert_ptr_equal(event, pebble_events_event(events));
    assert_int_equal(pebble_event_kind(event), PEBBLE_EVENT_READY);
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    pebble_client_set_interrupt_fd(peer.client, pipe_fds[0]);
    assert_false(pebble_events_wait(events, -1, &event, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_CANCELLED);
    assert_null(pebble_events_error(events));
    pebble_client_set_interrupt_fd(peer.client, -1); // it goes on
    assert_true(pebble_events_wait(events, 1, &event, &error));
    assert_null(event);
    peer_respond(fd, NOTICES);
    pebble_client_set_interrupt_fd(peer.client, pipe_fds[0]); // also if there is an event already
    assert_false(pebble_events_wait(events, -1, &event, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_CANCELLED);
    pebble_client_set_interrupt_fd(peer.client, -1);
    assert_true(pebble_events_wait(events, -1, &event, &error));
    assert_int_equal(pebble_event_kind(event), PEBBLE_EVENT_CUSTOM_NOTICE);
    pebble_error_clear(&error);
    pebble_events_destroy(events);
    peer_assert_closed(fd);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    peer_end(&peer);
}

static void cancel_and_assert(struct pebble_events *events) {
    const struct pebble_event *event;
    pebble_events_cancel(events);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_FAILED);
    assert_int_equal(pebble_events_error(events)->kind, PEBBLE_ERROR_CANCELLED);
    assert_null(pebble_events_event(events));
    assert_int_equal(pebble_events_poll_events(events), 0);
    assert_int_equal(pebble_events_timeout_ms(events), -1);
    assert_false(pebble_events_wait(events, -1, &event, NULL));
    pebble_events_cancel(events);
    pebble_events_destroy(events);
}

static void it_is_cancelled_in_each_state(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_events *events = create(peer.client);
    assert_null(pebble_events_error(events));
    cancel_and_assert(events); // before the first step
    events = create(peer.client);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    int fd = peer_accept(&peer);
    cancel_and_assert(events); // asking
    peer_assert_closed(fd);
    events = create(peer.client);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    fd = peer_accept(&peer);
    peer_respond(fd, BOOT);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    peer_respond(fd, NOTICES);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    assert_int_equal(pebble_events_timeout_ms(events), 0);
    cancel_and_assert(events); // with an event
    peer_assert_closed(fd);
    peer_leave(&peer);
    events = create(peer.client);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    cancel_and_assert(events); // pausing
    peer_end(&peer);
}

static void it_outlives_its_client(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_events *events = create(peer.client);
    pebble_client_destroy(peer.client);
    peer.client = NULL;
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    int fd = peer_accept(&peer);
    peer_respond(fd, BOOT);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    pebble_events_destroy(events);
    peer_assert_closed(fd);
    peer_end(&peer);
}

static void several_run_at_once_beside_calls(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_events *first = create(peer.client), *second = create(peer.client);
    struct pebble_call *call = NULL;
    assert_int_equal(pebble_events_step(first), PEBBLE_EVENTS_RUNNING);
    int first_fd = peer_accept(&peer);
    assert_int_equal(pebble_events_step(second), PEBBLE_EVENTS_RUNNING);
    int second_fd = peer_accept(&peer);
    peer_respond(first_fd, BOOT);
    assert_int_equal(pebble_events_step(first), PEBBLE_EVENTS_EVENT);
    assert_true(pebble_call_get_system_info(peer.client, &call, NULL)); // it does not get the idle connection
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int call_fd = peer_accept(&peer);
    peer_respond(second_fd, BOOT);
    assert_int_equal(pebble_events_step(second), PEBBLE_EVENTS_EVENT);
    peer_respond(call_fd, BOOT);
    assert_int_equal(peer_run(call), PEBBLE_CALL_DONE);
    assert_int_equal(pebble_events_step(first), PEBBLE_EVENTS_RUNNING);
    assert_false(peer_is_called(&peer));
    pebble_call_destroy(call);
    pebble_events_destroy(first);
    pebble_events_destroy(second);
    peer_assert_closed(first_fd);
    peer_assert_closed(second_fd);
    close(call_fd);
    peer_end(&peer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(pauses_have_defaults),
        cmocka_unit_test(position_is_that_of_the_options),
        cmocka_unit_test(waits_end),
        cmocka_unit_test(it_is_cancelled_in_each_state),
        cmocka_unit_test(it_outlives_its_client),
        cmocka_unit_test(several_run_at_once_beside_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
