// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/help.h"

static int run_help(struct cli_call *call, struct error *err) {
    const struct text_list *names = cli_argument_list(call);
    if (cli_is_given(call, "all")) {
        if (names->count == 0)
            return help_print_all();
        (void)error_set(err, ERROR_BAD_REQUEST, "help takes a command or --all, not both");
        return 1;
    }
    if (names->count == 0)
        return help_print_short();
    const struct cli_command *command = cli_command_find(names->items[0]);
    if (command != NULL && names->count == 1)
        return help_print_command(command);
    AUTO_FREE char *quoted = text_quoted(names->items[command == NULL ? 0 : 1]);
    const char *blank = command != NULL ? " " : "", *known = command != NULL ? command->name : "";
    (void)error_set(err, ERROR_NOT_FOUND, "unknown command %s, see 'pebble help%s%s'", quoted, blank, known);
    if (command == NULL)
        (void)cli_command_advise(names->items[0], err);
    return 1;
}

const struct cli_command cmd_help = {
    .name = "help",
    .summary = "Show help for a command",
    .description = "Shows the usage, arguments and options of a command. Without a command, lists all commands.",
    .options =
        (const struct cli_option[]){{.name = "all", .help = "List all commands with a one-line summary of each"}, {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<command>", .help = "Name of a command", .values = VALUES_COMMANDS, .is_list = true}, {0}},
    .run = run_help,
    .enter_rules = ENTER_ALLOWED | ENTER_SILENT | ENTER_NO_DAEMON,
};
