// SPDX-License-Identifier: LGPL-3.0-or-later
#include "wire/url.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wire/url_escape_internal.h"

#define PORT_MAX 65535

struct span {
    const char *text;
    size_t length;
};

static struct span span_between(const char *start, const char *end) {
    return (struct span){start, (size_t)(end - start)};
}

// Returns the text up to the first `mark` (or all of it). The rest, with the mark, stays in *span.
static struct span span_cut(struct span *span, char mark) {
    const char *found = memchr(span->text, mark, span->length);
    const char *end = span->text + span->length;
    struct span head = span_between(span->text, found != NULL ? found : end);
    *span = span_between(head.text + head.length, end);
    return head;
}

static bool span_begins_with(struct span span, const char *prefix) {
    size_t length = strlen(prefix);
    return span.length >= length && memcmp(span.text, prefix, length) == 0;
}

static bool has_control_character(struct span span) {
    for (size_t i = 0; i < span.length; i++) {
        if ((unsigned char)span.text[i] < ' ' || span.text[i] == 0x7f)
            return true;
    }
    return false;
}

// Fails with `words`, the span in quotes, and `more`.
static bool refuse(struct error *err, const char *words, struct span span, const char *more) {
    AUTO_FREE char *text = memory_string_n(span.text, span.length);
    AUTO_FREE char *quoted = text_quoted(text);
    return error_set(err, ERROR_BAD_REQUEST, "%s %s%s", words, quoted, more);
}

// Fails at the first bad escape.
static bool check_escapes(struct error *err, struct span span) {
    const char *bad = url_find_bad_escape(span.text, span.length);
    if (bad == NULL)
        return true;
    size_t rest = span.length - (size_t)(bad - span.text);
    return refuse(err, "invalid URL escape", (struct span){bad, rest < 3 ? rest : 3}, "");
}

// RFC 3986 section 3.1. Advances *rest past the colon. The scheme is empty if there is none.
static bool scheme_parse(struct span *rest, struct span *scheme, struct error *err) {
    *scheme = (struct span){rest->text, 0};
    for (size_t i = 0; i < rest->length; i++) {
        char c = rest->text[i];
        if (c == ':' && i == 0)
            return error_set(err, ERROR_BAD_REQUEST, "missing protocol scheme");
        if (c == ':') {
            *scheme = (struct span){rest->text, i};
            *rest = span_between(rest->text + i + 1, rest->text + rest->length);
            return true;
        }
        bool is_letter = url_is_alphanumeric(c) && !(c >= '0' && c <= '9');
        if (!is_letter && (i == 0 || !(url_is_alphanumeric(c) || c == '+' || c == '-' || c == '.')))
            return true;
    }
    return true;
}

static bool is_host_character(char c, bool is_bracketed) {
    if ((unsigned char)c >= 0x80 || url_is_unreserved(c))
        return true;
    return c != '\0' && strchr(is_bracketed ? ":" : "!$&'()*+,;=", c) != NULL;
}

// Escapes are allowed for bytes beyond ASCII, and in brackets for the '%' before a zone (RFC 6874).
static bool host_decode(struct span host, bool is_bracketed, char **decoded, struct error *err) {
    if (!check_escapes(err, host))
        return false;
    for (size_t i = 0; i < host.length; i++) {
        struct span here = {host.text + i, 1};
        if (host.text[i] == '%') {
            int byte = url_escaped_byte(host.text + i, host.length - i);
            if (byte < 0x80 && !(byte == '%' && is_bracketed))
                return refuse(err, "invalid URL escape", (struct span){here.text, 3}, "");
            i += 2;
        } else if (!is_host_character(host.text[i], is_bracketed)) {
            return refuse(err, "invalid character", here, " in host name");
        }
    }
    size_t decoded_length;
    return url_decode(host.text, host.length, false, decoded, &decoded_length);
}

