// SPDX-License-Identifier: LGPL-3.0-or-later
// Doubly linked lists of structures that carry their own link. A list's head and a member's link are the
// same type; annotate every head with what it holds: `struct list tasks; // task.link`.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *previous;
    struct list *next;
};

void list_init(struct list *list);                   // an empty list, or a link that is in none
void list_add(struct list *list, struct list *link); // at the end
void list_add_first(struct list *list, struct list *link);
void list_remove(struct list *link); // also fine for an initialised link in no list; it can be added again
bool list_is_empty(const struct list *list);
bool list_is_linked(const struct list *link); // false for one never initialised, too (all zero)
size_t list_count(const struct list *list);   // walks

#define LIST_ITEM(link, type, member) CONTAINER_OF(link, type, member)
// Walks the list; the current item may be removed and freed (but not its successor).
#define LIST_FOR_EACH(item, list, member)                                                                              \
    for (__typeof__(item) item##_next = ((item) = LIST_ITEM((list)->next, __typeof__(*(item)), member),                \
                                        LIST_ITEM((item)->member.next, __typeof__(*(item)), member));                  \
         &(item)->member != (list);                                                                                    \
         (item) = item##_next, item##_next = LIST_ITEM((item)->member.next, __typeof__(*(item)), member))
