// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/event.h"

// event_emit() inserts two markers into the list: the place it has reached, and the end of the list at the beginning.
// Listeners can be added and removed around them. Nested calls skip each other's markers, which have no function.
static void marker_add(struct list *place, struct listener *marker) {
    marker->notify = NULL;
    list_add_first(place, &marker->link);
}

void event_init(struct event *event) {
    list_init(&event->listeners);
}

void event_add(struct event *event, struct listener *listener, listener_fn notify) {
    list_remove(&listener->link);
    listener->notify = notify;
    list_add(&event->listeners, &listener->link);
}

void event_remove(struct listener *listener) {
    list_remove(&listener->link);
}

void event_emit(struct event *event, void *argument) {
    if (list_is_empty(&event->listeners))
        return;
    struct listener reached;
    struct listener end;
    marker_add(event->listeners.previous, &end);
    marker_add(&event->listeners, &reached);
    while (reached.link.next != &end.link) {
        struct listener *listener = LIST_ITEM(reached.link.next, struct listener, link);
        list_remove(&reached.link);
        list_add_first(&listener->link, &reached.link);
        if (listener->notify != NULL)
            listener->notify(listener, argument);
    }
    list_remove(&reached.link);
    list_remove(&end.link);
}
