// SPDX-License-Identifier: GPL-3.0-or-later
// The commands changes and tasks.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/nearest.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/session.h"
#include "cli/table_layout.h"
#include "cli/terminal.h"

#define RULE_COLUMNS 70

// --- documents ---

static void add_log(struct document *document, const struct pebble_task *task) {
    size_t count = pebble_task_log_count(task);
    if (count == 0)
        return;
    document_key(document, "log");
    document_begin_list(document);
    for (size_t i = 0; i < count; i++)
        document_string(document, pebble_task_log_at(task, i));
    document_end_list(document);
}

static void add_data(struct document *document, const char *text) {
    AUTO_JSON json_t *data = NULL;
    if (text == NULL || !json_read(text, strlen(text), &data, NULL) || json_object_size(data) == 0)
        return;
    document_key(document, "data");
    document_json(document, data);
}

static void add_task(struct document *document, const struct pebble_task *task) {
    const char *spawn_time, *ready_time;
    (void)pebble_task_spawn_time_ns(task, &spawn_time);
    (void)pebble_task_ready_time_ns(task, &ready_time);
    document_begin_map(document);
    document_member_string(document, "id", pebble_task_id(task));
    document_member_string(document, "kind", pebble_task_kind(task));
    document_member_string(document, "summary", pebble_task_summary(task));
    document_member_string(document, "status", pebble_task_status(task));
    add_log(document, task);
    document_key(document, "progress");
    document_begin_map(document);
    document_member_string(document, "label", pebble_task_progress_label(task));
    document_member_int(document, "done", pebble_task_progress_done(task));
    document_member_int(document, "total", pebble_task_progress_total(task));
    document_end_map(document);
    document_member_time(document, "spawn-time", spawn_time);
    document_member_time(document, "ready-time", ready_time);
    add_data(document, pebble_task_data(task));
    document_end_map(document);
}

static void add_change(struct document *document, const struct pebble_change *change) {
    size_t task_count = pebble_change_task_count(change);
    const char *spawn_time, *ready_time;
    (void)pebble_change_spawn_time_ns(change, &spawn_time);
    (void)pebble_change_ready_time_ns(change, &ready_time);
    document_begin_map(document);
    document_member_string(document, "id", pebble_change_id(change));
    document_member_string(document, "kind", pebble_change_kind(change));
    document_member_string(document, "summary", pebble_change_summary(change));
    document_member_string(document, "status", pebble_change_status(change));
    if (task_count > 0) {
        document_key(document, "tasks");
        document_begin_list(document);
        for (size_t i = 0; i < task_count; i++)
            add_task(document, pebble_change_task_at(change, i));
        document_end_list(document);
    }
    document_member_bool(document, "ready", pebble_change_is_ready(change));
    if (!text_is_empty(pebble_change_error_text(change)))
        document_member_string(document, "err", pebble_change_error_text(change));
    document_member_time(document, "spawn-time", spawn_time);
    document_member_time(document, "ready-time", ready_time);
    document_end_map(document);
}

static void warn_of_maintenance(struct pebble_client *client) {
    const char *words = pebble_client_maintenance(client);
    if (words != NULL)
        (void)fprintf(stderr, "WARNING: %s\n", words);
}

// --- changes ---

// By spawn time, then by number.
static int compare_changes(const struct pebble_change *left, const struct pebble_change *right) {
    int64_t left_time = pebble_change_spawn_time_ns(left, NULL), right_time = pebble_change_spawn_time_ns(right, NULL);
    if (left_time != right_time)
        return left_time < right_time ? -1 : 1;
    const char *left_id = pebble_change_id(left), *right_id = pebble_change_id(right);
    size_t left_length = strlen(left_id), right_length = strlen(right_id);
    return left_length != right_length ? (left_length < right_length ? -1 : 1) : strcmp(left_id, right_id);
}

static int compare_entries(const void *a, const void *b) {
    const struct pebble_change *const *left = a, *const *right = b;
    return compare_changes(*left, *right);
}

