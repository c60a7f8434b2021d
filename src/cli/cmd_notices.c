// SPDX-License-Identifier: GPL-3.0-or-later
// The commands warnings, notices, notice, notify and okay.
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/state_file.h"

const struct cli_command cmd_warnings = {
    .name = "warnings",
    .summary = "List warnings",
    .description =
        "Lists the warnings that have not been acknowledged. Use 'pebble okay' to acknowledge the listed warnings. An "
        "acknowledged warning is listed again if it recurs.",
    .options = (const struct cli_option[]){{.name = "all", .help = "Also list acknowledged warnings"},
                                           OPTION_ABS_TIME,
                                           OPTION_FORMAT,
                                           {.name = "unicode",
                                            .kind = CLI_CHOICE,
                                            .value = "when",
                                            .choices = (const char *const[]){"auto", "never", "always", NULL},
                                            .help = "When to use non-ASCII characters: auto, never or always"},
                                           {.name = "verbose", .help = "Show more details, in text format"},
                                           {0}},
};

const struct cli_command cmd_notices = {
    .name = "notices",
    .summary = "List notices",
    .description =
        "Lists the notices that have not been acknowledged, ordered by the time they were last repeated. Includes "
        "public notices and those of the current user. Use 'pebble okay' to acknowledge the listed notices.",
    .options = (const struct cli_option[]){OPTION_ABS_TIME,
                                           OPTION_FORMAT,
                                           {.name = "users",
                                            .kind = CLI_TEXT,
                                            .value = "whose",
                                            .help = "\"all\": list the notices of all users (admin only)"},
                                           {.name = "uid",
                                            .kind = CLI_USER_ID,
                                            .value = "number",
                                            .help = "List the notices of this user ID (admin only)"},
                                           {.name = "type",
                                            .kind = CLI_LIST,
                                            .value = "type",
                                            .help = "List only notices of this type; may be repeated"},
                                           {.name = "key",
                                            .kind = CLI_LIST,
                                            .value = "key",
                                            .help = "List only notices with this key; may be repeated"},
                                           {.name = "timeout",
                                            .kind = CLI_DURATION,
                                            .value = "duration",
                                            .help = "If there are no notices, wait up to this long for one"},
                                           {0}},
};

const struct cli_command cmd_notice = {
    .name = "notice",
    .summary = "Show a notice",
    .description = "Shows the notice with the given ID, or with the given type and key.",
    .options =
        (const struct cli_option[]){OPTION_FORMAT,
                                    {.name = "uid",
                                     .kind = CLI_USER_ID,
                                     .value = "number",
                                     .help = "Search the notices of this user ID (admin only; requires type and key)"},
                                    {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<id-or-type>", .help = "ID of the notice, or its type", .is_required = true},
            {.name = "<key>", .help = "Key of the notice, if its type is given"},
            {0}},
};

const struct cli_command cmd_notify = {
    .name = "notify",
    .summary = "Record a notice",
    .description = "Records an occurrence of the notice with type \"custom\" and the given key.",
    .examples = "  pebble notify example.com/backup-done size=12G",
    .options =
        (const struct cli_option[]){
            {.name = "repeat-after",
             .kind = CLI_DURATION,
             .value = "duration",
             .help = "Do not count the occurrence as a repetition within this time of the previous one"},
            {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<key>", .help = "Key of the notice, as domain/path", .is_required = true},
            {.name = "<name=value>", .help = "Data to record with the notice", .is_list = true},
            {0}},
};

// --- okay ---

static bool acknowledge(struct state_file *state, enum state_moment listed, enum state_moment okayed) {
    if (!state->moments[listed].is_set)
        return false;
    state->moments[okayed] = state->moments[listed];
    return true;
}

static int run_okay(struct cli_call *call, struct error *err) {
    bool is_partial = cli_is_given(call, "warnings");
    struct state_file state;
    if (!state_file_load(call->session->socket_path, &state, err))
        return 1;
    bool has_any = acknowledge(&state, WARNINGS_LISTED, WARNINGS_OKAYED);
    if (!is_partial && acknowledge(&state, NOTICES_LISTED, NOTICES_OKAYED))
        has_any = true;
    if (!state_file_save(call->session->socket_path, &state, err))
        return 1;
    if (has_any)
        return 0;
    (void)error_set(err, ERROR_NOT_FOUND,
                    is_partial ? "no warnings have been listed; try 'pebble warnings'"
                               : "no notices or warnings have been listed; try 'pebble notices' or 'pebble warnings'");
    return 1;
}

const struct cli_command cmd_okay = {
    .name = "okay",
    .summary = "Acknowledge listed notices and warnings",
    .description =
        "Acknowledges the notices and warnings that 'pebble notices' and 'pebble warnings' listed last. They "
        "are not listed again unless they recur.",
    .options = (const struct cli_option[]){{.name = "warnings", .help = "Acknowledge warnings only"}, {0}},
    .run = run_okay,
};
