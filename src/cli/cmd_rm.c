// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/commands.h"
#include "cli/session.h"

static int run_rm(struct cli_call *call, struct error *err) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    struct pebble_client *client = session_client(call->session, err);
    if (client == NULL)
        return 1;
    uint64_t flags = cli_is_given(call, "r") ? PEBBLE_REMOVE_RECURSIVE : 0;
    if (pebble_remove_path(client, cli_argument(call, 0), flags, &failure))
        return 0;
    int code = cli_fail(&failure, err);
    if (text_has_suffix(error_text(err), ": directory not empty"))
        (void)error_add_advice(err, "Use -r to remove a directory and everything below it.");
    return code;
}

const struct cli_command cmd_rm = {
    .name = "rm",
    .summary = "Remove a file or directory",
    .description = "Removes a file or an empty directory on the daemon's file system.",
    .options =
        (const struct cli_option[]){{.short_name = 'r', .help = "Remove directories and everything below them"}, {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<path>", .help = "Absolute path", .values = VALUES_REMOTE_FILES, .is_required = true}, {0}},
    .run = run_rm,
};
