// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to charm/: the charm: its environment, its hook and the clients of its containers.
#pragma once

#include "base/map.h"
#include "base/text.h"
#include "charm/hook_internal.h"
#include "pebble-charm.h"

struct pebble_charm {
    struct text_list environment; // "NAME=VALUE"
    struct charm_hook hook;
    struct map clients; // of containers, by name
    int interrupt_fd;   // borrowed, -1 for none
};
