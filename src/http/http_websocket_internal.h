// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: what a session gets from the opening handshake.
#pragma once

#include "http/client_share_internal.h"
#include "http/http_websocket.h"

// Takes ownership of the share, of which the handling of input is then a part. Before the session reads.
void websocket_use_share(struct websocket *websocket, struct client_share *share);
