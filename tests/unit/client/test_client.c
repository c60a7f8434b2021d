// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/client_internal.h"
#include "client/errors.h"
#include "client/watch_internal.h"
#include "peer.h"

static void assert_refused(const struct pebble_client_options *options, const char *message) {
    struct pebble_client *client = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(pebble_client_create(options, &client, &error));
    assert_null(client);
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, message);
}

static void options_are_checked(void **state UNUSED) {
    struct pebble_client_options options = {.socket_path = "/x"};
    assert_refused(&options, "cannot use options: their size is not set");
    options.size = sizeof options;
    options.timeout_ms = -1;
    assert_refused(&options, "cannot use options: invalid duration");
    options.timeout_ms = 0;
    options.get_retry_ms = INT64_MAX;
    assert_refused(&options, "cannot use options: invalid duration");
    options.get_retry_ms = 0;
    options.base_url = "https://x";
    options.server_fingerprint = "y";
    assert_refused(&options,
                   "cannot use server_fingerprint: invalid fingerprint \"y\": must be 77 letters and digits (of the "
                   "identity key) or 64 hexadecimal digits (of a certificate)");
    assert_refused(NULL, "cannot use an empty socket path");
}

static void assert_default_socket(const char *expected) {
    struct pebble_client *client = NULL;
    assert_true(pebble_client_create_default(&client, NULL));
    assert_string_equal(client->endpoint.socket_path, expected);
    assert_int_equal(client->get_retry_ns, 5 * NS_PER_S);
    assert_int_equal(client_deadline_ns(client), CLIENT_NO_DEADLINE);
    pebble_client_destroy(client);
}

static void default_comes_from_the_environment(void **state UNUSED) {
    unsetenv("PEBBLE_BASEURL");
    unsetenv("PEBBLE_SOCKET");
    unsetenv("PEBBLE");
    assert_default_socket("/var/lib/pebble/default/.pebble.socket");
    setenv("PEBBLE", "", 1);
    setenv("PEBBLE_SOCKET", "", 1);
    setenv("PEBBLE_BASEURL", "", 1);
    assert_default_socket("/var/lib/pebble/default/.pebble.socket");
    setenv("PEBBLE", "some/where//", 1);
    assert_default_socket("some/where/.pebble.socket");
    setenv("PEBBLE_SOCKET", "/run/x", 1);
    assert_default_socket("/run/x");
    setenv("PEBBLE_BASEURL", "http://host:1", 1);
    struct pebble_client *client = NULL;
    assert_true(pebble_client_create_default(&client, NULL));
    assert_string_equal(client->endpoint.host, "host");
    pebble_client_destroy(client);
}

static void assert_default_refused(const char *message) {
    struct pebble_client *client = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(pebble_client_create_default(&client, &error));
    assert_string_equal(error.message, message);
}

static void variables_for_tls_are_named(void **state UNUSED) {
    struct pebble_client *client = NULL;
    setenv("PEBBLE_SERVER_FINGERPRINT", "x", 1);
    setenv("PEBBLE_CLIENT_CERT", "/nonexistent", 1);
    setenv("PEBBLE_BASEURL", "http://host:1", 1);
    assert_default_refused("cannot use PEBBLE_CLIENT_CERT without a base URL https://HOST:PORT");
    setenv("PEBBLE_BASEURL", "https://host:1", 1);
    assert_default_refused("cannot use PEBBLE_CLIENT_CERT without PEBBLE_CLIENT_KEY");
    setenv("PEBBLE_CLIENT_CERT", "", 1);
    assert_default_refused(
        "cannot use PEBBLE_SERVER_FINGERPRINT: invalid fingerprint \"x\": must be 77 letters and digits (of the "
        "identity key) or 64 hexadecimal digits (of a certificate)");
    setenv("PEBBLE_BASEURL", "", 1);
    assert_true(pebble_client_create_default(&client, NULL));
    pebble_client_destroy(client);
    unsetenv("PEBBLE_SERVER_FINGERPRINT");
}

static struct pebble_client *create(int64_t timeout_ms) {
    const struct pebble_client_options options = {
        .size = sizeof options, .socket_path = "/x", .timeout_ms = timeout_ms};
    struct pebble_client *client = NULL;
    assert_true(pebble_client_create(&options, &client, NULL));
    return client;
}

