// SPDX-License-Identifier: LGPL-3.0-or-later
// Observers. A module announces an event; others listen without the module knowing them. While an event is
// announced, any listener (itself included) may be removed and freed, and new ones added (those hear the next one). The
// event itself has to last until it is announced.
#pragma once

#include "base/list.h"

struct listener;
typedef void (*listener_fn)(struct listener *listener, void *argument);

struct event {
    struct list listeners; // listener.link
};

struct listener {
    struct list link; // all zero until it listens for the first time
    listener_fn notify;
};

void event_init(struct event *event);
void event_add(struct event *event, struct listener *listener, listener_fn notify); // heard in order of adding
void event_remove(struct listener *listener);                                       // fine if it is not listening
void event_emit(struct event *event, void *argument);
