// SPDX-License-Identifier: GPL-3.0-or-later
// The commands notices, notice and notify.
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cli/commands.h"
#include "cli/notice_list.h"
#include "cli/session.h"
#include "cli/table_layout.h"

#define KEY_COLUMNS 32 // longer keys are abbreviated in their middle
#define ELLIPSIS "..."

// --- notices ---

static void add_key_cell(struct table *table, const char *key) {
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    size_t length = strlen(key), width = utf8_count(key, length);
    size_t head = (KEY_COLUMNS - strlen(ELLIPSIS)) / 2, tail = KEY_COLUMNS - strlen(ELLIPSIS) - head;
    size_t column = 0;
    for (size_t at = 0; at < length; column++) {
        uint32_t code_point;
        bool is_valid;
        size_t size = utf8_decode(key + at, length - at, &code_point, &is_valid);
        if (width <= KEY_COLUMNS || column < head || column >= width - tail)
            buffer_add(&cell, key + at, size);
        else if (column == head)
            buffer_add_string(&cell, ELLIPSIS);
        at += size;
    }
    table_add_buffer(table, &cell);
}

static void add_user_cell(struct table *table, const struct pebble_notice *notice) {
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    uint32_t user_id;
    if (pebble_notice_user_id(notice, &user_id))
        buffer_printf(&cell, "%u", user_id);
    else
        buffer_add_string(&cell, "public");
    table_add_buffer(table, &cell);
}

static void add_row(struct table *table, const struct pebble_notice *notice, bool is_absolute) {
    const char *first, *repeated;
    struct buffer occurrences = BUFFER_INIT(BUFFER_NO_LIMIT);
    (void)pebble_notice_first_occurred_ns(notice, &first);
    (void)pebble_notice_last_repeated_ns(notice, &repeated);
    buffer_printf(&occurrences, "%lld", (long long)pebble_notice_occurrences(notice));
    table_add(table, pebble_notice_id(notice));
    add_user_cell(table, notice);
    table_add(table, pebble_notice_type(notice));
    add_key_cell(table, pebble_notice_key(notice));
    table_add_time(table, first, is_absolute);
    table_add_time(table, repeated, is_absolute);
    table_add_buffer(table, &occurrences);
}

static void print_table(const struct cli_call *call, const struct pebble_notices *notices) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    static const struct table_column columns[] = {
        {"ID", TABLE_PLAIN, 0},    {"User", TABLE_PLAIN, 3},     {"Type", TABLE_PLAIN, 1},       {"Key", TABLE_NAME, 0},
        {"First", TABLE_PLAIN, 4}, {"Repeated", TABLE_PLAIN, 2}, {"Occurrences", TABLE_PLAIN, 5}};
    table_init_columns(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < pebble_notices_count(notices); i++)
        add_row(&table, pebble_notices_at(notices, i), cli_is_given(call, "abs-time"));
    table_show(&table, &out);
    cli_print(&out);
}

static void print_none(int64_t wait_ns) {
    char duration[DURATION_TEXT_SIZE];
    duration_format(wait_ns, duration);
    if (wait_ns != 0)
        (void)fprintf(stderr, "No matching notices after waiting %s.\n", duration);
    else
        (void)fprintf(stderr, "No matching notices.\n");
}

static const char *const *list_items(const struct cli_call *call, const char *option, size_t *count) {
    const struct cli_value *value = cli_value(call, option);
    *count = value->list_count > 0 ? value->lists->count : 0;
    return *count > 0 ? (const char *const *)value->lists->items : NULL;
}

static int run_notices(struct cli_call *call, struct error *err) {
    const char *socket_path = call->session->socket_path;
    const uint32_t user_id = (uint32_t)cli_value(call, "uid")->number;
    struct pebble_notice_options options = {.size = sizeof options,
                                            .user_id = cli_is_given(call, "uid") ? &user_id : NULL,
                                            .users =
                                                text_is_empty(cli_text(call, "users")) ? NULL : cli_text(call, "users"),
                                            .wait_ns = cli_value(call, "timeout")->number};
    options.types = list_items(call, "type", &options.type_count);
    options.keys = list_items(call, "key", &options.key_count);
    struct state_file state;
    if (!state_file_load(socket_path, &state, err))
        return 1;
    options.after_ns = state.moments[NOTICES_OKAYED].ns;
    struct pebble_client *client = session_client(call->session, err);
    struct pebble_notices *notices = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_get_notices(client, &options, &notices, &failure))
        return cli_fail(&failure, err);
    if (cli_format(call) != FORMAT_TEXT)
        notice_list_print(cli_format(call), "notices", notices);
    else if (pebble_notices_count(notices) > 0)
        print_table(call, notices);
    else
        print_none(options.wait_ns);
    return notice_list_finish(notices, &state, NOTICES_LISTED, socket_path, err) ? 0 : 1;
}

const struct cli_command cmd_notices = {
    .name = "notices",
    .summary = "List notices",
    .description =
        "Lists the notices that have not been acknowledged, ordered by the time they were last repeated. Includes "
        "public notices and those of the current user. Use 'pebble okay' to acknowledge the listed notices.",
    .options =
        (const struct cli_option[]){OPTION_ABS_TIME,
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
                                     .values = VALUES_NOTICE_TYPES,
                                     .help = "List only notices of this type; may be repeated"},
                                    {.name = "key",
                                     .kind = CLI_LIST,
                                     .value = "key",
                                     .values = VALUES_NOTICE_KEYS,
                                     .help = "List only notices with this key; may be repeated"},
                                    {.name = "timeout",
                                     .kind = CLI_DURATION,
                                     .value = "duration",
                                     .help = "If there are no notices, wait up to this long for one, as 30s or 1h15m"},
                                    {0}},
    .run = run_notices,
};

