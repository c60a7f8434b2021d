// SPDX-License-Identifier: GPL-3.0-or-later
// The commands checks, check, start-checks and stop-checks.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/session.h"
#include "cli/table_layout.h"

#define FAILURE_MAX 70 // bytes of a failure in the table

static void add_members(struct document *document, const struct pebble_check *check) {
    const char *level = pebble_check_level(check);
    const char *change_id = pebble_check_change_id(check), *prev_change_id = pebble_check_prev_change_id(check);
    document_member_string(document, "name", pebble_check_name(check));
    if (!text_is_empty(level))
        document_member_string(document, "level", level);
    document_member_string(document, "startup", pebble_check_startup(check));
    document_member_string(document, "status", pebble_check_status(check));
    if (pebble_check_successes(check) >= 0)
        document_member_int(document, "successes", pebble_check_successes(check));
    document_member_int(document, "failures", pebble_check_failures(check));
    document_member_int(document, "threshold", pebble_check_threshold(check));
    if (change_id != NULL)
        document_member_string(document, "change-id", change_id);
    if (prev_change_id != NULL)
        document_member_string(document, "prev-change-id", prev_change_id);
}

// --- the log of a failing check ---

// Gets the change if its task has a log, else NULL. A change may have been removed.
static struct pebble_change *get_logged(struct pebble_client *client, const char *id, struct pebble_error *error) {
    struct pebble_change *change = NULL;
    if (!pebble_get_change(client, id, &change, error))
        return NULL;
    const struct pebble_task *task = pebble_change_task_at(change, 0);
    if (task != NULL && pebble_task_log_count(task) > 0)
        return change;
    pebble_change_destroy(change);
    return NULL;
}

// The change that holds the latest failure: that of the check, or the one before if the check has just fallen. NULL
// without a failure, for an inactive check, and with an error. *id is the change that was asked for last.
static struct pebble_change *get_failure(struct pebble_client *client, const struct pebble_check *check,
                                         const char **id, struct pebble_error *error) {
    const char *prev_id = pebble_check_prev_change_id(check);
    *id = pebble_check_change_id(check);
    if (pebble_check_failures(check) == 0 || *id == NULL)
        return NULL;
    struct pebble_change *change = get_logged(client, *id, error);
    if (change != NULL || error->kind != PEBBLE_ERROR_NONE || prev_id == NULL)
        return change;
    *id = prev_id;
    return get_logged(client, *id, error);
}

// --- checks ---

// The text of a log line, after its time and level.
static const char *line_text(const char *line) {
    for (int i = 0; i < 2; i++) {
        const char *blank = strchr(line, ' ');
        if (blank == NULL)
            break;
        line = blank + 1;
    }
    return line;
}

// Shortens the text to FAILURE_MAX bytes, the reference to the change included, between two characters.
static void shorten(struct buffer *text, const char *change_id) {
    if (text->length <= FAILURE_MAX)
        return;
    AUTO_FREE char *more = memory_printf("... run \"pebble tasks %s\" for more", change_id);
    size_t length = strlen(more) < FAILURE_MAX ? FAILURE_MAX - strlen(more) : 0;
    while (length > 0 && ((unsigned char)text->data[length] & 0xC0) == 0x80)
        length--;
    buffer_truncate(text, length);
    buffer_add_string(text, more);
}

static void add_change_cell(struct table *table, struct pebble_client *client, const struct pebble_check *check) {
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_BUFFER struct buffer failure = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    const char *id = pebble_check_change_id(check), *logged_id;
    struct pebble_change *change = get_failure(client, check, &logged_id, &error);
    if (change != NULL) {
        const struct pebble_task *task = pebble_change_task_at(change, 0);
        text_add_shown(&failure, line_text(pebble_task_log_at(task, pebble_task_log_count(task) - 1)), "");
        shorten(&failure, logged_id);
    } else if (error.kind != PEBBLE_ERROR_NONE) {
        text_add_shown(&failure, error.message, "");
    }
    buffer_add_string(&cell, id != NULL ? id : "-");
    if (failure.length > 0)
        buffer_printf(&cell, " (%s)", buffer_text(&failure));
    table_add_buffer(table, &cell);
    pebble_change_destroy(change);
}

static void add_count_cells(struct table *table, const struct pebble_check *check) {
    struct buffer successes = BUFFER_INIT(BUFFER_NO_LIMIT), failures = BUFFER_INIT(BUFFER_NO_LIMIT);
    bool is_inactive = text_equal(pebble_check_status(check), "inactive");
    if (pebble_check_successes(check) < 0)
        buffer_add_char(&successes, '?');
    else if (is_inactive)
        buffer_add_char(&successes, '-');
    else
        buffer_printf(&successes, "%lld", (long long)pebble_check_successes(check));
    if (is_inactive)
        buffer_add_char(&failures, '-');
    else
        buffer_printf(&failures, "%lld/%lld", (long long)pebble_check_failures(check),
                      (long long)pebble_check_threshold(check));
    table_add_buffer(table, &successes);
    table_add_buffer(table, &failures);
}