// NULL-terminated. The caller frees the array; the changes stay owned by the list.
static const struct pebble_change **sorted_changes(const struct pebble_changes *changes) {
    size_t count = pebble_changes_count(changes);
    const struct pebble_change **sorted = memory_new_array(count + 1, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = pebble_changes_at(changes, i);
    qsort(sorted, count, sizeof *sorted, compare_entries);
    return sorted;
}

static void print_change_table(const struct cli_call *call, const struct pebble_change *const *changes) {
    AUTO_TABLE struct table table;
    bool is_absolute = cli_is_given(call, "abs-time");
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    static const struct table_column columns[] = {{"ID", TABLE_PLAIN, 0},
                                                  {"Status", TABLE_STATUS, 0},
                                                  {"Spawn", TABLE_PLAIN, 1},
                                                  {"Ready", TABLE_PLAIN, 2},
                                                  {"Summary", TABLE_TEXT, 0}};
    table_init_columns(&table, columns, ARRAY_COUNT(columns));
    for (; *changes != NULL; changes++) {
        const char *spawn_time, *ready_time;
        (void)pebble_change_spawn_time_ns(*changes, &spawn_time);
        (void)pebble_change_ready_time_ns(*changes, &ready_time);
        table_add(&table, pebble_change_id(*changes));
        table_add(&table, pebble_change_status(*changes));
        table_add_time(&table, spawn_time, is_absolute);
        table_add_time(&table, ready_time, is_absolute);
        table_add(&table, pebble_change_summary(*changes));
    }
    table_show(&table, &out);
    buffer_add_char(&out, '\n');
    cli_print(&out);
}

static void print_changes(enum cli_format format, const struct pebble_change *const *changes) {
    struct document document;
    document_init(&document, format);
    document_begin_map(&document);
    document_key(&document, "changes");
    document_begin_list(&document);
    for (; *changes != NULL; changes++)
        add_change(&document, *changes);
    document_end_list(&document);
    document_end_map(&document);
    document_print(&document);
}

static bool is_number(const char *text) {
    return !text_is_empty(text) && text[strspn(text, "0123456789")] == '\0';
}

static int run_changes(struct cli_call *call, struct error *err) {
    const char *service = cli_argument(call, 0);
    if (is_number(service)) {
        (void)error_set(err, ERROR_BAD_REQUEST,
                        "'pebble changes' command expects a service name, try 'pebble tasks %s'", service);
        return 1;
    }
    struct pebble_client *client = session_client(call->session, err);
    struct pebble_changes *changes = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_get_changes(client, "all", text_is_empty(service) ? NULL : service, &changes, &failure))
        return cli_fail(&failure, err);
    warn_of_maintenance(client);
    const struct pebble_change **sorted = sorted_changes(changes);
    if (cli_format(call) != FORMAT_TEXT)
        print_changes(cli_format(call), sorted);
    else if (sorted[0] != NULL)
        print_change_table(call, sorted);
    else
        (void)fprintf(stderr, "no changes found\n");
    free(sorted);
    pebble_changes_destroy(changes);
    if (!text_is_empty(service))
        advise_unknown_services(client, cli_argument_list(call));
    return 0;
}

