// SPDX-License-Identifier: GPL-3.0-or-later
// An environment under construction: later settings replace earlier ones of the same name.
#pragma once

#include "base/compiler.h"

struct environment;

struct environment *environment_create(char *const *initial) __attribute__((returns_nonnull)); // NULL: empty
void environment_destroy(struct environment *environment);
void environment_set(struct environment *environment, const char *name, const char *value);
void environment_unset(struct environment *environment, const char *name);
const char *environment_get(const struct environment *environment, const char *name); // NULL when absent
// For execve(2); borrowed, valid until the next change. Sorted by name.
char *const *environment_list(struct environment *environment);
