// SPDX-License-Identifier: LGPL-3.0-or-later
// Options of TCP connections.
#pragma once

// Sends small pieces at once, and notices within about a minute that the peer is gone without having closed.
void tcp_tune(int fd);
