// SPDX-License-Identifier: LGPL-3.0-or-later
// Waiting for a service: one request that the daemon responds to when the service has come to that. Declared in
// pebble.h.
#include "client/query_internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "wire/url.h"

#define DURATION_MAX_MS (INT64_MAX / 4 / NS_PER_MS)

static const struct client_query_type wait_query = {.response = CLIENT_RESPONSE_SYNC};

static bool is_goal(const char *goal) {
    static const char *const goals[] = {"started", "ready", "completed", "exited", "stopped"};
    for (size_t i = 0; i < ARRAY_COUNT(goals); i++) {
        if (text_equal(goal, goals[i]))
            return true;
    }
    return false;
}

bool pebble_call_wait_service(struct pebble_client *client, const char *name, const char *goal, int64_t timeout_ms,
                              struct pebble_call **call, struct pebble_error *error) {
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    const char *wanted = goal != NULL ? goal : "ready";
    if (text_is_empty(name) || !is_goal(wanted) || timeout_ms < 0 || timeout_ms > DURATION_MAX_MS)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot wait for service: invalid %s",
                           text_is_empty(name) ? "name"
                           : !is_goal(wanted)
                               ? "condition, it must be one of started, ready, completed, exited, stopped"
                               : "duration");
    buffer_add_string(&target, "/v1/services/");
    url_add_path_escaped(&target, name, strlen(name));
    buffer_printf(&target, "/wait?for=%s", wanted);
    const struct client_request request = {.method = "GET", .target = buffer_text(&target)};
    const struct client_transfer_limits limits = {
        .deadline_ns = timeout_ms > 0 ? clock_deadline_ns(timeout_ms * NS_PER_MS) : CLIENT_NO_DEADLINE};
    return client_query_start_within(client, &request, &wait_query, &limits, call, error);
}

bool pebble_wait_service(struct pebble_client *client, const char *name, const char *goal, int64_t timeout_ms,
                         struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (!pebble_call_wait_service(client, name, goal, timeout_ms, &call, error))
        return false;
    if (client_run(call, NULL, NULL, &failure))
        return true;
    if (failure.kind != PEBBLE_ERROR_TIMEOUT)
        return client_fail_move(error, &failure);
    AUTO_FREE char *quoted = client_quoted(name);
    return client_fail(error, PEBBLE_ERROR_TIMEOUT, "timed out waiting for service %s to be %s", quoted,
                       goal != NULL ? goal : "ready");
}
