// SPDX-License-Identifier: GPL-3.0-or-later
// Signals by name, full and in upper case ("SIGHUP"), without aliases and real-time signals.
#pragma once

int signal_by_name(const char *name); // 0 when unknown, or for NULL
const char *signal_name(int number);  // "SIGHUP", or NULL
