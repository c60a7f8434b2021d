// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon: creates all managers and connects them, from start-up to shutdown.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/map.h"
#include "base/text.h"

#include <stdbool.h>
#include <sys/types.h>

struct daemon_options {
    const char *directory; // $PEBBLE
    const char *socket_path;
    const char *http_address;  // NULL: no TCP listener
    const char *https_address; // NULL: no listener with TLS
    const char *copy_source;   // PEBBLE_COPY_ONCE, or NULL
    const char *identities;    // a file of identities to replace or add at start, or NULL
    // --args: each is the name of a service and its arguments. NULL: none.
    const struct text_list *arguments;
    size_t argument_count;
    bool creates_directory;
    bool holds;             // starts no default services
    bool is_until_done;     // ends when nothing of the services is left to do
    bool is_verbose;        // copies the services' output to standard output
    bool is_silent;         // logs nothing (enter)
    bool persists;          // keeps the state file
    bool quarantines_state; // a state file that cannot be read is kept under another name; else the start fails
    // enter: a byte is written to ready_fd (-1: none) when the daemon is ready. When the subcommand has ended, the
    // daemon ends too, unless the exit code is 0 and keeps_running is set.
    int ready_fd;
    pid_t subcommand;
    bool keeps_running;
};

enum daemon_exit {
    DAEMON_EXIT_OK = 0,
    DAEMON_EXIT_FAILED = 1,
    DAEMON_EXIT_SERVICE_FAILURE = 10,
    DAEMON_EXIT_CHECK_FAILURE = 11,
    DAEMON_EXIT_STANDBY = 42,       // systemd starts the daemon again by socket activation
    DAEMON_EXIT_SERVICE_CODE = 256, // plus the exit code of a service: of the action exit, or of is_until_done
};

// Runs the daemon until it is stopped. False if it cannot start. `subcommand_code`: the exit code of the subcommand; -1
// without one.
bool daemon_run(const struct daemon_options *options, enum daemon_exit *exit_code, int *subcommand_code,
                struct error *err);
