// SPDX-License-Identifier: LGPL-3.0-or-later
// Setting a `struct pebble_error`, for libpebble and the modules that are part of it.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "pebble.h"

#include <stdbool.h>

// These return false. A failure that is there is replaced; `error` may be NULL. A message is cut off at 1 MiB.
bool client_fail(struct pebble_error *error, enum pebble_error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);
// With the words of `cause` behind `words`; its kind (CONNECTION, TIMEOUT, CANCELLED, anything else counts as PROTOCOL)
// decides ours.
bool client_fail_because(struct pebble_error *error, const char *words, const struct error *cause);
// Gives the failure from `source`, which is empty afterwards.
bool client_fail_move(struct pebble_error *error, struct pebble_error *source);

// As text_quoted(), of the first 1,024 bytes, for text that the daemon sent. Owned.
char *client_quoted(const char *text);

#define AUTO_PEBBLE_ERROR CLEANUP(pebble_error_clear)
