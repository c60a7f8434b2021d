// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/router.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "http/http_response.h"

static size_t segment_length(const char *path) {
    return strcspn(path, "/");
}

bool route_fits(const char *pattern, const char *path, struct route_match *match) {
    match->count = 0;
    for (;;) {
        size_t pattern_length = segment_length(pattern);
        size_t path_length = segment_length(path);
        if (pattern_length > 0 && pattern[0] == '{') {
            if (path_length == 0 || path_length >= ROUTE_PARAMETER_BYTES || match->count == ROUTE_PARAMETERS)
                return false;
            char *value = match->values[match->count++];
            memcpy(value, path, path_length);
            value[path_length] = '\0';
        } else if (pattern_length != path_length || memcmp(pattern, path, path_length) != 0) {
            return false;
        }
        pattern += pattern_length;
        path += path_length;
        if (*pattern != *path)
            return false;
        if (*pattern == '\0')
            return true;
        pattern++;
        path++;
    }
}

static void add_escaped(struct buffer *out, const char *path) {
    for (const char *nul; (nul = strstr(path, TEXT_NUL)) != NULL; path = nul + strlen(TEXT_NUL)) {
        url_add_path_escaped(out, path, (size_t)(nul - path));
        buffer_add_string(out, "%00");
    }
    url_add_path_escaped(out, path, strlen(path));
}

bool route_redirect(struct http_exchange *exchange) {
    const char *path = http_exchange_path(exchange);
    AUTO_FREE char *clean = url_clean_path(path);
    if (text_equal(clean, path))
        return false;
    AUTO_BUFFER struct buffer location = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_escaped(&location, clean);
    const char *query = http_exchange_raw_query(exchange);
    if (query[0] != '\0') {
        buffer_add_char(&location, '?');
        buffer_add_string(&location, query);
    }
    http_respond_redirect(exchange, buffer_text(&location));
    return true;
}
