// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "base/memory.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/session.h"
#include "cli/table_layout.h"

static bool have_notes(const struct pebble_services *services) {
    for (size_t i = 0; i < pebble_services_count(services); i++) {
        if (pebble_service_note(pebble_services_at(services, i)) != NULL)
            return true;
    }
    return false;
}

static void print_table(const struct cli_call *call, const struct pebble_services *services) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    bool has_notes = have_notes(services);
    static const struct table_column columns[] = {{"Service", TABLE_NAME, 0},
                                                  {"Startup", TABLE_PLAIN, 3},
                                                  {"Current", TABLE_STATUS, 0},
                                                  {"Since", TABLE_PLAIN, 2},
                                                  {"Notes", TABLE_TEXT, 1}};
    table_init_columns(&table, columns, has_notes ? 5 : 4);
    for (size_t i = 0; i < pebble_services_count(services); i++) {
        const struct pebble_service *service = pebble_services_at(services, i);
        const char *time;
        (void)pebble_service_current_since_ns(service, &time);
        table_add(&table, pebble_service_name(service));
        table_add(&table, pebble_service_startup(service));
        table_add(&table, pebble_service_current(service));
        table_add_time(&table, time, cli_is_given(call, "abs-time"));
        const char *note = pebble_service_note(service);
        if (has_notes)
            table_add(&table, note != NULL ? note : "");
    }
    table_show(&table, &out);
    cli_print(&out);
}

static void print_document(enum cli_format format, const struct pebble_services *services) {
    struct document document;
    document_init(&document, format);
    document_begin_map(&document);
    document_key(&document, "services");
    document_begin_map(&document);
    AUTO_MAP struct map by_name = MAP_INIT(NULL);
    for (size_t i = 0; i < pebble_services_count(services); i++)
        map_set(&by_name, pebble_service_name(pebble_services_at(services, i)),
                (void *)(uintptr_t)pebble_services_at(services, i));
    AUTO_FREE struct map_entry **sorted = document_sorted(&document, &by_name);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        const struct pebble_service *service = sorted[i]->value;
        const char *since;
        (void)pebble_service_current_since_ns(service, &since);
        document_key(&document, pebble_service_name(service));
        document_begin_map(&document);
        document_member_string(&document, "name", pebble_service_name(service));
        document_member_string(&document, "startup", pebble_service_startup(service));
        document_member_string(&document, "current", pebble_service_current(service));
        document_member_time(&document, "current-since", since);
        document_end_map(&document);
    }
    document_end_map(&document);
    document_end_map(&document);
    document_print(&document);
}

static int run_services(struct cli_call *call, struct error *err) {
    const struct text_list *names = cli_argument_list(call);
    struct pebble_client *client = session_client(call->session, err);
    struct pebble_services *services = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_get_services(client, (const char *const *)names->items, names->count, &services, &failure))
        return cli_fail(&failure, err);
    if (cli_format(call) != FORMAT_TEXT)
        print_document(cli_format(call), services);
    else if (pebble_services_count(services) > 0)
        print_table(call, services);
    else
        (void)fprintf(stderr, names->count == 0 ? "Plan has no services.\n" : "No matching services.\n");
    pebble_services_destroy(services);
    advise_unknown_services(client, names);
    return 0;
}

const struct cli_command cmd_services = {
    .name = "services",
    .summary = "List services and their status",
    .description =
        "Lists the named services, or all services in the plan, in alphabetical order. Shows whether each is enabled, "
        "its current status, and since when it has had that status.",
    .options = (const struct cli_option[]){OPTION_FORMAT, OPTION_ABS_TIME, {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<service>", .help = "Name of a service to list", .values = VALUES_SERVICES, .is_list = true},
            {0}},
    .run = run_services,
    .enter_rules = ENTER_ALLOWED | ENTER_SILENT | ENTER_REFUSES_RUN,
};