const struct cli_command cmd_changes = {
    .name = "changes",
    .summary = "List recent changes",
    .description =
        "Lists current and recent changes, oldest first. With a service, lists only the changes that affect it. Use "
        "'pebble tasks' to see one change in detail.",
    .options = (const struct cli_option[]){OPTION_FORMAT, OPTION_ABS_TIME, {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<service>", .help = "List only changes that affect this service", .values = VALUES_SERVICES},
            {0}},
    .run = run_changes,
};

// --- tasks ---

static void add_summary(struct table *table, const struct pebble_task *task) {
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    int64_t done = pebble_task_progress_done(task), total = pebble_task_progress_total(task);
    buffer_add_string(&cell, pebble_task_summary(task));
    if (text_equal(pebble_task_status(task), "Doing") && total > 1)
        buffer_printf(&cell, " (%.2f%%)", 100.0 * (double)done / (double)total);
    table_add_buffer(table, &cell);
}

// A line of dots, which is not wrapped on a narrow terminal.
static void add_rule(struct buffer *out) {
    int columns = isatty(STDOUT_FILENO) ? terminal_width(STDOUT_FILENO) : RULE_COLUMNS;
    for (int i = 0; i < RULE_COLUMNS && i < columns; i++)
        buffer_add_char(out, '.');
}

static void add_logs(struct buffer *out, const struct pebble_task *task) {
    size_t count = pebble_task_log_count(task);
    if (count == 0)
        return;
    buffer_add_char(out, '\n');
    add_rule(out);
    buffer_add_char(out, '\n');
    text_add_shown(out, pebble_task_summary(task), "");
    buffer_add_string(out, "\n\n");
    for (size_t i = 0; i < count; i++) {
        text_add_shown(out, pebble_task_log_at(task, i), "\n\t");
        buffer_add_char(out, '\n');
    }
}

static void print_task_table(const struct cli_call *call, const struct pebble_change *change) {
    AUTO_TABLE struct table table;
    bool is_absolute = cli_is_given(call, "abs-time");
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    static const struct table_column columns[] = {
        {"Status", TABLE_STATUS, 0}, {"Spawn", TABLE_PLAIN, 1}, {"Ready", TABLE_PLAIN, 2}, {"Summary", TABLE_TEXT, 0}};
    table_init_columns(&table, columns, ARRAY_COUNT(columns));
    size_t count = pebble_change_task_count(change);
    for (size_t i = 0; i < count; i++) {
        const struct pebble_task *task = pebble_change_task_at(change, i);
        const char *spawn_time, *ready_time;
        (void)pebble_task_spawn_time_ns(task, &spawn_time);
        (void)pebble_task_ready_time_ns(task, &ready_time);
        table_add(&table, pebble_task_status(task));
        table_add_time(&table, spawn_time, is_absolute);
        table_add_time(&table, ready_time, is_absolute);
        add_summary(&table, task);
    }
    table_show(&table, &out);
    for (size_t i = 0; i < count; i++)
        add_logs(&out, pebble_change_task_at(change, i));
    buffer_add_char(&out, '\n');
    cli_print(&out);
}

static int show_change(const struct cli_call *call, struct pebble_client *client, const char *id, struct error *err) {
    struct pebble_change *change = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (!pebble_get_change(client, id, &change, &failure))
        return cli_fail(&failure, err);
    warn_of_maintenance(client);
    if (cli_format(call) == FORMAT_TEXT) {
        print_task_table(call, change);
    } else {
        struct document document;
        document_init(&document, cli_format(call));
        add_change(&document, change);
        document_print(&document);
    }
    pebble_change_destroy(change);
    return 0;
}

static int fail_kind(const struct pebble_changes *changes, const char *kind, struct error *err) {
    struct nearest nearest;
    AUTO_FREE char *quoted = text_quoted(kind);
    nearest_init(&nearest, kind);
    for (size_t i = 0; i < pebble_changes_count(changes); i++)
        nearest_try(&nearest, pebble_change_kind(pebble_changes_at(changes, i)));
    if (pebble_changes_count(changes) == 0)
        (void)error_set(err, ERROR_NOT_FOUND, "no changes found");
    else
        (void)error_set(err, ERROR_NOT_FOUND, "no changes of type %s found", quoted);
    (void)nearest_advise(&nearest, "", err);
    return 1;
}

// Shows the latest change of the kind. With a trailing "?" it is no error if there is none.
static int show_last(const struct cli_call *call, struct pebble_client *client, const char *kind, struct error *err) {
    struct pebble_changes *changes = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (!pebble_get_changes(client, "all", NULL, &changes, &failure))
        return cli_fail(&failure, err);
    bool is_optional = text_has_suffix(kind, "?");
    AUTO_FREE char *wanted = memory_string_n(kind, strlen(kind) - (is_optional ? 1 : 0));
    const struct pebble_change *latest = NULL;
    for (size_t i = 0; i < pebble_changes_count(changes); i++) {
        const struct pebble_change *change = pebble_changes_at(changes, i);
        if (text_equal(pebble_change_kind(change), wanted) && (latest == NULL || compare_changes(latest, change) < 0))
            latest = change;
    }
    int code = 0;
    if (latest != NULL)
        code = show_change(call, client, pebble_change_id(latest), err);
    else if (!is_optional)
        code = fail_kind(changes, wanted, err);
    pebble_changes_destroy(changes);
    return code;
}

static int run_tasks(struct cli_call *call, struct error *err) {
    const char *id = cli_argument(call, 0), *kind = cli_text(call, "last");
    if (text_is_empty(id) == text_is_empty(kind)) {
        (void)error_set(err, ERROR_BAD_REQUEST,
                        text_is_empty(id) ? "please provide change ID or type with --last=<type>"
                                          : "cannot use change ID and type together");
        return 1;
    }
    struct pebble_client *client = session_client(call->session, err);
    if (client == NULL)
        return 1;
    return text_is_empty(id) ? show_last(call, client, kind, err) : show_change(call, client, id, err);
}

const struct cli_command cmd_tasks = {
    .name = "tasks",
    .summary = "Show the tasks of a change",
    .description =
        "Shows the tasks of a change and their logs. If a change has failed, the log of the failed task gives the "
        "reason.",
    .examples = "  pebble tasks 12\n  pebble tasks --last=start",
    .options =
        (const struct cli_option[]){
            OPTION_FORMAT,
            OPTION_ABS_TIME,
            {.name = "last",
             .kind = CLI_TEXT,
             .value = "type",
             .values = VALUES_CHANGE_KINDS,
             .help = "Show the latest change of this type (start, stop, restart, replan, "
                     "autostart, exec, perform-check, recover-check, ...). If the type ends in \"?\", it is not an "
                     "error if there is none"},
            {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<change-id>", .help = "ID of the change", .values = VALUES_CHANGES},
                                        {0}},
    .run = run_tasks,
    .ignored_arguments = SIZE_MAX,
};
