// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon in this process: shared by run and enter.
#pragma once

#include "cli/cli.h"
#include "daemon/daemon.h"

// The options of run, also accepted by enter.
#define RUN_OPTIONS                                                                                                    \
    {.name = "create-dirs", .help = "Create the daemon's directory if it does not exist"},                             \
        {.name = "hold", .help = "Do not start enabled services"},                                                     \
        {.name = "http",                                                                                               \
         .kind = CLI_TEXT,                                                                                             \
         .value = "address",                                                                                           \
         .help = "Also serve the API over HTTP on this address, such as \":4000\", \"192.0.2.0:4000\" or "             \
                 "\"[2001:db8::1]:4000\""},                                                                            \
        {.name = "https",                                                                                              \
         .kind = CLI_TEXT,                                                                                             \
         .value = "address",                                                                                           \
         .help = "Also serve the API over HTTPS on this address, to clients with certificates"},                       \
        {.name = "verbose",                                                                                            \
         .short_name = 'v',                                                                                            \
         .help = "Also write the output of services to standard output (same as PEBBLE_VERBOSE=1)"},                   \
        {.name = "args",                                                                                               \
         .kind = CLI_WORDS,                                                                                            \
         .value = "service> <argument",                                                                                \
         .help = "Arguments for a service, instead of those in [brackets] in its command. Must be terminated with "    \
                 "\";\" if other options follow"},                                                                     \
        {.name = "quarantine-state",                                                                                   \
         .help = "If the state file cannot be read, rename it and start with an empty state"},                         \
        {.name = "until-done",                                                                                         \
         .help =                                                                                                       \
             "Exit when no service runs, waits or is to be restarted, with the exit code of the first that failed"},   \
    {                                                                                                                  \
        .name = "identities", .kind = CLI_TEXT, .value = "file", .values = VALUES_LOCAL_FILES,                         \
        .help = "Load identities from this file, as update-identities --replace does"                                  \
    }

// Fills the options from the command line and the environment. Fails if they contradict each other.
bool run_read_options(const struct cli_call *call, struct daemon_options *options, struct error *err);

// Runs the daemon until it ends, and prints an error if it cannot run. Returns the exit status; see daemon_run() for
// `subcommand_code`.
int run_daemon(const struct daemon_options *options, int *subcommand_code);
