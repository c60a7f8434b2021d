// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: parsing of the input of a connection.
#pragma once

#include "http/connection_internal.h"

// Whether more input can be consumed now.
bool connection_takes_input(const struct connection *connection);
// Consumes input as far as its requests can be handled now, and keeps the rest. Calls handlers; the connection may be
// closed during the call.
void connection_take_input(struct connection *connection, const char *bytes, size_t length);
void connection_keep_input(struct connection *connection, const char *bytes, size_t length);
