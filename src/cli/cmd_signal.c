// SPDX-License-Identifier: GPL-3.0-or-later
#include <ctype.h>

#include "base/memory.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/session.h"

static bool has_lower_case(const char *text) {
    while (*text != '\0' && !islower((unsigned char)*text))
        text++;
    return *text != '\0';
}

static int run_signal(struct cli_call *call, struct error *err) {
    const struct text_list *words = cli_argument_list(call);
    const char *given = words->items[0];
    if (has_lower_case(given)) {
        (void)error_set(err, ERROR_BAD_REQUEST, "signal name must be uppercase, for example HUP");
        return 1;
    }
    struct pebble_client *client = session_client(call->session, err);
    AUTO_FREE char *name = memory_printf("%s%s", text_has_prefix(given, "SIG") ? "" : "SIG", given);
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (pebble_send_signal(client, name, (const char *const *)words->items + 1, words->count - 1, &failure))
        return 0;
    bool is_refused = failure.kind == PEBBLE_ERROR_API;
    (void)cli_fail(&failure, err);
    if (is_refused)
        advise_refused_names(client, ADVICE_SERVICE, (const char *const *)words->items + 1, words->count - 1, err);
    return 1;
}

const struct cli_command cmd_signal = {
    .name = "signal",
    .summary = "Send a signal to running services",
    .description =
        "Sends a signal to the main process of each service. Signal names are upper case; the prefix SIG is optional.",
    .examples = "  pebble signal HUP web worker",
    .positionals =
        (const struct cli_positional[]){
            {.name = "<SIGNAL>",
             .help = "Name of the signal, such as HUP or SIGHUP",
             .values = VALUES_SIGNALS,
             .is_required = true},
            {.name = "<service>", .help = "Name of a running service", .values = VALUES_SERVICES, .is_list = true},
            {0}},
    .run = run_signal,
};
