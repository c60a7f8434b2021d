// SPDX-License-Identifier: GPL-3.0-or-later
// A daemon in a process of its own, so that it shares neither descriptors nor limits with the test. It knows a good
// response to each request (hostile_response.h), and spoils one of them (hostile_fault.h).
#pragma once

#include "hostile_fault.h"

#include <stdint.h>

struct hostile_daemon;

enum hostile_door { HOSTILE_OPEN, HOSTILE_MISSING, HOSTILE_REFUSED, HOSTILE_SHUT }; // SHUT: closes the first connection

struct hostile_order {
    enum hostile_door door;
    unsigned route; // whose first response is spoiled; the count for none
    unsigned fault;
    unsigned number;
    unsigned call_flags;
    char removed[128]; // a directory that is removed before the response is sent; "": none
};

// What has happened since the last order.
struct hostile_report {
    uint64_t routes; // a bit for each that was asked for
    bool is_spoiled;
    unsigned count; // ways to spoil the response
    unsigned ends;  // how the call may end
    char what[160];
};

struct hostile_daemon *hostile_daemon_start(const char *path);
void hostile_daemon_stop(struct hostile_daemon *daemon);
// Closes all connections. The next requests are for this order.
void hostile_daemon_order(struct hostile_daemon *daemon, const struct hostile_order *order);
void hostile_daemon_report(struct hostile_daemon *daemon, struct hostile_report *report);
