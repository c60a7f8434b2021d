// SPDX-License-Identifier: GPL-3.0-or-later
// Finds out who a client is: by the uid of its process, by name and password (basic authentication), or over HTTPS by
// its certificate.
//
// Passwords are checked in two worker threads, at most one of a name at a time, so that logins as one name do not
// delay those as another. What waits is limited. A client without a password is never delayed.
#pragma once

#include "access/identities.h"
#include "loop/loop.h"
#include "tls/certificate.h"

#define AUTHENTICATOR_WAITING_MAX ((size_t)64)         // passwords that wait for a thread
#define AUTHENTICATOR_WAITING_OF_NAME_MAX ((size_t)16) // of these, for one name

struct authenticator;

// Runs in a worker thread.
typedef bool (*password_check_fn)(const char *hash, const char *password);

// `check` NULL: password_matches(). The identities must outlive the authenticator.
struct authenticator *authenticator_create(struct loop *loop, const struct identity_store *identities,
                                           password_check_fn check) __attribute__((returns_nonnull));
// Blocks until the passwords that are being checked have been. Authentications that have not ended call back with
// IDENTITY_UNKNOWN. NULL is fine.
void authenticator_destroy(struct authenticator *authenticator);

// What a client shows of itself. Borrowed.
struct credentials {
    bool is_local;  // over the Unix socket
    bool is_secure; // over HTTPS: only the certificate counts
    bool has_uid;
    uint32_t uid;
    const char *user, *password;           // NULL: none were given
    const struct certificate *certificate; // NULL: none was given
};

// Who a client is.
struct client_identity {
    enum identity_access access;
    bool has_uid; // false for an identity that is not of type local, and over TCP
    uint32_t uid; // of the client's process
    char *user;   // for logs: the name of the identity or else the uid; "<unknown>" without both
};
void client_identity_finish(struct client_identity *identity);

struct login;
// Embedded in a structure of the caller.
struct authentication {
    struct client_identity identity; // the result, the caller's
    // Called from the loop, once, unless authenticator_begin() has returned true or it was cancelled.
    void (*on_done)(struct authentication *authentication);
    struct credentials credentials; // private, without what is borrowed
    struct login *login;
};

// Sets the identity and returns true, or returns false and calls `on_done` later. The right password of an identity
// counts instead of the uid; a wrong one leaves the default of the uid, but not the identity of the uid. Over TCP an
// identity has the access "metrics" or none. Too many passwords waiting: IDENTITY_UNKNOWN. Over HTTPS, the certificate
// must be that of an identity, else IDENTITY_UNKNOWN, and be valid now and for clients, else IDENTITY_UNKNOWN with the
// security event `authz_fail:NAME`; this is known at once.
bool authenticator_begin(struct authenticator *authenticator, struct authentication *authentication,
                         const struct credentials *credentials) NODISCARD;
// `on_done` is not called any more. No effect if the authentication has ended.
void authenticator_cancel(struct authenticator *authenticator, struct authentication *authentication);