static void calls_have_the_clients_time(void **state UNUSED) {
    struct pebble_client *client = create(1000);
    int64_t before_ns = clock_monotonic_ns();
    int64_t deadline_ns = client_deadline_ns(client);
    assert_true(deadline_ns >= before_ns + NS_PER_S && deadline_ns <= clock_monotonic_ns() + NS_PER_S);
    pebble_client_destroy(client);
}

static void limits_can_be_changed(void **state UNUSED) {
    struct pebble_client *client = create(1000);
    struct pebble_error error = {0};
    assert_false(pebble_client_set_timeouts(client, -1, 0, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_false(pebble_client_set_timeouts(client, 0, INT64_MAX, NULL));
    assert_true(client->timeout_ns == NS_PER_S && client->idle_ns == 0);
    assert_true(pebble_client_set_timeouts(client, 0, 5, NULL));
    assert_int_equal(client_deadline_ns(client), CLIENT_NO_DEADLINE);
    assert_int_equal(client->idle_ns, 5 * NS_PER_MS);
    pebble_error_clear(&error);
    pebble_client_destroy(client);
}

static void the_longest_time_is_never_over(void **state UNUSED) {
    struct pebble_client *client = create(1);
    client->timeout_ns = INT64_MAX;
    assert_true(client_deadline_ns(client) == INT64_MAX);
    pebble_client_destroy(client);
}

static void it_lasts_as_long_as_someone_holds_it(void **state UNUSED) {
    struct pebble_client *client = create(0);
    assert_ptr_equal(client_hold(client), client);
    pebble_client_destroy(client);
    assert_string_equal(client->endpoint.socket_path, "/x");
    client_release(client);
    pebble_client_destroy(NULL);
}

static void one_idle_connection_is_kept(void **state UNUSED) {
    struct pebble_client *client = create(0);
    struct client_connection connection;
    int first = open("/dev/null", O_RDONLY | O_CLOEXEC), second = open("/dev/null", O_RDONLY | O_CLOEXEC);
    client_connection_init(&connection, &client->endpoint);
    assert_false(client_take_idle(client, &connection));
    assert_true(client_connection_open(&connection, first, NULL));
    client_keep_idle(client, &connection);
    assert_false(client_connection_is_open(&connection));
    assert_true(client_connection_open(&connection, second, NULL));
    client_keep_idle(client, &connection);
    assert_int_equal(fcntl(first, F_GETFD), -1);
    assert_true(client_take_idle(client, &connection));
    assert_int_equal(connection.socket.fd, second);
    client_keep_idle(client, &connection);
    assert_false(client_connection_is_open(&connection));
    pebble_client_destroy(client);
    assert_int_equal(fcntl(second, F_GETFD), -1);
}

static void notes_are_replaced(void **state UNUSED) {
    struct pebble_client *client = create(0);
    const char *text = "x";
    assert_int_equal(pebble_client_latest_warning_ns(client, &text), 0);
    assert_null(text);
    assert_null(pebble_client_maintenance(client));
    client_note_warning(client, 1, memory_string("first"));
    client_note_warning(client, 2, memory_string("second"));
    assert_int_equal(pebble_client_latest_warning_ns(client, &text), 2);
    assert_string_equal(text, "second");
    assert_int_equal(pebble_client_latest_warning_ns(client, NULL), 2);
    client_note_maintenance(client, memory_string("first"));
    client_note_maintenance(client, memory_string("second"));
    assert_string_equal(pebble_client_maintenance(client), "second");
    client_note_maintenance(client, NULL);
    assert_null(pebble_client_maintenance(client));
    pebble_client_destroy(client);
}

static void the_library_has_a_version(void **state UNUSED) {
    assert_string_equal(pebble_library_version(), PEBBLE_VERSION);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(default_comes_from_the_environment),
        cmocka_unit_test(variables_for_tls_are_named),
        cmocka_unit_test(calls_have_the_clients_time),
        cmocka_unit_test(limits_can_be_changed),
        cmocka_unit_test(the_longest_time_is_never_over),
        cmocka_unit_test(it_lasts_as_long_as_someone_holds_it),
        cmocka_unit_test(one_idle_connection_is_kept),
        cmocka_unit_test(notes_are_replaced),
        cmocka_unit_test(the_library_has_a_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
