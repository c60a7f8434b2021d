// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/blocking_internal.h"

#include <errno.h>
#include <limits.h>

#include "base/clock.h"
#include "client/call_internal.h"
#include "client/errors.h"

// `timeout_ms` as for poll().
static bool wait_for(struct pebble_client *client, const struct pebble_call *call, int64_t timeout_ms,
                     struct pollfd *also, struct pebble_error *error) {
    struct pollfd watched[] = {{.fd = client->interrupt_fd, .events = POLLIN}, {.fd = -1}, {.fd = -1}};
    if (call != NULL)
        watched[1] = (struct pollfd){.fd = pebble_call_fd(call), .events = pebble_call_poll_events(call)};
    if (also != NULL)
        watched[2] = *also;
    int count = poll(watched, ARRAY_COUNT(watched), timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms);
    if (count < 0 && errno != EINTR && errno != EAGAIN)
        return client_fail(error, PEBBLE_ERROR_CONNECTION, "cannot wait for server: %s", error_errno_text(errno));
    if (also != NULL)
        also->revents = count > 0 ? watched[2].revents : 0;
    if (count <= 0 || watched[0].revents == 0)
        return true;
    if ((watched[0].revents & POLLNVAL) != 0)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot wait for server: the interrupt descriptor is closed");
    return client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
}

bool client_check_interrupt(struct pebble_client *client, struct pebble_error *error) {
    return wait_for(client, NULL, 0, NULL, error);
}

bool client_wait(struct pebble_client *client, const struct pebble_call *call, struct pollfd *also,
                 struct pebble_error *error) {
    return wait_for(client, call, call != NULL ? pebble_call_timeout_ms(call) : -1, also, error);
}

bool client_wait_until(struct pebble_client *client, const struct pebble_call *call, int64_t time_ns,
                       struct pebble_error *error) {
    int64_t timeout_ms = pebble_call_timeout_ms(call);
    if (time_ns != CLIENT_NO_DEADLINE) {
        int64_t left_ns = time_ns - clock_monotonic_ns();
        int64_t left_ms = left_ns > 0 ? (left_ns - 1) / NS_PER_MS + 1 : 0;
        if (timeout_ms < 0 || left_ms < timeout_ms)
            timeout_ms = left_ms;
    }
    return wait_for(client, call, timeout_ms, NULL, error);
}

bool client_run(struct pebble_call *call, client_item_fn on_item, void *data, struct pebble_error *error) {
    for (;;) {
        switch (pebble_call_step(call)) {
        case PEBBLE_CALL_RUNNING:
            if (!client_wait(call->client, call, NULL, error))
                return false;
            break;
        case PEBBLE_CALL_ITEM:
            if (on_item != NULL && !on_item(call, data))
                return client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
            break;
        case PEBBLE_CALL_DONE:
            return true;
        case PEBBLE_CALL_FAILED:
            return client_fail_move(error, &call->error);
        }
    }
}
