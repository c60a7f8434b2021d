// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: how a connection's bytes become messages.
#pragma once

#include "http/connection_internal.h"

// Whether more bytes can be taken now.
bool connection_takes_input(const struct connection *connection);
// Takes bytes as far as the requests in them can be handled now, and keeps the rest. Calls functions of handlers; the
// connection may be closed meanwhile.
void connection_take_input(struct connection *connection, const char *bytes, size_t length);
void connection_keep_input(struct connection *connection, const char *bytes, size_t length);
