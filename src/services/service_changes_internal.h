// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: the manager's events: changes of state, and requests to end the daemon. They are emitted from
// the loop, in a later turn.
#pragma once

#include "services/service_internal.h"

// Emits service_manager_changed() for a service that has left the state `before`.
void service_changed(struct service *service, enum service_state before);
// The same if its state has not changed, but one of its tasks will not begin.
void service_outlook_changed(struct service_manager *manager, const char *name);
// What service_manager_list() shows has changed.
void service_list_changed(struct service_manager *manager);
// Sets the time of the last change of status to now.
void service_stamp(struct service *service);
// Emits service_manager_shutdown_wanted() with what was first requested.
void service_request_shutdown(struct service_manager *manager, enum shutdown_kind kind);
void service_request_exit(struct service_manager *manager, int exit_code); // the daemon's
void service_changes_discard(struct service_manager *manager);             // drops what is not emitted yet
