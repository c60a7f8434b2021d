// SPDX-License-Identifier: GPL-3.0-or-later
// ls, push, pull, mkdir and rm.
#include "cli/commands.h"

#define OWNER_OPTIONS                                                                                                  \
    {.short_name = 'm', .kind = CLI_TEXT, .value = "mode", .help = "Its mode, as three octal digits"},                 \
        {.name = "uid", .kind = CLI_INTEGER, .value = "number", .help = "The user it is to belong to"},                \
        {.name = "user", .kind = CLI_TEXT, .value = "name", .help = "The same by name"},                               \
        {.name = "gid", .kind = CLI_INTEGER, .value = "number", .help = "The group it is to belong to"}, {             \
        .name = "group", .kind = CLI_TEXT, .value = "name", .help = "The same by name"                                 \
    }

const struct cli_command cmd_ls = {
    .name = "ls",
    .summary = "List files",
    .description =
        "Lists a directory's content, or a file. The last part of the path may be a pattern of *, ? and [...].",
    .options =
        (const struct cli_option[]){OPTION_ABS_TIME,
                                    OPTION_FORMAT,
                                    {.short_name = 'd', .help = "List directories themselves, not their content"},
                                    {.short_name = 'l', .help = "Show mode, owner, size and time of each"},
                                    {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<path>", .help = "An absolute path", .is_required = true}, {0}},
    .enter_rules = ENTER_ALLOWED | ENTER_SILENT | ENTER_REFUSES_RUN,
};

const struct cli_command cmd_push = {
    .name = "push",
    .summary = "Send a file",
    .description = "Copies a file of this side to the daemon's. An older one in its place is replaced as a whole.",
    .options = (const struct cli_option[]){{.short_name = 'p', .help = "Make the directories that are missing"},
                                           OWNER_OPTIONS,
                                           {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<local-path>", .help = "The file to send", .is_required = true},
                                        {.name = "<remote-path>", .help = "Where to put it", .is_required = true},
                                        {0}},
};

const struct cli_command cmd_pull = {
    .name = "pull",
    .summary = "Fetch a file",
    .description = "Copies a file of the daemon's side to this one.",
    .positionals =
        (const struct cli_positional[]){{.name = "<remote-path>", .help = "The file to fetch", .is_required = true},
                                        {.name = "<local-path>", .help = "Where to put it", .is_required = true},
                                        {0}},
};

const struct cli_command cmd_mkdir = {
    .name = "mkdir",
    .summary = "Make a directory",
    .description = "Makes a directory on the daemon's side.",
    .options =
        (const struct cli_option[]){
            {.short_name = 'p', .help = "Make the ones above it too, and take it as done if it is there already"},
            OWNER_OPTIONS,
            {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<path>", .help = "An absolute path", .is_required = true}, {0}},
};

const struct cli_command cmd_rm = {
    .name = "rm",
    .summary = "Remove a file or directory",
    .description = "Removes a file or an empty directory on the daemon's side.",
    .options =
        (const struct cli_option[]){{.short_name = 'r', .help = "Remove a directory with all that is in it"}, {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<path>", .help = "An absolute path", .is_required = true}, {0}},
};
