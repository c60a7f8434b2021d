// SPDX-License-Identifier: GPL-3.0-or-later
// A daemon that is the test itself, for calls: they never block, so that one thread can be both ends.
#pragma once

#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>

struct peer {
    char *path;
    int listener;
    struct pebble_client *client; // of it
};

void peer_begin(struct peer *peer); // listens, with a client whose GET requests are not tried again
void peer_end(struct peer *peer);   // the client is destroyed, if it is still there
void peer_listen(struct peer *peer);
void peer_leave(struct peer *peer); // nobody listens any more, and the socket is gone

int peer_accept(const struct peer *peer); // fails the test if nobody connects
bool peer_is_called(const struct peer *peer);
// What has come, as a string; fails the test if nothing has. "" when the client has closed. Owned.
char *peer_read(int fd);
void peer_send(int fd, const char *text); // all of it, at once
void peer_respond(int fd, const char *result);
void peer_assert_closed(int fd); // by the client; closes our end, too

// Steps the call until it is not RUNNING, waiting as an event loop does; what it waits for has to be on its way.
enum pebble_call_state peer_run(struct pebble_call *call);
// Whether its descriptor is ready.
bool peer_is_ready(const struct pebble_call *call);
