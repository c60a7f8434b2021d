// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/session.h"

static int run_health(struct cli_call *call, struct error *err) {
    const struct text_list *names = cli_argument_list(call);
    struct pebble_client *client = session_client(call->session, err);
    bool is_healthy = false;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_get_health(client, cli_text(call, "level"), (const char *const *)names->items, names->count,
                           &is_healthy, &failure))
        return cli_fail(&failure, err);
    advise_idle_checks(client, cli_text(call, "level"), names);
    if (cli_format(call) == FORMAT_TEXT) {
        (void)puts(is_healthy ? "healthy" : "unhealthy");
        return is_healthy ? 0 : 1;
    }
    struct document document;
    document_init(&document, cli_format(call));
    document_begin_map(&document);
    document_member_bool(&document, "healthy", is_healthy);
    document_end_map(&document);
    document_print(&document);
    return 0;
}

const struct cli_command cmd_health = {
    .name = "health",
    .summary = "Show whether the checks are healthy",
    .description =
        "Prints \"healthy\" if the named checks, or all checks, are up, and \"unhealthy\" otherwise. "
        "Without names, a service that counts for health and is not ready is a failing check. The exit status is "
        "0 if healthy and 1 if not; with --format json or yaml it is 0 in both cases.",
    .options =
        (const struct cli_option[]){
            OPTION_FORMAT,
            {.name = "level",
             .kind = CLI_CHOICE,
             .value = "level",
             .choices = (const char *const[]){"alive", "ready", NULL},
             .help = "Consider only checks with this level: alive or ready (ready includes alive)"},
            {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<check>", .help = "Name of a check to consider", .values = VALUES_CHECKS, .is_list = true}, {0}},
    .run = run_health,
};
