// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/control_internal.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"

#define PAUSE_MS 5

void testing_control_begin(struct pebble_test_daemon *daemon) {
    int64_t timeout_ms = daemon->options.given.timeout_ms;
    daemon->deadline_ns = clock_deadline_ns(timeout_ms > INT64_MAX / NS_PER_MS ? INT64_MAX : timeout_ms * NS_PER_MS);
}

static int64_t time_left_ms(const struct pebble_test_daemon *daemon) {
    int64_t left_ns = daemon->deadline_ns - clock_monotonic_ns();
    return left_ns < NS_PER_MS ? 1 : left_ns / NS_PER_MS;
}

bool testing_control_client(const struct pebble_test_daemon *daemon, struct pebble_client **client,
                            struct pebble_error *error) {
    const struct pebble_client_options options = {
        .size = sizeof options, .socket_path = daemon->place.daemon_socket, .timeout_ms = time_left_ms(daemon)};
    return pebble_client_create(&options, client, error);
}

bool testing_control_pause(const struct pebble_test_daemon *daemon) {
    if (clock_monotonic_ns() >= daemon->deadline_ns)
        return false;
    (void)poll(NULL, 0, PAUSE_MS);
    return true;
}

bool pebble_test_notify(struct pebble_test_daemon *daemon, const char *key, const char *const *names,
                        const char *const *values, size_t count, struct pebble_error *error) {
    const struct pebble_notify_options options = {
        .size = sizeof options, .key = key, .names = names, .values = values, .data_count = count};
    struct pebble_client *client;
    testing_control_begin(daemon);
    if (!testing_control_client(daemon, &client, error))
        return false;
    bool is_good = pebble_notify(client, &options, NULL, error);
    pebble_client_destroy(client);
    return is_good;
}

// --- services ---

// *status: what the service is, or NULL if there is none. Owned.
static bool read_status(struct pebble_client *client, const char *name, char **status, struct pebble_error *error) {
    struct pebble_services *services;
    if (!pebble_get_services(client, &name, 1, &services, error))
        return false;
    const struct pebble_service *service = pebble_services_at(services, 0);
    free(*status);
    *status = service != NULL ? memory_string(pebble_service_current(service)) : NULL;
    pebble_services_destroy(services);
    return true;
}

static bool await_status(const struct pebble_test_daemon *daemon, struct pebble_client *client, const char *name,
                         const char *wanted, struct pebble_error *error) {
    AUTO_FREE char *status = NULL;
    do {
        if (!read_status(client, name, &status, error))
            return false;
        if (text_equal(status, wanted))
            return true;
    } while (testing_control_pause(daemon));
    return client_fail(error, PEBBLE_ERROR_TIMEOUT,
                       "cannot wait for service %s: it is %s, not %s, after %" PRId64 " ms", name,
                       status != NULL ? status : "not in the plan", wanted, daemon->options.given.timeout_ms);
}

static bool is_status(const char *text) {
    static const char *const statuses[] = {"active", "inactive", "backoff", "error"};
    for (size_t i = 0; i < ARRAY_COUNT(statuses); i++) {
        if (text_equal(text, statuses[i]))
            return true;
    }
    return false;
}

bool pebble_test_wait_service(struct pebble_test_daemon *daemon, const char *name, const char *status,
                              struct pebble_error *error) {
    struct pebble_client *client;
    if (!is_status(status)) {
        AUTO_FREE char *quoted = client_quoted(status != NULL ? status : "");
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot wait for service %s: no service is ever %s", name,
                           quoted);
    }
    testing_control_begin(daemon);
    if (!testing_control_client(daemon, &client, error))
        return false;
    bool is_good = await_status(daemon, client, name, status, error);
    pebble_client_destroy(client);
    return is_good;
}
