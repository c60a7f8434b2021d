// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a command's words by its descriptor. Long options take their value after "=" or as the next word, short
// ones also without a blank, and short flags can be put together; the last use of an option counts. Options may
// follow arguments; after "--" all words are arguments.
#pragma once

#include "cli/cli.h"

enum cli_wish { CLI_WISH_RUN, CLI_WISH_HELP, CLI_WISH_VERSION };

// The words are borrowed; `arguments` is for arguments_finish() whatever comes back. --help, -h and --version are
// answered where they stand: what follows is not looked at.
bool arguments_parse(const struct cli_command *command, char *const *words, size_t count,
                     struct cli_arguments *arguments, enum cli_wish *wish, struct error *err) NODISCARD;
void arguments_finish(struct cli_arguments *arguments);

size_t cli_option_count(const struct cli_command *command);
size_t cli_positional_count(const struct cli_command *command);
