// SPDX-License-Identifier: GPL-3.0-or-later
// Being the daemon: what run and enter have in common.
#pragma once

#include "cli/cli.h"
#include "daemon/daemon.h"

// The options of run, which are those of enter too.
#define RUN_OPTIONS                                                                                                    \
    {.name = "create-dirs", .help = "Make the daemon's directory if it is missing"},                                   \
        {.name = "hold", .help = "Do not start the services that are enabled"},                                        \
        {.name = "http",                                                                                               \
         .kind = CLI_TEXT,                                                                                             \
         .value = "address",                                                                                           \
         .help =                                                                                                       \
             "Serve the API over HTTP too, at this address: \":4000\", \"192.0.2.0:4000\" or \"[2001:db8::1]:4000\""}, \
        {.name = "https",                                                                                              \
         .kind = CLI_TEXT,                                                                                             \
         .value = "address",                                                                                           \
         .help = "Serve the API over HTTPS too, at this address"},                                                     \
        {.name = "verbose",                                                                                            \
         .short_name = 'v',                                                                                            \
         .help = "Copy what the services write to standard output (PEBBLE_VERBOSE=1 does the same)"},                  \
        {.name = "args",                                                                                               \
         .kind = CLI_WORDS,                                                                                            \
         .value = "service> <argument",                                                                                \
         .help = "Arguments for a service's command, in the place of those that the plan has in brackets; \";\" "      \
                 "ends them if more options follow"},                                                                  \
        {.name = "quarantine-state",                                                                                   \
         .help = "If the state file cannot be read, keep it under another name and start with an empty state"},        \
    {                                                                                                                  \
        .name = "identities", .kind = CLI_TEXT, .value = "file",                                                       \
        .help = "Set the identities that the file has, as "                                                            \
                "update-identities --replace does"                                                                     \
    }

// Fills the options from the command line and the environment; false when something is asked for that is not there.
bool run_read_options(const struct cli_call *call, struct daemon_options *options, struct error *err) NODISCARD;

// Is the daemon until that ends, and says so if it could not. Returns the exit status; `subcommand_code` as for
// daemon_run().
int run_be_daemon(const struct daemon_options *options, int *subcommand_code);
