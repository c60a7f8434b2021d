// SPDX-License-Identifier: GPL-3.0-or-later
// Private to forward/: finds the address of a UDP target, in a worker thread if it has to ask for it.
#pragma once

#include "base/error.h"
#include "loop/loop.h"

#include <stdint.h>
#include <sys/socket.h>

struct udp_lookup;

// Exactly one of `address` and `err` is set.
typedef void (*udp_lookup_done_fn)(const struct sockaddr_storage *address, const struct error *err, void *data);

// The host is a name or a numeric address. Each look-up has a thread of its own, so that a name whose servers do not
// respond delays no other target. on_done is called once, from the loop; the look-up has ended then.
struct udp_lookup *udp_lookup_start(struct loop *loop, const char *host, uint16_t port, udp_lookup_done_fn on_done,
                                    void *data) __attribute__((returns_nonnull));
// on_done is not called. Does not wait for the thread. NULL is fine.
void udp_lookup_cancel(struct udp_lookup *lookup);
