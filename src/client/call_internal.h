// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: what all calls have in common. A kind of call is a structure that begins with its
// `struct pebble_call`, and a table of functions. It may have any number of sockets: each is registered with the call's
// one descriptor (watch_internal.h).
#pragma once

#include "base/compiler.h"
#include "client/client_internal.h"
#include "client/watch_internal.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_call_type {
    size_t size; // of the kind's structure
    // Goes on without waiting. CLIENT_CALL_FAILED comes with `error`, DONE after client_call_set_result() if any.
    enum pebble_call_state (*step)(struct pebble_call *call, struct pebble_error *error);
    // Registers what is waited for.
    bool (*watch)(struct pebble_call *call, struct client_wants *wants, struct error *err);
    // Once, when the call is over or destroyed: releases all that the structure holds. The result stays.
    void (*finish)(struct pebble_call *call);
};

// What kind of result it is: its address says that.
struct client_result_type {
    void (*destroy)(void *result);
};

struct pebble_call {
    const struct client_call_type *type;
    struct pebble_client *client; // held
    int poll_fd;                  // epoll descriptor: its callers' one
    enum pebble_call_state state;
    bool is_due;               // for a step, whatever there is to wait for
    int64_t wake_ns;           // for a step at that time; CLIENT_NO_DEADLINE
    struct pebble_error error; // of PEBBLE_CALL_FAILED
    const struct client_result_type *result_type;
    void *result; // until it is taken
};

// All zero behind the `struct pebble_call`. NULL with PEBBLE_ERROR_CONNECTION if there is no descriptor for it.
struct pebble_call *client_call_create(const struct client_call_type *type, struct pebble_client *client,
                                       struct pebble_error *error) NODISCARD;
void client_call_set_result(struct pebble_call *call, const struct client_result_type *type, void *result);
// The caller's; NULL if the call has no such result, or it was taken.
void *client_call_take_result(struct pebble_call *call, const struct client_result_type *type);

void client_call_destroy_at(struct pebble_call **call);
#define AUTO_CALL CLEANUP(client_call_destroy_at)
