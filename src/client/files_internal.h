// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: what the requests to /v1/files have in common.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "client/response_internal.h"
#include "data/json.h"
#include "pebble.h"

#include <stdbool.h>
#include <stdint.h>

// A file or a directory that is to be made.
struct client_file_spec {
    const char *path;
    bool makes_parents;
    const char *permissions; // octal; NULL: those that are usual
    const int64_t *user_id;
    const char *user;
    const int64_t *group_id;
    const char *group;
};
// PEBBLE_ERROR_ARGUMENT if a path or name is not UTF-8.
bool client_file_spec_check(const struct client_file_spec *spec, struct pebble_error *error) NODISCARD;
// Adds the object of a request. `parents_key`: the name of its member makes_parents.
void client_file_spec_write(const struct client_file_spec *spec, const char *parents_key, struct json_writer *writer);

#define CLIENT_PERMISSIONS_SIZE 12
// Permissions in octal, of three digits at least; NULL for 0.
const char *client_permissions_text(uint32_t permissions, char text[CLIENT_PERMISSIONS_SIZE]);

// Whether the response reports success for the one path that was asked for; PEBBLE_ERROR_PATH if not.
bool client_path_result_check(const struct client_response *response, struct pebble_error *error) NODISCARD;