static void add_row(struct table *table, struct pebble_client *client, const struct pebble_check *check) {
    const char *level = pebble_check_level(check);
    table_add(table, pebble_check_name(check));
    table_add(table, text_is_empty(level) ? "-" : level);
    table_add(table, pebble_check_startup(check));
    table_add(table, pebble_check_status(check));
    add_count_cells(table, check);
    add_change_cell(table, client, check);
}

static void print_table(struct pebble_client *client, const struct pebble_checks *checks) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    static const struct table_column columns[] = {{"Check", TABLE_NAME, 0},      {"Level", TABLE_PLAIN, 4},
                                                  {"Startup", TABLE_PLAIN, 5},   {"Status", TABLE_STATUS, 0},
                                                  {"Successes", TABLE_PLAIN, 3}, {"Failures", TABLE_PLAIN, 2},
                                                  {"Change", TABLE_TEXT, 1}};
    table_init_columns(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < pebble_checks_count(checks); i++)
        add_row(&table, client, pebble_checks_at(checks, i));
    table_show(&table, &out);
    cli_print(&out);
}

static void print_checks(enum cli_format format, const struct pebble_checks *checks) {
    struct document document;
    document_init(&document, format);
    document_begin_map(&document);
    document_key(&document, "checks");
    document_begin_map(&document);
    AUTO_MAP struct map by_name = MAP_INIT(NULL);
    for (size_t i = 0; i < pebble_checks_count(checks); i++)
        map_set(&by_name, pebble_check_name(pebble_checks_at(checks, i)),
                (void *)(uintptr_t)pebble_checks_at(checks, i));
    AUTO_FREE struct map_entry **sorted = document_sorted(&document, &by_name);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        const struct pebble_check *check = sorted[i]->value;
        document_key(&document, pebble_check_name(check));
        document_begin_map(&document);
        add_members(&document, check);
        document_end_map(&document);
    }
    document_end_map(&document);
    document_end_map(&document);
    document_print(&document);
}

static int run_checks(struct cli_call *call, struct error *err) {
    const struct text_list *names = cli_argument_list(call);
    const char *level = cli_text(call, "level");
    struct pebble_client *client = session_client(call->session, err);
    struct pebble_checks *checks = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_get_checks(client, level, (const char *const *)names->items, names->count, &checks, &failure))
        return cli_fail(&failure, err);
    if (cli_format(call) != FORMAT_TEXT)
        print_checks(cli_format(call), checks);
    else if (pebble_checks_count(checks) > 0)
        print_table(client, checks);
    else
        (void)fprintf(stderr, names->count == 0 && level == NULL ? "Plan has no health checks.\n"
                                                                 : "No matching health checks.\n");
    pebble_checks_destroy(checks);
    advise_unknown_checks(client, names);
    return 0;
}

// --- check ---

// Shows the check with the log of its failures. `error_text` is NULL without a refresh and if the check has passed.
static int show_check(const struct cli_call *call, struct pebble_client *client, const struct pebble_check *check,
                      const char *error_text, struct error *err) {
    AUTO_BUFFER struct buffer logs = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    const char *id;
    struct pebble_change *change = get_failure(client, check, &id, &failure);
    if (failure.kind != PEBBLE_ERROR_NONE) {
        (void)error_set(err, ERROR_INTERNAL, "cannot get task logs for change %s: %s", id, failure.message);
        return 1;
    }
    const struct pebble_task *task = change != NULL ? pebble_change_task_at(change, 0) : NULL;
    for (size_t i = 0; task != NULL && i < pebble_task_log_count(task); i++)
        buffer_printf(&logs, "%s\n", pebble_task_log_at(task, i));
    pebble_change_destroy(change);
    struct document document;
    document_init(&document, cli_format(call) == FORMAT_JSON ? FORMAT_JSON : FORMAT_YAML);
    document_begin_map(&document);
    add_members(&document, check);
    if (error_text != NULL)
        document_member_string(&document, "error", error_text);
    if (logs.length > 0)
        document_member_string(&document, "logs", buffer_text(&logs));
    document_end_map(&document);
    document_print(&document);
    return 0;
}

static int fail_names(struct pebble_client *client, const char *const *names, size_t count, struct pebble_error *from,
                      struct error *err) {
    bool is_refused = from->kind == PEBBLE_ERROR_API;
    (void)cli_fail(from, err);
    if (is_refused)
        advise_refused_names(client, ADVICE_CHECK, names, count, err);
    return 1;
}

