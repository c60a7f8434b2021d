// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/client_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/request_internal.h"
#include "wire/url.h"

#define DEFAULT_DIRECTORY "/var/lib/pebble/default"
#define DEFAULT_GET_RETRY_MS 5000

// --- errors ---

void pebble_error_clear(struct pebble_error *error) {
    if (error == NULL)
        return;
    free(error->api_kind);
    free(error->message);
    *error = (struct pebble_error){.kind = PEBBLE_ERROR_NONE};
}

void client_error_clear_at(struct pebble_error *error) {
    pebble_error_clear(error);
}

bool client_fail(struct pebble_error *error, enum pebble_error_kind kind, const char *format, ...) {
    if (error == NULL)
        return false;
    va_list arguments;
    va_start(arguments, format);
    char *message = memory_vprintf(format, arguments);
    va_end(arguments);
    pebble_error_clear(error);
    error->kind = kind;
    error->message = message;
    return false;
}

static enum pebble_error_kind kind_of(enum error_kind cause) {
    switch (cause) {
    case ERROR_CONNECTION:
        return PEBBLE_ERROR_CONNECTION;
    case ERROR_TIMEOUT:
        return PEBBLE_ERROR_TIMEOUT;
    case ERROR_CANCELLED:
        return PEBBLE_ERROR_CANCELLED;
    default:
        return PEBBLE_ERROR_PROTOCOL;
    }
}

bool client_fail_because(struct pebble_error *error, const char *words, const struct error *cause) {
    return client_fail(error, kind_of(cause->kind), "%s%s", words, error_text(cause));
}

bool client_fail_move(struct pebble_error *error, struct pebble_error *source) {
    if (error != NULL) {
        pebble_error_clear(error);
        *error = *source;
        *source = (struct pebble_error){.kind = PEBBLE_ERROR_NONE};
    }
    return false;
}

void pebble_free(void *memory) {
    free(memory);
}

// --- creating ---

static bool use_socket(struct pebble_client *client, const char *path, struct pebble_error *error) {
    if (text_is_empty(path))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use an empty socket path");
    client->connection.socket_path = memory_string(path);
    client->authority = memory_string("localhost");
    return true;
}

static bool use_url(struct pebble_client *client, struct url *url, const char *text, struct pebble_error *error) {
    AUTO_FREE char *quoted = text_quoted(text);
    if (!text_equal(url->scheme, "http") || url->user != NULL || !text_equal(url->path, "/")) {
        return client_fail(error, PEBBLE_ERROR_ARGUMENT,
                           "cannot parse base URL: %s is not of the form http://HOST:PORT", quoted);
    }
    bool is_v6 = strchr(url->host, ':') != NULL;
    client->authority = memory_printf(is_v6 ? "[%s]:%d" : "%s:%d", url->host, url->port);
    client->connection.host = TAKE(url->host);
    client->connection.port = url->port;
    return true;
}

static bool use_base_url(struct pebble_client *client, const char *text, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct url url;
    if (!url_parse(text, &url, &cause))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot parse base URL: %s", error_text(&cause));
    bool is_fine = use_url(client, &url, text, error);
    url_finish(&url);
    return is_fine;
}

bool pebble_client_create(const struct pebble_client_options *options, struct pebble_client **client,
                          struct pebble_error *error) {
    struct pebble_client *created = memory_new(sizeof *created);
    client_connection_init(&created->connection);
    created->get_retry_ms = options->get_retry_ms;
    bool is_fine = text_is_empty(options->base_url) ? use_socket(created, options->socket_path, error)
                                                    : use_base_url(created, options->base_url, error);
    if (!is_fine) {
        pebble_client_destroy(created);
        return false;
    }
    *client = created;
    return true;
}

void pebble_client_destroy(struct pebble_client *client) {
    if (client == NULL)
        return;
    client_request_drop(client);
    client_connection_finish(&client->connection);
    free(client->authority);
    free(client->input);
    free(client->latest_warning_text);
    free(client->maintenance);
    free(client->maintenance_kind);
    free(client);
}

bool pebble_client_create_default(struct pebble_client **client, struct pebble_error *error) {
    const char *directory = getenv("PEBBLE");
    const char *socket_path = getenv("PEBBLE_SOCKET");
    AUTO_FREE char *joined = path_join(text_is_empty(directory) ? DEFAULT_DIRECTORY : directory, ".pebble.socket");
    AUTO_FREE char *derived = path_clean(joined);
    const struct pebble_client_options options = {
        .socket_path = text_is_empty(socket_path) ? derived : socket_path,
        .base_url = getenv("PEBBLE_BASEURL"),
        .get_retry_ms = DEFAULT_GET_RETRY_MS,
    };
    return pebble_client_create(&options, client, error);
}

void pebble_client_set_interrupt(struct pebble_client *client, pebble_interrupt_fn interrupt, void *data) {
    client->connection.interrupt = interrupt;
    client->connection.interrupt_data = data;
}

int64_t pebble_client_latest_warning(const struct pebble_client *client, const char **text) {
    if (text != NULL)
        *text = client->latest_warning_text;
    return client->latest_warning;
}

const char *pebble_client_maintenance(const struct pebble_client *client) {
    return client->maintenance;
}
