// SPDX-License-Identifier: GPL-3.0-or-later
// changes and tasks.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/times.h"

#define RULE "......................................................................"

// --- documents ---

static void add_task(struct document *document, const struct pebble_task *task) {
    document_begin_map(document);
    document_member_string(document, "id", task->id);
    document_member_string(document, "kind", task->kind);
    document_member_string(document, "summary", task->summary);
    document_member_string(document, "status", task->status);
    if (task->log_count > 0) {
        document_key(document, "log");
        document_begin_list(document);
        for (size_t i = 0; i < task->log_count; i++)
            document_string(document, task->log[i]);
        document_end_list(document);
    }
    document_key(document, "progress");
    document_begin_map(document);
    document_member_string(document, "label", task->progress_label != NULL ? task->progress_label : "");
    document_member_int(document, "done", task->progress_done);
    document_member_int(document, "total", task->progress_total);
    document_end_map(document);
    document_member_time(document, "spawn-time", task->spawn_time_text);
    document_member_time(document, "ready-time", task->ready_time_text);
    AUTO_JSON json_t *data = NULL;
    if (task->data != NULL && json_read(task->data, strlen(task->data), &data, NULL) && json_object_size(data) > 0) {
        document_key(document, "data");
        document_json(document, data);
    }
    document_end_map(document);
}

static void add_change(struct document *document, const struct pebble_change *change) {
    document_begin_map(document);
    document_member_string(document, "id", change->id);
    document_member_string(document, "kind", change->kind);
    document_member_string(document, "summary", change->summary);
    document_member_string(document, "status", change->status);
    if (change->task_count > 0) {
        document_key(document, "tasks");
        document_begin_list(document);
        for (size_t i = 0; i < change->task_count; i++)
            add_task(document, &change->tasks[i]);
        document_end_list(document);
    }
    document_member_bool(document, "ready", change->is_ready);
    if (!text_is_empty(change->err))
        document_member_string(document, "err", change->err);
    document_member_time(document, "spawn-time", change->spawn_time_text);
    document_member_time(document, "ready-time", change->ready_time_text);
    document_end_map(document);
}

static void add_time_cell(struct table *table, const struct cli_call *call, const char *time) {
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    time_add(&cell, time, cli_is_given(call, "abs-time"));
    table_add_buffer(table, &cell);
}

static void warn_of_maintenance(struct pebble_client *client) {
    const char *words = pebble_client_maintenance(client);
    if (words != NULL)
        (void)fprintf(stderr, "WARNING: %s\n", words);
}

// --- changes ---

static int compare_spawn(const void *a, const void *b) {
    const struct pebble_change *left = a, *right = b;
    if (left->spawn_time != right->spawn_time)
        return left->spawn_time < right->spawn_time ? -1 : 1;
    // By number.
    size_t left_length = strlen(left->id), right_length = strlen(right->id);
    return left_length != right_length ? (left_length < right_length ? -1 : 1) : strcmp(left->id, right->id);
}

static void print_change_table(const struct cli_call *call, const struct pebble_changes *changes) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    table_init(&table, 5);
    table_add_row(&table, (const char *const[]){"ID", "Status", "Spawn", "Ready", "Summary"});
    for (size_t i = 0; i < changes->count; i++) {
        const struct pebble_change *change = &changes->items[i];
        table_add(&table, change->id);
        table_add(&table, change->status);
        add_time_cell(&table, call, change->spawn_time_text);
        add_time_cell(&table, call, change->ready_time_text);
        table_add(&table, change->summary);
    }
    table_write(&table, &out);
    buffer_add_char(&out, '\n');
    cli_print(&out);
}

static void print_changes(enum cli_format format, const struct pebble_changes *changes) {
    struct document document;
    document_init(&document, format);
    document_begin_map(&document);
    document_key(&document, "changes");
    document_begin_list(&document);
    for (size_t i = 0; i < changes->count; i++)
        add_change(&document, &changes->items[i]);
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
    struct pebble_changes changes = {0};
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_get_changes(client, "all", text_is_empty(service) ? NULL : service, &changes, &failure))
        return cli_fail(&failure, err);
    warn_of_maintenance(client);
    if (changes.count > 1)
        qsort(changes.items, changes.count, sizeof *changes.items, compare_spawn);
    if (cli_format(call) != FORMAT_TEXT)
        print_changes(cli_format(call), &changes);
    else if (changes.count > 0)
        print_change_table(call, &changes);
    else
        (void)fprintf(stderr, "no changes found\n");
    pebble_changes_clear(&changes);
    return 0;
}

