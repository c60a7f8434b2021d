// SPDX-License-Identifier: GPL-3.0-or-later
// The commands warnings and okay.
#include <stdio.h>

#include "cli/commands.h"
#include "cli/notice_list.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/times.h"
#include "cli/wrap.h"

#define COLUMNS_MAX 100
#define MESSAGE_INDENT 2

// --- warnings ---

struct style {
    bool is_absolute, is_verbose;
};

static void add_time(struct table *table, const char *name, const char *time, bool is_absolute) {
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    time_add(&cell, time, is_absolute);
    table_add(table, name);
    table_add_buffer(table, &cell);
}

static void add_duration(struct table *table, const char *name, int64_t duration_ns) {
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    duration_add_short(&cell, duration_ns);
    table_add(table, name);
    table_add_buffer(table, &cell);
}

static void add_warning(struct buffer *out, const struct pebble_notice *warning, const struct style *style) {
    AUTO_TABLE struct table table;
    const char *first, *last, *repeated;
    (void)pebble_notice_first_occurred_ns(warning, &first);
    (void)pebble_notice_last_occurred_ns(warning, &last);
    (void)pebble_notice_last_repeated_ns(warning, &repeated);
    table_init(&table, 2);
    if (style->is_verbose)
        add_time(&table, "first-occurrence:", first, style->is_absolute);
    add_time(&table, "last-occurrence:", last, style->is_absolute);
    if (style->is_verbose) {
        add_time(&table, "last-repeated:", repeated, style->is_absolute);
        add_duration(&table, "repeats-after:", pebble_notice_repeat_after_ns(warning, NULL));
        add_duration(&table, "expires-after:", pebble_notice_expire_after_ns(warning, NULL));
    }
    table_write(&table, out);
    buffer_add_string(out, "warning: |\n");
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    text_add_shown(&text, pebble_notice_key(warning), "\n\t");
    wrap_lines(out, buffer_text(&text), terminal_columns(COLUMNS_MAX), MESSAGE_INDENT);
}

static void print_warnings(const struct cli_call *call, const struct pebble_notices *warnings) {
    const struct style style = {.is_absolute = cli_is_given(call, "abs-time"),
                                .is_verbose = cli_is_given(call, "verbose")};
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < pebble_notices_count(warnings); i++) {
        buffer_add_string(&out, i > 0 ? "---\n" : "");
        add_warning(&out, pebble_notices_at(warnings, i), &style);
    }
    cli_print(&out);
}

// Lists the warnings that were repeated after the time, 0 for all. NULL on error.
static struct pebble_notices *list_warnings(const struct cli_call *call, int64_t after_ns, struct error *err) {
    const struct pebble_notice_options options = {
        .size = sizeof options, .types = (const char *const[]){"warning"}, .type_count = 1, .after_ns = after_ns};
    struct pebble_client *client = session_client(call->session, err);
    struct pebble_notices *warnings = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return NULL;
    if (!pebble_get_notices(client, &options, &warnings, &failure)) {
        (void)error_set(err, ERROR_INTERNAL, "cannot get notices: %s", failure.message);
        return NULL;
    }
    if (cli_format(call) != FORMAT_TEXT)
        notice_list_print(cli_format(call), "warnings", warnings);
    else if (pebble_notices_count(warnings) > 0)
        print_warnings(call, warnings);
    else
        (void)fprintf(stderr, after_ns != 0 ? "No further warnings.\n" : "No warnings.\n");
    return warnings;
}

// The state file has no part in it: okay acknowledges what was listed without --all.
static int run_all(const struct cli_call *call, struct error *err) {
    struct pebble_notices *warnings = list_warnings(call, 0, err);
    bool is_good = warnings != NULL;
    pebble_notices_destroy(warnings);
    return is_good ? 0 : 1;
}

static int run_warnings(struct cli_call *call, struct error *err) {
    const char *socket_path = call->session->socket_path;
    struct state_file state;
    if (cli_is_given(call, "all"))
        return run_all(call, err);
    if (!state_file_load(socket_path, &state, err))
        return 1;
    struct pebble_notices *warnings = list_warnings(call, state.moments[WARNINGS_OKAYED].ns, err);
    return warnings != NULL && notice_list_finish(warnings, &state, WARNINGS_LISTED, socket_path, err) ? 0 : 1;
}

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
    .run = run_warnings,
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
        "Acknowledges all notices and warnings up to the last one that 'pebble notices' and 'pebble warnings' have "
        "listed, including those that an option of these commands has filtered out. They are not listed again unless "
        "they recur.",
    .options = (const struct cli_option[]){{.name = "warnings", .help = "Acknowledge warnings only"}, {0}},
    .run = run_okay,
};
