// SPDX-License-Identifier: GPL-3.0-or-later
// Services on a real loop, with real processes: /bin/sh has to be there.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "plan/plan_store.h"
#include "services/service_internal.h"

struct fixture {
    struct loop *loop;
    struct reaper *reaper;
    struct state *state;
    struct runner *runner;
    struct log_store *logs;
    struct plan *plan;
    struct service_manager *manager;
    struct buffer log; // the daemon's log lines
};

static inline void fixture_log(void *data, const char *line, size_t length) {
    struct fixture *fixture = data;
    buffer_add(&fixture->log, line, length);
}

static inline struct plan *fixture_plan(const char *yaml) {
    struct layer_list layers = {0};
    struct layer *layer = NULL;
    AUTO_ERROR struct error err = {0};
    if (!layer_parse(1, "base", yaml, strlen(yaml), &layer, &err))
        fail_msg("layer: %s", error_text(&err));
    layers.items = memory_new(sizeof *layers.items);
    layers.items[0] = layer;
    layers.count = layers.capacity = 1;
    struct plan *plan = NULL;
    if (!plan_combine(&layers, &plan, &err))
        fail_msg("plan: %s", error_text(&err));
    layers_clear(&layers);
    return plan;
}

static inline void fixture_set_plan(struct fixture *fixture, const char *yaml) {
    plan_release(fixture->plan);
    fixture->plan = fixture_plan(yaml);
    service_manager_set_plan(fixture->manager, fixture->plan);
}

static inline void fixture_begin(struct fixture *fixture, const char *yaml) {
    *fixture = (struct fixture){0};
    buffer_init(&fixture->log, BUFFER_NO_LIMIT);
    log_set_sink(fixture_log, fixture);
    assert_true(loop_create(&fixture->loop, NULL));
    assert_true(reaper_create(fixture->loop, &fixture->reaper, NULL));
    fixture->state = state_create();
    fixture->runner = runner_create(fixture->loop, fixture->state);
    fixture->logs = log_store_create();
    struct service_manager_spec spec = {
        .loop = fixture->loop,
        .reaper = fixture->reaper,
        .state = fixture->state,
        .runner = fixture->runner,
        .logs = fixture->logs,
    };
    fixture->manager = service_manager_create(&spec);
    fixture_set_plan(fixture, yaml);
}

static inline void fixture_end(struct fixture *fixture) {
    service_manager_destroy(fixture->manager);
    runner_destroy(fixture->runner);
    log_store_destroy(fixture->logs);
    state_destroy(fixture->state);
    plan_release(fixture->plan);
    reaper_destroy(fixture->reaper);
    loop_destroy(fixture->loop);
    log_set_sink(NULL, NULL);
    buffer_finish(&fixture->log);
}

static inline struct service *fixture_service(struct fixture *fixture, const char *name) {
    struct service *service = map_get(&fixture->manager->services, name);
    assert_non_null(service);
    return service;
}

// Turns the loop until the condition holds; a guard timer makes the test fail rather than hang.
static inline void fixture_tick(void *data) {
    *(bool *)data = true;
}
#define RUN_UNTIL(fixture, condition)                                                                                  \
    do {                                                                                                               \
        bool is_late = false;                                                                                          \
        struct timer *guard = timer_create_in((fixture)->loop, fixture_tick, &is_late);                                \
        timer_start(guard, 20 * NS_PER_S);                                                                             \
        while (!(condition) && !is_late)                                                                               \
            uv_run(loop_uv((fixture)->loop), UV_RUN_ONCE);                                                             \
        timer_destroy(guard);                                                                                          \
        if (is_late)                                                                                                   \
            fail_msg("not met: %s\n%s", #condition, buffer_text(&(fixture)->log));                                     \
    } while (0)

// Asks for an action on the names (separated by blanks) and returns the change.
static inline struct change *fixture_ask(struct fixture *fixture, enum service_action action, const char *names) {
    AUTO_TEXT_LIST struct text_list list = {0};
    AUTO_FREE char *copy = memory_string(names);
    char *rest = NULL;
    for (char *name = strtok_r(copy, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest))
        text_list_add(&list, name);
    struct change *change = NULL;
    AUTO_ERROR struct error err = {0};
    if (!service_manager_request(fixture->manager, action, &list, &change, &err))
        fail_msg("request: %s", error_text(&err));
    return change;
}

static inline struct change *fixture_do(struct fixture *fixture, enum service_action action, const char *names) {
    struct change *change = fixture_ask(fixture, action, names);
    RUN_UNTIL(fixture, change_is_ready(change));
    return change;
}

static inline bool fixture_has_logged(const struct fixture *fixture, const char *text) {
    return strstr(buffer_text(&fixture->log), text) != NULL;
}

// The last line of a task's log.
static inline const char *last_log(const struct change *change, size_t task) {
    const struct task *found = change_task(change, task);
    assert_non_null(found);
    size_t count = task_log_count(found);
    return count > 0 ? task_log_line(found, count - 1) : "";
}
