// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/deadline_list.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

struct deadline_list {
    struct list running; // deadline.link, in the order of starting
    struct timer *timer; // may be early: whoever stops a deadline leaves it alone
    int64_t duration_ns;
    deadline_due_fn on_due;
    void *data;
};

static struct deadline *oldest(const struct deadline_list *list) {
    return LIST_ITEM(list->running.next, struct deadline, link);
}

static int64_t left_ns(const struct deadline_list *list, int64_t now_ns) {
    return oldest(list)->since_ns - now_ns + list->duration_ns;
}

static void on_timer_expired(void *data) {
    struct deadline_list *list = data;
    int64_t now_ns = clock_monotonic_ns();
    while (!list_is_empty(&list->running) && left_ns(list, now_ns) <= 0) {
        struct deadline *due = oldest(list);
        list_remove(&due->link);
        list->on_due(due, list->data);
    }
    if (!list_is_empty(&list->running))
        timer_start(list->timer, left_ns(list, now_ns));
}

struct deadline_list *deadline_list_create(struct loop *loop, int64_t duration_ns, deadline_due_fn on_due, void *data) {
    struct deadline_list *list = memory_new(sizeof *list);
    list_init(&list->running);
    list->timer = timer_create_in(loop, on_timer_expired, list);
    list->duration_ns = duration_ns;
    list->on_due = on_due;
    list->data = data;
    return list;
}

void deadline_list_destroy(struct deadline_list *list) {
    if (list == NULL)
        return;
    while (!list_is_empty(&list->running))
        list_remove(list->running.next);
    timer_destroy(list->timer);
    free(list);
}

void deadline_list_set_duration(struct deadline_list *list, int64_t duration_ns) {
    list->duration_ns = duration_ns;
}

struct deadline *deadline_list_oldest(const struct deadline_list *list) {
    return list_is_empty(&list->running) ? NULL : oldest(list);
}

void deadline_start(struct deadline_list *list, struct deadline *deadline) {
    list_remove(&deadline->link);
    deadline->since_ns = clock_monotonic_ns();
    list_add(&list->running, &deadline->link);
    if (list->duration_ns != DEADLINE_NEVER && !timer_is_running(list->timer))
        timer_start(list->timer, list->duration_ns);
}

void deadline_stop(struct deadline *deadline) {
    list_remove(&deadline->link);
}

bool deadline_is_running(const struct deadline *deadline) {
    return list_is_linked(&deadline->link);
}

int64_t deadline_age_ns(const struct deadline *deadline) {
    return clock_monotonic_ns() - deadline->since_ns;
}
