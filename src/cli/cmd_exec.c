// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/commands.h"

const struct cli_command cmd_exec = {
    .name = "exec",
    .summary = "Run a program where the daemon is",
    .description =
        "Runs the program on the daemon's side, connected to this terminal or to standard input, output and error, and "
        "ends with its exit status. What follows the program's name is for the program; \"--\" may stand before it.",
    .examples = "  pebble exec --timeout 10s -- ls -l /etc\n  pebble exec --context web -it sh",
    .options =
        (const struct cli_option[]){
            {.short_name = 'w', .kind = CLI_TEXT, .value = "directory", .help = "The directory to run it in"},
            {.name = "env",
             .kind = CLI_LIST,
             .value = "name=value",
             .help = "Set a variable of its environment; may be given several times"},
            {.name = "uid", .kind = CLI_INTEGER, .value = "number", .help = "The user to run it as"},
            {.name = "user", .kind = CLI_TEXT, .value = "name", .help = "The same by name"},
            {.name = "gid", .kind = CLI_INTEGER, .value = "number", .help = "The group to run it as"},
            {.name = "group", .kind = CLI_TEXT, .value = "name", .help = "The same by name"},
            {.name = "timeout",
             .kind = CLI_DURATION,
             .value = "duration",
             .help = "How long it may run before it is killed"},
            {.name = "context",
             .kind = CLI_TEXT,
             .value = "service",
             .help = "Take environment, user, group and directory from the service, where no option says otherwise"},
            {.short_name = 't', .help = "Give it a terminal of its own, as is usual when standard output is one"},
            {.short_name = 'T', .help = "Give it no terminal"},
            {.short_name = 'i',
             .help = "Connect its input to that terminal, as is usual when standard input is one too"},
            {.short_name = 'I', .help = "Give it standard input through a pipe"},
            {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<command>", .help = "The program and its arguments", .is_required = true, .is_list = true}, {0}},
    .enter_rules = ENTER_ALLOWED | ENTER_SILENT | ENTER_NO_VERBOSE,
    .stops_at_argument = true,
};
