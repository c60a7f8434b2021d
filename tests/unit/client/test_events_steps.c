// SPDX-License-Identifier: GPL-3.0-or-later
// events_run.c, step by step: with a daemon that is the test itself.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/events_internal.h"
#include "events_json.h"
#include "peer.h"

#define RETRY_MIN_MS 600000 // no pause of a lost connection ends by itself

static struct pebble_events *begin(struct peer *peer) {
    const struct pebble_events_options options = {
        .size = sizeof options, .retry_min_ms = RETRY_MIN_MS, .retry_max_ms = 4L * RETRY_MIN_MS, .boot_id = "a"};
    struct pebble_events *events = NULL;
    assert_true(pebble_events_create(peer->client, &options, &events, NULL));
    return events;
}

// Steps until it waits for its connection.
static int accept_from(const struct peer *peer, struct pebble_events *events) {
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    return peer_accept(peer);
}

static void take_request(int fd, const char *target) {
    AUTO_FREE char *request = peer_read(fd);
    AUTO_FREE char *begun = memory_printf("GET %s", target);
    assert_true(text_has_prefix(request, begun));
}

// Up to the request for notices.
static int let_ask(const struct peer *peer, struct pebble_events *events) {
    int fd = accept_from(peer, events);
    take_request(fd, "/v1/system-info ");
    peer_respond(fd, BOOT("a"));
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    take_request(fd, "/v1/notices?");
    return fd;
}

// A pause, and its end as if the time had passed.
static void pass_pause(struct pebble_events *events, int64_t pause_ms) {
    assert_int_equal(events->pause_ns, pause_ms * NS_PER_MS);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    assert_int_equal(events->state, CLIENT_EVENTS_PAUSING);
    assert_in_range(pebble_events_timeout_ms(events), RETRY_MIN_MS / 2, pause_ms);
    events->resume_ns = clock_monotonic_ns();
}

static void an_idle_subscription_does_not_wake_up(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_events *events = begin(&peer);
    assert_int_equal(pebble_events_timeout_ms(events), 0);
    int fd = let_ask(&peer, events);
    assert_true(pebble_events_timeout_ms(events) > 80000);
    assert_int_equal(pebble_events_poll_events(events), POLLIN);
    assert_false(peer_is_ready(&events->call));
    pebble_events_destroy(events);
    peer_assert_closed(fd);
    peer_end(&peer);
}

static void a_restart_between_requests_is_ready(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_events *events = begin(&peer);
    int fd = let_ask(&peer, events);
    peer_respond(fd, "[" CUSTOM("1", "1") "," UPDATE("2", "7", "start", "2") "]");
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    close(fd);
    fd = accept_from(&peer, events);
    take_request(fd, "/v1/system-info ");
    peer_respond(fd, BOOT("b"));
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    assert_int_equal(pebble_event_kind(pebble_events_event(events)), PEBBLE_EVENT_READY);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    take_request(fd, "/v1/changes/7 ");
    pebble_events_destroy(events);
    peer_assert_closed(fd);
    peer_end(&peer);
}

static void a_daemon_that_sends_too_much_is_asked_for_notices(void **state UNUSED) {
    const struct pebble_events_options options = {.size = sizeof options};
    struct pebble_events *events = NULL;
    struct peer peer;
    peer_begin(&peer);
    assert_true(pebble_events_create(peer.client, &options, &events, NULL));
    static const char *const boots[] = {BOOT("a"), BOOT("b"), BOOT("c")};
    for (size_t i = 0; i < ARRAY_COUNT(boots); i++) {
        int fd = accept_from(&peer, events);
        take_request(fd, "/v1/system-info ");
        peer_respond(fd, boots[i]);
        assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
        peer_send(fd, "x"); // what nobody has asked for
        close(fd);
    }
    int fd = accept_from(&peer, events);
    take_request(fd, "/v1/notices?");
    peer_respond(fd, "[" CUSTOM("1", "1") "]");
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    take_request(fd, "/v1/system-info "); // it is another connection
    pebble_events_destroy(events);
    peer_assert_closed(fd);
    peer_end(&peer);
}

static void a_response_that_does_not_come_is_a_lost_connection(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_events *events = begin(&peer);
    int fd = let_ask(&peer, events);
    int64_t *deadline_ns = &events->fetch.transfer.deadline_ns;
    assert_in_range(*deadline_ns - events->asked_ns, 0, events->wait_ns + events->response_ns);
    *deadline_ns = clock_monotonic_ns();
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    const struct pebble_event *event = pebble_events_event(events);
    assert_int_equal(pebble_event_kind(event), PEBBLE_EVENT_CONNECTION_LOST);
    assert_int_equal(pebble_event_error(event)->kind, PEBBLE_ERROR_TIMEOUT);
    peer_assert_closed(fd);
    pebble_events_destroy(events);
    peer_end(&peer);
}

static void a_daemon_that_does_not_wait_is_not_asked_at_once(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_events *events = begin(&peer);
    int fd = let_ask(&peer, events);
    peer_respond(fd, "[]");
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    assert_in_range(pebble_events_timeout_ms(events), 0, 1000);
    assert_int_equal(events->state, CLIENT_EVENTS_PAUSING);
    pebble_events_destroy(events);
    peer_assert_closed(fd);
    peer_end(&peer);
}

static void a_request_that_was_kept_is_repeated_at_once(void **state UNUSED) {
    struct peer peer;
    peer_begin(&peer);
    struct pebble_events *events = begin(&peer);
    int fd = let_ask(&peer, events);
    events->asked_ns -= events->wait_ns / 2;
    peer_respond(fd, "[]");
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    take_request(fd, "/v1/notices?");
    pebble_events_destroy(events);
    close(fd);
    peer_end(&peer);
}

static void pauses_grow_until_notices_come(void **state UNUSED) {
    static const int64_t factors[] = {1, 2, 4, 4};
    struct peer peer;
    peer_begin(&peer);
    struct pebble_events *events = begin(&peer);
    peer_leave(&peer);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    assert_int_equal(pebble_event_kind(pebble_events_event(events)), PEBBLE_EVENT_CONNECTION_LOST);
    for (size_t i = 0; i < ARRAY_COUNT(factors); i++) {
        pass_pause(events, factors[i] * RETRY_MIN_MS);
        assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING); // it fails again
    }
    peer_listen(&peer);
    pass_pause(events, 4L * RETRY_MIN_MS);
    int fd = accept_from(&peer, events);
    peer_respond(fd, BOOT("a"));
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    assert_int_equal(pebble_event_kind(pebble_events_event(events)), PEBBLE_EVENT_CONNECTION_BACK);
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_RUNNING);
    assert_int_equal(events->pause_ns, 4L * RETRY_MIN_MS * NS_PER_MS);
    peer_respond(fd, "[" CUSTOM("1", "1") "]");
    assert_int_equal(pebble_events_step(events), PEBBLE_EVENTS_EVENT);
    assert_int_equal(events->pause_ns, 0);
    pebble_events_destroy(events);
    close(fd);
    peer_end(&peer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_subscription_does_not_wake_up),
        cmocka_unit_test(a_restart_between_requests_is_ready),
        cmocka_unit_test(a_daemon_that_sends_too_much_is_asked_for_notices),
        cmocka_unit_test(a_response_that_does_not_come_is_a_lost_connection),
        cmocka_unit_test(a_daemon_that_does_not_wait_is_not_asked_at_once),
        cmocka_unit_test(a_request_that_was_kept_is_repeated_at_once),
        cmocka_unit_test(pauses_grow_until_notices_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
