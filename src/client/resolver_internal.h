// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: the addresses of a host. Looking a name up blocks, so that it is done in a thread of its own,
// in which all signals are blocked; numeric addresses are there at once. A resolution that is not waited for any longer
// goes on in its thread, which frees it.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <netdb.h>
#include <stdbool.h>

struct client_resolution;

// NULL with ERROR_CONNECTION, in the words of the reference: "dial tcp: lookup HOST: …".
struct client_resolution *client_resolution_start(const char *host, int port, struct error *err) NODISCARD;
bool client_resolution_is_done(const struct client_resolution *resolution);
int client_resolution_fd(const struct client_resolution *resolution); // readable when it is done
// Of one that is done: its addresses for stream sockets, at least one, owned by it; NULL with ERROR_CONNECTION.
const struct addrinfo *client_resolution_addresses(const struct client_resolution *resolution, struct error *err);
void client_resolution_release(struct client_resolution *resolution); // NULL is fine