// `colon_port` is empty, or a colon with an optional port. The port is -1 if not given.
static bool port_parse(struct span colon_port, int *port, struct error *err) {
    int number = colon_port.length > 1 ? 0 : -1;
    bool is_sound = colon_port.length == 0 || colon_port.text[0] == ':';
    for (size_t i = 1; i < colon_port.length && is_sound; i++) {
        char c = colon_port.text[i];
        is_sound = c >= '0' && c <= '9';
        number = is_sound ? number * 10 + (c - '0') : number;
        is_sound = is_sound && number <= PORT_MAX;
    }
    if (!is_sound)
        return refuse(err, "invalid port", colon_port, " after host");
    *port = number;
    return true;
}

static bool host_parse(struct span text, struct url *url, struct error *err) {
    struct span host = text;
    struct span port;
    bool is_bracketed = span_begins_with(text, "[");
    if (is_bracketed) {
        const char *close = memrchr(text.text, ']', text.length);
        if (close == NULL)
            return error_set(err, ERROR_BAD_REQUEST, "missing ']' in host");
        host = span_between(text.text + 1, close);
        port = span_between(close + 1, text.text + text.length);
    } else {
        const char *colon = memrchr(text.text, ':', text.length);
        const char *end = text.text + text.length;
        port = span_between(colon != NULL ? colon : end, end);
        host.length -= port.length;
    }
    return port_parse(port, &url->port, err) && host_decode(host, is_bracketed, &url->host, err);
}

static bool user_decode(struct span text, char **decoded, struct error *err) {
    size_t length;
    if (!check_escapes(err, text))
        return false;
    char *result = NULL;
    if (!url_decode(text.text, text.length, false, &result, &length) || strlen(result) != length) {
        free(result);
        return error_set(err, ERROR_BAD_REQUEST, "net/url: invalid userinfo");
    }
    *decoded = result;
    return true;
}

static bool user_parse(struct span text, struct url *url, struct error *err) {
    for (size_t i = 0; i < text.length; i++) {
        if (!url_is_unreserved(text.text[i]) && strchr("!$&'()*+,;=:%@", text.text[i]) == NULL)
            return error_set(err, ERROR_BAD_REQUEST, "net/url: invalid userinfo");
    }
    struct span password = text;
    struct span user = span_cut(&password, ':');
    if (!user_decode(user, &url->user, err))
        return false;
    if (password.length == 0)
        return true;
    return user_decode(span_between(password.text + 1, password.text + password.length), &url->password, err);
}

// RFC 3986 section 3.2: sets host, port (-1 if absent), user and password.
static bool authority_parse(struct span authority, struct url *url, struct error *err) {
    const char *at = memrchr(authority.text, '@', authority.length);
    const char *host = at != NULL ? at + 1 : authority.text;
    if (!host_parse(span_between(host, authority.text + authority.length), url, err))
        return false;
    return at == NULL || user_parse(span_between(authority.text, at), url, err);
}

// Escapes characters that are not allowed in a request line. Keeps existing escapes.
static char *path_as_sent(struct span path, struct span query) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!span_begins_with(path, "/"))
        buffer_add_char(&out, '/');
    for (size_t i = 0; i < path.length; i++) {
        char c = path.text[i];
        if (url_is_unreserved(c) || strchr("!$&'()*+,;=:@[]/%", c) != NULL)
            buffer_add_char(&out, c);
        else
            buffer_printf(&out, "%%%02X", (unsigned char)c);
    }
    for (size_t i = 0; i < query.length; i++) {
        if (query.text[i] == ' ')
            buffer_add_string(&out, "%20");
        else
            buffer_add_char(&out, query.text[i]);
    }
    return buffer_take(&out);
}

