// SPDX-License-Identifier: GPL-3.0-or-later
// What a request of the client reads on the wire. Declared in http/http_client_internal.h.
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http_client_internal.h"

#define USER_AGENT "Go-http-client/1.1"

bool fetch_keeps_connection(const struct http_fetch *fetch) {
    return fetch->kept != NULL && fetch->hop_count <= 1; // not that to another URL
}

// --- taking ---

void fetch_take_request(struct http_fetch *fetch, const struct http_fetch_request *request) {
    fetch->method = memory_string(request->method != NULL ? request->method : "GET");
    fetch->user_agent = memory_string(request->user_agent != NULL ? request->user_agent : USER_AGENT);
    fetch->headers = memory_new_array(request->header_count, sizeof *fetch->headers);
    fetch->header_count = request->header_count;
    for (size_t i = 0; i < request->header_count; i++) {
        fetch->headers[i].name = memory_string(request->headers[i].name);
        fetch->headers[i].value = memory_string(request->headers[i].value);
    }
    fetch->body = memory_copy(request->body, request->body_length);
    fetch->body_length = request->body_length;
}

void fetch_finish_request(struct http_fetch *fetch) {
    for (size_t i = 0; i < fetch->header_count; i++) {
        free(fetch->headers[i].name);
        free(fetch->headers[i].value);
    }
    free(fetch->headers);
    free(fetch->method);
    free(fetch->user_agent);
    free(fetch->body);
}

// --- checking ---

// RFC 9110 section 5.6.2.
static bool is_token(const char *text) {
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

static bool is_field_value(const char *text) {
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return false;
    }
    return true;
}

bool fetch_check_method(const struct http_fetch *fetch, struct error *err) {
    if (is_token(fetch->method))
        return true;
    AUTO_FREE char *quoted = text_quoted(fetch->method);
    return error_set(err, ERROR_BAD_REQUEST, "net/http: invalid method %s", quoted);
}

bool fetch_check_headers(const struct http_fetch *fetch, struct error *err) {
    for (size_t i = 0; i < fetch->header_count; i++) {
        AUTO_FREE char *quoted = text_quoted(fetch->headers[i].name);
        if (!is_token(fetch->headers[i].name))
            return error_set(err, ERROR_BAD_REQUEST, "net/http: invalid header field name %s", quoted);
        if (!is_field_value(fetch->headers[i].value))
            return error_set(err, ERROR_BAD_REQUEST, "net/http: invalid header field value for %s", quoted);
    }
    return is_field_value(fetch->user_agent) ||
           error_set(err, ERROR_BAD_REQUEST, "net/http: invalid header field value for \"User-Agent\"");
}

// --- writing ---

bool hop_is_secure(const struct fetch_hop *hop) {
    return text_equal(hop->url.scheme, "https");
}

// Whether the proxy reads the request. It sees nothing of what is in a tunnel.
static bool is_for_proxy(const struct fetch_hop *hop) {
    return hop->proxy != NULL && !hop_is_secure(hop);
}

static bool is_one_of(const char *name, const char *const *names) {
    for (; *names != NULL; names++) {
        if (text_equal_nocase(name, *names))
            return true;
    }
    return false;
}

// Whether the hop's request has the caller's header.
static bool is_sent(const struct http_fetch *fetch, const char *name) {
    static const char *const ours[] = {"Connection", "Content-Length",    "Host",       "Proxy-Connection",
                                       "Trailer",    "Transfer-Encoding", "User-Agent", NULL};
    static const char *const secret[] = {"Authorization",      "Cookie",           "Cookie2", "Proxy-Authorization",
                                         "Proxy-Authenticate", "WWW-Authenticate", NULL};
    static const char *const of_body[] = {"Content-Encoding", "Content-Language", "Content-Location", "Content-Type",
                                          NULL};
    bool has_lost_body = fetch->body_length > 0 && !fetch->hop.has_body;
    return !is_one_of(name, ours) && !(fetch->hop.has_left_host && is_one_of(name, secret)) &&
           !(has_lost_body && is_one_of(name, of_body));
}

static const char *find_header(const struct http_fetch *fetch, const char *name) {
    for (size_t i = 0; i < fetch->header_count; i++) {
        if (text_equal_nocase(fetch->headers[i].name, name))
            return fetch->headers[i].value;
    }
    return NULL;
}

