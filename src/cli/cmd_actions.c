// SPDX-License-Identifier: GPL-3.0-or-later
// start, stop, restart, autostart and replan: each asks the daemon for a change and waits for it.
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/wait.h"

static int run_action(struct cli_call *call, const struct text_list *names, struct error *err) {
    struct pebble_client *client = session_client(call->session, err);
    char *change_id = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_control_services(client, call->command->name, (const char *const *)names->items, names->count,
                                 &change_id, &failure))
        return cli_fail(&failure, err);
    int code = wait_for_change(call, change_id, err);
    pebble_free(change_id);
    return code;
}

static int run_named_action(struct cli_call *call, struct error *err) {
    return run_action(call, cli_argument_list(call), err);
}

static int run_plain_action(struct cli_call *call, struct error *err) {
    static const struct text_list nobody = {0};
    return run_action(call, &nobody, err);
}

static const struct cli_option wait_options[] = {OPTION_NO_WAIT, {0}};

static const struct cli_positional named_services[] = {
    {.name = "<service>", .help = "A service of the plan", .is_required = true, .is_list = true}, {0}};

const struct cli_command cmd_start = {
    .name = "start",
    .summary = "Start services and what they require",
    .description =
        "Starts the services, and those that they require, in the order that the plan says. It waits until they "
        "run, or one has failed; an interrupt (ctrl-C) gives up what is still being started.",
    .options = wait_options,
    .positionals = named_services,
    .run = run_named_action,
    .enter_rules = ENTER_ALLOWED | ENTER_KEEPS_RUNNING,
};

const struct cli_command cmd_stop = {
    .name = "stop",
    .summary = "Stop services and what requires them",
    .description = "Stops the services, and those that require them, in the order that the plan says, and waits until "
                   "they have ended.",
    .options = wait_options,
    .positionals = named_services,
    .run = run_named_action,
    .enter_rules = ENTER_ALLOWED | ENTER_KEEPS_RUNNING | ENTER_NEEDS_RUN,
};

const struct cli_command cmd_restart = {
    .name = "restart",
    .summary = "Restart services",
    .description =
        "Stops the services that run and starts them again; those that do not run are started. It waits until "
        "they run, or one has failed.",
    .options = wait_options,
    .positionals = named_services,
    .run = run_named_action,
};

const struct cli_command cmd_autostart = {
    .name = "autostart",
    .summary = "Start the services that start with the daemon",
    .description =
        "Starts the services whose startup is \"enabled\", as the daemon does when it begins without --hold.",
    .options = wait_options,
    .run = run_plain_action,
    .ignored_arguments = 1,
};

const struct cli_command cmd_replan = {
    .name = "replan",
    .summary = "Make what runs match the plan",
    .description = "Restarts the running services whose configuration has changed since they were started, and starts "
                   "those that are enabled and do not run. Changed checks are started anew.",
    .options = wait_options,
    .run = run_plain_action,
    .ignored_arguments = 1,
};
