// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: the authorities that outgoing TLS connections trust. They are loaded in a worker thread when they
// are first needed, and again when their files have changed.
#pragma once

#include "base/list.h"
#include "loop/loop.h"
#include "tls/tls_engine.h"

struct client_trust;

// SSL_CERT_FILE and SSL_CERT_DIR count as they are now. Nothing is loaded yet.
struct client_trust *client_trust_create(struct loop *loop) __attribute__((returns_nonnull));
// No function is called any more. Does not wait for files that hang. NULL is allowed.
void client_trust_destroy(struct client_trust *trust);

// A wait for the first load; zeroed initially. The function is called once, from the loop, with an error if there is
// nothing to trust: ERROR_CONNECTION, in Go's words. It must not destroy the trust.
struct trust_wait;
typedef void (*trust_loaded_fn)(struct trust_wait *wait, const struct error *err);
struct trust_wait {
    struct list link; // private
    trust_loaded_fn on_loaded;
};
void client_trust_wait(struct client_trust *trust, struct trust_wait *wait, trust_loaded_fn on_loaded);
void client_trust_wait_cancel(struct trust_wait *wait); // no effect if it does not wait

// The engine of a client of this host, after a wait without an error. If the files have not been looked at for 5 s, a
// worker looks at them: what they hold then is for later engines. ERROR_INTERNAL without memory.
bool client_trust_create_engine(struct client_trust *trust, const char *host, struct tls_engine **engine,
                                struct error *err) NODISCARD;
