// SPDX-License-Identifier: GPL-3.0-or-later
// checks, check, start-checks and stop-checks.
#include "cli/commands.h"

static const struct cli_positional named_checks[] = {
    {.name = "<check>", .help = "A check of the plan", .is_required = true, .is_list = true}, {0}};

const struct cli_command cmd_checks = {
    .name = "checks",
    .summary = "List checks and how they stand",
    .description = "Lists the checks that are named, or all of the plan.",
    .options = (const struct cli_option[]){OPTION_FORMAT,
                                           {.name = "level",
                                            .kind = CLI_CHOICE,
                                            .value = "level",
                                            .choices = (const char *const[]){"alive", "ready", NULL},
                                            .help = "List only checks of this level, alive or ready"},
                                           {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<check>", .help = "A check to list", .is_list = true}, {0}},
};

const struct cli_command cmd_check = {
    .name = "check",
    .summary = "Show one check in detail",
    .description = "Shows how a check stands and, if it fails, what its last runs have logged.",
    .options =
        (const struct cli_option[]){OPTION_FORMAT, {.name = "refresh", .help = "Run it now, and wait for that"}, {0}},
    .positionals = (const struct cli_positional[]){{.name = "<check>", .help = "The check", .is_required = true}, {0}},
};

const struct cli_command cmd_start_checks = {
    .name = "start-checks",
    .summary = "Start checks",
    .description = "Starts the checks; those that are active go on as they are.",
    .positionals = named_checks,
};

const struct cli_command cmd_stop_checks = {
    .name = "stop-checks",
    .summary = "Stop checks",
    .description = "Stops the checks; those that are inactive stay so.",
    .positionals = named_checks,
};
