// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon's side of WebSockets and of a command, for tests that are both ends (peer.h).
#pragma once

#include "peer.h"
#include "wire/websocket.h"

#include <stdbool.h>
#include <stddef.h>

// Reads the handshake on `fd`, which has to ask for this path, and accepts it. `more` (may be NULL): bytes of frames
// that are sent with the response.
void peer_accept_websocket(int fd, const char *path, const char *more, size_t more_length);
void peer_send_frame(int fd, enum websocket_opcode opcode, const char *bytes, size_t length);
void peer_send_text(int fd, const char *text);
// What the frames that have come hold: "B:hello|T:{}|C:1000|P:ping|". Frames of the same binary message are joined.
// Ends with "EOF" if the client has closed. Owned.
char *peer_read_frames(int fd);

// A command, of the task 7 and the change 3.
struct peer_exec {
    int control;
    int stdio;
    int stderr_stream; // -1: part of stdio
};
// Takes the request of the call, whose streams are connected to then. *request (may be NULL) is the text of the
// request. Owned.
struct peer_exec peer_request_exec(const struct peer *peer, struct pebble_call *call, char **request);
// The same, and accepts all its streams.
void peer_begin_exec(const struct peer *peer, struct pebble_call *call, bool is_split, struct peer_exec *exec,
                     char **request);
// Takes the request for the change, which comes over a new connection, and responds with the change. `data` is that of
// its task, JSON or NULL; `err` the text of its error, or NULL.
void peer_end_exec(const struct peer *peer, struct pebble_call *call, const char *data, const char *err);
void peer_close_exec(struct peer_exec *exec); // closes the streams
