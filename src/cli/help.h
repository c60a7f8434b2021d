// SPDX-License-Identifier: GPL-3.0-or-later
// Help texts, generated from the command descriptors. The help_print functions write to standard output and return the
// exit status 0.
#pragma once

#include "cli/cli.h"

int help_print_short(void);
int help_print_all(void);
int help_print_command(const struct cli_command *command);
int help_print_version(void);

// Adds "pebble start [<option>...] <service>...".
void help_add_usage(struct buffer *out, const struct cli_command *command);
// Adds "-n, --number <count>".
void help_add_option(struct buffer *out, const struct cli_option *option);
