// SPDX-License-Identifier: GPL-3.0-or-later
// Services on virtual time and with simulated processes: no program is run, and no real time passes.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "plan/plan_store.h"
#include "services/service_machine_internal.h"
#include "state/runner.h"
#include "state/task.h"

// --- processes ---

// What a process does is its service's command: "run" until SIGTERM, "stubborn" until SIGKILL, "immortal" for ever,
// "exit N" once it is launched, "leave N REST" the same, but a process of its tree is left that does what REST says,
// "missing" cannot be started, "unlaunchable" fails in the launch, "hang" in the launch.
struct service_process {
    struct list link;
    struct fixture *fixture;
    char *command;
    const struct service_process_handlers *handlers;
    void *data;
    struct job_sink output;
    struct deferred step; // launched, failed or ended
    bool is_launched;
    bool is_ended;
    bool has_rest; // the main process has ended, and its tree has not
    bool is_main_reported;
    int exit_code;
};

struct service_probe {
    struct list link;
    struct fixture *fixture;
    service_probed_fn on_probed;
    void *data;
    struct deferred step;
};

struct fixture {
    struct loop *loop;
    struct list probes;   // service_probe.link
    int probe_count;      // that were started
    int failing_probes;   // of the next ones
    bool are_probes_hung; // they never end
    struct state *state;
    struct runner *runner;
    struct log_store *logs;
    struct plan *plan;
    struct service_manager *manager;
    struct list processes; // service_process.link
    int started_count, abandoned_count;
    int last_signal;
    bool was_group_signalled, was_tree_signalled;
    int scan_count;
    struct buffer log; // the daemon's log lines
};

static inline void process_free(struct service_process *process) {
    loop_defer_cancel(process->fixture->loop, &process->step);
    list_remove(&process->link);
    free(process->command);
    free(process);
}

static inline int exit_code_of(const char *command) {
    int64_t code = 0;
    assert_true(text_to_int64(command + strlen("exit "), 0, 255, &code));
    return (int)code;
}

// "leave 3 stubborn": what is left.
static inline const char *rest_of(const char *command) {
    return strchr(command + strlen("leave "), ' ') + 1;
}

// The main process of "leave 3 stubborn" ends; its tree does not.
static inline void leave(struct service_process *process) {
    AUTO_FREE char *code = memory_printf("exit %.*s", (int)strcspn(process->command + strlen("leave "), " "),
                                         process->command + strlen("leave "));
    process->exit_code = exit_code_of(code);
    process->has_rest = true;
}

static inline void on_process_step(struct deferred *step) {
    struct service_process *process = CONTAINER_OF(step, struct service_process, step);
    const struct service_process_handlers *handlers = process->handlers;
    void *data = process->data;
    if (process->has_rest && !process->is_main_reported) {
        process->is_main_reported = true;
        handlers->on_main_process_ended(process->exit_code, data);
    } else if (process->is_ended) {
        int exit_code = process->exit_code;
        process_free(process);
        handlers->on_process_ended(exit_code, data);
    } else if (text_equal(process->command, "unlaunchable")) {
        AUTO_ERROR struct error err = {0};
        (void)error_set(&err, ERROR_INTERNAL, "cannot start service: fork/exec: no such file or directory");
        process_free(process);
        handlers->on_process_failed(&err, data);
    } else if (!process->is_launched) {
        process->is_launched = true;
        if (text_has_prefix(process->command, "exit ")) {
            process->is_ended = true;
            process->exit_code = exit_code_of(process->command);
            loop_defer(process->fixture->loop, step, on_process_step);
        }
        if (text_has_prefix(process->command, "leave ")) {
            leave(process);
            loop_defer(process->fixture->loop, step, on_process_step);
        }
        handlers->on_process_launched(data);
    }
}

static inline uid_t fake_user_id(const struct service_process *process UNUSED) {
    return 12345;
}

static inline pid_t fake_pid(const struct service_process *process) {
    return process->is_launched && !process->is_ended ? 4711 : 0;
}

// --- probes ---

static inline void probe_free(struct service_probe *probe) {
    loop_defer_cancel(probe->fixture->loop, &probe->step);
    list_remove(&probe->link);
    free(probe);
}

static inline void on_probe_step(struct deferred *step) {
    struct service_probe *probe = CONTAINER_OF(step, struct service_probe, step);
    struct service_probe copy = *probe;
    bool has_passed = copy.fixture->failing_probes == 0;
    if (!has_passed)
        copy.fixture->failing_probes--;
    probe_free(probe);
    copy.on_probed(has_passed, copy.data);
}

static inline struct service_probe *fake_probe(const struct service_prober *prober, const struct plan *plan UNUSED,
                                               const struct plan_check *check UNUSED, service_probed_fn on_probed,
                                               void *data) {
    struct fixture *fixture = prober->data;
    struct service_probe *probe = memory_new(sizeof *probe);
    *probe = (struct service_probe){.fixture = fixture, .on_probed = on_probed, .data = data};
    list_add(&fixture->probes, &probe->link);
    fixture->probe_count++;
    if (!fixture->are_probes_hung)
        loop_defer(fixture->loop, &probe->step, on_probe_step);
    return probe;
}

