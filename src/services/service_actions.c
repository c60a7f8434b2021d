// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_actions_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/signal_names.h"
#include "services/service_changes_internal.h"
#include "services/service_output_internal.h"
#include "services/service_wait_internal.h"

#define START_WINDOW_NS NS_PER_S
#define KILL_LIMIT_NS (5 * NS_PER_S) // for SIGKILL to take effect

static const struct service_event no_event = {.kind = EVENT_NONE};

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

static void finish_stops(struct service *service, const struct error *err) {
    finish_all(service, &service->stop_tasks, err);
}

static void abandon_process(struct service *service) {
    service->manager->spec.launcher.abandon(service->process);
    service_forget_process(service);
}

// --- launching ---

static bool start_process(struct service *service, struct error *err) {
    const struct service_launcher *launcher = &service->manager->spec.launcher;
    struct service_process_spec spec = {
        .config = service->config,
        .workload = service->workload,
        .output = service_output_sink(service),
        // Shorter than the kill-delay, so that the wait is over before SIGKILL is sent.
        .output_wait_ns = service_kill_delay_ns(service) / 10 * 9,
    };
    if (!service_open_readiness(service, &spec, err) ||
        !launcher->start(launcher, &spec, service->process_handlers, service, &service->process, err)) {
        service_forget_process(service);
        return false;
    }
    ring_begin_run(service->ring);
    return true;
}

static struct service_event launch(struct service *service) {
    struct error *err = memory_new(sizeof *err);
    if (!start_process(service, err))
        return (struct service_event){.kind = EVENT_LAUNCH_FAILED, .err = err};
    free(err);
    return no_event;
}

static void reset_backoff(struct service *service) {
    service->backoff_count = 0;
    service->backoff_ns = 0;
}

struct service_event action_launch(struct service *service, const struct service_event *event) {
    task_array_add(&service->start_tasks, event->task);
    reset_backoff(service);
    return launch(service);
}

struct service_event action_launch_after_wait(struct service *service, const struct service_event *event UNUSED) {
    for (size_t i = 0; i < service->start_tasks.count; i++)
        service_mark_started(service->start_tasks.items[i]);
    reset_backoff(service);
    return launch(service);
}

struct service_event action_relaunch(struct service *service, const struct service_event *event UNUSED) {
    return launch(service);
}

struct service_event action_adopt_launch(struct service *service, const struct service_event *event) {
    task_array_add(&service->start_tasks, event->task);
    reset_backoff(service);
    return no_event;
}

struct service_event action_reset_backoff(struct service *service, const struct service_event *event UNUSED) {
    log_debug("Service %s has been running for its backoff-limit, backoff is reset", service->quoted_name);
    reset_backoff(service);
    return no_event;
}

struct service_event action_count_launch(struct service *service, const struct service_event *event UNUSED) {
    service->start_count++;
    timer_start(service->reset_timer, service->config->backoff_limit.ns);
    return no_event;
}

struct service_event action_open_window(struct service *service, const struct service_event *event) {
    timer_start(service->timer, START_WINDOW_NS);
    return action_count_launch(service, event);
}

// As a shell reports it.
int service_launch_exit_code(const struct error *err) {
    return err->kind == ERROR_NOT_FOUND || err->errnum == ENOENT ? 127 : 126;
}

struct service_event action_fail_launch(struct service *service, const struct service_event *event) {
    service_stamp(service); // a failed start counts as a change of status
    if (service->config->on_failure == ACTION_EXIT)
        service_request_exit(service->manager, service_launch_exit_code(event->err));
    service_finish_start(service, event->err);
    return no_event;
}

struct service_event action_finish_start(struct service *service, const struct service_event *event UNUSED) {
    service_finish_start(service, NULL);
    return no_event;
}

struct service_event action_refuse_start(struct service *service, const struct service_event *event) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_INTERNAL, "cannot start service while %s", service_state_name(service->state));
    task_finish(event->task, &err);
    return no_event;
}

