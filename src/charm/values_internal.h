// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to charm/: values that a hook tool has printed as JSON.
#pragma once

#include "base/compiler.h"
#include "charm/tool_internal.h"
#include "pebble-charm.h"

#include <jansson.h>
#include <stdbool.h>

// Reads the JSON text that `tool` has printed. `tool` is for the message of PEBBLE_ERROR_PROTOCOL.
bool charm_json_read(const char *tool, const char *text, json_t **value, struct pebble_error *error) NODISCARD;
// Text for C: a NUL in it becomes U+FFFD. Owned; NULL if it is no string.
char *charm_json_text(const json_t *value);

// PEBBLE_ERROR_ARGUMENT if it is NULL, empty or not UTF-8. `what`: its noun.
bool charm_check_key(const char *what, const char *key, struct pebble_error *error) NODISCARD;

// From the JSON text of an object or null. With `key`, the text is the value of this one.
bool charm_values_create(const char *tool, const char *text, const char *key, struct pebble_charm_values **values,
                         struct pebble_error *error) NODISCARD;
// Runs the tool and reads its output.
bool charm_values_get(struct pebble_charm *charm, const struct charm_tool *tool, const char *key,
                      struct pebble_charm_values **values, struct pebble_error *error) NODISCARD;
