// SPDX-License-Identifier: GPL-3.0-or-later
// The commands checks, check, start-checks and stop-checks.
#include "cli/commands.h"

static const struct cli_positional named_checks[] = {
    {.name = "<check>", .help = "Name of a check in the plan", .is_required = true, .is_list = true}, {0}};

const struct cli_command cmd_checks = {
    .name = "checks",
    .summary = "List checks and their status",
    .description = "Lists the named checks, or all checks in the plan, with their status and failure count.",
    .options = (const struct cli_option[]){OPTION_FORMAT,
                                           {.name = "level",
                                            .kind = CLI_CHOICE,
                                            .value = "level",
                                            .choices = (const char *const[]){"alive", "ready", NULL},
                                            .help = "List only checks with this level: alive or ready"},
                                           {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<check>", .help = "Name of a check to list", .is_list = true}, {0}},
};

const struct cli_command cmd_check = {
    .name = "check",
    .summary = "Show the details of a check",
    .description = "Shows the status of a check and, if it is failing, the logs of its latest runs.",
    .options = (const struct cli_option[]){OPTION_FORMAT,
                                           {.name = "refresh", .help = "Run the check now and show the new result"},
                                           {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<check>", .help = "Name of the check", .is_required = true}, {0}},
};

const struct cli_command cmd_start_checks = {
    .name = "start-checks",
    .summary = "Start checks",
    .description = "Starts the checks. Has no effect on checks that are already active.",
    .positionals = named_checks,
};

const struct cli_command cmd_stop_checks = {
    .name = "stop-checks",
    .summary = "Stop checks",
    .description = "Stops the checks. Has no effect on checks that are already inactive.",
    .positionals = named_checks,
};
