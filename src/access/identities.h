// SPDX-License-Identifier: GPL-3.0-or-later
// The identities of the daemon: who may use the API. They are stored in the state. The rules are in
// docs/internals/access.md.
#pragma once

#include "access/identity_set.h"
#include "data/json.h"
#include "state/state.h"

#define IDENTITIES_MAX ((size_t)4096)
#define IDENTITIES_BYTES_MAX ((size_t)16777216) // of all of them in the state file

struct identity_store;

// Reads the identities of the state, which must outlive the store. Fails if one of them cannot be understood: to leave
// it out could give its user more access.
bool identity_store_create(struct state *state, struct identity_store **store, struct error *err) NODISCARD;
void identity_store_destroy(struct identity_store *store); // NULL is fine

enum identity_action { IDENTITY_ADD, IDENTITY_UPDATE, IDENTITY_REPLACE, IDENTITY_REMOVE };
bool identity_action_by_name(const char *name, enum identity_action *action) NODISCARD;

// Adds, updates, replaces or removes the identities of a set that was checked, all or none. Stores them in the state;
// wait for the checkpoint before you report success. Takes the identities out of the set. Logs a security event for
// each identity, `user_created:WHO,NAME,ACCESS`, as soon as it is known that those and only those that are to be
// removed are null. Logs the names of those whose password is no hash. ERROR_BAD_REQUEST with the messages of the
// reference: `identities already exist: a, b`, `identities do not exist: a, b`, `cannot have multiple identities with
// user ID 5 (a, b)`.
bool identity_store_apply(struct identity_store *store, enum identity_action action, struct identity_set *set,
                          const char *who, struct error *err) NODISCARD;

// The results are borrowed until the next change. NULL if there is none.
const struct identity *identity_store_find(const struct identity_store *store, const char *name);
const struct identity *identity_store_find_uid(const struct identity_store *store, uint32_t uid);
// The certificate as certificate_to_pem() writes it. If several identities have it, the one whose name is first.
const struct identity *identity_store_find_certificate(const struct identity_store *store, const char *pem);

// Writes an object of all identities, sorted by name, with "*****" for each secret.
void identity_store_write(const struct identity_store *store, struct json_writer *writer);
