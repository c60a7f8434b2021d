// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "fake_program.h"
#include "testing/handle_internal.h"

static struct pebble_test_daemon *create(const char *const *kind, int64_t timeout_ms) {
    const struct pebble_test_options options = fake_program_options(kind);
    struct pebble_test_daemon *daemon = NULL;
    assert_true(pebble_test_create(&options, &daemon, NULL));
    daemon->options.given.timeout_ms = timeout_ms; // for what follows; the start may take longer
    return daemon;
}

static bool is_there(struct pebble_test_daemon *daemon) {
    struct pebble_system_info *info = NULL;
    bool is_good = pebble_get_system_info(pebble_test_client(daemon), &info, NULL);
    pebble_system_info_destroy(info);
    return is_good;
}

static void stop_and_start(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=serve";
    struct pebble_test_daemon *daemon = create(&kind, FAKE_TIMEOUT_MS);
    struct pebble_error error = {0};
    assert_false(pebble_test_start(daemon, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, "cannot start daemon: it is running");
    assert_true(pebble_test_stop(daemon, &error));
    assert_false(is_there(daemon));
    assert_true(pebble_test_stop(daemon, &error));
    assert_true(pebble_test_start(daemon, &error));
    assert_true(is_there(daemon));
    assert_true(pebble_test_restart(daemon, &error));
    assert_true(is_there(daemon));
    assert_true(pebble_test_kill(daemon, &error));
    assert_false(is_there(daemon));
    assert_true(pebble_test_kill(daemon, &error));
    assert_true(pebble_test_start(daemon, &error));
    assert_true(is_there(daemon));
    pebble_error_clear(&error);
    pebble_test_destroy(daemon);
}

static void a_daemon_that_does_not_stop_is_killed(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=stubborn";
    struct pebble_test_daemon *daemon = create(&kind, 300);
    struct pebble_error error = {0};
    assert_false(pebble_test_stop(daemon, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_TIMEOUT);
    assert_string_equal(error.message, "cannot stop daemon: it was killed, as it did not end within 300 ms");
    pebble_error_clear(&error);
    assert_true(pebble_test_stop(daemon, NULL)); // it has ended
    pebble_test_destroy(daemon);
}

static void the_parent_of_the_daemon_is_killed(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=orphan";
    static const struct pebble_notify_options notice = {.size = sizeof notice, .key = "example.com/x"};
    struct pebble_error error = {0};
    struct pebble_test_daemon *daemon = create(&kind, FAKE_TIMEOUT_MS);
    assert_false(pebble_notify(pebble_test_client(daemon), &notice, NULL, NULL)); // it kills its parent
    assert_true(pebble_test_kill(daemon, NULL));
    assert_true(pebble_test_stop(daemon, NULL));
    assert_false(pebble_test_start(daemon, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_CONNECTION);
    assert_string_equal(error.message, "cannot start daemon: its parent process has ended");
    pebble_error_clear(&error);
    pebble_test_destroy(daemon);
}

static void commands_cannot_be_sent(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=serve";
    struct pebble_error error = {0};
    struct pebble_test_daemon *daemon = create(&kind, FAKE_TIMEOUT_MS);
    // The guardian is not to notice: it ends with its socket.
    int *control_fd = &daemon->guardian.control_fd, saved = *control_fd, ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
    *control_fd = ends[0];
    assert_false(pebble_test_kill(daemon, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_CONNECTION);
    close(ends[0]);
    close(ends[1]);
    *control_fd = saved;
    pebble_error_clear(&error);
    pebble_test_destroy(daemon);
}

static void unreachable(void **state UNUSED) {
    static const char *const kind = "FAKE_PROGRAM=serve";
    struct pebble_test_daemon *daemon = create(&kind, FAKE_TIMEOUT_MS);
    assert_true(pebble_test_set_reachable(daemon, true, NULL));
    assert_true(is_there(daemon));
    assert_true(pebble_test_set_reachable(daemon, false, NULL));
    assert_false(is_there(daemon));
    assert_true(pebble_test_restart(daemon, NULL));
    assert_false(is_there(daemon)); // still
    assert_true(pebble_test_stop(daemon, NULL));
    assert_true(pebble_test_set_reachable(daemon, true, NULL));
    assert_false(is_there(daemon));
    assert_true(pebble_test_start(daemon, NULL));
    assert_true(is_there(daemon));
    pebble_test_destroy(daemon);
}

int main(void) {
    fake_program_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_and_start),
        cmocka_unit_test(a_daemon_that_does_not_stop_is_killed),
        cmocka_unit_test(the_parent_of_the_daemon_is_killed),
        cmocka_unit_test(commands_cannot_be_sent),
        cmocka_unit_test(unreachable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
