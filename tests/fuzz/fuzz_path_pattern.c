// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/path_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool match_slowly(const char *pattern, const char *name);

// Matches the rest with a star: every number of characters is tried.
static bool match_star(const char *pattern, const char *name) {
    for (;; name++) {
        if (match_slowly(pattern, name))
            return true;
        if (*name == '\0' || *name == '/')
            return false;
    }
}

// Stars and literal bytes only.
static bool match_slowly(const char *pattern, const char *name) {
    for (; *pattern != '\0'; pattern++, name++) {
        if (*pattern == '*')
            return match_star(pattern + 1, name);
        if (*pattern != *name)
            return false;
    }
    return *name == '\0';
}

// The pattern, a line feed, the name.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FREE char *pattern = memory_string_n((const char *)data, size);
    char *name = strchr(pattern, '\n');
    if (name == NULL)
        return 0;
    *name++ = '\0';
    if (!path_pattern_is_valid(pattern))
        return 0;
    bool matches = path_pattern_match(pattern, name);
    if (strlen(name) < 12 && strlen(pattern) < 12 && strpbrk(pattern, "?[\\") == NULL &&
        matches != match_slowly(pattern, name))
        abort();
    return 0;
}
