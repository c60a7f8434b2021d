// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: what a call waits for. A call has one epoll descriptor for its callers; each descriptor that it
// stands for is registered there by its owner, who removes it before it is closed or given away.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_NO_DEADLINE INT64_C(0)

// How far an operation has come with one step.
enum client_progress {
    CLIENT_WAITING, // for its descriptors, or for time
    CLIENT_DONE,
    CLIENT_FAILED,
};

// What a step left to be waited for.
struct client_wants {
    int poll_fd;     // epoll descriptor, where descriptors are registered
    int64_t wake_ns; // clock_monotonic_ns(), or CLIENT_NO_DEADLINE; lowered by whoever has a sooner time
};
void client_wants_time(struct client_wants *wants, int64_t time_ns); // CLIENT_NO_DEADLINE changes nothing

// One descriptor's registration. All zero: not registered.
struct client_watch {
    int poll_fd;
    int fd;
    short events;
};
// Registers it for POLLIN and POLLOUT, whichever are asked for, or changes that. `fd` is not another one than before.
bool client_watch_set(struct client_watch *watch, int poll_fd, int fd, short events, struct error *err) NODISCARD;
void client_watch_clear(struct client_watch *watch); // fine if it is not registered
