// SPDX-License-Identifier: LGPL-3.0-or-later
// Signals by their full upper-case name ("SIGHUP"), without aliases and real-time signals.
#pragma once

int signal_by_name(const char *name); // 0 when unknown, or for NULL
