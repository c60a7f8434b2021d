// SPDX-License-Identifier: GPL-3.0-or-later
// The user, group, environment and directory of a command, merged from the settings that apply to it. The rules are in
// docs/internals/process.md.
#pragma once

#include "base/accounts.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/map.h"
#include "process/environment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The settings of one source. Borrowed. Members that are NULL (texts: or empty) are unset.
struct run_as_layer {
    const int64_t *user_id;
    const char *user;
    const int64_t *group_id;
    const char *group;
    const struct map *environment; // name to text
    const char *directory;
};

enum run_as_rules {
    RUN_AS_SERVICE, // HOME and USER follow the user if one is chosen; the directory is the daemon's by default
    RUN_AS_EXEC,    // HOME, USER, PATH and LANG are always set; the directory is HOME by default, else "/"
};

struct run_as {
    struct account_choice account;   // members not set: the daemon's own
    struct environment *environment; // owned
    char *directory;                 // owned; NULL: the daemon's
    char *warning;                   // owned, for the log: why HOME and USER could not be set; NULL as a rule
};

// Merges `layers` member by member, lowest first (workload, then service; service context, then request), and their
// environment over the daemon's. Errors are those of account_resolve().
bool run_as_resolve(const struct run_as_layer *layers, size_t count, enum run_as_rules rules, struct run_as *run_as,
                    struct error *err) NODISCARD;
void run_as_finish(struct run_as *run_as);
#define AUTO_RUN_AS CLEANUP(run_as_finish)
