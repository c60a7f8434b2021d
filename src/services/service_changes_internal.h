// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: what others hear of: changes of state, and that the daemon is to end. Both are emitted from the
// loop, in a later turn.
#pragma once

#include "services/service_internal.h"

// The service has left the state `before`.
void service_changed(struct service *service, enum service_state before);
// The status that clients see is new from now on.
void service_stamp(struct service *service);
// The first request counts.
void service_request_shutdown(struct service_manager *manager, enum shutdown_kind kind);
void service_changes_discard(struct service_manager *manager); // what is not emitted yet
