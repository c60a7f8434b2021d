// SPDX-License-Identifier: LGPL-3.0-or-later
// Intrusive doubly linked lists. The head of a list and the link of a member have the same type. Annotate each head
// with its member: `struct list tasks; // task.link`.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *previous;
    struct list *next;
};

void list_init(struct list *list);                   // an empty list, or an unlinked link
void list_add(struct list *list, struct list *link); // at the end
void list_add_first(struct list *list, struct list *link);
void list_remove(struct list *link); // no effect on an initialised link in no list; it can be added again
bool list_is_empty(const struct list *list);
bool list_is_linked(const struct list *link); // false also for a zeroed link
size_t list_count(const struct list *list);   // takes linear time

#define LIST_ITEM(link, type, member) CONTAINER_OF(link, type, member)
// Iterates over the list. The current item may be removed and freed, but not its successor.
#define LIST_FOR_EACH(item, list, member)                                                                              \
    for (__typeof__(item) item##_next = ((item) = LIST_ITEM((list)->next, __typeof__(*(item)), member),                \
                                        LIST_ITEM((item)->member.next, __typeof__(*(item)), member));                  \
         &(item)->member != (list);                                                                                    \
         (item) = item##_next, item##_next = LIST_ITEM((item)->member.next, __typeof__(*(item)), member))
