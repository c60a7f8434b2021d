// SPDX-License-Identifier: GPL-3.0-or-later
// warnings, notices, notice, notify and okay.
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/state_file.h"

const struct cli_command cmd_warnings = {
    .name = "warnings",
    .summary = "List warnings",
    .description =
        "Lists the warnings that have not been acknowledged. 'pebble okay' acknowledges what was listed; a warning "
        "comes back when it happens again.",
    .options = (const struct cli_option[]){{.name = "all", .help = "List those that were acknowledged too"},
                                           OPTION_ABS_TIME,
                                           OPTION_FORMAT,
                                           {.name = "unicode",
                                            .kind = CLI_CHOICE,
                                            .value = "when",
                                            .choices = (const char *const[]){"auto", "never", "always", NULL},
                                            .help = "Whether to write characters beyond ASCII: auto, never or always"},
                                           {.name = "verbose", .help = "Tell more of each, as text"},
                                           {0}},
};

const struct cli_command cmd_notices = {
    .name = "notices",
    .summary = "List notices",
    .description =
        "Lists the notices that have not been acknowledged, those that were repeated last at the end: the public ones, "
        "and those of one's own user. 'pebble okay' acknowledges what was listed.",
    .options = (const struct cli_option[]){OPTION_ABS_TIME,
                                           OPTION_FORMAT,
                                           {.name = "users",
                                            .kind = CLI_TEXT,
                                            .value = "whose",
                                            .help = "\"all\" lists those of all users (for administrators)"},
                                           {.name = "uid",
                                            .kind = CLI_USER_ID,
                                            .value = "number",
                                            .help = "List those of this user (for administrators)"},
                                           {.name = "type",
                                            .kind = CLI_LIST,
                                            .value = "type",
                                            .help = "List those of this type; may be given several times"},
                                           {.name = "key",
                                            .kind = CLI_LIST,
                                            .value = "key",
                                            .help = "List those with this key; may be given several times"},
                                           {.name = "timeout",
                                            .kind = CLI_DURATION,
                                            .value = "duration",
                                            .help = "If there are none, wait so long for some to come"},
                                           {0}},
};

const struct cli_command cmd_notice = {
    .name = "notice",
    .summary = "Show one notice",
    .description = "Shows a notice, found by its ID, or by its type and key.",
    .options =
        (const struct cli_option[]){
            OPTION_FORMAT,
            {.name = "uid",
             .kind = CLI_USER_ID,
             .value = "number",
             .help = "Look for it among those of this user (for administrators; with type and key)"},
            {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<id-or-type>", .help = "Its ID, or its type", .is_required = true},
                                        {.name = "<key>", .help = "Its key, if the first is its type"},
                                        {0}},
};

const struct cli_command cmd_notify = {
    .name = "notify",
    .summary = "Record a notice",
    .description = "Records a notice of the type custom, or one more occurrence of it.",
    .examples = "  pebble notify example.com/backup-done size=12G",
    .options =
        (const struct cli_option[]){{.name = "repeat-after",
                                     .kind = CLI_DURATION,
                                     .value = "duration",
                                     .help = "Within this time of the last one, do not let it count as repeated"},
                                    {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<key>", .help = "What it is about, as domain/path", .is_required = true},
            {.name = "<name=value>", .help = "Data to record with it", .is_list = true},
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
    .summary = "Acknowledge the notices and warnings that were listed",
    .description = "Acknowledges what 'pebble notices' and 'pebble warnings' have shown last: they leave it out from "
                   "now on, until it "
                   "happens again.",
    .options = (const struct cli_option[]){{.name = "warnings", .help = "Acknowledge warnings only"}, {0}},
    .run = run_okay,
};
