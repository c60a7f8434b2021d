// SPDX-License-Identifier: GPL-3.0-or-later
// What the actions share: the process of a service, and the tasks that wait for it.
#include "services/service_process_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

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

// --- signals ---

void service_send_signal(struct service *service, int number, const char *name) {
    const struct service_launcher *launcher = &service->manager->spec.launcher;
    bool is_process = service->config->kill_mode == KILL_MODE_PROCESS;
    AUTO_ERROR struct error err = {0};
    log_debug("Service %s gets %s", service->quoted_name, name);
    bool is_sent = is_process ? launcher->signal(service->process, number, &err)
                              : launcher->signal_group(service->process, number, &err);
    if (!is_sent)
        log_notice("Cannot send %s to process: %s", name, error_text(&err));
}

void service_terminate(struct service *service) {
    const char *name = service->config->stop_signal;
    if (text_is_empty(name))
        name = "SIGTERM";
    service_send_signal(service, signal_by_name(name), name);
    timer_start(service->timer, service_kill_delay_ns(service));
}
