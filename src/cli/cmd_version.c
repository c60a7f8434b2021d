// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/help.h"
#include "cli/session.h"
#include "cli/table.h"

static void print_table(const char *server) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    table_init(&table, 2);
    table_add_row(&table, (const char *const[]){"client", PEBBLE_VERSION});
    table_add_row(&table, (const char *const[]){"server", server});
    table_write(&table, &out);
    cli_print(&out);
}

static void print_document(enum cli_format format, const char *server) {
    struct document document;
    document_init(&document, format);
    document_begin_map(&document);
    document_member_string(&document, "client", PEBBLE_VERSION);
    if (!text_is_empty(server))
        document_member_string(&document, "server", server);
    document_end_map(&document);
    document_print(&document);
}

static int print_both(struct cli_call *call, enum cli_format format, struct error *err) {
    struct pebble_client *client = session_client(call->session, err);
    struct pebble_system_info *info = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    bool is_good = pebble_get_system_info(client, &info, &failure);
    if (format == FORMAT_TEXT)
        print_table(is_good ? pebble_system_info_version(info) : "-");
    else
        print_document(format, is_good ? pebble_system_info_version(info) : NULL);
    pebble_system_info_destroy(info);
    if (is_good || format == FORMAT_TEXT)
        return 0;
    (void)error_set(err, ERROR_CONNECTION, "cannot obtain system details: %s", failure.message);
    return 1;
}

static int run_version(struct cli_call *call, struct error *err) {
    enum cli_format format = cli_format(call);
    if (!cli_is_given(call, "client"))
        return print_both(call, format, err);
    if (format == FORMAT_TEXT)
        return help_print_version();
    print_document(format, NULL);
    return 0;
}

const struct cli_command cmd_version = {
    .name = "version",
    .summary = "Show the versions of the client and the daemon",
    .description =
        "Shows the version of this program and of the daemon. If the daemon cannot be reached within five seconds, its "
        "version is shown as \"-\".",
    .options = (const struct cli_option[]){OPTION_FORMAT,
                                           {.name = "client", .help = "Show only the version of this program"},
                                           {0}},
    .run = run_version,
    .enter_rules = ENTER_ALLOWED | ENTER_SILENT | ENTER_REFUSES_RUN,
};
