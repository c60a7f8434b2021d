// SPDX-License-Identifier: GPL-3.0-or-later
// Checks on virtual time and with simulated probes: nothing is run, and no real time passes.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "checks/check_machine_internal.h"
#include "loop/loop.h"
#include "state/change.h"
#include "state/runner.h"
#include "state/task.h"

// --- probes ---

// What a probe does is the command of its exec check: "pass", "fail", "hang" until it is cancelled, "missing" cannot be
// started; fixture.outcome overrides it.
struct probe {
    struct list link;
    struct fixture *fixture;
    char *name, *outcome;
    probe_done_fn on_done;
    void *data;
    struct deferred end;
};

struct fixture {
    struct loop *loop;
    struct state *state;
    struct runner *runner;
    struct plan *plan;
    struct check_manager *manager;
    const char *outcome;       // NULL: as the command has it
    struct list probes;        // probe.link
    int started, cancelled;    // probes
    struct text_list sequence; // names of the checks whose probes were started
    struct buffer log;         // the daemon's log lines
    struct listener on_failed;
    struct text_list failed; // names emitted
};

static inline void probe_free(struct probe *probe) {
    loop_defer_cancel(probe->fixture->loop, &probe->end);
    list_remove(&probe->link);
    free(probe->name);
    free(probe->outcome);
    free(probe);
}

static inline void probe_end(struct deferred *end) {
    struct probe *probe = CONTAINER_OF(end, struct probe, end);
    const struct probe_failure failure = {.message = "exit status 7", .details = "door is shut"};
    bool has_passed = text_equal(probe->outcome, "pass");
    probe_done_fn on_done = probe->on_done;
    void *data = probe->data;
    probe_free(probe);
    on_done(has_passed ? NULL : &failure, data);
}

static inline bool fake_start(const struct check_prober *prober, const struct probe_spec *spec, probe_done_fn on_done,
                              void *data, struct probe **out, struct error *err) {
    struct fixture *fixture = prober->data;
    const char *outcome = fixture->outcome != NULL ? fixture->outcome : spec->config->exec->command;
    fixture->started++;
    text_list_add(&fixture->sequence, spec->config->name);
    if (text_equal(outcome, "missing"))
        return error_set(err, ERROR_INTERNAL, "exec: not found");
    struct probe *probe = memory_new(sizeof *probe);
    probe->fixture = fixture;
    probe->name = memory_string(spec->config->name);
    probe->outcome = memory_string(outcome);
    probe->on_done = on_done;
    probe->data = data;
    list_add(&fixture->probes, &probe->link);
    if (!text_equal(outcome, "hang"))
        loop_defer(fixture->loop, &probe->end, probe_end);
    *out = probe;
    return true;
}

static inline void fake_cancel(struct probe *probe) {
    if (probe == NULL)
        return;
    probe->fixture->cancelled++;
    probe_free(probe);
}

// --- the fixture ---

static inline void fixture_log(void *data, const char *line, size_t length) {
    struct fixture *fixture = data;
    buffer_add(&fixture->log, line, length);
}

static inline void on_check_failed(struct listener *listener, void *argument) {
    struct fixture *fixture = CONTAINER_OF(listener, struct fixture, on_failed);
    text_list_add(&fixture->failed, argument);
}

static inline struct plan *fixture_plan(const char *yaml) {
    AUTO_LAYERS struct layer_list layers = {0};
    struct layer *layer = NULL;
    struct plan *plan = NULL;
    AUTO_ERROR struct error err = {0};
    if (!layer_parse(1, "base", yaml, strlen(yaml), &layer, &err))
        fail_msg("layer: %s", error_text(&err));
    layers_add(&layers, layer);
    if (!plan_combine(&layers, &plan, &err))
        fail_msg("plan: %s", error_text(&err));
    return plan;
}

static inline void fixture_set_plan(struct fixture *fixture, const char *yaml) {
    plan_release(fixture->plan);
    fixture->plan = fixture_plan(yaml);
    check_manager_set_plan(fixture->manager, fixture->plan);
}

// A daemon begins with the state of `fixture`, which is created if it is NULL.
static inline void fixture_begin_with(struct fixture *fixture, struct state *state, const char *yaml) {
    *fixture = (struct fixture){0};
    buffer_init(&fixture->log, BUFFER_NO_LIMIT);
    log_set_sink(fixture_log, fixture);
    assert_true(loop_create(&fixture->loop, NULL));
    loop_use_test_clock(fixture->loop);
    list_init(&fixture->probes);
    fixture->state = state != NULL ? state : state_create();
    fixture->runner = runner_create(fixture->loop, fixture->state);
    fixture->manager = check_manager_create(&(const struct check_manager_spec){
        .loop = fixture->loop,
        .state = fixture->state,
        .runner = fixture->runner,
        .prober = {.start = fake_start, .cancel = fake_cancel, .data = fixture},
    });
    event_add(check_manager_failed(fixture->manager), &fixture->on_failed, on_check_failed);
    fixture_set_plan(fixture, yaml);
    loop_run_pending(fixture->loop);
}

static inline void fixture_begin(struct fixture *fixture, const char *yaml) {
    fixture_begin_with(fixture, NULL, yaml);
}

