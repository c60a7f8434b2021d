// SPDX-License-Identifier: GPL-3.0-or-later
// The API over HTTPS. Declared in daemon/daemon_internal.h.
#include <unistd.h>

#include "access/identity_key.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/daemon_internal.h"
#include "net/listen.h"

// Anyone can begin handshakes that fail.
#define LOGGED_FAILURES_MAX 10
#define LOGGED_INTERVAL_NS (10 * NS_PER_S)

// *certificates: where the identity certificate is kept. NULL: key and certificate are new at each start, as nothing
// can be kept. In a directory that could keep them this is refused, as by the reference.
static bool load_key(const struct daemon_options *options, struct tls_key **key, char **certificates,
                     struct error *err) {
    if (!options->persists && access(options->directory, W_OK) == 0)
        return error_set(err, ERROR_INTERNAL,
                         "cannot use --https with PEBBLE_PERSIST=never: identity key requires persistent state");
    if (!options->persists)
        return tls_key_make(key, err);
    AUTO_FREE char *identity = memory_printf("%s/identity", options->directory);
    if (!identity_key_load(identity, key, err))
        return error_prefix(err, "cannot load identity key: ");
    *certificates = memory_printf("%s/tls", options->directory);
    return true;
}

static bool load_identity(struct daemon *daemon, struct error *err) {
    struct tls_key *key;
    AUTO_FREE char *certificates = NULL;
    if (!load_key(daemon->options, &key, &certificates, err))
        return false;
    char fingerprint[TLS_FINGERPRINT_SIZE];
    if (tls_key_fingerprint(key, fingerprint))
        log_notice("Identity fingerprint: %s", fingerprint); // for the administrators of clients
    daemon->certificates = server_certificates_create(daemon->loop, certificates, key);
    return true;
}

static bool create_engine(struct tls_engine **engine, void *data, struct error *err) {
    struct daemon *daemon = data;
    return server_certificates_engine(daemon->certificates, engine, err);
}

static void on_handshake_failed(const char *remote, const struct error *err, void *data) {
    struct handshake_log *failures = &((struct daemon *)data)->handshake_log;
    int64_t now_ns = clock_monotonic_ns();
    if (failures->count == 0 || now_ns - failures->since_ns > LOGGED_INTERVAL_NS) {
        if (failures->count > LOGGED_FAILURES_MAX)
            log_notice("%zu more TLS handshakes failed.", failures->count - LOGGED_FAILURES_MAX);
        *failures = (struct handshake_log){.since_ns = now_ns};
    }
    if (++failures->count <= LOGGED_FAILURES_MAX)
        log_notice("TLS handshake with %s failed: %s", remote, error_text(err));
}

bool daemon_listen_on_https(struct daemon *daemon, struct error *err) {
    const char *address = daemon->options->https_address;
    const struct http_tls_hooks hooks = {
        .create_engine = create_engine, .handshake_failed = on_handshake_failed, .data = daemon};
    if (text_is_empty(address))
        return true;
    if (!load_identity(daemon, err))
        return false;
    int fd = -1;
    if (!listen_tcp(address, &fd, err) || !http_server_listen_tls(daemon->server, fd, &hooks, err))
        return error_prefix(err, "cannot TLS listen on \"%s\": ", address);
    log_notice("HTTPS API server listening on \"%s\".", address);
    return true;
}
