// SPDX-License-Identifier: LGPL-3.0-or-later
// URLs: targets of requests and their queries (server), and whole URLs (outgoing requests, libpebble). Rules:
// docs/internals/http.md and RFC 3986.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

// Decodes percent escapes and, if `plus_is_space`, '+'. False on a bad escape. The result is owned and may contain
// NULs.
bool url_decode(const char *text, size_t length, bool plus_is_space, char **decoded, size_t *decoded_length) NODISCARD;
// Adds text with percent escapes for a path (`/` is kept) or for a query value (space as +).
void url_add_path_escaped(struct buffer *out, const char *path, size_t length);
void url_add_query_escaped(struct buffer *out, const char *text);
// Whether the text has only characters that may stand in a path, and percent signs.
bool url_path_is_escaped(const char *text, size_t length);
// Go's path.Clean for request paths: resolves `//`, `.` and `..`; keeps a final slash; "/" for "". Owned.
char *url_clean_path(const char *path);

// A parsed query string: the pairs in order, decoded. Pairs with a bad escape or a ';' are dropped. %00 is decoded as
// U+FFFD, so that no value is truncated.
struct url_query_pair {
    char *name;
    char *value;
};
struct url_query {
    struct url_query_pair *pairs;
    size_t count;
    size_t held_bytes; // of memory, also for the pairs that were dropped
};
void url_query_parse(struct url_query *query, const char *text, size_t length); // at most 100,000 pairs
void url_query_finish(struct url_query *query);
// Returns the first value of the name, "" if it has none; NULL if the name is absent.
const char *url_query_first(const struct url_query *query, const char *name);
// The items of a list parameter: all values, split at commas and trimmed, without empty items. Allocates nothing.
struct url_query_items {
    const struct url_query *query;
    const char *name;
    size_t next_pair;
    const char *rest; // of the value of the last pair, or NULL
};
void url_query_items_init(struct url_query_items *items, const struct url_query *query, const char *name);
// Returns the next item, which is not followed by a NUL, or false if there are no more.
bool url_query_next_item(struct url_query_items *items, const char **text, size_t *length) NODISCARD;
// The number of items, or `most` if there are as many or more.
size_t url_query_count(const struct url_query *query, const char *name, size_t most);
// Adds the items of a list parameter. False, with the values untouched, if there are more than `most`.
bool url_query_list(const struct url_query *query, const char *name, size_t most, struct text_list *values) NODISCARD;

// The target of a request: origin form (/path?query) or absolute form (http://host/path?query).
struct url_target {
    char *path;         // percent-decoded, owned; begins with '/' (a target "*" gives "*")
    size_t path_length; // more than strlen(path) if it contains a %00; no such path exists
    char *raw_query;    // owned, "" if there is none
    bool has_query;     // which may be empty
    char *host;         // of the absolute form, with its port as written; else NULL
    // The path as it was received: a part of the text that was parsed, or "/".
    const char *raw_path;
    size_t raw_path_length;
};
// False for what RFC 9112 section 3.2 does not allow (bad escapes, no leading slash, control characters).
bool url_target_parse(const char *text, size_t length, struct url_target *target) NODISCARD;
void url_target_finish(struct url_target *target);

struct url {
    char *scheme;   // lower case, "" if absent
    char *user;     // decoded, NULL if absent
    char *password; // decoded, NULL if absent
    char *host;     // decoded, without brackets; "localhost" for http://:PORT, "" if absent
    int port;       // as given, or 80/443 by scheme, 0 for other schemes
    bool has_port;  // the port was given
    char *path;     // with query, without fragment; escaped; "/" if empty
};
// Parses a URL of any scheme; http and https need a host. Messages: `parse "TEXT": reason` like Go's net/url.
bool url_parse(const char *text, struct url *url, struct error *err) NODISCARD;
void url_finish(struct url *url);
// Resolves a reference, as in a Location header, relative to `base` (RFC 3986 section 5.2.2). User and password are
// inherited with the host. Errors are those of url_parse().
bool url_resolve(const struct url *base, const char *reference, struct url *url, struct error *err) NODISCARD;
// Adds host and, if given, port as in a Host header: IPv6 addresses in brackets, without zone.
void url_add_authority(struct buffer *out, const struct url *url);
// Adds the whole URL, without user and password. Its scheme must have an authority.
void url_add_text(struct buffer *out, const struct url *url);
