// SPDX-License-Identifier: LGPL-3.0-or-later
// URLs: request targets and their queries (server side), and whole http/https URLs (outgoing requests,
// libpebble). Rules: docs/http.md and RFC 3986.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

// Percent-decodes; '+' is a space where asked. False on a bad escape. Owned; `length` since %00 is possible.
bool url_decode(const char *text, size_t length, bool plus_is_space, char **decoded, size_t *decoded_length) NODISCARD;
// Adds with percent escapes for what may not stand in a path (`/` kept) or in a query value (space as +).
void url_add_path_escaped(struct buffer *out, const char *path, size_t length);
void url_add_query_escaped(struct buffer *out, const char *text);
// Go's path.Clean for request paths: resolves `//`, `.` and `..`; keeps a final slash; "/" for "". Owned.
char *url_clean_path(const char *path);

// A parsed query string: pairs in order; pairs with a bad escape or a ';' are dropped. Names and values
// are decoded; a %00 in them reads as U+FFFD, so that no value is cut short.
struct url_query_pair {
    char *name;
    char *value;
};
struct url_query {
    struct url_query_pair *pairs;
    size_t count;
};
void url_query_parse(struct url_query *query, const char *text, size_t length); // at most 100,000 pairs
void url_query_finish(struct url_query *query);
// The first value of the name: NULL when absent, "" when it has none.
const char *url_query_first(const struct url_query *query, const char *name);
size_t url_query_count(const struct url_query *query, const char *name);
// All values, split by commas, trimmed, empty items dropped: how list parameters read.
void url_query_list(const struct url_query *query, const char *name, struct text_list *values);

// A request's target: origin form (/path?query) or absolute form (http://host/path?query).
struct url_target {
    char *path;         // percent-decoded, owned; begins with '/' (a target "*" gives "*")
    size_t path_length; // more than strlen(path) if it holds a %00: such a path is nowhere
    char *raw_query;    // owned, "" when there is none
    char *host;         // of an absolute-form target, with its port as written; else NULL
};
// False for what RFC 9112 section 3.2 does not allow (bad escapes, no leading slash, control characters).
bool url_target_parse(const char *text, size_t length, struct url_target *target) NODISCARD;
void url_target_finish(struct url_target *target);

struct url {
    char *scheme;   // lower case, "" when absent
    char *user;     // decoded, NULL when absent
    char *password; // decoded, NULL when absent
    char *host;     // decoded, without brackets; "localhost" for http://:PORT, "" when absent
    int port;       // as given, or 80/443 by scheme, 0 for other schemes
    bool has_port;  // it was given
    char *path;     // as written (still escaped, and what needs it is), "/" when empty; query included, fragment not
};
// Any scheme; needs a host for http and https. Messages: `parse "TEXT": reason` like Go's net/url.
bool url_parse(const char *text, struct url *url, struct error *err) NODISCARD;
void url_finish(struct url *url);
// What a reference, as in a Location header, means where `base` was asked for (RFC 3986 section 5.2.2). User and
// password are taken over with the host. Errors as those of url_parse().
bool url_resolve(const struct url *base, const char *reference, struct url *url, struct error *err) NODISCARD;
// Adds host and, where it was given, port as they stand in a Host header: IPv6 addresses in brackets, without zone.
void url_add_authority(struct buffer *out, const struct url *url);
// Adds the URL of a scheme with authority, without user and password.
void url_add_text(struct buffer *out, const struct url *url);
