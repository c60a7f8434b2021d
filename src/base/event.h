// SPDX-License-Identifier: LGPL-3.0-or-later
// Events and their listeners. A listener function may remove and free any listener, itself included, and add new ones,
// which are called from the next event on. The event must not be freed while it is emitted.
#pragma once

#include "base/list.h"

struct listener;
typedef void (*listener_fn)(struct listener *listener, void *argument);

struct event {
    struct list listeners; // listener.link
};

struct listener {
    struct list link; // zeroed before the first event_add()
    listener_fn notify;
};

void event_init(struct event *event);
void event_add(struct event *event, struct listener *listener,
               listener_fn notify);           // listeners are called in the order of adding
void event_remove(struct listener *listener); // no effect if it is not added
void event_emit(struct event *event, void *argument);
