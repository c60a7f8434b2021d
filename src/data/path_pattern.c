// SPDX-License-Identifier: LGPL-3.0-or-later
#include "data/path_pattern.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

static size_t decode(const char *text, uint32_t *code_point, bool *is_valid) {
    return utf8_decode(text, strlen(text), code_point, is_valid);
}

// --- classes ---

// Reads one end of a range. Returns what follows, NULL if it is malformed.
static const char *read_bound(const char *at, uint32_t *code_point) {
    bool is_valid;
    if (*at == '-' || *at == ']')
        return NULL;
    if (*at == '\\')
        at++;
    if (*at == '\0')
        return NULL;
    at += decode(at, code_point, &is_valid);
    return is_valid ? at : NULL;
}

// Reads a class from behind its opening bracket. Returns what follows, NULL if it is malformed. `matches`: whether the
// character belongs to it.
static const char *read_class(const char *at, uint32_t c, bool *matches) {
    bool is_negated = *at == '^';
    bool is_found = false;
    at += is_negated;
    do {
        uint32_t first, last;
        at = read_bound(at, &first);
        last = first;
        if (at != NULL && *at == '-')
            at = read_bound(at + 1, &last);
        if (at == NULL || *at == '\0')
            return NULL;
        is_found = is_found || (first <= c && c <= last);
    } while (*at != ']');
    *matches = is_found != is_negated;
    return at + 1;
}

bool path_pattern_is_valid(const char *pattern) {
    bool ignored;
    while (*pattern != '\0') {
        if (*pattern == '\\' && pattern[1] == '\0')
            return false;
        if (*pattern == '[') {
            pattern = read_class(pattern + 1, 0, &ignored);
            if (pattern == NULL)
                return false;
        } else {
            pattern += *pattern == '\\' ? 2 : 1;
        }
    }
    return true;
}

// --- matching ---

// Matches one element that is not a star with one character. Advances both if it matches.
static bool match_one(const char **pattern, const char **name) {
    uint32_t c;
    bool is_valid, matches = false;
    size_t size = decode(*name, &c, &is_valid);
    const char *next = *pattern + 1;
    switch (**pattern) {
    case '\0':
        return false;
    case '?':
        matches = **name != '/';
        break;
    case '[':
        next = read_class(next, c, &matches);
        break;
    case '\\':
        matches = *next == **name;
        next++;
        size = 1;
        break;
    default: // bytes are compared, so that invalid UTF-8 matches itself
        matches = **pattern == **name;
        size = 1;
        break;
    }
    if (!matches)
        return false;
    *pattern = next;
    *name += size;
    return true;
}

// The last star is enough to go back to: what an earlier one could match more of, the last one can match as well.
bool path_pattern_match(const char *pattern, const char *name) {
    const char *behind_star = NULL, *star_end = NULL; // the rest of the pattern, and where it is tried in the name
    while (*name != '\0') {
        if (*pattern == '*') {
            behind_star = ++pattern;
            star_end = name;
        } else if (!match_one(&pattern, &name)) {
            if (behind_star == NULL || *star_end == '/')
                return false;
            name = ++star_end;
            pattern = behind_star;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
