// SPDX-License-Identifier: GPL-3.0-or-later
// Pairing: while an administrator has opened the window, a client may make its own certificate that of an admin
// identity. Page: docs/internals/access.md.
#pragma once

#include "access/identities.h"
#include "base/compiler.h"
#include "base/error.h"
#include "loop/loop.h"
#include "plan/plan.h"
#include "state/state.h"
#include "tls/certificate.h"

#include <stdbool.h>
#include <stdint.h>

#define PAIRING_USERS_MAX 1000

struct pairing;

// The window is closed, and pairing disabled. Reads from the state whether a client has been paired ("pairing-details",
// as the reference writes it; what cannot be understood there counts as paired). All must outlive it.
struct pairing *pairing_create(struct loop *loop, struct state *state, struct identity_store *identities)
    __attribute__((returns_nonnull));
void pairing_destroy(struct pairing *pairing); // NULL is allowed

// Sets the mode of the combined plan; PAIRING_UNSET is PAIRING_DISABLED. A change closes the window.
void pairing_set_mode(struct pairing *pairing, enum pairing_mode mode);
// Opens the window for this time from now, also if it is open. ERROR_BAD_REQUEST with the messages of the reference:
// `cannot enable pairing with pairing mode disabled`,
// `cannot enable pairing when already paired in 'single' pairing mode`.
bool pairing_open(struct pairing *pairing, int64_t duration_ns, struct error *err) NODISCARD;
bool pairing_is_open(const struct pairing *pairing);
// Adds the identity `user-N` with the access "admin" and this certificate, whose key the client has proved to have, and
// closes the window, also on failure. The identity is stored in the state; wait for the checkpoint before you report
// success. If an identity has the certificate already, it stays as it is, and the client counts as paired.
// ERROR_BAD_REQUEST if the window is closed (`pairing window is closed`), the certificate is malformed (NULL), not
// self-signed, not valid now or not for clients (`cannot verify client certificate signature: …`, with a security
// event), or no name is free (`cannot create new identity username: user allocation limit 1000 reached`), and the
// errors of identity_store_apply().
bool pairing_pair(struct pairing *pairing, const struct certificate *certificate, struct error *err) NODISCARD;
