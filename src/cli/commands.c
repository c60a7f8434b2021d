// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/commands.h"

#include "base/nearest.h"

#define COMMANDS(...) ((const struct cli_command *const[]){__VA_ARGS__, NULL})

const struct cli_group cli_groups[] = {
    {"Daemon", "run the service manager", COMMANDS(&cmd_run, &cmd_enter)},
    {"Services", "start, stop and observe services",
     COMMANDS(&cmd_services, &cmd_start, &cmd_stop, &cmd_restart, &cmd_autostart, &cmd_wait, &cmd_signal, &cmd_logs,
              &cmd_log_targets)},
    {"Plan", "show and change the configuration", COMMANDS(&cmd_plan, &cmd_add, &cmd_replan)},
    {"Changes", "show current and recent changes", COMMANDS(&cmd_changes, &cmd_tasks)},
    {"Checks", "show and control health checks",
     COMMANDS(&cmd_checks, &cmd_check, &cmd_start_checks, &cmd_stop_checks, &cmd_health)},
    {"Files", "transfer files and run programs",
     COMMANDS(&cmd_ls, &cmd_push, &cmd_pull, &cmd_mkdir, &cmd_rm, &cmd_exec)},
    {"Notices", "list, record and acknowledge notices and warnings",
     COMMANDS(&cmd_warnings, &cmd_notices, &cmd_notice, &cmd_notify, &cmd_okay)},
    {"Identities", "manage access to the API",
     COMMANDS(&cmd_identities, &cmd_identity, &cmd_add_identities, &cmd_update_identities, &cmd_remove_identities)},
    {"About", "help and versions", COMMANDS(&cmd_help, &cmd_version)},
    {NULL, NULL, COMMANDS(&cmd_complete, &cmd_completions, &cmd_manpage)},
};

const struct cli_command *cli_command_find(const char *name) {
    for (const struct cli_group *group = cli_groups;; group++) {
        for (const struct cli_command *const *command = group->commands; *command != NULL; command++) {
            if (text_equal((*command)->name, name))
                return *command;
        }
        if (group->title == NULL)
            return NULL;
    }
}

// Words of other service managers and of shells.
static const struct synonym {
    const char *word, *command;
} synonyms[] = {
    {"bash", "exec"},      {"cat", "pull"},         {"config", "plan"},   {"daemon", "run"},   {"down", "stop"},
    {"events", "notices"}, {"history", "changes"},  {"init", "run"},      {"jobs", "changes"}, {"journal", "logs"},
    {"kill", "signal"},    {"layers", "plan"},      {"list", "services"}, {"ps", "services"},  {"reload", "replan"},
    {"remove", "rm"},      {"reread", "replan"},    {"serve", "run"},     {"sh", "exec"},      {"shell", "exec"},
    {"show", "plan"},      {"status", "services"},  {"tail", "logs"},     {"up", "start"},     {"update", "replan"},
    {"upload", "push"},    {"users", "identities"},
};

bool cli_command_advise(const char *name, struct error *err) {
    struct nearest nearest;
    for (size_t i = 0; i < ARRAY_COUNT(synonyms); i++) {
        if (text_equal(synonyms[i].word, name))
            return error_add_advice(err, "Did you mean \"%s\"?", synonyms[i].command);
    }
    nearest_init(&nearest, name);
    for (const struct cli_group *group = cli_groups; group->title != NULL; group++) {
        for (const struct cli_command *const *command = group->commands; *command != NULL; command++)
            nearest_try(&nearest, (*command)->name);
    }
    return nearest_advise(&nearest, "", err);
}
