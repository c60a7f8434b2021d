// SPDX-License-Identifier: GPL-3.0-or-later
// All commands, grouped as in help.
#pragma once

#include "cli/cli.h"

struct cli_group {
    const char *title;
    const char *about;                         // one-line summary
    const struct cli_command *const *commands; // NULL-terminated
};
// Terminated by a group without a title, which holds the hidden commands.
extern const struct cli_group cli_groups[];

const struct cli_command *cli_command_find(const char *name); // NULL if there is none
// Adds the command that was probably meant to an error that is set. Returns false.
bool cli_command_advise(const char *name, struct error *err);

extern const struct cli_command cmd_run, cmd_enter;
extern const struct cli_command cmd_help, cmd_version;
extern const struct cli_command cmd_add, cmd_plan, cmd_replan;
extern const struct cli_command cmd_services, cmd_logs, cmd_log_targets, cmd_start, cmd_stop, cmd_restart,
    cmd_autostart, cmd_signal, cmd_wait;
extern const struct cli_command cmd_checks, cmd_check, cmd_start_checks, cmd_stop_checks, cmd_health;
extern const struct cli_command cmd_push, cmd_pull, cmd_ls, cmd_mkdir, cmd_rm, cmd_exec;
extern const struct cli_command cmd_changes, cmd_tasks;
extern const struct cli_command cmd_warnings, cmd_okay, cmd_notices, cmd_notice, cmd_notify;
extern const struct cli_command cmd_identities, cmd_identity, cmd_add_identities, cmd_update_identities,
    cmd_remove_identities;
extern const struct cli_command cmd_complete, cmd_completions, cmd_manpage;
