// SPDX-License-Identifier: LGPL-3.0-or-later
// Waiting for a change: by requests that the daemon responds to when the change is over, or by looking at it again and
// again. Declared in pebble.h.
//
//     ASKING ──▶ over: done, or failed
//      ▲  └────▶ not over, or the daemon is away ──▶ PAUSING ──┐
//      └────────────────────────────────────────────────────────┘
#include "client/changes_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fetch_internal.h"
#include "client/options_internal.h"
#include "client/query_internal.h"

#define GONE_MAX_NS (10 * NS_PER_S)
#define GONE_PAUSE_NS (250 * NS_PER_MS)
#define AGAIN_PAUSE_NS (10 * NS_PER_MS) // for a daemon that responds at once to what it is asked to wait for
#define DURATION_MAX_MS (INT64_MAX / 4 / NS_PER_MS)
#define GATEWAY_TIMEOUT 504

enum wait_state { WAIT_PAUSING, WAIT_ASKING };

struct wait_call {
    struct pebble_call call;
    enum wait_state state;
    struct client_fetch fetch; // WAIT_ASKING
    int64_t resume_ns;         // WAIT_PAUSING: when it is asked again
    char *id;
    char *target;
    int64_t poll_ns;            // 0: requests that the daemon keeps
    int64_t deadline_ns;        // CLIENT_NO_DEADLINE for none
    int64_t gone_since_ns;      // when the daemon began to be out of reach; 0 while it is not
    struct pebble_change *last; // as last seen; NULL before
};

static struct wait_call *wait_of(struct pebble_call *call) {
    return CONTAINER_OF(call, struct wait_call, call);
}

// --- the end ---

static enum pebble_call_state fail_timeout(const struct wait_call *wait, struct pebble_error *error) {
    client_fail(error, PEBBLE_ERROR_TIMEOUT, "timed out waiting for change %s", wait->id);
    return PEBBLE_CALL_FAILED;
}

// "Done" is how a change ends well. The change goes into the result, or into the error.
static enum pebble_call_state end_wait(struct wait_call *wait, struct pebble_error *error) {
    struct pebble_change *change = TAKE(wait->last);
    if (text_equal(change->status, "Done")) {
        client_call_set_result(&wait->call, &client_change_result, change);
        return PEBBLE_CALL_DONE;
    }
    AUTO_FREE char *quoted = client_quoted(change->status);
    if (change->err != NULL)
        client_fail(error, PEBBLE_ERROR_CHANGE, "%s", change->err);
    else
        client_fail(error, PEBBLE_ERROR_CHANGE, "change finished in status %s with no error message", quoted);
    error->change = change;
    return PEBBLE_CALL_FAILED;
}

// --- asking ---

// With what is known an item, if items are wanted.
static enum pebble_call_state pause_wait(struct wait_call *wait) {
    int64_t pause_ns = wait->poll_ns > 0 ? wait->poll_ns : wait->gone_since_ns != 0 ? GONE_PAUSE_NS : AGAIN_PAUSE_NS;
    client_fetch_finish(&wait->fetch);
    wait->state = WAIT_PAUSING;
    wait->resume_ns = clock_deadline_ns(pause_ns);
    return wait->poll_ns > 0 && wait->last != NULL ? PEBBLE_CALL_ITEM : PEBBLE_CALL_RUNNING;
}

static enum pebble_call_state take_change(struct wait_call *wait, struct client_response *response,
                                          struct pebble_error *error) {
    if (!client_response_check(response, CLIENT_RESPONSE_SYNC, "GET", wait->target, error))
        return PEBBLE_CALL_FAILED;
    struct pebble_change *change = client_change_read(response->result, error);
    if (change == NULL)
        return PEBBLE_CALL_FAILED;
    pebble_change_destroy(wait->last);
    wait->last = change;
    wait->gone_since_ns = 0;
    if (change->is_ready)
        return end_wait(wait, error);
    if (!text_equal(response->restart, "system-restart"))
        return pause_wait(wait);
    const char *message = pebble_client_maintenance(wait->call.client);
    client_fail(error, PEBBLE_ERROR_API, "%s", text_is_empty(message) ? "system restart has begun" : message);
    error->api_kind = TAKE(response->restart);
    return PEBBLE_CALL_FAILED;
}

// Whether it is worth asking again after this failure.
static bool is_passing(struct wait_call *wait, const struct pebble_error *failure) {
    bool is_kept = wait->poll_ns == 0;
    if (is_kept && failure->kind == PEBBLE_ERROR_API && failure->status == GATEWAY_TIMEOUT) {
        wait->gone_since_ns = 0;
        return true;
    }
    // A daemon that is about to end refuses the requests that it kept: that is the same as being gone.
    bool is_ending = is_kept && failure->kind == PEBBLE_ERROR_API && failure->status >= 500;
    if (failure->kind != PEBBLE_ERROR_CONNECTION && !is_ending)
        return false;
    int64_t now_ns = clock_monotonic_ns();
    if (wait->gone_since_ns == 0)
        wait->gone_since_ns = now_ns;
    return now_ns - wait->gone_since_ns < GONE_MAX_NS;
}

