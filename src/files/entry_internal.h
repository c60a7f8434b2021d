// SPDX-License-Identifier: GPL-3.0-or-later
// Private to files/: an entry of a listing as JSON.
#pragma once

#include "base/map.h"
#include "data/json.h"

#include <sys/stat.h>

// Writes entries, and remembers the names of users and groups.
struct entry_writer {
    struct json_writer *json;
    struct map users, groups; // ID in decimal to name
};
void entry_writer_init(struct entry_writer *writer, struct json_writer *json);
void entry_writer_finish(struct entry_writer *writer);
// `path`: clean. Blocks while accounts are looked up.
void entry_write(struct entry_writer *writer, const char *path, const struct stat *status);
