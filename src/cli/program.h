// SPDX-License-Identifier: GPL-3.0-or-later
// The program: runs a command line.
#pragma once

#include "cli/cli.h"

// Runs a command line, given without the program name. Prints results and errors; returns the exit status.
int program_run(char *const *words, size_t count);

// Finds a command by name. Error: `unknown command "x", see 'pebble help'`.
bool program_find_command(const char *name, const struct cli_command **command, struct error *err) NODISCARD;

// Runs a command whose arguments have been parsed.
int program_call(struct cli_call *call, struct error *err);
