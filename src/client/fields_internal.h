// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: reading JSON that the daemon sent. A member of the wrong type is noted in the fields' error,
// and reads as if it were absent: look once, at the end. The same holds for what does not fit into memory, as the
// daemon decides on all sizes.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "data/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_JSON_VALUES_MAX ((size_t)4000000)

// As json_read(), with at most so many values: each takes a hundred times the memory that it takes as text.
bool client_json_read(const char *text, size_t length, json_t **value, struct error *err) NODISCARD;

struct client_fields {
    const json_t *object;
    struct error *err; // the first problem: ERROR_INTERNAL
};

// False (with the error set) if `value` is no object.
bool client_fields_init(struct client_fields *fields, const json_t *value, struct error *err) NODISCARD;
// Text for C: a NUL in it becomes U+FFFD. Owned; "" when absent.
char *client_fields_text(struct client_fields *fields, const char *name);
char *client_fields_text_or_null(struct client_fields *fields, const char *name); // NULL when absent or ""
int64_t client_fields_int(struct client_fields *fields, const char *name);
bool client_fields_bool(struct client_fields *fields, const char *name);
// RFC 3339: nanoseconds, and *text as given (owned); 0 and NULL when absent.
int64_t client_fields_time(struct client_fields *fields, const char *name, char **text);
// An object, as JSON text (owned); NULL when absent.
char *client_fields_object_text(struct client_fields *fields, const char *name);
const json_t *client_fields_array(struct client_fields *fields, const char *name); // NULL when absent
char **client_fields_texts(struct client_fields *fields, const char *name, size_t *count);

// Reads one item of a list into the caller's structure, all zero before. What is wrong is noted in `err`.
typedef void (*client_read_item_fn)(const json_t *value, void *item, struct error *err);
// A list (NULL: an empty one) as an array of structures of that size. Owned, never NULL. What is wrong is noted in
// `err`, and ends it: the last of *count items may be incomplete then.
void *client_json_items(const json_t *list, size_t size, client_read_item_fn read_item, size_t *count,
                        struct error *err);

char *client_json_string(const json_t *string, struct error *err); // as client_fields_text()
char *client_json_text(const json_t *value, struct error *err);    // any value as JSON text
