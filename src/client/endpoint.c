// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/endpoint_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "wire/url.h"

static bool use_socket(struct client_endpoint *endpoint, const char *path, struct pebble_error *error) {
    if (text_is_empty(path))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use an empty socket path");
    endpoint->socket_path = memory_string(path);
    endpoint->authority = memory_string("localhost");
    endpoint->prefix = memory_string("");
    endpoint->shown_user = memory_string("");
    return true;
}

static bool check_url(const struct url *url, const char *text, struct pebble_error *error) {
    if (text_equal(url->scheme, "http") || text_equal(url->scheme, "https"))
        return true;
    AUTO_FREE char *quoted = text_quoted(text);
    return client_fail(error, PEBBLE_ERROR_ARGUMENT,
                       "cannot parse base URL: %s is not of the form http://HOST:PORT or https://HOST:PORT", quoted);
}

// A query is ignored, as by Pebble.
static char *prefix_of(const struct url *url) {
    AUTO_FREE char *path = memory_string_n(url->path, strcspn(url->path, "?"));
    char *clean = url_clean_path(path);
    size_t length = strlen(clean);
    if (clean[length - 1] == '/')
        clean[length - 1] = '\0';
    return clean;
}

static char *shown_user_of(const struct url *url) {
    struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (url->user != NULL) {
        url_add_query_escaped(&shown, url->user);
        buffer_add_string(&shown, url->password != NULL ? ":***@" : "@");
    }
    return buffer_take(&shown);
}

// RFC 7617: the user cannot have a colon.
static bool use_credentials(struct client_endpoint *endpoint, const char *user, const char *password,
                            struct pebble_error *error) {
    if (user == NULL)
        return true;
    if (strchr(user, ':') != NULL)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use a user name with a colon");
    AUTO_FREE char *pair = memory_printf("%s:%s", user, password != NULL ? password : "");
    struct buffer value = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&value, "Basic ");
    base64_encode(&value, pair, strlen(pair));
    free(endpoint->authorization);
    endpoint->authorization = buffer_take(&value);
    return true;
}

static bool use_base_url(struct client_endpoint *endpoint, const char *text, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct url url;
    if (!url_parse(text, &url, &cause))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot parse base URL: %s", error_text(&cause));
    bool is_fine = check_url(&url, text, error) && use_credentials(endpoint, url.user, url.password, error);
    if (is_fine) {
        struct buffer authority = BUFFER_INIT(BUFFER_NO_LIMIT);
        url_add_authority(&authority, &url);
        endpoint->authority = buffer_take(&authority);
        endpoint->prefix = prefix_of(&url);
        endpoint->shown_user = shown_user_of(&url);
        endpoint->host = TAKE(url.host);
        endpoint->port = url.port;
        endpoint->is_https = text_equal(url.scheme, "https");
    }
    url_finish(&url);
    return is_fine;
}

static bool use_tls(struct client_endpoint *endpoint, const struct pebble_client_options *options,
                    const struct client_tls_names *names, struct pebble_error *error) {
    if (!endpoint->is_https)
        return client_tls_check_unused(options, names, error);
    if (text_is_empty(options->server_fingerprint))
        endpoint->unset_fingerprint = names->fingerprint;
    return client_tls_create(options, names, &endpoint->tls, error);
}

bool client_endpoint_init(struct client_endpoint *endpoint, const struct pebble_client_options *options,
                          const struct client_tls_names *names, struct pebble_error *error) {
    struct client_endpoint made = {0};
    bool is_fine = text_is_empty(options->base_url) ? use_socket(&made, options->socket_path, error)
                                                    : use_base_url(&made, options->base_url, error);
    if (!is_fine || !use_credentials(&made, options->user, options->password, error) ||
        !use_tls(&made, options, names, error)) {
        client_endpoint_finish(&made);
        return false;
    }
    *endpoint = made;
    return true;
}

void client_endpoint_finish(struct client_endpoint *endpoint) {
    free(endpoint->socket_path);
    free(endpoint->host);
    free(endpoint->authority);
    free(endpoint->prefix);
    free(endpoint->shown_user);
    free(endpoint->authorization);
    tls_context_release(endpoint->tls);
    *endpoint = (struct client_endpoint){0};
}
