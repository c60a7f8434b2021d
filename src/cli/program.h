// SPDX-License-Identifier: GPL-3.0-or-later
// The program as a whole: words in, exit status out.
#pragma once

#include "cli/cli.h"

// Runs the command that the words (without the program's name) say, printing what there is to say, errors too.
int program_run(char *const *words, size_t count);

// Finds the command that the first word names; false with `unknown command "x", see 'pebble help'`.
bool program_find_command(const char *name, const struct cli_command **command, struct error *err) NODISCARD;

// Runs a command whose arguments are read already.
int program_call(struct cli_call *call, struct error *err);
