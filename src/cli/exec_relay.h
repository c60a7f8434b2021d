// SPDX-License-Identifier: GPL-3.0-or-later
// Connects a command that pebble_call_exec() runs with standard input, output and error, the terminal, and signals.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <pebble.h>
#include <stdint.h>

enum exec_relay_end {
    EXEC_RELAY_ENDED,       // the call has ended: done or failed
    EXEC_RELAY_HANGUP,      // SIGHUP, which was forwarded
    EXEC_RELAY_CLOSED_PIPE, // nobody reads the output any more
    EXEC_RELAY_FAILED,      // the error is set
};

// Returns when the call has ended, or cannot go on. `flags`: PEBBLE_EXEC_TERMINAL, and PEBBLE_EXEC_INTERACTIVE for raw
// mode, which is left at the end. While the streams are connected signals are forwarded. At other times they act as
// usual.
enum exec_relay_end exec_relay_run(struct pebble_call *call, uint64_t flags, struct error *err) NODISCARD;
