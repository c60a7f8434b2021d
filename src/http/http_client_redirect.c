// SPDX-License-Identifier: GPL-3.0-or-later
// Redirects, as Go's net/http follows them. Declared in http/http_client_internal.h.
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "http/http_client_internal.h"

bool redirect_is_followed(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

char *hop_shown_url(const struct url *url) {
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_BUFFER struct buffer authority = BUFFER_INIT(BUFFER_NO_LIMIT);
    url_add_authority(&authority, url);
    buffer_printf(&shown, "%s://", url->scheme);
    if (url->user != NULL) {
        url_add_query_escaped(&shown, url->user);
        buffer_printf(&shown, "%s@", url->password != NULL ? ":***" : "");
    }
    buffer_printf(&shown, "%s%s", buffer_text(&authority), url->path);
    return buffer_take(&shown);
}

void hop_finish(struct fetch_hop *hop) {
    url_finish(&hop->url);
    free(hop->shown_url);
    free(hop->method);
    free(hop->referer);
    *hop = (struct fetch_hop){0};
}

// Whether what the caller meant for `origin` may go to `host`: the same host, or one below it.
static bool is_same_site(const char *origin, const char *host) {
    if (text_equal_nocase(origin, host))
        return true;
    size_t origin_length = strlen(origin);
    size_t length = strlen(host);
    // IPv6 addresses are below nothing.
    if (length <= origin_length || strpbrk(host, ":%") != NULL)
        return false;
    const char *end = host + length - origin_length;
    return end[-1] == '.' && text_equal_nocase(end, origin);
}

// Every other method than these becomes GET, unless the redirect keeps method and body (307, 308).
static bool keeps_method(int status, const char *method) {
    return status == 307 || status == 308 || text_equal(method, "GET") || text_equal(method, "HEAD");
}

// The URL that a redirect was met at, without user and password; not from https: to http:.
static char *referer_of(const struct url *last, const struct url *next) {
    if (text_equal(last->scheme, "https") && text_equal(next->scheme, "http"))
        return NULL;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    url_add_text(&text, last);
    return buffer_take(&text);
}

static void hop_move_on(struct http_fetch *fetch, int status, struct url *url) {
    struct fetch_hop *hop = &fetch->hop;
    bool keeps_body = status == 307 || status == 308;
    struct fetch_hop next = {
        .url = *url,
        .shown_url = hop_shown_url(url),
        .method = memory_string(keeps_method(status, hop->method) ? hop->method : "GET"),
        .referer = referer_of(&hop->url, url),
        .has_body = hop->has_body && keeps_body,
        .has_left_host = hop->has_left_host || !is_same_site(fetch->origin_host, url->host),
    };
    hop_finish(hop);
    *hop = next;
}

bool redirect_follow(struct http_fetch *fetch, const struct http_head *head) {
    AUTO_ERROR struct error err = {0};
    const char *location = http_head_get(head, "Location");
    struct url url;
    if (text_is_empty(location)) {
        fetch_fail(fetch, ERROR_CONNECTION, "%d response missing Location header", head->status);
        return false;
    }
    if (!url_resolve(&fetch->hop.url, location, &url, &err)) {
        AUTO_FREE char *quoted = text_quoted(location);
        fetch_fail(fetch, ERROR_CONNECTION, "failed to parse Location header %s: %s", quoted, error_text(&err));
        return false;
    }
    if (fetch->hop_count >= fetch->redirects_max) {
        AUTO_FREE char *message = memory_printf("stopped after %u redirects", fetch->redirects_max);
        AUTO_FREE char *shown = memory_string(location); // the head goes with the connection
        url_finish(&url);
        fetch_fail_at(fetch, shown, ERROR_CONNECTION, message);
        return false;
    }
    hop_move_on(fetch, head->status, &url);
    return true;
}