// --- notice ---

static void print_notice(enum cli_format format, const struct pebble_notice *notice) {
    struct document document;
    document_init(&document, format == FORMAT_TEXT ? FORMAT_YAML : format);
    document_add_notice(&document, notice);
    document_print(&document);
}

static int show_by_id(const struct cli_call *call, struct pebble_client *client, const char *id, struct error *err) {
    struct pebble_notice *notice = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (cli_is_given(call, "uid")) {
        // The words are the reference's: it means a look-up by ID.
        (void)error_set(err, ERROR_BAD_REQUEST, "cannot use --uid option when looking up notice by key");
        return 1;
    }
    if (!pebble_get_notice(client, id, &notice, &failure))
        return cli_fail(&failure, err);
    print_notice(cli_format(call), notice);
    pebble_notice_destroy(notice);
    return 0;
}

static const struct pebble_notice *find_key(const struct pebble_notices *notices, const char *key) {
    for (size_t i = 0; i < pebble_notices_count(notices); i++) {
        const struct pebble_notice *notice = pebble_notices_at(notices, i);
        if (text_equal(pebble_notice_key(notice), key))
            return notice;
    }
    return NULL;
}

static int show_by_key(const struct cli_call *call, struct pebble_client *client, const char *type, const char *key,
                       struct error *err) {
    const uint32_t user_id = (uint32_t)cli_value(call, "uid")->number;
    const struct pebble_notice_options options = {.size = sizeof options,
                                                  .types = &type,
                                                  .type_count = 1,
                                                  .keys = &key,
                                                  // The daemon takes a comma for the end of a key.
                                                  .key_count = strchr(key, ',') == NULL ? 1 : 0,
                                                  .user_id = cli_is_given(call, "uid") ? &user_id : NULL};
    struct pebble_notices *notices = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (!pebble_get_notices(client, &options, &notices, &failure))
        return cli_fail(&failure, err);
    const struct pebble_notice *notice = find_key(notices, key);
    if (notice != NULL) {
        print_notice(cli_format(call), notice);
    } else {
        AUTO_FREE char *quoted = text_quoted(key);
        (void)error_set(err, ERROR_NOT_FOUND, "cannot find %s notice with key %s", type, quoted);
    }
    pebble_notices_destroy(notices);
    return error_is_set(err) ? 1 : 0;
}

static int run_notice(struct cli_call *call, struct error *err) {
    const char *id_or_type = cli_argument(call, 0), *key = cli_argument(call, 1);
    struct pebble_client *client = session_client(call->session, err);
    if (client == NULL)
        return 1;
    return text_is_empty(key) ? show_by_id(call, client, id_or_type, err)
                              : show_by_key(call, client, id_or_type, key, err);
}

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
            {.name = "<id-or-type>",
             .help = "ID of the notice, or its type",
             .values = VALUES_NOTICES,
             .is_required = true},
            {.name = "<key>", .help = "Key of the notice, if its type is given", .values = VALUES_NOTICE_KEYS},
            {0}},
    .run = run_notice,
};

// --- notify ---

static bool read_data(const struct text_list *words, struct text_list *names, struct text_list *values,
                      struct error *err) {
    for (size_t i = 1; i < words->count; i++) {
        const char *word = words->items[i], *equals = strchr(word, '=');
        if (equals == NULL) {
            AUTO_FREE char *quoted = text_quoted(word);
            return error_set(err, ERROR_BAD_REQUEST, "data args must be in \"name=value\" format, not %s", quoted);
        }
        text_list_add_owned(names, memory_string_n(word, (size_t)(equals - word)));
        text_list_add(values, equals + 1);
    }
    return true;
}

static int run_notify(struct cli_call *call, struct error *err) {
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_TEXT_LIST struct text_list values = {0};
    if (!read_data(cli_argument_list(call), &names, &values, err))
        return 1;
    const struct pebble_notify_options options = {.size = sizeof options,
                                                  .key = cli_argument(call, 0),
                                                  .names = (const char *const *)names.items,
                                                  .values = (const char *const *)values.items,
                                                  .data_count = names.count,
                                                  .repeat_after_ns = cli_value(call, "repeat-after")->number};
    struct pebble_client *client = session_client(call->session, err);
    char *id = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_notify(client, &options, &id, &failure))
        return cli_fail(&failure, err);
    AUTO_FREE char *shown = text_shown(id, "");
    (void)printf("Recorded notice %s\n", shown);
    pebble_free(id);
    return 0;
}

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
             .help = "Do not count the occurrence as a repetition within this time of the previous one, "
                     "as 30s or 1h15m"},
            {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<key>",
             .help = "Key of the notice, as domain/path",
             .values = VALUES_NOTICE_KEYS,
             .is_required = true},
            {.name = "<name=value>", .help = "Data to record with the notice", .is_list = true},
            {0}},
    .run = run_notify,
};
