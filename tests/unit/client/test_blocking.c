// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/blocking_internal.h"
#include "client/client_internal.h"
#include "peer.h"
#include "with_daemon.h"

static bool get_services(struct with_daemon *with) {
    struct pebble_services *services = NULL;
    if (!pebble_get_services(with->client, NULL, 0, &services, &with->error)) {
        assert_null(services);
        return false;
    }
    pebble_services_destroy(services);
    return true;
}

static void on_signal_arrived(int number UNUSED) {
}

static void signals_change_nothing(void **state UNUSED) {
    const struct sigaction action = {.sa_handler = on_signal_arrived};
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    const struct fake_response script[] = {{.result = "[]", .raises = true},
                                           {.result = "[]", .raises = true, .piece = 1}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    assert_true(get_services(&with));
    assert_true(get_services(&with));
    with_daemon_end(&with);
}

static int self_pipe[2];

static void on_interrupt_asked(int number UNUSED) {
    (void)!write(self_pipe[1], "x", 1);
}

// The daemon sends the signal when it has the request; its handler writes to the pipe.
static void interrupt_descriptor_ends_a_call(void **state UNUSED) {
    const struct sigaction action = {.sa_handler = on_interrupt_asked, .sa_flags = SA_RESTART};
    const struct fake_response script[] = {{.raises = true, .holds = true}, {.result = "[]"}};
    struct with_daemon with;
    char byte;
    assert_int_equal(pipe(self_pipe), 0);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    with_daemon_begin(&with, script, 2);
    pebble_client_set_interrupt_fd(with.client, self_pipe[0]);
    assert_false(get_services(&with));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CANCELLED, "interrupted");
    assert_int_equal(read(self_pipe[0], &byte, 1), 1);
    assert_true(get_services(&with));
    pebble_client_set_interrupt_fd(with.client, -1);
    with_daemon_end(&with);
    close(self_pipe[0]);
    close(self_pipe[1]);
}

static void interrupt_counts_while_there_is_no_daemon(void **state UNUSED) {
    struct with_daemon with;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    with_daemon_begin(&with, NULL, 0);
    with.client->get_retry_ns = INT64_MAX / 4;
    pebble_client_set_interrupt_fd(with.client, ends[0]);
    close(ends[1]); // the end counts, too
    assert_false(get_services(&with));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CANCELLED, "interrupted");
    with_daemon_end(&with);
    close(ends[0]);
}

static void closed_interrupt_descriptor_is_told(void **state UNUSED) {
    const struct fake_response script[] = {{.holds = true}};
    struct with_daemon with;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    close(ends[1]);
    with_daemon_begin(&with, script, 1);
    pebble_client_set_interrupt_fd(with.client, 1000000);
    assert_false(get_services(&with));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT,
                             "cannot wait for server: the interrupt descriptor is closed");
    with_daemon_end(&with);
}

static bool count_items(struct pebble_call *call UNUSED, void *data) {
    return --*(int *)data > 0;
}

static void items_may_end_it(void **state UNUSED) {
    const char line[] = "{\"time\":\"1970-01-01T00:00:01Z\"}\n{\"time\":\"1970-01-01T00:00:01Z\"}\n";
    AUTO_FREE char *bytes = memory_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(line), line);
    const struct fake_response script[] = {{.bytes = bytes}, {.bytes = bytes}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct pebble_call *call = NULL;
    int left = 2;
    assert_true(pebble_call_get_logs(with.client, NULL, &call, NULL));
    assert_false(client_run(call, count_items, &left, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_CANCELLED, "interrupted");
    pebble_call_destroy(call);
    assert_true(pebble_call_get_logs(with.client, NULL, &call, NULL));
    assert_true(client_run(call, NULL, NULL, &with.error));
    pebble_call_destroy(call);
    with_daemon_end(&with);
}

static void waits_have_a_limit(void **state UNUSED) {
    struct pebble_call *call = NULL;
    struct peer peer;
    peer_begin(&peer);
    assert_true(pebble_call_get_system_info(peer.client, &call, NULL));
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_RUNNING);
    int fd = peer_accept(&peer);
    int64_t end_ns = clock_deadline_ns(2 * NS_PER_MS);
    assert_true(client_wait_until(peer.client, call, end_ns, NULL));
    assert_true(clock_monotonic_ns() >= end_ns);
    assert_true(client_wait_until(peer.client, call, end_ns, NULL)); // at once
    peer_respond(fd, "{}");
    assert_true(client_wait_until(peer.client, call, CLIENT_NO_DEADLINE, NULL));
    assert_int_equal(pebble_call_step(call), PEBBLE_CALL_DONE);
    assert_true(client_wait_until(peer.client, call, clock_deadline_ns(0), NULL));
    pebble_call_destroy(call);
    close(fd);
    peer_end(&peer);
}

static void failures_are_the_calls(void **state UNUSED) {
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    assert_false(get_services(&with));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_CONNECTION);
    assert_false(pebble_get_services(with.client, NULL, 0, NULL, NULL));
    with_daemon_end(&with);
}

static void *use_client(void *data) {
    struct with_daemon *with = data;
    for (int i = 0; i < 50; i++)
        assert_true(get_services(with));
    return NULL;
}

static void clients_of_different_threads_do_not_meet(void **state UNUSED) {
    struct fake_response script[50];
    struct with_daemon with[4];
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_COUNT(script); i++)
        script[i] = (struct fake_response){.result = "[{\"name\":\"a\"}]", .closes = i % 3 == 0};
    for (size_t i = 0; i < ARRAY_COUNT(with); i++) {
        with_daemon_begin(&with[i], script, ARRAY_COUNT(script));
        assert_int_equal(pthread_create(&threads[i], NULL, use_client, &with[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_COUNT(with); i++) {
        pthread_join(threads[i], NULL);
        with_daemon_end(&with[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_change_nothing),
        cmocka_unit_test(interrupt_descriptor_ends_a_call),
        cmocka_unit_test(interrupt_counts_while_there_is_no_daemon),
        cmocka_unit_test(closed_interrupt_descriptor_is_told),
        cmocka_unit_test(items_may_end_it),
        cmocka_unit_test(waits_have_a_limit),
        cmocka_unit_test(failures_are_the_calls),
        cmocka_unit_test(clients_of_different_threads_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
