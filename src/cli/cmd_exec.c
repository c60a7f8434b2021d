// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/commands.h"

const struct cli_command cmd_exec = {
    .name = "exec",
    .summary = "Run a program in the daemon's environment",
    .description =
        "Runs a program as a child of the daemon, in the same container or on the same host. Connects it to this "
        "terminal, or to standard input, output and error, and exits with its exit status. Put \"--\" before the "
        "program; everything after the program's name is passed to it.",
    .examples = "  pebble exec --timeout 10s -- ls -l /etc\n  pebble exec --context web -it sh",
    .options =
        (const struct cli_option[]){
            {.short_name = 'w', .kind = CLI_TEXT, .value = "directory", .help = "Working directory of the program"},
            {.name = "env",
             .kind = CLI_LIST,
             .value = "name=value",
             .help = "Set an environment variable; may be repeated"},
            {.name = "uid", .kind = CLI_INTEGER, .value = "number", .help = "User ID to run the program as"},
            {.name = "user", .kind = CLI_TEXT, .value = "name", .help = "User name to run the program as"},
            {.name = "gid", .kind = CLI_INTEGER, .value = "number", .help = "Group ID to run the program as"},
            {.name = "group", .kind = CLI_TEXT, .value = "name", .help = "Group name to run the program as"},
            {.name = "timeout",
             .kind = CLI_DURATION,
             .value = "duration",
             .help = "Kill the program if it runs longer than this"},
            {.name = "context",
             .kind = CLI_TEXT,
             .value = "service",
             .help = "Use the environment, user, group and working directory of this service; other options take "
                     "precedence"},
            {.short_name = 't',
             .help = "Allocate a terminal for the program; the default if standard output is a terminal"},
            {.short_name = 'T', .help = "Do not allocate a terminal"},
            {.short_name = 'i',
             .help = "Interactive: connect standard input to the allocated terminal; the default if standard input and "
                     "output are "
                     "terminals"},
            {.short_name = 'I', .help = "Not interactive: pass standard input through a pipe"},
            {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<command>", .help = "Program and its arguments", .is_required = true, .is_list = true}, {0}},
    .enter_rules = ENTER_ALLOWED | ENTER_SILENT | ENTER_NO_VERBOSE,
    .stops_at_argument = true,
};
