// SPDX-License-Identifier: GPL-3.0-or-later
// Options of push and mkdir: mode and owner of what is made.
#pragma once

#include "cli/cli.h"

#include <stdbool.h>
#include <stdint.h>

#define FILE_OPTIONS                                                                                                   \
    {.short_name = 'm', .kind = CLI_TEXT, .value = "mode", .help = "Mode, as three octal digits"},                     \
        {.name = "uid", .kind = CLI_INTEGER, .value = "number", .help = "User ID of the owner"},                       \
        {.name = "user", .kind = CLI_TEXT, .value = "name", .help = "User name of the owner"},                         \
        {.name = "gid", .kind = CLI_INTEGER, .value = "number", .help = "Group ID of the owner"}, {                    \
        .name = "group", .kind = CLI_TEXT, .value = "name", .help = "Group name of the owner"                          \
    }

struct file_options {
    uint32_t mode;          // 0: not given
    const int64_t *user_id; // NULL: not given; these are borrowed from the call
    const char *user;
    const int64_t *group_id;
    const char *group;
};
bool file_options_read(const struct cli_call *call, struct file_options *options, struct error *err) NODISCARD;
