// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: waits for conditions of other services and for checks. All conditions are judged in one place,
// when the service that they are about has changed; nothing is polled but checks. See docs/internals/services.md.
#pragma once

#include "base/text.h"
#include "services/service_internal.h"

struct service_wait;

struct service_wait_spec {
    const struct plan_service *config; // its conditions; NULL: none
    const json_t *after;               // a list of names: until their start tasks, or stop tasks, are over; NULL: none
    bool is_stop;                      // which of the two
};

// Called from the loop, once unless the wait is cancelled, which frees it. `reason` is why a condition cannot be met
// any more, `"db" exited with code 3 while waiting for it to be ready`; NULL: all hold. The wait has been freed.
typedef void (*service_waited_fn)(const char *reason, void *data);

// The services that are waited for exist as objects. NULL if all conditions hold now, and there are no checks.
struct service_wait *service_wait_begin(struct service_manager *manager, const struct service_wait_spec *spec,
                                        service_waited_fn on_waited, void *data);
void service_wait_cancel(struct service_wait *wait); // NULL is fine
// What is still waited for: `"db" to be ready, check "up" to succeed`. Owned.
char *service_wait_describe(const struct service_wait *wait);
// The same as "db: ready", "check up".
void service_wait_list(const struct service_wait *wait, struct text_list *items);

// Whether the condition of the service holds; for a start task that is to be made.
bool service_condition_holds(const struct service_manager *manager, const char *name, enum condition condition);
// The state, readiness or tasks of the service have changed: its conditions are judged in a later turn of the loop.
void service_touch(struct service *service);

// For the end of the manager.
void service_waits_discard(struct service_manager *manager);
