// SPDX-License-Identifier: GPL-3.0-or-later
// sd_notify(3): tells systemd how the daemon is, by a datagram to $NOTIFY_SOCKET ("@name" is an abstract one).
#pragma once

#include <stdbool.h>

// Without NOTIFY_SOCKET, or when nobody listens there: nothing happens.
void notify_send(const char *message);
// Whether there is a notification socket in the file system: systemd can start the daemon again.
bool notify_is_available(void);