static void add_header(struct buffer *out, const char *name, const char *value) {
    buffer_printf(out, "%s: %s\r\n", name, value);
}

// A header of the caller, as Pebble sends it: `X-Name` for `x-NAME`, the value without white space at its ends.
static void add_own_header(struct buffer *out, const char *name, const char *value) {
    bool begins_word = true;
    for (; *name != '\0'; name++) {
        char other_case = (char)(*name ^ 0x20);
        bool is_letter = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');
        bool is_upper = is_letter && *name < 'a';
        buffer_add_char(out, is_letter && is_upper != begins_word ? other_case : *name);
        begins_word = *name == '-';
    }
    size_t length = strlen(value);
    while (length > 0 && text_is_space(*value)) {
        value++;
        length--;
    }
    while (length > 0 && text_is_space(value[length - 1]))
        length--;
    buffer_printf(out, ": %.*s\r\n", (int)length, value);
}

// RFC 7617.
static void add_credentials(struct buffer *out, const char *name, const struct url *url) {
    AUTO_FREE char *pair = memory_printf("%s:%s", url->user, url->password != NULL ? url->password : "");
    buffer_printf(out, "%s: Basic ", name);
    base64_encode(out, pair, strlen(pair));
    buffer_add_string(out, "\r\n");
}

static void add_request_line(const struct fetch_hop *hop, struct buffer *out) {
    buffer_printf(out, "%s ", hop->method);
    if (is_for_proxy(hop))
        url_add_text(out, &hop->url);
    else
        buffer_add_string(out, hop->url.path);
    buffer_add_string(out, " HTTP/1.1\r\nHost: ");
    url_add_authority(out, &hop->url);
    buffer_add_string(out, "\r\n");
}

void fetch_add_connect_head(const struct http_fetch *fetch, struct buffer *out) {
    const struct fetch_hop *hop = &fetch->hop;
    AUTO_BUFFER struct buffer authority = BUFFER_INIT(BUFFER_NO_LIMIT);
    url_add_authority(&authority, &hop->url);
    if (!hop->url.has_port)
        buffer_printf(&authority, ":%d", hop->url.port);
    buffer_printf(out, "CONNECT %s HTTP/1.1\r\n", buffer_text(&authority));
    add_header(out, "Host", buffer_text(&authority));
    add_header(out, "User-Agent", USER_AGENT);
    if (hop->proxy->user != NULL)
        add_credentials(out, "Proxy-Authorization", hop->proxy);
    buffer_add_string(out, "\r\n");
}

static void add_content_length(const struct http_fetch *fetch, struct buffer *out) {
    static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};
    if (fetch->hop.has_body || is_one_of(fetch->hop.method, with_body))
        buffer_printf(out, "Content-Length: %zu\r\n", fetch->hop.has_body ? fetch->body_length : 0);
}

static void add_headers(const struct http_fetch *fetch, struct buffer *out) {
    for (size_t i = 0; i < fetch->header_count; i++) {
        if (is_sent(fetch, fetch->headers[i].name))
            add_own_header(out, fetch->headers[i].name, fetch->headers[i].value);
    }
}

void fetch_add_request_head(const struct http_fetch *fetch, struct buffer *out) {
    const struct fetch_hop *hop = &fetch->hop;
    const char *own_agent = find_header(fetch, "User-Agent");
    const char *agent = own_agent != NULL ? own_agent : fetch->user_agent;
    bool has_authorization = find_header(fetch, "Authorization") != NULL && is_sent(fetch, "Authorization");
    add_request_line(hop, out);
    if (agent[0] != '\0')
        add_own_header(out, "User-Agent", agent);
    add_content_length(fetch, out);
    add_headers(fetch, out);
    if (hop->url.user != NULL && !has_authorization)
        add_credentials(out, "Authorization", &hop->url);
    if (is_for_proxy(hop) && hop->proxy->user != NULL)
        add_credentials(out, "Proxy-Authorization", hop->proxy);
    if (hop->referer != NULL && find_header(fetch, "Referer") == NULL)
        add_header(out, "Referer", hop->referer);
    if (!fetch_keeps_connection(fetch))
        add_header(out, "Connection", "close");
    buffer_add_string(out, "\r\n");
}
