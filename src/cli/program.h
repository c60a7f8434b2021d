// SPDX-License-Identifier: GPL-3.0-or-later
// The program: runs a command line.
#pragma once

#include "cli/cli.h"

// Codes of errors with which the program exits as a shell does for a command: 127, and 126.
#define PROGRAM_CODE_NO_COMMAND "no-command"
#define PROGRAM_CODE_CANNOT_RUN "cannot-run"

// Runs a command line, given without the program name. Prints results and errors; returns the exit status.
int program_run(char *const *words, size_t count);

// Finds a command by name. Error: `unknown command "x", see 'pebble help'`.
bool program_find_command(const char *name, const struct cli_command **command, struct error *err) NODISCARD;

// Runs a command whose arguments have been parsed.
int program_call(struct cli_call *call, struct error *err);
