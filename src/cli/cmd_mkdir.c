// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/commands.h"
#include "cli/file_options.h"
#include "cli/session.h"

static int run_mkdir(struct cli_call *call, struct error *err) {
    struct file_options given;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    struct pebble_client *client = session_client(call->session, err);
    if (client == NULL || !file_options_read(call, &given, err))
        return 1;
    const struct pebble_directory_options options = {
        .size = sizeof options,
        .path = cli_argument(call, 0),
        .flags = cli_is_given(call, "p") ? PEBBLE_DIRECTORY_MAKE_PARENTS : 0,
        .permissions = given.mode,
        .user_id = given.user_id,
        .user = given.user,
        .group_id = given.group_id,
        .group = given.group,
    };
    if (pebble_make_directory(client, &options, &failure))
        return 0;
    int code = cli_fail(&failure, err);
    if (text_has_suffix(error_text(err), ": no such file or directory"))
        (void)error_add_advice(err, "Use -p to create missing parent directories.");
    return code;
}

const struct cli_command cmd_mkdir = {
    .name = "mkdir",
    .summary = "Make a directory",
    .description = "Makes a directory on the daemon's file system.",
    .options =
        (const struct cli_option[]){
            {.short_name = 'p',
             .help = "Create missing parent directories; it is not an error if the directory exists"},
            FILE_OPTIONS,
            {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<path>", .help = "Absolute path", .values = VALUES_REMOTE_FILES, .is_required = true}, {0}},
    .run = run_mkdir,
};
