// SPDX-License-Identifier: LGPL-3.0-or-later
// Sizes in the text of values. Declared in data/json.h.
#include "data/json.h"

#include <string.h>

// Walks over text that json_read() has accepted.
struct walker {
    const char *at;
    const char *end;
};

static bool is_at(const struct walker *walker, const char *characters) {
    return walker->at < walker->end && *walker->at != '\0' && strchr(characters, *walker->at) != NULL;
}

static void skip_blanks(struct walker *walker) {
    while (is_at(walker, " \t\r\n"))
        walker->at++;
}

static void skip_string(struct walker *walker) {
    walker->at++;
    while (walker->at < walker->end && *walker->at != '"')
        walker->at += *walker->at == '\\' ? 2 : 1;
    walker->at++;
}

static void skip_scalar(struct walker *walker) {
    while (walker->at < walker->end && !is_at(walker, ",]} \t\r\n"))
        walker->at++;
}

static void skip_collection(struct walker *walker) {
    size_t depth = 0;
    do {
        char c = *walker->at;
        if (c == '"') {
            skip_string(walker);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        walker->at++;
    } while (depth > 0 && walker->at < walker->end);
}

static void skip_value(struct walker *walker) {
    if (*walker->at == '"')
        skip_string(walker);
    else if (*walker->at == '{' || *walker->at == '[')
        skip_collection(walker);
    else
        skip_scalar(walker);
}

// A name may be written with escapes.
static bool is_name(const char *text, size_t length, const char *name) {
    AUTO_JSON json_t *read = NULL;
    return json_read(text, length, &read, NULL) && text_equal_nocase(json_string_value(read), name) &&
           strlen(name) == json_string_length(read); // otherwise it has a NUL
}

size_t json_member_length(const char *text, size_t length, const char *name) {
    struct walker walker = {.at = text, .end = text + length};
    size_t found = 0;
    skip_blanks(&walker);
    if (!is_at(&walker, "{"))
        return 0;
    walker.at++;
    for (skip_blanks(&walker); is_at(&walker, "\""); skip_blanks(&walker)) {
        const char *start = walker.at;
        skip_string(&walker);
        bool is_wanted = is_name(start, (size_t)(walker.at - start), name);
        skip_blanks(&walker);
        walker.at++; // the colon
        skip_blanks(&walker);
        start = walker.at;
        skip_value(&walker);
        if (is_wanted)
            found = (size_t)(walker.at - start);
        skip_blanks(&walker);
        if (is_at(&walker, ","))
            walker.at++;
    }
    return found;
}

// An upper bound: what separates or begins values, strings left out.
static size_t count_values(const char *text, size_t length) {
    size_t count = 1;
    bool is_in_string = false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '"')
            is_in_string = !is_in_string;
        else if (is_in_string)
            i += c == '\\' ? 1 : 0;
        else
            count += c == ',' || c == ':' || c == '[' || c == '{' ? 1 : 0;
    }
    return count;
}

bool json_check_count(const char *text, size_t length, size_t values_max, struct error *err) {
    return length <= values_max || count_values(text, length) <= values_max ||
           error_set(err, ERROR_TOO_LARGE, "too many values");
}

bool json_read_limited(const char *text, size_t length, size_t values_max, json_t **value, struct error *err) {
    return json_check_count(text, length, values_max, err) && json_read(text, length, value, err);
}