static enum pebble_call_state take_failure(struct wait_call *wait, struct pebble_error *failure,
                                           struct pebble_error *error) {
    if (failure->kind == PEBBLE_ERROR_TIMEOUT)
        return fail_timeout(wait, error);
    if (is_passing(wait, failure))
        return pause_wait(wait);
    client_fail_move(error, failure);
    return PEBBLE_CALL_FAILED;
}

static enum pebble_call_state ask(struct wait_call *wait, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    switch (client_fetch_step(&wait->fetch, &response, &failure)) {
    case CLIENT_WAITING:
        return PEBBLE_CALL_RUNNING;
    case CLIENT_FAILED:
        return take_failure(wait, &failure, error);
    case CLIENT_DONE:
        break;
    }
    return take_change(wait, &response, error);
}

// --- the call ---

static bool begin_asking(struct wait_call *wait, struct pebble_error *error) {
    const struct client_request request = {.method = "GET", .target = wait->target};
    const struct client_transfer_limits limits = {.deadline_ns = wait->deadline_ns, .is_single = true};
    wait->state = WAIT_ASKING;
    return client_fetch_init(&wait->fetch, wait->call.client, &request, &limits, error);
}

static enum pebble_call_state wait_step(struct pebble_call *call, struct pebble_error *error) {
    struct wait_call *wait = wait_of(call);
    if (wait->state == WAIT_ASKING)
        return ask(wait, error);
    int64_t now_ns = clock_monotonic_ns();
    if (wait->deadline_ns != CLIENT_NO_DEADLINE && now_ns >= wait->deadline_ns)
        return fail_timeout(wait, error);
    if (now_ns < wait->resume_ns)
        return PEBBLE_CALL_RUNNING;
    return begin_asking(wait, error) ? ask(wait, error) : PEBBLE_CALL_FAILED;
}

static bool wait_watch(struct pebble_call *call, struct client_wants *wants, struct error *err) {
    struct wait_call *wait = wait_of(call);
    if (wait->state == WAIT_ASKING)
        return client_transfer_watch(&wait->fetch.transfer, wants, err);
    client_wants_time(wants, wait->deadline_ns);
    client_wants_time(wants, wait->resume_ns);
    return true;
}

static void wait_finish(struct pebble_call *call) {
    struct wait_call *wait = wait_of(call);
    client_fetch_finish(&wait->fetch);
    pebble_change_destroy(TAKE(wait->last));
    free(wait->id);
    free(wait->target);
}

static const struct client_call_type wait_call_type = {
    .size = sizeof(struct wait_call), .step = wait_step, .watch = wait_watch, .finish = wait_finish};

const struct pebble_change *pebble_call_change(const struct pebble_call *call) {
    if (call->type != &wait_call_type || call->state != PEBBLE_CALL_ITEM)
        return NULL;
    return ((const struct wait_call *)(const void *)call)->last;
}

static bool read_options(const struct pebble_wait_options *options, struct pebble_wait_options *own,
                         struct pebble_error *error) {
    if (!client_options_read(own, sizeof *own, options, error))
        return false;
    if (own->timeout_ms < 0 || own->timeout_ms > DURATION_MAX_MS || own->poll_ms < 0 || own->poll_ms > DURATION_MAX_MS)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: invalid duration");
    return true;
}

bool pebble_call_wait_change(struct pebble_client *client, const char *id, const struct pebble_wait_options *options,
                             struct pebble_call **call, struct pebble_error *error) {
    struct pebble_wait_options own;
    if (!client_check_id("change", id, error) || !read_options(options, &own, error))
        return false;
    struct pebble_call *created = client_call_create(&wait_call_type, client, error);
    if (created == NULL)
        return false;
    struct wait_call *wait = wait_of(created);
    wait->id = memory_string(id);
    wait->target = memory_printf("/v1/changes/%s%s", id, own.poll_ms > 0 ? "" : "/wait?timeout=4s");
    wait->poll_ns = own.poll_ms * NS_PER_MS;
    if (own.timeout_ms > 0)
        wait->deadline_ns = clock_deadline_ns(own.timeout_ms * NS_PER_MS);
    *call = created;
    return true;
}

static bool on_change_item(struct pebble_call *call, void *data) {
    const struct pebble_wait_options *options = data;
    return options->on_progress == NULL || options->on_progress(pebble_call_change(call), options->data);
}

bool pebble_wait_change(struct pebble_client *client, const char *id, const struct pebble_wait_options *options,
                        struct pebble_change **change, struct pebble_error *error) {
    struct pebble_wait_options own;
    AUTO_CALL struct pebble_call *call = NULL;
    if (!read_options(options, &own, error) || !pebble_call_wait_change(client, id, options, &call, error) ||
        !client_run(call, on_change_item, &own, error))
        return false;
    if (change != NULL)
        *change = pebble_call_take_change(call);
    return true;
}