static char *lower_case(struct span text) {
    char *lower = memory_string_n(text.text, text.length);
    for (char *c = lower; *c != '\0'; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    return lower;
}

// The rules for URLs without an authority: opaque text after a scheme, a path without one.
static bool check_rootless(struct span scheme, struct span path, struct error *err) {
    if (scheme.length > 0 || span_begins_with(path, "/"))
        return true;
    struct span rest = path;
    struct span segment = span_cut(&rest, '/');
    if (memchr(segment.text, ':', segment.length) != NULL)
        return error_set(err, ERROR_BAD_REQUEST, "first path segment in URL cannot contain colon");
    return true;
}

static bool defaults_set(struct url *url, struct error *err) {
    bool is_http = strcmp(url->scheme, "http") == 0;
    bool is_https = strcmp(url->scheme, "https") == 0;
    if ((is_http || is_https) && text_is_empty(url->host)) {
        if (url->port < 0)
            return error_set(err, ERROR_BAD_REQUEST, "no Host in request URL");
        free(url->host);
        url->host = memory_string("localhost");
    }
    if (url->host == NULL)
        url->host = memory_string("");
    url->has_port = url->port >= 0;
    if (!url->has_port)
        url->port = is_http ? 80 : is_https ? 443 : 0;
    return true;
}

static bool parts_parse(struct span text, struct url *url, struct error *err) {
    if (has_control_character(text))
        return error_set(err, ERROR_BAD_REQUEST, "net/url: invalid control character in URL");
    struct span query = text;
    struct span rest = span_cut(&query, '?');
    struct span scheme;
    if (!scheme_parse(&rest, &scheme, err) || !check_rootless(scheme, rest, err))
        return false;
    url->scheme = lower_case(scheme);
    url->port = -1;
    bool has_authority = span_begins_with(rest, "//") && (scheme.length > 0 || !span_begins_with(rest, "///"));
    if (has_authority) {
        rest = span_between(rest.text + 2, rest.text + rest.length);
        if (!authority_parse(span_cut(&rest, '/'), url, err))
            return false;
    }
    if (!check_escapes(err, rest))
        return false;
    url->path = path_as_sent(rest, query);
    return defaults_set(url, err);
}

// Fragments are not used.
static struct span without_fragment(const char *text) {
    return (struct span){text, strcspn(text, "#")};
}

static bool parse_fail(struct span text, struct error *err) {
    AUTO_FREE char *shown = memory_string_n(text.text, text.length);
    AUTO_FREE char *quoted = text_quoted(shown);
    return error_prefix(err, "parse %s: ", quoted);
}

bool url_parse(const char *text, struct url *url, struct error *err) {
    struct url parsed = {0};
    struct span whole = without_fragment(text);
    if (!parts_parse(whole, &parsed, err)) {
        url_finish(&parsed);
        return parse_fail(whole, err);
    }
    *url = parsed;
    return true;
}

void url_finish(struct url *url) {
    free(url->scheme);
    free(url->user);
    free(url->password);
    free(url->host);
    free(url->path);
    *url = (struct url){0};
}

// --- references ---

// RFC 3986 section 5.2.4. `path` begins with a slash.
static void add_without_dots(struct buffer *out, struct span path) {
    while (path.length > 0) {
        path = span_between(path.text + 1, path.text + path.length);
        struct span segment = span_cut(&path, '/');
        bool is_parent = segment.length == 2 && memcmp(segment.text, "..", 2) == 0;
        bool is_dot = is_parent || (segment.length == 1 && segment.text[0] == '.');
        if (is_parent) {
            const char *slash = memrchr(buffer_text(out), '/', out->length);
            buffer_truncate(out, slash != NULL ? (size_t)(slash - buffer_text(out)) : 0);
        }
        if (!is_dot || path.length == 0)
            buffer_add_char(out, '/');
        if (!is_dot)
            buffer_add(out, segment.text, segment.length);
    }
}

// Path and query of a parsed URL, without dot segments.
static char *clean_target(struct span path, struct span query) {
    AUTO_BUFFER struct buffer clean = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_without_dots(&clean, path);
    return path_as_sent((struct span){buffer_text(&clean), clean.length}, query);
}

// The target of a reference without scheme and authority. `base_query` has path and query of the base.
static char *merge_target(struct span base_query, struct span path, struct span query) {
    struct span base_path = span_cut(&base_query, '?');
    if (path.length == 0)
        return clean_target(base_path, query.length > 0 ? query : base_query);
    if (span_begins_with(path, "/"))
        return clean_target(path, query);
    const char *slash = memrchr(base_path.text, '/', base_path.length);
    AUTO_BUFFER struct buffer merged = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add(&merged, base_path.text, (size_t)(slash + 1 - base_path.text));
    buffer_add(&merged, path.text, path.length);
    return clean_target((struct span){buffer_text(&merged), merged.length}, query);
}

static char *copy_or_null(const char *text) {
    return text != NULL ? memory_string(text) : NULL;
}

static bool resolve_here(const struct url *base, struct span reference, struct url *url, struct error *err) {
    struct span query = reference;
    struct span path = span_cut(&query, '?');
    if (has_control_character(reference))
        return error_set(err, ERROR_BAD_REQUEST, "net/url: invalid control character in URL");
    if (!check_rootless((struct span){0}, path, err) || !check_escapes(err, path))
        return false;
    *url = (struct url){
        .scheme = memory_string(base->scheme),
        .user = copy_or_null(base->user),
        .password = copy_or_null(base->password),
        .host = memory_string(base->host),
        .port = base->port,
        .has_port = base->has_port,
        .path = merge_target((struct span){base->path, strlen(base->path)}, path, query),
    };
    return true;
}

static bool resolve_whole(const char *text, struct url *url, struct error *err) {
    struct url parsed;
    if (!url_parse(text, &parsed, err))
        return false;
    struct span query = {parsed.path, strlen(parsed.path)};
    struct span path = span_cut(&query, '?');
    char *clean = clean_target(path, query);
    free(parsed.path);
    parsed.path = clean;
    *url = parsed;
    return true;
}

bool url_resolve(const struct url *base, const char *reference, struct url *url, struct error *err) {
    struct span whole = without_fragment(reference);
    struct span rest = whole;
    struct span scheme;
    if (!scheme_parse(&rest, &scheme, err))
        return parse_fail(whole, err);
    if (scheme.length > 0)
        return resolve_whole(reference, url, err);
    if (span_begins_with(whole, "//")) {
        AUTO_FREE char *text = memory_printf("%s:%s", base->scheme, reference);
        return resolve_whole(text, url, err);
    }
    return resolve_here(base, whole, url, err) || parse_fail(whole, err);
}

// --- request targets ---

// Absolute form (RFC 9112 section 3.2.2): removes scheme and authority from *rest.
static bool target_host_parse(struct span *rest, char **host) {
    struct span scheme;
    if (!scheme_parse(rest, &scheme, NULL) || scheme.length == 0 || !span_begins_with(*rest, "//"))
        return false;
    *rest = span_between(rest->text + 2, rest->text + rest->length);
    struct span authority = span_cut(rest, '/');
    struct url parsed = {0};
    bool is_sound = authority_parse(authority, &parsed, NULL) && !text_is_empty(parsed.host);
    url_finish(&parsed);
    if (is_sound) {
        const char *at = memrchr(authority.text, '@', authority.length);
        const char *start = at != NULL ? at + 1 : authority.text;
        *host = memory_string_n(start, (size_t)(authority.text + authority.length - start));
    }
    return is_sound;
}

bool url_target_parse(const char *text, size_t length, struct url_target *target) {
    struct span query = {text, length};
    if (length == 0 || has_control_character(query) || memchr(text, ' ', length) != NULL)
        return false;
    struct span rest = span_cut(&query, '?');
    bool is_asterisk = length == 1 && text[0] == '*';
    struct url_target parsed = {0};
    if (!is_asterisk && text[0] != '/' && !target_host_parse(&rest, &parsed.host))
        return false;
    if (rest.length == 0)
        rest = (struct span){"/", 1};
    if (!url_decode(rest.text, rest.length, false, &parsed.path, &parsed.path_length)) {
        free(parsed.host);
        return false;
    }
    parsed.raw_path = rest.text;
    parsed.raw_path_length = rest.length;
    parsed.has_query = query.length > 0;
    parsed.raw_query = query.length > 0 ? memory_string_n(query.text + 1, query.length - 1) : memory_string("");
    *target = parsed;
    return true;
}

void url_target_finish(struct url_target *target) {
    free(target->path);
    free(target->raw_query);
    free(target->host);
    *target = (struct url_target){0};
}
