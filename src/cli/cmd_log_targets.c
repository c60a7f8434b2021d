// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/session.h"
#include "cli/table_layout.h"

static void add_count(struct table *table, int64_t count) {
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_printf(&cell, "%" PRId64, count);
    table_add_buffer(table, &cell);
}

static void add_row(struct table *table, const struct pebble_log_target *target, bool is_absolute) {
    const char *text;
    const char *failure = pebble_log_target_last_error(target);
    (void)pebble_log_target_retry_at_ns(target, &text);
    table_add(table, pebble_log_target_name(target));
    table_add(table, pebble_log_target_type(target));
    add_count(table, pebble_log_target_pending(target));
    add_count(table, pebble_log_target_sent(target));
    add_count(table, pebble_log_target_dropped(target));
    table_add_time(table, text, is_absolute);
    table_add(table, failure != NULL ? failure : "-");
}

static void print_table(const struct cli_call *call, const struct pebble_log_targets *targets) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    static const struct table_column columns[] = {
        {"Target", TABLE_NAME, 0},   {"Type", TABLE_PLAIN, 5},  {"Pending", TABLE_PLAIN, 2},  {"Sent", TABLE_PLAIN, 4},
        {"Dropped", TABLE_PLAIN, 1}, {"Retry", TABLE_PLAIN, 3}, {"Last error", TABLE_TEXT, 0}};
    table_init_columns(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < pebble_log_targets_count(targets); i++)
        add_row(&table, pebble_log_targets_at(targets, i), cli_is_given(call, "abs-time"));
    table_show(&table, &out);
    cli_print(&out);
}

static void add_members(struct document *document, const struct pebble_log_target *target) {
    const char *retry_at;
    (void)pebble_log_target_retry_at_ns(target, &retry_at);
    document_member_string(document, "name", pebble_log_target_name(target));
    document_member_string(document, "type", pebble_log_target_type(target));
    document_member_string(document, "location", pebble_log_target_location(target));
    document_member_int(document, "pending", pebble_log_target_pending(target));
    document_member_int(document, "sent", pebble_log_target_sent(target));
    document_member_int(document, "dropped", pebble_log_target_dropped(target));
    if (pebble_log_target_last_error(target) != NULL)
        document_member_string(document, "last-error", pebble_log_target_last_error(target));
    document_member_time(document, "retry-at", retry_at);
}

static void print_document(enum cli_format format, const struct pebble_log_targets *targets) {
    struct document document;
    document_init(&document, format);
    document_begin_map(&document);
    document_key(&document, "log-targets");
    document_begin_map(&document);
    AUTO_MAP struct map by_name = MAP_INIT(NULL);
    for (size_t i = 0; i < pebble_log_targets_count(targets); i++)
        map_set(&by_name, pebble_log_target_name(pebble_log_targets_at(targets, i)),
                (void *)(uintptr_t)pebble_log_targets_at(targets, i));
    AUTO_FREE struct map_entry **sorted = document_sorted(&document, &by_name);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        const struct pebble_log_target *target = sorted[i]->value;
        document_key(&document, pebble_log_target_name(target));
        document_begin_map(&document);
        add_members(&document, target);
        document_end_map(&document);
    }
    document_end_map(&document);
    document_end_map(&document);
    document_print(&document);
}

static int run_log_targets(struct cli_call *call, struct error *err) {
    struct pebble_client *client = session_client(call->session, err);
    struct pebble_log_targets *targets = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_get_log_targets(client, &targets, &failure))
        return cli_fail(&failure, err);
    if (cli_format(call) != FORMAT_TEXT)
        print_document(cli_format(call), targets);
    else if (pebble_log_targets_count(targets) > 0)
        print_table(call, targets);
    else
        (void)fprintf(stderr, "Plan has no log targets.\n");
    pebble_log_targets_destroy(targets);
    return 0;
}

const struct cli_command cmd_log_targets = {
    .name = "log-targets",
    .summary = "List log targets and what they have received",
    .description =
        "Lists the log targets in the plan in alphabetical order. Shows how many log lines wait to be sent to "
        "each, were sent, and were dropped, when a failed attempt is repeated, and why it failed.",
    .options = (const struct cli_option[]){OPTION_FORMAT, OPTION_ABS_TIME, {0}},
    .run = run_log_targets,
};
