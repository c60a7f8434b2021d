// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: identification of the client, and its access. Asynchronous, because a worker thread hashes
// passwords.
#pragma once

#include "api/call_internal.h"
#include "api/routes_internal.h"

typedef void (*access_identified_fn)(struct api_call *call);

// Sets the identity of the call's client, see api_identity(). Returns true if it is known at once; then `on_identified`
// is not called. Otherwise `on_identified` is called later, once, from the loop.
bool access_identify(struct api_call *call, access_identified_fn on_identified) NODISCARD;
// Cancels a pending identification; `on_identified` is not called.
void access_cancel(struct api_call *call);
// The user whose notices are the client's own. False if the client is not known by its uid.
bool access_user_id(const struct api_call *call, uint32_t *user_id);
// By the identity alone: FOR_PAIRING is for admins.
bool access_is_allowed(const struct client_identity *identity, enum route_access wanted);
// Whether the client may pair: over HTTPS, while the window is open.
bool access_can_pair(const struct api_call *call);
// Responds 401, with a security event if the client is known.
void access_deny(struct api_call *call);
