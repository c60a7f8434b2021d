// SPDX-License-Identifier: LGPL-3.0-or-later
// Start, end and restart of the daemon.
#include "testing/lifecycle_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/errors.h"
#include "testing/check_control_internal.h"
#include "testing/control_internal.h"

#define LOG_END_BYTES ((size_t)2048)
#define LOOK_NS (5 * NS_PER_MS)
#define KILL_NS (30 * NS_PER_S) // after the timeout of a stop

// --- messages of the keeper ---

static void take_message(struct pebble_test_daemon *daemon, const struct testing_message *message) {
    if (message->kind == TESTING_MESSAGE_LAUNCHED)
        daemon->is_running = true;
    else if (message->kind == TESTING_MESSAGE_ENDED)
        daemon->is_running = false;
}

// Without the keeper there is no daemon: it has ended with its parent.
static bool receive(struct pebble_test_daemon *daemon, int64_t deadline_ns, struct testing_message *message,
                    struct pebble_error *error) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (testing_guardian_receive(&daemon->guardian, deadline_ns, message, &failure)) {
        take_message(daemon, message);
        return true;
    }
    if (failure.kind == PEBBLE_ERROR_CONNECTION)
        daemon->is_running = false;
    return client_fail_move(error, &failure);
}

// Begins the call of a public function. Reads what has come.
static void begin(struct pebble_test_daemon *daemon) {
    struct testing_message message;
    testing_control_begin(daemon);
    while (receive(daemon, 0, &message, NULL))
        continue;
}

static bool await_end(struct pebble_test_daemon *daemon, int64_t deadline_ns, struct pebble_error *error) {
    struct testing_message message;
    while (daemon->is_running) {
        if (!receive(daemon, deadline_ns, &message, error))
            return false;
    }
    return true;
}

// --- starting ---

static bool fail_with_log(const struct pebble_test_daemon *daemon, enum pebble_error_kind kind, const char *reason,
                          struct pebble_error *error) {
    AUTO_FREE char *log = testing_place_read_log(&daemon->place, LOG_END_BYTES);
    return client_fail(error, kind, "cannot start daemon: %s; the end of its log:\n%s", reason, log);
}

static bool launch(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    struct testing_message message;
    if (!testing_guardian_send(&daemon->guardian, TESTING_COMMAND_LAUNCH))
        return client_fail(error, PEBBLE_ERROR_CONNECTION, "cannot start daemon: its parent process has ended");
    do {
        if (!receive(daemon, daemon->deadline_ns, &message, error))
            return false;
        if (message.kind == TESTING_MESSAGE_NOT_LAUNCHED)
            return client_fail(error, PEBBLE_ERROR_FILE, "cannot start daemon: %s: %s", daemon->options.program,
                               error_errno_text(message.value));
    } while (message.kind != TESTING_MESSAGE_LAUNCHED);
    return true;
}

static bool does_respond(const struct pebble_test_daemon *daemon) {
    struct pebble_client *client;
    struct pebble_system_info *info = NULL;
    if (!testing_control_client(daemon, &client, NULL))
        return false;
    bool responds = pebble_get_system_info(client, &info, NULL);
    pebble_system_info_destroy(info);
    pebble_client_destroy(client);
    return responds;
}

static bool await_response(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    while (!does_respond(daemon)) {
        AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
        struct testing_message message;
        if (clock_monotonic_ns() >= daemon->deadline_ns)
            return fail_with_log(daemon, PEBBLE_ERROR_TIMEOUT, "it does not respond in time", error);
        if (!receive(daemon, clock_deadline_ns(LOOK_NS), &message, &failure) && failure.kind != PEBBLE_ERROR_TIMEOUT)
            return client_fail_move(error, &failure);
        if (!daemon->is_running)
            return fail_with_log(daemon, PEBBLE_ERROR_CONNECTION, "it has ended", error);
    }
    return true;
}

bool testing_daemon_launch(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    if (!launch(daemon, error) || !await_response(daemon, error) || !testing_checks_restore(daemon, error))
        return false;
    return !daemon->is_reachable || testing_relay_open(daemon->relay, error);
}

static bool start(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    if (daemon->is_running)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot start daemon: it is running");
    testing_relay_close(daemon->relay); // if it has ended by itself
    return testing_daemon_launch(daemon, error);
}

bool pebble_test_start(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    begin(daemon);
    return start(daemon, error);
}

// --- ending ---

// Without a daemon there is nothing to send. If it cannot be sent, an end would be waited for in vain.
static bool send_command(struct pebble_test_daemon *daemon, enum testing_command command, struct pebble_error *error) {
    if (!daemon->is_running || testing_guardian_send(&daemon->guardian, command))
        return true;
    int errnum = errno;
    return client_fail(error, PEBBLE_ERROR_CONNECTION, "cannot control daemon: %s", error_errno_text(errnum));
}

static bool kill_daemon(struct pebble_test_daemon *daemon, int64_t deadline_ns, struct pebble_error *error) {
    return send_command(daemon, TESTING_COMMAND_KILL, error) && await_end(daemon, deadline_ns, error);
}

bool pebble_test_kill(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    begin(daemon);
    bool is_killed = kill_daemon(daemon, daemon->deadline_ns, error);
    testing_relay_close(daemon->relay);
    return is_killed;
}

static bool stop(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    bool is_stopped =
        send_command(daemon, TESTING_COMMAND_TERMINATE, &failure) && await_end(daemon, daemon->deadline_ns, &failure);
    if (!is_stopped && failure.kind == PEBBLE_ERROR_TIMEOUT && kill_daemon(daemon, clock_deadline_ns(KILL_NS), NULL))
        (void)client_fail(&failure, PEBBLE_ERROR_TIMEOUT,
                          "cannot stop daemon: it was killed, as it did not end within %" PRId64 " ms",
                          daemon->options.given.timeout_ms);
    testing_relay_close(daemon->relay);
    return is_stopped || client_fail_move(error, &failure);
}

bool pebble_test_stop(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    begin(daemon);
    return stop(daemon, error);
}

bool pebble_test_restart(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    begin(daemon);
    return stop(daemon, error) && start(daemon, error);
}

bool pebble_test_set_reachable(struct pebble_test_daemon *daemon, bool is_reachable, struct pebble_error *error) {
    begin(daemon);
    daemon->is_reachable = is_reachable;
    if (!is_reachable)
        testing_relay_close(daemon->relay);
    else if (daemon->is_running)
        return testing_relay_open(daemon->relay, error);
    return true;
}
