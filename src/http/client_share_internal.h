// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: the share of a client in the time of the loop, for the stream of an upgraded connection. It is that
// of the connection's owner. Valid also when the server has ended.
#pragma once

#include "http/http_exchange.h"

#include <stdbool.h>

struct client_share;

struct client_share *client_share_create(struct http_exchange *exchange); // NULL if the client has disconnected
void client_share_destroy(struct client_share *share);                    // no call waits afterwards; NULL is allowed

// Whether there is time left in this turn, see share_has_time(). If so, what follows is counted.
bool client_share_begin(struct client_share *share);
void client_share_note_use(struct client_share *share); // counts the time since the last call, and since the beginning
// Calls `run` when it is the turn of the client, see share_defer(); the time from then on is counted. No effect if a
// call waits.
void client_share_defer(struct client_share *share, void (*run)(void *data), void *data);
