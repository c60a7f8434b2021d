// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "base/memory.h"
#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/session.h"
#include "cli/table_layout.h"
#include "cli/times.h"

#define PATTERN_CHARACTERS "*?["

// --- the path ---

// Splits a pattern in the last element from the directory before it; *pattern is NULL if there is none. Both are owned.
static bool split_pattern(const char *argument, char **path, char **pattern, struct error *err) {
    size_t length = strlen(argument);
    while (length > 0 && argument[length - 1] == '/')
        length--;
    size_t start = length;
    while (start > 0 && argument[start - 1] != '/')
        start--;
    AUTO_FREE char *directory = memory_string_n(argument, start);
    AUTO_FREE char *name = memory_string_n(argument + start, length - start);
    if (strpbrk(directory, PATTERN_CHARACTERS) != NULL)
        return error_set(err, ERROR_BAD_REQUEST, "can only use globs on the last path element");
    bool is_pattern = strpbrk(name, PATTERN_CHARACTERS) != NULL;
    *path = is_pattern ? TAKE(directory) : memory_string(argument);
    *pattern = is_pattern ? TAKE(name) : NULL;
    return true;
}

// --- types ---

// Names of the API, with the first letter of the long format.
static const struct {
    const char *name;
    char letter;
} file_types[] = {{"file", '-'},       {"directory", 'd'}, {"symlink", 'L'}, {"socket", 'S'},
                  {"named-pipe", 'p'}, {"device", 'D'},    {"unknown", '?'}};

// The last one for a type that is not known.
static size_t type_index(const struct pebble_file *file) {
    size_t index = 0;
    while (index + 1 < ARRAY_COUNT(file_types) && !text_equal(pebble_file_type(file), file_types[index].name))
        index++;
    return index;
}

static bool is_plain(const struct pebble_file *file) {
    return text_equal(pebble_file_type(file), "file");
}

// 0 if the daemon has sent none.
static int64_t size_of(const struct pebble_file *file) {
    int64_t size = 0;
    (void)pebble_file_size(file, &size);
    return size;
}

// --- text ---

static void add_mode_cell(struct table *table, const struct pebble_file *file) {
    static const char letters[] = "rwxrwxrwx";
    char cell[sizeof letters + 1] = {file_types[type_index(file)].letter};
    uint32_t permissions = pebble_file_permissions(file);
    for (size_t i = 0; i < sizeof letters - 1; i++)
        cell[i + 1] = (permissions >> (sizeof letters - 2 - i) & 1) != 0 ? letters[i] : '-';
    table_add(table, cell);
}

static void add_size_cell(struct table *table, const struct pebble_file *file) {
    AUTO_BUFFER struct buffer amount = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (is_plain(file))
        amount_add(&amount, (uint64_t)size_of(file));
    else
        buffer_add_char(&amount, '-');
    buffer_printf(&cell, "%6s", buffer_text(&amount));
    table_add_buffer(table, &cell);
}

static void add_time_cell(struct table *table, const struct pebble_file *file, bool is_absolute) {
    const char *text;
    (void)pebble_file_last_modified_ns(file, &text);
    table_add_time(table, text, is_absolute);
}

static void add_text_cell(struct table *table, const char *text) {
    table_add(table, text != NULL ? text : "");
}

static void print_table(const struct cli_call *call, const struct pebble_files *files) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    bool is_long = cli_is_given(call, "l"), is_absolute = cli_is_given(call, "abs-time");
    static const struct table_column columns[] = {{NULL, TABLE_PLAIN, 2}, {NULL, TABLE_PLAIN, 4},
                                                  {NULL, TABLE_PLAIN, 5}, {NULL, TABLE_PLAIN, 1},
                                                  {NULL, TABLE_PLAIN, 3}, {NULL, TABLE_TEXT, 0}};
    if (is_long)
        table_init_columns(&table, columns, ARRAY_COUNT(columns));
    else
        table_init(&table, 1);
    for (size_t i = 0; i < pebble_files_count(files); i++) {
        const struct pebble_file *file = pebble_files_at(files, i);
        if (is_long) {
            add_mode_cell(&table, file);
            add_text_cell(&table, pebble_file_user(file));
            add_text_cell(&table, pebble_file_group(file));
            add_size_cell(&table, file);
            add_time_cell(&table, file, is_absolute);
        }
        table_add(&table, pebble_file_name(file));
    }
    table_show(&table, &out);
    cli_print(&out);
}

