// SPDX-License-Identifier: GPL-3.0-or-later
// Identities as they are given to the API, to the command line and in the state file: an object from names to
// identities.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a client may do. Each level includes those before it, but for the rule that over TCP only IDENTITY_METRICS
// counts (authenticator.h).
enum identity_access {
    IDENTITY_UNKNOWN, // of a client without identity, who may do what is open to all
    IDENTITY_UNTRUSTED,
    IDENTITY_METRICS,
    IDENTITY_READ,
    IDENTITY_ADMIN,
};
const char *identity_access_name(enum identity_access access); // "admin"; "" for IDENTITY_UNKNOWN

#define IDENTITY_SET_MAX ((size_t)8192) // identities, null ones included
#define IDENTITY_NAME_BYTES_MAX ((size_t)255)
#define IDENTITY_PASSWORD_BYTES_MAX ((size_t)1024)
#define IDENTITY_PEM_BYTES_MAX ((size_t)16384)

struct identity {
    char *name;
    bool is_null; // the value is null: to be removed
    enum identity_access access;
    char *access_name; // as given, NULL if absent
    bool is_local;
    bool has_uid; // always true with is_local in a set that was checked
    uint32_t uid;
    char *password; // basic: its hash, see password.h. NULL: not of this type
    char *pem;      // cert: the certificate; in a set that was checked, nothing else. NULL: not of this type
};

struct identity_set {
    struct identity **items; // in the order of the object
    size_t count;
};

// Reads the types only. NULL is an empty set. ERROR_BAD_REQUEST with a message like Go's
// (`json: cannot unmarshal …`), or if there are too many.
bool identity_set_read(const json_t *object, struct identity_set *set, struct error *err) NODISCARD;
// Checks each identity that is not null, and sets its access. ERROR_BAD_REQUEST: `invalid identity for "NAME": …`.
bool identity_set_check(struct identity_set *set, struct error *err) NODISCARD;
// The same for what the state file holds: identities were checked when they were added, maybe by other rules, so only
// the access and the user-id are checked.
bool identity_set_check_stored(struct identity_set *set, struct error *err) NODISCARD;
void identity_set_finish(struct identity_set *set);
#define AUTO_IDENTITY_SET CLEANUP(identity_set_finish)

void identity_destroy(struct identity *identity);                                           // NULL is fine
json_t *identity_to_json(const struct identity *identity) __attribute__((returns_nonnull)); // with its secrets