static inline bool fake_start(const struct service_launcher *launcher, const struct service_process_spec *spec,
                              const struct service_process_handlers *handlers, void *data, struct service_process **out,
                              struct error *err) {
    struct fixture *fixture = launcher->data;
    if (text_equal(spec->config->command, "missing"))
        return error_set(err, ERROR_INTERNAL, "cannot start service: pipe: too many open files");
    struct service_process *process = memory_new(sizeof *process);
    process->fixture = fixture;
    process->command = memory_string(spec->config->command);
    process->handlers = handlers;
    process->data = data;
    process->output = spec->output;
    list_add(&fixture->processes, &process->link);
    fixture->started_count++;
    if (!text_equal(process->command, "hang"))
        loop_defer(fixture->loop, &process->step, on_process_step);
    *out = process;
    return true;
}

static inline bool fake_signal(struct service_process *process, int number, struct error *err) {
    if (!process->is_launched || process->is_ended)
        return error_set_errno(err, ESRCH, "cannot send signal %d", number);
    process->fixture->last_signal = number;
    process->fixture->was_group_signalled = false;
    process->fixture->was_tree_signalled = false;
    const char *does = process->has_rest ? rest_of(process->command) : process->command;
    bool ends = number == SIGKILL ? !text_equal(does, "immortal") : number == SIGTERM && text_equal(does, "run");
    if (ends) {
        process->is_ended = true;
        if (!process->has_rest)
            process->exit_code = 128 + number;
        loop_defer(process->fixture->loop, &process->step, on_process_step);
    }
    return true;
}

static inline bool fake_signal_group(struct service_process *process, int number, struct error *err) {
    bool is_sent = fake_signal(process, number, err);
    process->fixture->was_group_signalled = is_sent;
    return is_sent;
}

static inline bool fake_signal_tree(struct service_process *process, int number, struct error *err) {
    bool is_sent = fake_signal(process, number, err);
    process->fixture->was_tree_signalled = is_sent;
    return is_sent;
}

static inline void fake_scan_tree(struct service_process *process) {
    process->fixture->scan_count++;
}

static inline void fake_abandon(struct service_process *process) {
    if (process == NULL)
        return;
    process->fixture->abandoned_count++;
    process_free(process);
}

static inline void fake_destroy(struct service_process *process) {
    if (process != NULL)
        process_free(process);
}

// The only process of a service ends by itself.
static inline void process_end(struct service *service, int exit_code) {
    assert_non_null(service->process);
    service->process->is_ended = true;
    service->process->exit_code = exit_code;
    loop_defer(service->process->fixture->loop, &service->process->step, on_process_step);
    loop_run_pending(service->process->fixture->loop);
}

// --- the fixture ---

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
    loop_use_test_clock(fixture->loop);
    list_init(&fixture->processes);
    list_init(&fixture->probes);
    fixture->state = state_create();
    fixture->runner = runner_create(fixture->loop, fixture->state);
    fixture->logs = log_store_create();
    struct service_manager_spec spec = {
        .loop = fixture->loop,
        .state = fixture->state,
        .runner = fixture->runner,
        .logs = fixture->logs,
        .launcher = {.start = fake_start,
                     .signal = fake_signal,
                     .signal_group = fake_signal_group,
                     .signal_tree = fake_signal_tree,
                     .scan_tree = fake_scan_tree,
                     .abandon = fake_abandon,
                     .user_id = fake_user_id,
                     .pid = fake_pid,
                     .destroy = fake_destroy,
                     .data = fixture},
        .prober = {.start = fake_probe, .cancel = probe_free, .data = fixture},
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
    assert_true(list_is_empty(&fixture->probes));
    loop_destroy(fixture->loop);
    log_set_sink(NULL, NULL);
    buffer_finish(&fixture->log);
}

static inline struct service *fixture_service(struct fixture *fixture, const char *name) {
    struct service *service = map_get(&fixture->manager->services, name);
    assert_non_null(service);
    return service;
}

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

// Asks, and lets time pass until the change is ready.
static inline struct change *fixture_do(struct fixture *fixture, enum service_action action, const char *names) {
    struct change *change = fixture_ask(fixture, action, names);
    for (int i = 0; i < 100 && !change_is_ready(change); i++)
        loop_advance(fixture->loop, NS_PER_S);
    if (!change_is_ready(change))
        fail_msg("not ready: %s\n%s", change_summary(change), buffer_text(&fixture->log));
    return change;
}

static inline bool fixture_has_logged(const struct fixture *fixture, const char *text) {
    return strstr(buffer_text(&fixture->log), text) != NULL;
}

static inline void assert_state(struct fixture *fixture, const char *name, enum service_state state) {
    assert_string_equal(service_state_name(fixture_service(fixture, name)->state), service_state_name(state));
    assert_int_equal(fixture_service(fixture, name)->state, state);
}

// A change that has failed, whose error contains the text.
static inline void assert_error(const struct change *change, const char *text) {
    AUTO_FREE char *error = change_error(change);
    if (error == NULL || strstr(error, text) == NULL)
        fail_msg("%s instead of %s", error != NULL ? error : "no error", text);
}

// Lets output of the service arrive.
static inline void process_write(struct service *service, const char *text) {
    struct service_process *process = service->process;
    process->output.write(process->output.data, text, strlen(text));
    loop_run_pending(process->fixture->loop);
}

// The last line of a task's log.
static inline const char *last_log(const struct change *change, size_t task) {
    const struct task *found = change_task(change, task);
    assert_non_null(found);
    size_t count = task_log_count(found);
    return count > 0 ? task_log_line(found, count - 1) : "";
}

static inline struct change *fixture_stop_all(struct fixture *fixture) {
    int64_t limit_ns;
    return service_manager_stop_all(fixture->manager, &limit_ns);
}
