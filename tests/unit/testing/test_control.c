// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"
#include "fake_program.h"
#include "testing/control_internal.h"
#include "testing/handle_internal.h"
#include "testing/socket_internal.h"

static struct pebble_test_daemon *create(const char *const *kind, int64_t timeout_ms) {
    const struct pebble_test_options options = fake_program_options(kind);
    struct pebble_test_daemon *daemon = NULL;
    assert_true(pebble_test_create(&options, &daemon, NULL));
    daemon->options.given.timeout_ms = timeout_ms; // for what follows; the start may take longer
    return daemon;
}

static void notices_are_not_recorded(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=serve", *const name = "a", *const value = "b";
    struct pebble_test_daemon *daemon = create(&kind, FAKE_TIMEOUT_MS);
    assert_true(pebble_test_notify(daemon, "example.com/x", &name, &value, 1, NULL));
    assert_true(pebble_test_notify(daemon, "example.com/y", NULL, NULL, 0, NULL));
    assert_int_equal(pebble_test_request_count(daemon), 0);
    AUTO_FREE char *log = pebble_test_log(daemon);
    assert_non_null(strstr(log, "POST /v1/notices {"));
    assert_non_null(strstr(log, "\"example.com/x\""));
    assert_non_null(strstr(log, "{\"a\":\"b\"}"));
    assert_true(pebble_test_stop(daemon, NULL));
    assert_false(pebble_test_notify(daemon, "example.com/x", NULL, NULL, 0, NULL));
    pebble_test_destroy(daemon);
}

static void services_are_waited_for(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=serve";
    struct pebble_test_daemon *daemon = create(&kind, FAKE_TIMEOUT_MS);
    struct pebble_error error = {0};
    assert_true(pebble_test_wait_service(daemon, "web", "active", &error));
    assert_false(pebble_test_wait_service(daemon, "web", "running", &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, "cannot wait for service web: no service is ever \"running\"");
    pebble_error_clear(&error);
    daemon->options.given.timeout_ms = 2000; // in which it gets a response on a busy machine, too
    assert_false(pebble_test_wait_service(daemon, "web", "error", &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_TIMEOUT);
    assert_string_equal(error.message, "cannot wait for service web: it is active, not error, after 2000 ms");
    daemon->options.given.timeout_ms = FAKE_TIMEOUT_MS;
    assert_true(pebble_test_stop(daemon, NULL));
    assert_false(pebble_test_wait_service(daemon, "web", "active", &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_CONNECTION);
    pebble_error_clear(&error);
    pebble_test_destroy(daemon);
}

static void pauses_end_at_the_deadline(void **state UNUSED) {
    struct pebble_test_daemon daemon = {.options.given.timeout_ms = INT64_MAX, .deadline_ns = clock_monotonic_ns()};
    assert_false(testing_control_pause(&daemon));
    testing_control_begin(&daemon);
    assert_int_equal(daemon.deadline_ns, INT64_MAX);
    assert_true(testing_control_pause(&daemon));
}

// A request has what is left of the time of the whole call.
static void requests_end_at_the_deadline(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=serve";
    struct pebble_test_daemon *daemon = create(&kind, FAKE_TIMEOUT_MS);
    AUTO_CLOSE int listener = testing_socket_listen("requests");
    struct pebble_error error = {0};
    struct pebble_client *client;
    struct pebble_system_info *info;
    free(daemon->place.daemon_socket);
    daemon->place.daemon_socket = memory_string("requests"); // nobody responds
    assert_true(listener >= 0);
    daemon->deadline_ns = clock_monotonic_ns();
    assert_true(testing_control_client(daemon, &client, NULL));
    assert_false(pebble_get_system_info(client, &info, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_TIMEOUT);
    pebble_client_destroy(client);
    pebble_error_clear(&error);
    assert_int_equal(unlink("requests"), 0);
    pebble_test_destroy(daemon);
}

int main(void) {
    fake_program_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notices_are_not_recorded),
        cmocka_unit_test(services_are_waited_for),
        cmocka_unit_test(pauses_end_at_the_deadline),
        cmocka_unit_test(requests_end_at_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
