// SPDX-License-Identifier: GPL-3.0-or-later
// A YAML file of identities, as the commands and `run --identities` read it: a map with the key "identities", which
// holds what the API takes as JSON.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define IDENTITY_FILE_BYTES_MAX ((size_t)8388608)

// Reads the identities as a JSON object with at least one member. Blocks, but not for a FIFO, which is refused. Their
// content is checked by the daemon. Keys that are not known are ignored, as in the reference. Errors: `open PATH: …`,
// `cannot unmarshal identities: …`.
bool identity_file_read(const char *path, json_t **identities, struct error *err) NODISCARD;
// The same for the text of such a file.
bool identity_file_parse(const char *text, size_t length, json_t **identities, struct error *err) NODISCARD;
