// SPDX-License-Identifier: GPL-3.0-or-later
// cli.json: up to what time this user has listed and acknowledged notices and warnings, for each daemon's socket. The
// file is in $XDG_CONFIG_HOME/pebble, or ~/.config/pebble.
#pragma once

#include "base/clock.h"
#include "base/error.h"

enum state_moment { NOTICES_LISTED, NOTICES_OKAYED, WARNINGS_LISTED, WARNINGS_OKAYED, STATE_MOMENTS };

struct state_file {
    struct wall_time moments[STATE_MOMENTS];
};

// A missing file counts as empty, also if neither variable is set, so that commands that only read it work. Errors:
// `cannot load CLI state: PATH: unexpected EOF`.
bool state_file_load(const char *socket_path, struct state_file *state, struct error *err) NODISCARD;
// Replaces the entry of this socket and keeps the rest. Errors: `cannot save CLI state: …`, among them
// `cannot save CLI state: neither XDG_CONFIG_HOME nor HOME is set`.
bool state_file_save(const char *socket_path, const struct state_file *state, struct error *err) NODISCARD;
