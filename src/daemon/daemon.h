// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon: all managers wired together, from start-up to shut-down. Wiring and nothing else: a newcomer
// who reads this folder has seen the system.
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
    const char *http_address; // NULL: no TCP listener
    const char *copy_source;  // PEBBLE_COPY_ONCE, or NULL
    // --args: of each, the service's name and its arguments. NULL: none.
    const struct text_list *arguments;
    size_t argument_count;
    bool creates_directory;
    bool holds;             // starts no default services
    bool is_verbose;        // copies the services' output to standard output
    bool is_silent;         // logs nothing (enter)
    bool persists;          // keeps the state file
    bool quarantines_state; // a state file that cannot be read is kept under another name; else the start fails
    // enter: a process that waits for a byte on this descriptor before it acts, or -1; when it has ended, the
    // daemon ends too, unless it ended well and `keeps_running`.
    int ready_fd;
    pid_t subcommand;
    bool keeps_running;
};

enum daemon_exit {
    DAEMON_EXIT_OK = 0,
    DAEMON_EXIT_FAILED = 1,
    DAEMON_EXIT_SERVICE_FAILURE = 10,
    DAEMON_EXIT_CHECK_FAILURE = 11,
    DAEMON_EXIT_STANDBY = 42, // to be started again by systemd's socket activation
};

// Runs until it is told to stop. False with the reason when it cannot run. `subcommand_code` gets the exit
// status of the subcommand, if there was one.
bool daemon_run(const struct daemon_options *options, enum daemon_exit *exit_code, int *subcommand_code,
                struct error *err);
