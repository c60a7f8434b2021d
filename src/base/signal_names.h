// SPDX-License-Identifier: LGPL-3.0-or-later
// Signals by their full upper-case name ("SIGHUP"), without aliases and real-time signals.
#pragma once

int signal_by_name(const char *name); // 0 when unknown, or for NULL
// The name of a signal; NULL for numbers without one. SIGNAL_NUMBER_MAX is the highest with a name.
const char *signal_name(int number);
#define SIGNAL_NUMBER_MAX 31
