// SPDX-License-Identifier: GPL-3.0-or-later
// sd_notify(3): sends the daemon's status to systemd, as a datagram to $NOTIFY_SOCKET ("@name": an abstract address).
#pragma once

#include <stdbool.h>

// Does nothing without NOTIFY_SOCKET or a listener.
void notify_send(const char *message);
// Whether there is a notification socket in the file system, and so systemd can start the daemon again.
bool notify_is_available(void);
