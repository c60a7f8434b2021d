// SPDX-License-Identifier: GPL-3.0-or-later
// Parses the words of a command line according to the descriptor of the command. The value of an option follows "=" or
// is the next word; the value of a short option may also follow without a blank. Short flags can be combined. The last
// use of an option counts. Options may follow arguments; after "--" all words are arguments.
#pragma once

#include "cli/cli.h"

enum cli_action { CLI_ACTION_RUN, CLI_ACTION_HELP, CLI_ACTION_VERSION };

// Borrows the words. `arguments` must be finished with arguments_finish() also on failure. Parsing stops at --help, -h
// and --version, which set *action.
bool arguments_parse(const struct cli_command *command, char *const *words, size_t count,
                     struct cli_arguments *arguments, enum cli_action *action, struct error *err) NODISCARD;
void arguments_finish(struct cli_arguments *arguments);

size_t cli_option_count(const struct cli_command *command);
// The option with the name, of which `length` bytes count, or with the letter; NULL if there is none.
const struct cli_option *cli_option_by_name(const struct cli_command *command, const char *name, size_t length);
const struct cli_option *cli_option_by_letter(const struct cli_command *command, char letter);
size_t cli_positional_count(const struct cli_command *command);
