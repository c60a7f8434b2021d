// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/client_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "client/options_internal.h"
#include "client/watch_internal.h"

#define DEFAULT_DIRECTORY "/var/lib/pebble/default"
#define DEFAULT_GET_RETRY_MS 5000
#define DURATION_MAX_MS (INT64_MAX / 4 / NS_PER_MS)

void pebble_free(void *memory) {
    free(memory);
}

const char *pebble_library_version(void) {
    return PEBBLE_VERSION;
}

// --- life ---

static bool is_duration(int64_t ms) {
    return ms >= 0 && ms <= DURATION_MAX_MS;
}

static bool create(const struct pebble_client_options *options, const struct client_tls_names *names,
                   struct pebble_client **client, struct pebble_error *error) {
    struct pebble_client_options own;
    struct client_endpoint endpoint;
    if (!client_options_read(&own, sizeof own, options, error))
        return false;
    if (!is_duration(own.get_retry_ms) || !is_duration(own.timeout_ms) || !is_duration(own.idle_timeout_ms))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: invalid duration");
    if (!client_endpoint_init(&endpoint, &own, names, error))
        return false;
    struct pebble_client *created = memory_new(sizeof *created);
    created->holders = 1;
    created->endpoint = endpoint;
    created->get_retry_ns = own.get_retry_ms * NS_PER_MS;
    created->timeout_ns = own.timeout_ms * NS_PER_MS;
    created->idle_ns = own.idle_timeout_ms * NS_PER_MS;
    created->interrupt_fd = -1;
    client_connection_init(&created->idle, &created->endpoint);
    *client = created;
    return true;
}

bool pebble_client_create(const struct pebble_client_options *options, struct pebble_client **client,
                          struct pebble_error *error) {
    return create(options, &client_tls_option_names, client, error);
}

bool pebble_client_create_default(struct pebble_client **client, struct pebble_error *error) {
    const struct client_tls_names *names = &client_tls_environment_names;
    const char *base_url = getenv("PEBBLE_BASEURL");
    const char *directory = getenv("PEBBLE");
    const char *socket_path = getenv("PEBBLE_SOCKET");
    AUTO_FREE char *joined = path_join(text_is_empty(directory) ? DEFAULT_DIRECTORY : directory, ".pebble.socket");
    AUTO_FREE char *derived = path_clean(joined);
    struct pebble_client_options options = {
        .size = sizeof options,
        .socket_path = text_is_empty(socket_path) ? derived : socket_path,
        .base_url = base_url,
        .get_retry_ms = DEFAULT_GET_RETRY_MS,
    };
    // With a socket, variables for another daemon do no harm. A URL that is not https:// may be a mistake.
    if (!text_is_empty(base_url)) {
        options.certificate_path = getenv(names->certificate);
        options.key_path = getenv(names->key);
        options.server_fingerprint = getenv(names->fingerprint);
    }
    return create(&options, names, client, error);
}

struct pebble_client *client_hold(struct pebble_client *client) {
    client->holders++;
    return client;
}

void client_release(struct pebble_client *client) {
    if (--client->holders > 0)
        return;
    client_connection_close(&client->idle);
    client_endpoint_finish(&client->endpoint);
    free(client->latest_warning_text);
    free(client->maintenance);
    free(client);
}

void pebble_client_destroy(struct pebble_client *client) {
    if (client != NULL)
        client_release(client);
}

// --- settings and the idle connection ---

void pebble_client_set_interrupt_fd(struct pebble_client *client, int fd) {
    client->interrupt_fd = fd;
}

bool pebble_client_set_timeouts(struct pebble_client *client, int64_t timeout_ms, int64_t idle_timeout_ms,
                                struct pebble_error *error) {
    if (!is_duration(timeout_ms) || !is_duration(idle_timeout_ms))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot set time limits: invalid duration");
    client->timeout_ns = timeout_ms * NS_PER_MS;
    client->idle_ns = idle_timeout_ms * NS_PER_MS;
    return true;
}

int64_t client_deadline_ns(const struct pebble_client *client) {
    return client->timeout_ns > 0 ? clock_deadline_ns(client->timeout_ns) : CLIENT_NO_DEADLINE;
}

bool client_take_idle(struct pebble_client *client, struct client_connection *connection) {
    if (!client_connection_is_open(&client->idle))
        return false;
    client_connection_move(connection, &client->idle);
    return true;
}

void client_keep_idle(struct pebble_client *client, struct client_connection *connection) {
    client_connection_close(&client->idle);
    client_connection_move(&client->idle, connection);
}

// --- what responses tell by the way ---

void client_note_warning(struct pebble_client *client, int64_t time, char *text) {
    free(client->latest_warning_text);
    client->latest_warning = time;
    client->latest_warning_text = text;
}

void client_note_maintenance(struct pebble_client *client, char *message) {
    free(client->maintenance);
    client->maintenance = message;
}

int64_t pebble_client_latest_warning_ns(const struct pebble_client *client, const char **text) {
    if (text != NULL)
        *text = client->latest_warning_text;
    return client->latest_warning;
}

const char *pebble_client_maintenance(const struct pebble_client *client) {
    return client->maintenance;
}