// --- other formats ---

static void add_owner(struct document *document, const struct pebble_file *file) {
    uint32_t id;
    if (pebble_file_user_id(file, &id))
        document_member_int(document, "user-id", id);
    if (pebble_file_user(file) != NULL)
        document_member_string(document, "user", pebble_file_user(file));
    if (pebble_file_group_id(file, &id))
        document_member_int(document, "group-id", id);
    if (pebble_file_group(file) != NULL)
        document_member_string(document, "group", pebble_file_group(file));
}

static void add_file(struct document *document, const struct pebble_file *file) {
    AUTO_BUFFER struct buffer time = BUFFER_INIT(BUFFER_NO_LIMIT);
    char permissions[8];
    const char *time_text;
    (void)pebble_file_last_modified_ns(file, &time_text);
    time_add(&time, time_text, true);
    (void)snprintf(permissions, sizeof permissions, "%03o", (unsigned)pebble_file_permissions(file) & 0777U);
    document_begin_map(document);
    document_member_string(document, "path", pebble_file_path(file));
    document_member_string(document, "name", pebble_file_name(file));
    document_member_string(document, "type", file_types[type_index(file)].name);
    if (is_plain(file))
        document_member_int(document, "size", size_of(file));
    document_member_string(document, "permissions", permissions);
    document_member_string(document, "last-modified", buffer_text(&time));
    add_owner(document, file);
    document_end_map(document);
}

static void print_document(enum cli_format format, const struct pebble_files *files) {
    struct document document;
    document_init(&document, format);
    document_begin_map(&document);
    document_key(&document, "files");
    document_begin_list(&document);
    for (size_t i = 0; i < pebble_files_count(files); i++)
        add_file(&document, pebble_files_at(files, i));
    document_end_list(&document);
    document_end_map(&document);
    document_print(&document);
}

// --- the command ---

static int run_ls(struct cli_call *call, struct error *err) {
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *pattern = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    struct pebble_files *files = NULL;
    if (!split_pattern(cli_argument(call, 0), &path, &pattern, err))
        return 1;
    struct pebble_client *client = session_client(call->session, err);
    if (client == NULL)
        return 1;
    const struct pebble_list_options options = {
        .size = sizeof options, .pattern = pattern, .flags = cli_is_given(call, "d") ? PEBBLE_LIST_ITSELF : 0};
    if (!pebble_list_files(client, path, &options, &files, &failure))
        return cli_fail(&failure, err);
    if (cli_format(call) == FORMAT_TEXT)
        print_table(call, files);
    else
        print_document(cli_format(call), files);
    pebble_files_destroy(files);
    return 0;
}

const struct cli_command cmd_ls = {
    .name = "ls",
    .summary = "List files",
    .description =
        "Lists a file, or the entries of a directory, on the daemon's file system. The last component of the path may "
        "be a pattern with *, ?, [abc] and [^abc]; a backslash takes the meaning from the character after it. Hidden "
        "files match too.",
    .options =
        (const struct cli_option[]){
            OPTION_ABS_TIME,
            OPTION_FORMAT,
            {.short_name = 'd', .help = "List directories themselves, not their entries"},
            {.short_name = 'l', .help = "Long format: also show mode, owner, size and modification time"},
            {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<path>", .help = "Absolute path", .values = VALUES_REMOTE_FILES, .is_required = true}, {0}},
    .run = run_ls,
    .enter_rules = ENTER_ALLOWED | ENTER_SILENT | ENTER_REFUSES_RUN,
};