static inline void fixture_end(struct fixture *fixture) {
    check_manager_destroy(fixture->manager);
    assert_true(list_is_empty(&fixture->probes));
    runner_destroy(fixture->runner);
    state_destroy(fixture->state);
    plan_release(fixture->plan);
    loop_destroy(fixture->loop);
    log_set_sink(NULL, NULL);
    buffer_finish(&fixture->log);
    text_list_clear(&fixture->failed);
    text_list_clear(&fixture->sequence);
}

static inline struct check *fixture_check(struct fixture *fixture, const char *name) {
    struct check *check = map_get(&fixture->manager->checks, name);
    assert_non_null(check);
    return check;
}

// A check's state as one line: "up 1 0/3 2<1" (successes, failures/threshold, change, previous change).
static inline const char *brief(struct fixture *fixture, const char *name) {
    static char text[120];
    const struct check_info info = check_info(fixture_check(fixture, name));
    (void)snprintf(text, sizeof text, "%s %d %d/%d %s<%s", info.status, (int)info.successes, (int)info.failures,
                   (int)info.threshold, info.change_id != NULL ? info.change_id : "-",
                   info.prev_change_id != NULL ? info.prev_change_id : "-");
    return text;
}

#define assert_brief(fixture, name, expected) assert_string_equal(brief(fixture, name), expected)

static inline void split_names(const char *names, struct text_list *list) {
    AUTO_FREE char *copy = memory_string(names);
    char *rest = NULL;
    for (char *name = strtok_r(copy, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest))
        text_list_add(list, name);
}

// Starts or stops the checks (names separated by blanks) and compares what was changed, or the error.
static inline void fixture_ask(struct fixture *fixture, bool is_start, const char *names, const char *expected) {
    AUTO_TEXT_LIST struct text_list list = {0};
    AUTO_TEXT_LIST struct text_list changed = {0};
    AUTO_ERROR struct error err = {0};
    split_names(names, &list);
    bool is_good = is_start ? check_manager_start(fixture->manager, &list, &changed, &err)
                            : check_manager_stop(fixture->manager, &list, &changed, &err);
    AUTO_FREE char *joined = is_good ? text_list_join(&changed, " ") : memory_string(error_text(&err));
    assert_string_equal(joined, expected);
    loop_run_pending(fixture->loop);
}

// --- refreshes ---

struct refreshed {
    struct check_refresh *refresh; // NULL when it has ended
    int calls;
    char status[16];
    char failure[120]; // "" if it has passed
    enum error_kind error;
};

static inline void on_check_refreshed(const struct check_info *info, const char *failure, const struct error *err,
                                      void *data) {
    struct refreshed *refreshed = data;
    refreshed->refresh = NULL;
    refreshed->calls++;
    refreshed->error = err != NULL ? err->kind : ERROR_NONE;
    assert_true((info == NULL) == (err != NULL));
    (void)snprintf(refreshed->status, sizeof refreshed->status, "%s", info != NULL ? info->status : "");
    (void)snprintf(refreshed->failure, sizeof refreshed->failure, "%s", failure != NULL ? failure : "");
}

static inline void fixture_start_refresh(struct fixture *fixture, const char *name, struct refreshed *refreshed) {
    *refreshed = (struct refreshed){0};
    struct check_refresh *refresh = check_manager_refresh(fixture->manager, name, on_check_refreshed, refreshed, NULL);
    assert_non_null(refresh);
    assert_int_equal(refreshed->calls, 0);
    refreshed->refresh = refresh;
}

// Refreshes with this outcome of the probe and returns the failure, "" if it has passed.
static inline const char *fixture_refresh(struct fixture *fixture, const char *name, const char *outcome) {
    static struct refreshed refreshed;
    const char *before = fixture->outcome;
    fixture->outcome = outcome;
    fixture_start_refresh(fixture, name, &refreshed);
    loop_run_pending(fixture->loop);
    fixture->outcome = before;
    assert_int_equal(refreshed.calls, 1);
    assert_int_equal(refreshed.error, ERROR_NONE);
    return refreshed.failure;
}

// --- changes ---

static inline struct change *fixture_change(struct fixture *fixture, const char *id) {
    struct change *change = state_find_change(fixture->state, id);
    assert_non_null(change);
    return change;
}

#define assert_change(fixture, id, kind, status)                                                                       \
    do {                                                                                                               \
        assert_string_equal(change_kind(fixture_change(fixture, id)), kind);                                           \
        assert_int_equal(change_status(fixture_change(fixture, id)), status);                                          \
    } while (0)

// A line of the task's log without its time.
static inline const char *log_line(struct fixture *fixture, const char *change, size_t index) {
    const struct task *task = change_task(fixture_change(fixture, change), 0);
    assert_true(index < task_log_count(task));
    return strchr(task_log_line(task, index), ' ') + 1;
}

static inline size_t log_count(struct fixture *fixture, const char *change) {
    return task_log_count(change_task(fixture_change(fixture, change), 0));
}

static inline bool fixture_has_logged(const struct fixture *fixture, const char *text) {
    return strstr(buffer_text(&fixture->log), text) != NULL;
}
