// SPDX-License-Identifier: GPL-3.0-or-later
// start, stop, restart, autostart and replan: each requests a change and waits for it.
#include "cli/advice.h"
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
                                 &change_id, &failure)) {
        bool is_refused = failure.kind == PEBBLE_ERROR_API;
        (void)cli_fail(&failure, err);
        if (is_refused)
            advise_refused_names(client, ADVICE_SERVICE, (const char *const *)names->items, names->count, err);
        return 1;
    }
    int code = wait_for_change(call, change_id, err);
    pebble_free(change_id);
    return code;
}

static int run_named_action(struct cli_call *call, struct error *err) {
    return run_action(call, cli_argument_list(call), err);
}

static int run_plain_action(struct cli_call *call, struct error *err) {
    static const struct text_list no_names = {0};
    return run_action(call, &no_names, err);
}

static const struct cli_option wait_options[] = {OPTION_NO_WAIT, {0}};

static const struct cli_positional named_services[] = {{.name = "<service>",
                                                        .help = "Name of a service in the plan",
                                                        .values = VALUES_SERVICES,
                                                        .is_required = true,
                                                        .is_list = true},
                                                       {0}};

const struct cli_command cmd_start = {
    .name = "start",
    .summary = "Start services and the services they require",
    .description =
        "Starts the services and all services that they require, in the order defined by the plan. Waits until all "
        "are up or one has failed. A service is up when it has run for a second, or is ready if it has the key "
        "\"ready\"; "
        "a one-shot when it has completed. An interrupt (ctrl-C) aborts the change.",
    .options = wait_options,
    .positionals = named_services,
    .run = run_named_action,
    .enter_rules = ENTER_ALLOWED | ENTER_KEEPS_RUNNING,
};

const struct cli_command cmd_stop = {
    .name = "stop",
    .summary = "Stop services and the services that require them",
    .description =
        "Stops the services and all services that require them, in the order defined by the plan. Waits until "
        "their processes have exited.",
    .options = wait_options,
    .positionals = named_services,
    .run = run_named_action,
    .enter_rules = ENTER_ALLOWED | ENTER_KEEPS_RUNNING | ENTER_NEEDS_RUN,
};

const struct cli_command cmd_restart = {
    .name = "restart",
    .summary = "Restart services",
    .description =
        "Stops the services if they are running, and starts them again. Waits until all are running or one has "
        "failed.",
    .options = wait_options,
    .positionals = named_services,
    .run = run_named_action,
};

const struct cli_command cmd_autostart = {
    .name = "autostart",
    .summary = "Start all enabled services",
    .description = "Starts the services with \"startup: enabled\", as 'pebble run' does without --hold.",
    .options = wait_options,
    .run = run_plain_action,
    .ignored_arguments = 1,
};

const struct cli_command cmd_replan = {
    .name = "replan",
    .summary = "Apply the plan to the running services",
    .description = "Restarts running services whose configuration has changed since they were started. Starts enabled "
                   "services that are not running, and stopped ones whose configuration has changed since they were "
                   "started. Restarts checks whose configuration has changed.",
    .options = wait_options,
    .run = run_plain_action,
    .ignored_arguments = 1,
};
