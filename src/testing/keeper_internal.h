// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: the keeper, the process that is the parent of the daemon, and the first process of its PID
// namespace if it has one.
#pragma once

#include "testing/launch_internal.h"

// Executes the commands that come from `control_fd`, a SOCK_SEQPACKET socket, until its other end is closed. All
// signals are blocked. Does not return. `go_fd`: at its end the namespaces are ready; -1: there are none.
_Noreturn void testing_keeper_run(const struct testing_launch *launch, int control_fd, int go_fd);