static int refresh_and_show(const struct cli_call *call, struct pebble_client *client, struct error *err) {
    struct pebble_check_refresh *refresh = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    const char *name = cli_argument(call, 0);
    if (!pebble_refresh_check(client, name, &refresh, &failure))
        return fail_names(client, &name, 1, &failure, err);
    int code =
        show_check(call, client, pebble_check_refresh_check(refresh), pebble_check_refresh_error_text(refresh), err);
    pebble_check_refresh_destroy(refresh);
    return code;
}

// The name may be empty, which is for all checks, or a list of names: the first one that is found is shown.
static int find_and_show(const struct cli_call *call, struct pebble_client *client, struct error *err) {
    const char *name = cli_argument(call, 0);
    struct pebble_checks *checks = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (!pebble_get_checks(client, NULL, &name, 1, &checks, &failure))
        return cli_fail(&failure, err);
    const struct pebble_check *check = pebble_checks_count(checks) > 0 ? pebble_checks_at(checks, 0) : NULL;
    int code = 1;
    if (check != NULL) {
        code = show_check(call, client, check, NULL, err);
    } else {
        AUTO_FREE char *quoted = text_quoted(name);
        (void)error_set(err, ERROR_NOT_FOUND, "cannot find check %s", quoted);
        advise_refused_names(client, ADVICE_CHECK, &name, 1, err);
    }
    pebble_checks_destroy(checks);
    return code;
}

static int run_check(struct cli_call *call, struct error *err) {
    struct pebble_client *client = session_client(call->session, err);
    if (client == NULL)
        return 1;
    return cli_is_given(call, "refresh") ? refresh_and_show(call, client, err) : find_and_show(call, client, err);
}

// --- start-checks and stop-checks ---

static int control(const struct cli_call *call, const char *action, const char *participle, struct error *err) {
    const struct text_list *names = cli_argument_list(call);
    struct pebble_client *client = session_client(call->session, err);
    struct pebble_changed_checks *changed = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_control_checks(client, action, (const char *const *)names->items, names->count, &changed, &failure))
        return fail_names(client, (const char *const *)names->items, names->count, &failure, err);
    size_t count = pebble_changed_checks_count(changed);
    (void)printf(count > 0 ? "Checks %s: " : "Checks already %s.", participle);
    for (size_t i = 0; i < count; i++) {
        AUTO_FREE char *name = text_shown(pebble_changed_checks_at(changed, i), "");
        (void)printf("%s%s", i > 0 ? ", " : "", name);
    }
    (void)putchar('\n');
    pebble_changed_checks_destroy(changed);
    return 0;
}

static int run_start_checks(struct cli_call *call, struct error *err) {
    return control(call, "start", "started", err);
}

static int run_stop_checks(struct cli_call *call, struct error *err) {
    return control(call, "stop", "stopped", err);
}

// --- the commands ---

static const struct cli_positional named_checks[] = {{.name = "<check>",
                                                      .help = "Name of a check in the plan",
                                                      .values = VALUES_CHECKS,
                                                      .is_required = true,
                                                      .is_list = true},
                                                     {0}};

const struct cli_command cmd_checks = {
    .name = "checks",
    .summary = "List checks and their status",
    .description = "Lists the named checks, or all checks in the plan, with their status and failure count.",
    .options = (const struct cli_option[]){OPTION_FORMAT,
                                           {.name = "level",
                                            .kind = CLI_CHOICE,
                                            .value = "level",
                                            .choices = (const char *const[]){"alive", "ready", NULL},
                                            .help = "List only checks with this level: alive or ready"},
                                           {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<check>", .help = "Name of a check to list", .values = VALUES_CHECKS, .is_list = true}, {0}},
    .run = run_checks,
};

const struct cli_command cmd_check = {
    .name = "check",
    .summary = "Show the details of a check",
    .description = "Shows the status of a check and, if it is failing, the logs of its latest runs.",
    .options = (const struct cli_option[]){OPTION_FORMAT,
                                           {.name = "refresh", .help = "Run the check now and show the new result"},
                                           {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<check>", .help = "Name of the check", .values = VALUES_CHECKS, .is_required = true}, {0}},
    .run = run_check,
};

const struct cli_command cmd_start_checks = {
    .name = "start-checks",
    .summary = "Start checks",
    .description = "Starts the checks. Has no effect on checks that are already active.",
    .positionals = named_checks,
    .run = run_start_checks,
};

const struct cli_command cmd_stop_checks = {
    .name = "stop-checks",
    .summary = "Stop checks",
    .description = "Stops the checks. Has no effect on checks that are already inactive.",
    .positionals = named_checks,
    .run = run_stop_checks,
};
