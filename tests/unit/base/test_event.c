// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/event.h"
#include "base/memory.h"

enum action { NOTHING, REMOVE_SELF, REMOVE_OTHER, FREE_SELF_AND_OTHER, ADD_OTHER, ANNOUNCE_ONCE };

struct probe {
    struct listener listener;
    struct event *event;
    struct probe *other;
    enum action action;
    int heard;
};

static void probe_notify(struct listener *listener, void *argument) {
    struct probe *probe = CONTAINER_OF(listener, struct probe, listener);
    probe->heard++;
    (*(int *)argument)++;
    switch (probe->action) {
    case NOTHING:
        break;
    case REMOVE_SELF:
        event_remove(listener);
        break;
    case REMOVE_OTHER:
        event_remove(&probe->other->listener);
        break;
    case FREE_SELF_AND_OTHER:
        event_remove(&probe->other->listener);
        event_remove(listener);
        free(probe->other);
        free(probe);
        break;
    case ADD_OTHER:
        event_add(probe->event, &probe->other->listener, probe_notify);
        break;
    case ANNOUNCE_ONCE:
        probe->action = NOTHING;
        event_emit(probe->event, argument);
        break;
    }
}

static void probes_init(struct event *event, struct probe *probes, size_t count) {
    event_init(event);
    for (size_t i = 0; i < count; i++) {
        probes[i] = (struct probe){.event = event};
        event_add(event, &probes[i].listener, probe_notify);
    }
}

static void order_notify(struct listener *listener, void *argument) {
    int *expected = argument;
    struct probe *probe = CONTAINER_OF(listener, struct probe, listener);
    assert_int_equal(probe->heard, (*expected)++);
}

static void listeners_are_called_in_order(void **state UNUSED) {
    struct event event;
    struct probe probes[3];
    event_init(&event);
    for (int i = 0; i < 3; i++) {
        probes[i] = (struct probe){.heard = i};
        event_add(&event, &probes[i].listener, order_notify);
    }
    int next = 0;
    event_emit(&event, &next);
    assert_int_equal(next, 3);
    assert_int_equal(list_count(&event.listeners), 3);
}

static void event_without_listeners(void **state UNUSED) {
    struct event event;
    event_init(&event);
    event_emit(&event, NULL);
    struct listener never_added = {0};
    event_remove(&never_added);
    assert_true(list_is_empty(&event.listeners));
}

static void listener_removes_itself(void **state UNUSED) {
    struct event event;
    struct probe probes[3];
    probes_init(&event, probes, 3);
    probes[1].action = REMOVE_SELF;
    int total = 0;
    event_emit(&event, &total);
    event_emit(&event, &total);
    assert_int_equal(total, 5);
    assert_int_equal(probes[1].heard, 1);
}

static void listener_removes_the_next(void **state UNUSED) {
    struct event event;
    struct probe probes[3];
    probes_init(&event, probes, 3);
    probes[0].action = REMOVE_OTHER;
    probes[0].other = &probes[1];
    int total = 0;
    event_emit(&event, &total);
    assert_int_equal(total, 2);
    assert_int_equal(probes[1].heard, 0);
    assert_int_equal(probes[2].heard, 1);
}

static void listener_removes_an_earlier_one(void **state UNUSED) {
    struct event event;
    struct probe probes[3];
    probes_init(&event, probes, 3);
    probes[2].action = REMOVE_OTHER;
    probes[2].other = &probes[0];
    int total = 0;
    event_emit(&event, &total);
    event_emit(&event, &total);
    assert_int_equal(total, 5);
    assert_int_equal(probes[0].heard, 1);
}

static void listeners_may_be_freed_while_emitting(void **state UNUSED) {
    struct event event;
    event_init(&event);
    struct probe *first = memory_new(sizeof *first);
    struct probe *second = memory_new(sizeof *second);
    struct probe last = {0};
    event_add(&event, &first->listener, probe_notify);
    event_add(&event, &second->listener, probe_notify);
    event_add(&event, &last.listener, probe_notify);
    first->action = FREE_SELF_AND_OTHER;
    first->other = second;
    int total = 0;
    event_emit(&event, &total);
    assert_int_equal(total, 2);
    assert_int_equal(last.heard, 1);
    assert_int_equal(list_count(&event.listeners), 1);
}

static void added_listener_gets_the_next_event(void **state UNUSED) {
    struct event event;
    struct probe probes[1];
    struct probe late = {0};
    probes_init(&event, probes, 1);
    probes[0].action = ADD_OTHER;
    probes[0].other = &late;
    int total = 0;
    event_emit(&event, &total);
    assert_int_equal(late.heard, 0);
    probes[0].action = NOTHING;
    event_emit(&event, &total);
    assert_int_equal(late.heard, 1);
}

static void emissions_nest(void **state UNUSED) {
    struct event event;
    struct probe probes[2];
    probes_init(&event, probes, 2);
    probes[0].action = ANNOUNCE_ONCE;
    int total = 0;
    event_emit(&event, &total);
    assert_int_equal(probes[0].heard, 2);
    assert_int_equal(probes[1].heard, 2);
    assert_int_equal(list_count(&event.listeners), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listeners_are_called_in_order),
        cmocka_unit_test(event_without_listeners),
        cmocka_unit_test(listener_removes_itself),
        cmocka_unit_test(listener_removes_the_next),
        cmocka_unit_test(listener_removes_an_earlier_one),
        cmocka_unit_test(listeners_may_be_freed_while_emitting),
        cmocka_unit_test(added_listener_gets_the_next_event),
        cmocka_unit_test(emissions_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
