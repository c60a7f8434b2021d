// SPDX-License-Identifier: GPL-3.0-or-later
// What the actions share: the process of a service, and the tasks that wait for it.
#include "services/service_process_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/signal_names.h"
#include "services/service_output_internal.h"
#include "services/service_readiness_internal.h"
#include "services/service_wait_internal.h"

// --- tasks ---

void service_mark_started(struct task *task) {
    task_set_data(task, "started", json_true());
}

// A listener of a task that is finished here may make further requests, which add to the array of the service.
static void finish_all(struct service *service, struct task_array *of_service, const struct error *err) {
    AUTO_TASK_ARRAY struct task_array tasks = *of_service;
    *of_service = (struct task_array){0};
    for (size_t i = 0; i < tasks.count; i++) {
        AUTO_ERROR struct error copy = {0};
        if (error_is_set(err))
            (void)error_set(&copy, err->kind, "%s", error_text(err));
        task_finish(tasks.items[i], &copy);
    }
    service_touch(service);
}

void service_finish_start(struct service *service, const struct error *err) {
    finish_all(service, &service->start_tasks, err);
}

void service_finish_held_starts(struct service *service, const struct error *err) {
    finish_all(service, &service->held_starts, err);
}

void service_finish_stops(struct service *service, const struct error *err) {
    finish_all(service, &service->stop_tasks, err);
}

// --- the process ---

static bool open_readiness(struct service *service, struct service_process_spec *spec, struct error *err) {
    const struct service_ready *ready = plan_service_ready(service->config);
    service->is_late = false;
    if (ready == NULL)
        return true;
    if (!readiness_create(service->manager, ready, service->readiness_handlers, service, &service->readiness, err))
        return false;
    service->ready_timeout_ns = service_ready_timeout_ns(service);
    spec->notify_socket = readiness_socket_name(service->readiness);
    spec->extra_fd = readiness_fd(service->readiness, &spec->extra_number);
    return true;
}

void service_forget_process(struct service *service) {
    service->process = NULL;
    service->is_ready = false;
    readiness_destroy(TAKE(service->readiness));
    free(TAKE(service->status_text));
    timer_stop(service->reset_timer);
}

void service_abandon_process(struct service *service) {
    service->manager->spec.launcher.abandon(service->process);
    service_forget_process(service);
}

static bool start_process(struct service *service, struct error *err) {
    const struct service_launcher *launcher = &service->manager->spec.launcher;
    struct service_process_spec spec = {
        .config = service->config,
        .workload = service->workload,
        .output = service_output_sink(service),
        // Shorter than the kill-delay, so that the wait is over before SIGKILL is sent.
        .output_wait_ns = service_kill_delay_ns(service) / 10 * 9,
    };
    service->kill_mode = service->config->kill_mode;
    if (!open_readiness(service, &spec, err) ||
        !launcher->start(launcher, &spec, service->process_handlers, service, &service->process, err)) {
        service_forget_process(service);
        return false;
    }
    service->has_new_config = false;
    service->is_job = plan_service_is_oneshot(service->config);
    ring_begin_run(service->ring);
    return true;
}

struct service_event service_launch(struct service *service) {
    struct error *err = memory_new(sizeof *err);
    if (!start_process(service, err))
        return (struct service_event){.kind = EVENT_LAUNCH_FAILED, .err = err};
    free(err);
    return (struct service_event){.kind = EVENT_NONE};
}

// As a shell reports it.
int service_launch_exit_code(const struct error *err) {
    return err->kind == ERROR_NOT_FOUND || err->errnum == ENOENT ? 127 : 126;
}

// --- the end of a run ---

static enum service_event_kind exit_kind(enum action action, bool is_success) {
    switch (action) {
    case ACTION_IGNORE:
        return is_success ? EVENT_EXIT_SUCCESS : EVENT_EXIT_FAILURE;
    case ACTION_SHUTDOWN:
    case ACTION_SUCCESS_SHUTDOWN:
    case ACTION_FAILURE_SHUTDOWN:
    case ACTION_EXIT:
        return EVENT_EXIT_SHUTDOWN;
    default:
        return EVENT_EXIT_RESTART;
    }
}

// A one-shot that succeeds is complete, whatever its action. One that has run too long has failed, whatever its code.
static struct service_event oneshot_exit_event(const struct service *service, int exit_code) {
    const struct plan_service *config = service->config;
    bool is_success = service_is_success(config, exit_code) && !service->is_late;
    struct service_event event = {.exit_code = exit_code, .action = service_exit_action(config, exit_code)};
    if (service->is_late)
        event.action = config->on_failure != ACTION_UNSET ? config->on_failure : ACTION_IGNORE;
    if (is_success && event.action == ACTION_RESTART) // of a configuration that is not a one-shot's any more
        event.action = ACTION_IGNORE;
    event.kind = is_success                       ? EVENT_EXIT_SUCCESS
                 : event.action == ACTION_RESTART ? EVENT_EXIT_RESTART
                                                  : EVENT_EXIT_FAILURE;
    return event;
}

static struct service_event exit_event(const struct service *service, int exit_code) {
    if (service->is_job)
        return oneshot_exit_event(service, exit_code);
    enum action action = service_exit_action(service->config, exit_code);
    bool is_success = service_is_success(service->config, exit_code);
    return (struct service_event){.kind = exit_kind(action, is_success), .exit_code = exit_code, .action = action};
}

struct service_event service_end_run(struct service *service, int exit_code) {
    if (service->was_killed)
        log_notice("Service %s ended after SIGKILL", service->quoted_name);
    service->was_killed = false;
    service->exit_code = exit_code;
    service->has_ended = true;
    service->ended = clock_now();
    return exit_event(service, exit_code);
}

// --- signals ---

bool service_has_tree(const struct service *service) {
    return service->kill_mode == KILL_MODE_TREE || service->kill_mode == KILL_MODE_MIXED;
}

// Mixed: the stop signal is for the main process, until that has ended by itself.
static bool reaches_tree(const struct service *service, int number) {
    if (service->kill_mode == KILL_MODE_MIXED)
        return number == SIGKILL || service->state == SERVICE_LEFTOVERS_TERMINATING;
    return service->kill_mode == KILL_MODE_TREE;
}

bool service_signal_all(struct service *service, int number, struct error *err) {
    const struct service_launcher *launcher = &service->manager->spec.launcher;
    if (reaches_tree(service, number))
        return launcher->signal_tree(service->process, number, err);
    if (service->kill_mode == KILL_MODE_PROCESS || service->kill_mode == KILL_MODE_MIXED)
        return launcher->signal(service->process, number, err);
    return launcher->signal_group(service->process, number, err);
}

void service_send_signal(struct service *service, int number, const char *name) {
    AUTO_ERROR struct error err = {0};
    log_debug("Service %s gets %s", service->quoted_name, name);
    if (!service_signal_all(service, number, &err))
        log_notice("Cannot send %s to process: %s", name, error_text(&err));
}

void service_scan_tree(struct service *service) {
    if (service->process != NULL && service_has_tree(service))
        service->manager->spec.launcher.scan_tree(service->process);
}

void service_terminate(struct service *service) {
    const char *name = service->config->stop_signal;
    if (text_is_empty(name))
        name = "SIGTERM";
    service_send_signal(service, signal_by_name(name), name);
    timer_start(service->timer, service_kill_delay_ns(service));
}
