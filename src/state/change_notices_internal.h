// SPDX-License-Identifier: GPL-3.0-or-later
// Private to state/: records the change-update notices: one at the creation of each change and one at each new status.
// Listens to the events of change.h, first of all listeners. A removed change takes its notice with it.
#pragma once

struct change_notices;
struct state;

struct change_notices *change_notices_create(struct state *state) __attribute__((returns_nonnull));
void change_notices_destroy(struct change_notices *notices);
