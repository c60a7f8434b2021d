// SPDX-License-Identifier: GPL-3.0-or-later
// Paths of requests: the clean path is compared with one that is made segment by segment, and the route of a path with
// those whose segments are the same. A clean path stays as it is, also after it has been escaped and decoded.
#include <stdlib.h>
#include <string.h>

#include "api/routes_internal.h"
#include "base/memory.h"
#include "base/text.h"
#include "wire/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

// The non-empty segments without "." and with ".." resolved, and a slash at the end if the path has one there.
static char *clean_slowly(const char *path) {
    AUTO_TEXT_LIST struct text_list kept = {0};
    AUTO_FREE char *copy = memory_string(path);
    char *rest = copy;
    bool ends_with_slash = text_has_suffix(path, "/");
    for (char *segment; (segment = strsep(&rest, "/")) != NULL;) {
        if (text_equal(segment, "..") && kept.count > 0)
            free(kept.items[--kept.count]);
        else if (segment[0] != '\0' && !text_equal(segment, ".") && !text_equal(segment, ".."))
            text_list_add(&kept, segment);
    }
    AUTO_FREE char *joined = text_list_join(&kept, "/");
    return memory_printf("/%s%s", joined, ends_with_slash && kept.count > 0 ? "/" : "");
}

static void check_clean(const char *path) {
    AUTO_FREE char *clean = url_clean_path(path);
    AUTO_FREE char *again = url_clean_path(clean);
    AUTO_FREE char *expected = clean_slowly(path);
    require(text_equal(clean, again) && text_equal(clean, expected));
    AUTO_BUFFER struct buffer escaped = BUFFER_INIT(BUFFER_NO_LIMIT);
    url_add_path_escaped(&escaped, clean, strlen(clean));
    require(strspn(buffer_text(&escaped),
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+/:=@%!'()*,;") ==
            escaped.length);
    AUTO_FREE char *decoded = NULL;
    size_t length;
    require(url_decode(buffer_text(&escaped), escaped.length, false, &decoded, &length));
    require(length == strlen(clean) && memcmp(decoded, clean, length) == 0);
}

// The parameters put into the pattern are the path.
static void check_route(const char *path) {
    struct route_match match;
    const struct route *route = route_find(path, &match);
    if (route == NULL)
        return;
    AUTO_BUFFER struct buffer made = BUFFER_INIT(BUFFER_NO_LIMIT);
    size_t used = 0;
    for (const char *at = route->pattern; *at != '\0'; at++) {
        if (*at != '{') {
            buffer_add_char(&made, *at);
            continue;
        }
        require(used < match.count && match.values[used][0] != '\0' && strchr(match.values[used], '/') == NULL);
        buffer_add_string(&made, match.values[used++]);
        at = strchr(at, '}');
    }
    require(used == match.count && text_equal(buffer_text(&made), path));
    enum route_access access;
    (void)route_handler(route, "GET", &access);
    (void)route_handler(route, "POST", &access);
    require(route_handler(route, path, &access) == NULL);
}

// The first line is a pattern, the rest a path.
static void check_pattern(const char *text) {
    AUTO_FREE char *pattern = memory_string(text);
    char *path = strchr(pattern, '\n');
    struct route_match match;
    if (path == NULL)
        return;
    *path++ = '\0';
    if (route_fits(pattern, path, &match) && strchr(pattern, '{') == NULL)
        require(text_equal(pattern, path) && match.count == 0);
    require(match.count <= ROUTE_PARAMETERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FREE char *path = memory_string_n((const char *)data, size);
    check_clean(path);
    check_route(path);
    check_pattern(path);
    return 0;
}