// --- starts that are cancelled ---

static void fail_stopped_start(struct service *service) {
    AUTO_ERROR struct error err = {0};
    const char *moment = plan_service_is_oneshot(service->config)      ? "it completed"
                         : plan_service_ready(service->config) != NULL ? "it was ready"
                                                                       : "the 1s okay delay";
    (void)error_set(&err, ERROR_INTERNAL, "service start attempt: stopped before %s", moment);
    service_finish_start(service, &err);
}

struct service_event action_cancel_launch(struct service *service, const struct service_event *event) {
    abandon_process(service);
    service_stamp(service);
    fail_stopped_start(service);
    task_finish(event->task, NULL);
    return no_event;
}

struct service_event action_abort_launch(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_CANCELLED, "start aborted before the process was started");
    abandon_process(service);
    service_stamp(service);
    service_finish_start(service, &err);
    return no_event;
}

struct service_event action_abort_start(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    AUTO_ERROR struct error reason = {0};
    if (service->manager->spec.launcher.signal_group(service->process, SIGKILL, &reason))
        (void)error_set(&err, ERROR_CANCELLED, "start aborted, sent SIGKILL to process");
    else
        (void)error_set(&err, ERROR_CANCELLED, "start aborted, but cannot send SIGKILL to process: %s",
                        error_text(&reason));
    abandon_process(service);
    service_finish_start(service, &err);
    return no_event;
}

// --- stopping ---

static void send_signal(struct service *service, int number, const char *name) {
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
    send_signal(service, signal_by_name(name), name);
    timer_start(service->timer, service_kill_delay_ns(service));
}

struct service_event action_terminate(struct service *service, const struct service_event *event) {
    task_array_add(&service->stop_tasks, event->task);
    service_terminate(service);
    return no_event;
}

struct service_event action_stop_in_window(struct service *service, const struct service_event *event) {
    task_array_add(&service->stop_tasks, event->task);
    service_add_last_output(service);
    fail_stopped_start(service);
    service_terminate(service);
    return no_event;
}

struct service_event action_join_stop(struct service *service, const struct service_event *event) {
    task_array_add(&service->stop_tasks, event->task);
    return no_event;
}

struct service_event action_finish_stop_task(struct service *service UNUSED, const struct service_event *event) {
    task_finish(event->task, NULL);
    return no_event;
}

struct service_event action_stop_in_backoff(struct service *service, const struct service_event *event) {
    abandon_process(service);
    log_notice("Service %s stopped while waiting for backoff", service->quoted_name);
    if (service->start_tasks.count > 0)
        fail_stopped_start(service);
    task_finish(event->task, NULL);
    return no_event;
}

// It has been told to end already.
struct service_event action_stop_late(struct service *service, const struct service_event *event) {
    task_array_add(&service->stop_tasks, event->task);
    fail_stopped_start(service);
    return no_event;
}

struct service_event action_abort_in_backoff(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_CANCELLED, "start aborted while waiting for backoff");
    abandon_process(service);
    service_finish_start(service, &err);
    return no_event;
}

struct service_event action_kill(struct service *service, const struct service_event *event UNUSED) {
    send_signal(service, SIGKILL, "SIGKILL");
    timer_start(service->timer, KILL_LIMIT_NS);
    return no_event;
}

struct service_event action_give_up(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_INTERNAL, "cannot stop service: process still running after SIGTERM and SIGKILL");
    log_notice("Service %s still running after SIGTERM and SIGKILL", service->quoted_name);
    abandon_process(service);
    service_finish_start(service, &err);
    finish_stops(service, &err);
    return no_event;
}

struct service_event action_finish_stop(struct service *service, const struct service_event *event UNUSED) {
    log_notice("Service %s stopped", service->quoted_name);
    finish_stops(service, NULL);
    return no_event;
}
