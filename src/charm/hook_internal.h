// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to charm/: which event a hook is for, from its environment.
#pragma once

#include "base/compiler.h"
#include "base/text.h"
#include "pebble-charm.h"

#include <stdbool.h>

struct charm_hook {
    enum pebble_charm_kind kind;
    char *event;
    char *workload; // NULL: none
    char *app;      // NULL: none
};

// The value of a variable of "NAME=VALUE" strings, borrowed; NULL if it is not there or empty.
const char *charm_variable(const struct text_list *environment, const char *name);
bool charm_hook_init(struct charm_hook *hook, const struct text_list *environment,
                     struct pebble_error *error) NODISCARD;
void charm_hook_finish(struct charm_hook *hook);
