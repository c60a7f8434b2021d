// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: structures of options that grow from version to version (see clone3(2) for the idiom).
#pragma once

#include "base/compiler.h"
#include "data/json.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Copies to `own` what the caller's version of the structure has; the rest is zero. `given` begins with its size, and
// may be NULL: all is zero then. PEBBLE_ERROR_ARGUMENT if there is no size, or something is set that we do not know.
bool client_options_read(void *own, size_t own_size, const void *given, struct pebble_error *error) NODISCARD;
// PEBBLE_ERROR_ARGUMENT if it is the result of a failed open(). `fd` may be NULL.
bool client_options_check_fd(const int *fd, struct pebble_error *error) NODISCARD;
// PEBBLE_ERROR_ARGUMENT if it is not UTF-8: JSON cannot carry it, and a changed name could be that of another file.
// `text` may be NULL.
bool client_options_check_text(const char *what, const char *text, struct pebble_error *error) NODISCARD;
// PEBBLE_ERROR_ARGUMENT if one of the texts is NULL, or all of them. `what` is their plural noun.
bool client_options_check_texts(const char *what, const char *const *texts, size_t count,
                                struct pebble_error *error) NODISCARD;
// PEBBLE_ERROR_ARGUMENT if others than the known flags are set.
bool client_options_check_flags(uint64_t flags, uint64_t known, struct pebble_error *error) NODISCARD;

// Adds a member for an option that is given: a text that is not empty, a number that is not NULL.
void client_options_write_text(struct json_writer *writer, const char *name, const char *text);
void client_options_write_number(struct json_writer *writer, const char *name, const int64_t *number);