const struct cli_command cmd_changes = {
    .name = "changes",
    .summary = "List what was done and what is under way",
    .description =
        "Lists the changes of the last days, oldest first: all of them, or those that were asked to act on a service. "
        "'pebble tasks' shows one of them in detail.",
    .options = (const struct cli_option[]){OPTION_FORMAT, OPTION_ABS_TIME, {0}},
    .positionals = (const struct cli_positional[]){{.name = "<service>", .help = "The service in question"}, {0}},
    .run = run_changes,
};

// --- tasks ---

static void add_summary(struct table *table, const struct pebble_task *task) {
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&cell, task->summary);
    if (text_equal(task->status, "Doing") && task->progress_total > 1)
        buffer_printf(&cell, " (%.2f%%)", 100.0 * (double)task->progress_done / (double)task->progress_total);
    table_add_buffer(table, &cell);
}

static void add_logs(struct buffer *out, const struct pebble_task *task) {
    if (task->log_count == 0)
        return;
    buffer_printf(out, "\n" RULE "\n%s\n\n", task->summary);
    for (size_t i = 0; i < task->log_count; i++)
        buffer_printf(out, "%s\n", task->log[i]);
}

static void print_task_table(const struct cli_call *call, const struct pebble_change *change) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    table_init(&table, 4);
    table_add_row(&table, (const char *const[]){"Status", "Spawn", "Ready", "Summary"});
    for (size_t i = 0; i < change->task_count; i++) {
        const struct pebble_task *task = &change->tasks[i];
        table_add(&table, task->status);
        add_time_cell(&table, call, task->spawn_time_text);
        add_time_cell(&table, call, task->ready_time_text);
        add_summary(&table, task);
    }
    table_write(&table, &out);
    for (size_t i = 0; i < change->task_count; i++)
        add_logs(&out, &change->tasks[i]);
    buffer_add_char(&out, '\n');
    cli_print(&out);
}

static int show_change(const struct cli_call *call, struct pebble_client *client, const char *id, struct error *err) {
    struct pebble_change change = {0};
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (!pebble_get_change(client, id, &change, &failure))
        return cli_fail(&failure, err);
    warn_of_maintenance(client);
    if (cli_format(call) == FORMAT_TEXT) {
        print_task_table(call, &change);
    } else {
        struct document document;
        document_init(&document, cli_format(call));
        add_change(&document, &change);
        document_print(&document);
    }
    pebble_change_clear(&change);
    return 0;
}

// The latest change of the kind; a question mark behind it makes it no error when there is none.
static int show_last(const struct cli_call *call, struct pebble_client *client, const char *kind, struct error *err) {
    struct pebble_changes changes = {0};
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (!pebble_get_changes(client, "all", NULL, &changes, &failure))
        return cli_fail(&failure, err);
    bool is_optional = text_has_suffix(kind, "?");
    AUTO_FREE char *wanted = memory_string_n(kind, strlen(kind) - (is_optional ? 1 : 0));
    const struct pebble_change *latest = NULL;
    for (size_t i = 0; i < changes.count; i++) {
        const struct pebble_change *change = &changes.items[i];
        if (text_equal(change->kind, wanted) && (latest == NULL || compare_spawn(latest, change) < 0))
            latest = change;
    }
    int code = 0;
    if (latest != NULL) {
        code = show_change(call, client, latest->id, err);
    } else if (!is_optional) {
        AUTO_FREE char *quoted = text_quoted(kind);
        code = 1;
        (void)(changes.count == 0 ? error_set(err, ERROR_NOT_FOUND, "no changes found")
                                  : error_set(err, ERROR_NOT_FOUND, "no changes of type %s found", quoted));
    }
    pebble_changes_clear(&changes);
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
    .summary = "Show one change with its tasks and their logs",
    .description =
        "Shows the tasks that a change consists of, and what they have logged: the place to look for why something "
        "failed.",
    .examples = "  pebble tasks 12\n  pebble tasks --last=start",
    .options = (const struct cli_option[]){OPTION_FORMAT,
                                           OPTION_ABS_TIME,
                                           {.name = "last",
                                            .kind = CLI_TEXT,
                                            .value = "type",
                                            .help = "Show the last change of that type (start, stop, restart, replan, "
                                                    "autostart, exec …). With a \"?\" behind "
                                                    "it, it is no error if there is none"},
                                           {0}},
    .positionals = (const struct cli_positional[]){{.name = "<change-id>", .help = "The number of the change"}, {0}},
    .run = run_tasks,
    .ignored_arguments = SIZE_MAX,
};
