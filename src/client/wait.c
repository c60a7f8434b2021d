// SPDX-License-Identifier: LGPL-3.0-or-later
// Waiting for a change: with a progress function by asking for it again and again, so that there is something to show;
// without one by long requests that the daemon answers when the change is ready.
#include "client/changes_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#define GONE_PATIENCE_NS (10 * NS_PER_S)
#define GONE_PAUSE_MS 250
#define AGAIN_PAUSE_MS 10 // between long requests, lest a daemon that answers them at once keeps us spinning
#define POLL_MS_DEFAULT 100
#define GATEWAY_TIMEOUT 504

struct wait {
    struct pebble_client *client;
    const char *id;
    const struct pebble_wait_options *options;
    const char *target;
    int64_t deadline_ns;
    int64_t gone_since_ns;     // when the daemon began to be out of reach; 0 while it is not
    struct pebble_change last; // as last seen; no id before
};

static bool fail_timeout(const struct wait *wait, struct pebble_error *error) {
    return client_fail(error, PEBBLE_ERROR_TIMEOUT, "timed out waiting for change %s", wait->id);
}

static bool is_late(const struct wait *wait) {
    return wait->deadline_ns != CLIENT_NO_DEADLINE && clock_monotonic_ns() >= wait->deadline_ns;
}

static bool pause_wait(struct wait *wait, int64_t pause_ms, struct pebble_error *error) {
    if (wait->deadline_ns != CLIENT_NO_DEADLINE) {
        int64_t left_ms = (wait->deadline_ns - clock_monotonic_ns()) / NS_PER_MS + 1;
        pause_ms = left_ms < 0 ? 0 : left_ms < pause_ms ? left_ms : pause_ms;
    }
    AUTO_ERROR struct error cause = {0};
    if (!client_connection_pause(&wait->client->connection, pause_ms, &cause))
        return client_fail_because(error, "", &cause);
    return true;
}

// Nothing is known yet, or not again: shows what is, and sleeps.
static bool pass_time(struct wait *wait, struct pebble_error *error) {
    const struct pebble_wait_options *options = wait->options;
    bool is_gone = wait->gone_since_ns != 0;
    if (options->progress == NULL)
        return pause_wait(wait, is_gone ? GONE_PAUSE_MS : AGAIN_PAUSE_MS, error);
    if (wait->last.id != NULL && !options->progress(&wait->last, options->data))
        return client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
    return pause_wait(wait, options->poll_ms > 0 ? options->poll_ms : POLL_MS_DEFAULT, error);
}

// Whether it is worth asking again after this failure.
static bool is_passing(struct wait *wait, const struct pebble_error *failure) {
    bool is_long = wait->options->progress == NULL;
    if (is_long && failure->kind == PEBBLE_ERROR_API && failure->status == GATEWAY_TIMEOUT) {
        wait->gone_since_ns = 0;
        return true;
    }
    // A daemon that is about to end refuses long requests: that is the same as being gone.
    bool is_ending = is_long && failure->kind == PEBBLE_ERROR_API && failure->status >= 500;
    if (failure->kind != PEBBLE_ERROR_CONNECTION && !is_ending)
        return false;
    int64_t now_ns = clock_monotonic_ns();
    if (wait->gone_since_ns == 0)
        wait->gone_since_ns = now_ns;
    return now_ns - wait->gone_since_ns < GONE_PATIENCE_NS;
}

static bool check_restart(const struct wait *wait, struct pebble_error *error) {
    const struct pebble_client *client = wait->client;
    if (!text_equal(client->maintenance_kind, "system-restart"))
        return true;
    client_fail(error, PEBBLE_ERROR_API, "%s", client->maintenance);
    if (error != NULL)
        error->api_kind = memory_string(client->maintenance_kind);
    return false;
}

// Asks until the change is ready, then it is `last`.
static bool wait_ready(struct wait *wait, struct pebble_error *error) {
    const struct client_request request = {
        .method = "GET", .target = wait->target, .deadline_ns = wait->deadline_ns, .is_single = true};
    for (;;) {
        struct pebble_change change = {0};
        AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
        if (client_call_change(wait->client, &request, &change, &failure)) {
            wait->gone_since_ns = 0;
            pebble_change_clear(&wait->last);
            wait->last = change;
            if (change.is_ready)
                return true;
            if (!check_restart(wait, error))
                return false;
        } else if (failure.kind == PEBBLE_ERROR_TIMEOUT) {
            return fail_timeout(wait, error);
        } else if (!is_passing(wait, &failure)) {
            return client_fail_move(error, &failure);
        }
        if (!pass_time(wait, error))
            return false;
        if (is_late(wait))
            return fail_timeout(wait, error);
    }
}

// "Done" is how a change ends well.
static bool report_final_status(const struct pebble_change *change, struct pebble_error *error) {
    if (text_equal(change->status, "Done"))
        return true;
    if (change->err != NULL)
        return client_fail(error, PEBBLE_ERROR_CHANGE, "%s", change->err);
    AUTO_FREE char *quoted = text_quoted(change->status);
    return client_fail(error, PEBBLE_ERROR_CHANGE, "change finished in status %s with no error message", quoted);
}

bool pebble_wait_change(struct pebble_client *client, const char *id, const struct pebble_wait_options *options,
                        struct pebble_change *change, struct pebble_error *error) {
    if (!client_check_change_id(id, error))
        return false;
    const struct pebble_wait_options none = {0};
    struct wait wait = {.client = client, .id = id, .options = options != NULL ? options : &none};
    bool is_long = wait.options->progress == NULL;
    AUTO_FREE char *target = memory_printf("/v1/changes/%s%s", id, is_long ? "/wait?timeout=4s" : "");
    wait.target = target;
    if (wait.options->timeout_ms > 0)
        wait.deadline_ns = clock_monotonic_ns() + wait.options->timeout_ms * NS_PER_MS;
    bool is_fine = wait_ready(&wait, error) && report_final_status(&wait.last, error);
    if (wait.last.is_ready && change != NULL)
        *change = wait.last;
    else
        pebble_change_clear(&wait.last);
    return is_fine;
}
