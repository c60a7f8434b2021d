// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/list.h"

void list_init(struct list *list) {
    list->previous = list;
    list->next = list;
}

static void insert_between(struct list *previous, struct list *link, struct list *next) {
    link->previous = previous;
    link->next = next;
    previous->next = link;
    next->previous = link;
}

void list_add(struct list *list, struct list *link) {
    insert_between(list->previous, link, list);
}

void list_add_first(struct list *list, struct list *link) {
    insert_between(list, link, list->next);
}

void list_remove(struct list *link) {
    if (list_is_linked(link)) {
        link->previous->next = link->next;
        link->next->previous = link->previous;
    }
    list_init(link);
}

bool list_is_empty(const struct list *list) {
    return !list_is_linked(list);
}

bool list_is_linked(const struct list *link) {
    return link->next != NULL && link->next != link;
}

size_t list_count(const struct list *list) {
    size_t count = 0;
    if (list_is_linked(list)) {
        for (const struct list *link = list->next; link != list; link = link->next)
            count++;
    }
    return count;
}
