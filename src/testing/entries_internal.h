// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: the entries of a directory as getdents64(2) returns them, as readdir() allocates memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TESTING_ENTRIES_BYTES ((size_t)8192) // of a buffer for them

struct testing_entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static inline bool testing_entry_is_dot(const struct testing_entry *entry) {
    const char *name = entry->name;
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}
