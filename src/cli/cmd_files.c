// SPDX-License-Identifier: GPL-3.0-or-later
// The commands ls, push, pull, mkdir and rm.
#include "cli/commands.h"

#define OWNER_OPTIONS                                                                                                  \
    {.short_name = 'm', .kind = CLI_TEXT, .value = "mode", .help = "Mode, as three octal digits"},                     \
        {.name = "uid", .kind = CLI_INTEGER, .value = "number", .help = "User ID of the owner"},                       \
        {.name = "user", .kind = CLI_TEXT, .value = "name", .help = "User name of the owner"},                         \
        {.name = "gid", .kind = CLI_INTEGER, .value = "number", .help = "Group ID of the owner"}, {                    \
        .name = "group", .kind = CLI_TEXT, .value = "name", .help = "Group name of the owner"                          \
    }

const struct cli_command cmd_ls = {
    .name = "ls",
    .summary = "List files",
    .description =
        "Lists a file, or the entries of a directory, on the daemon's file system. The last component of the path may "
        "be a pattern with *, ? and [...].",
    .options =
        (const struct cli_option[]){
            OPTION_ABS_TIME,
            OPTION_FORMAT,
            {.short_name = 'd', .help = "List directories themselves, not their entries"},
            {.short_name = 'l', .help = "Long format: also show mode, owner, size and modification time"},
            {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<path>", .help = "Absolute path", .is_required = true}, {0}},
    .enter_rules = ENTER_ALLOWED | ENTER_SILENT | ENTER_REFUSES_RUN,
};

const struct cli_command cmd_push = {
    .name = "push",
    .summary = "Copy a local file to the daemon",
    .description = "Copies a local file to the daemon's file system. An existing file is replaced atomically.",
    .options = (const struct cli_option[]){{.short_name = 'p', .help = "Create missing parent directories"},
                                           OWNER_OPTIONS,
                                           {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<local-path>", .help = "Local file", .is_required = true},
            {.name = "<remote-path>", .help = "Absolute path of the copy", .is_required = true},
            {0}},
};

const struct cli_command cmd_pull = {
    .name = "pull",
    .summary = "Copy a file from the daemon",
    .description = "Copies a file from the daemon's file system to a local file.",
    .positionals =
        (const struct cli_positional[]){
            {.name = "<remote-path>", .help = "Absolute path of the file", .is_required = true},
            {.name = "<local-path>", .help = "Local path of the copy", .is_required = true},
            {0}},
};

const struct cli_command cmd_mkdir = {
    .name = "mkdir",
    .summary = "Make a directory",
    .description = "Makes a directory on the daemon's file system.",
    .options =
        (const struct cli_option[]){
            {.short_name = 'p',
             .help = "Create missing parent directories; it is not an error if the directory exists"},
            OWNER_OPTIONS,
            {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<path>", .help = "Absolute path", .is_required = true}, {0}},
};

const struct cli_command cmd_rm = {
    .name = "rm",
    .summary = "Remove a file or directory",
    .description = "Removes a file or an empty directory on the daemon's file system.",
    .options =
        (const struct cli_option[]){{.short_name = 'r', .help = "Remove directories and everything below them"}, {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<path>", .help = "Absolute path", .is_required = true}, {0}},
};
