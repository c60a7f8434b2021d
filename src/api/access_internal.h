// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: who asks, and what that allows. An asynchronous step between route and handler, since a password's
// hash takes a worker a while.
#pragma once

#include "api/call_internal.h"
#include "api/routes_internal.h"

typedef void (*access_identified_fn)(struct api_call *call);

// Works out who asks, into call->identity. True: at once, and `on_identified` is not called. False: it is called
// later, once, from the loop.
bool access_identify(struct api_call *call, access_identified_fn on_identified) NODISCARD;
// Gives up an identification that is under way: on_identified is not called any more.
void access_cancel(struct api_call *call);
bool access_is_allowed(const struct api_identity *identity, enum route_access wanted);
