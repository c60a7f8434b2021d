// SPDX-License-Identifier: GPL-3.0-or-later
// Actions of starts that take long: waits for conditions, readiness, one-shots. Declared in
// services/service_actions_internal.h.
#include "services/service_actions_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "services/service_changes_internal.h"
#include "services/service_output_internal.h"
#include "services/service_readiness_internal.h"
#include "services/service_wait_internal.h"

static const struct service_event no_event = {.kind = EVENT_NONE};

// --- conditions ---

static const json_t *start_after(const struct task *task) {
    return json_object_get(task_data(task, "service-request"), "After");
}

static void log_wait(const struct service *service, struct task *task) {
    AUTO_FREE char *awaited = service_wait_describe(service->wait);
    task_log_info(task, "waiting for %s", awaited);
}

struct service_event action_begin_wait(struct service *service, const struct service_event *event) {
    const struct service_wait_spec spec = {.config = service->config, .after = start_after(event->task)};
    task_array_add(&service->start_tasks, event->task);
    service->wait = service_wait_begin(service->manager, &spec, service->on_waited, service);
    if (service->wait == NULL)
        return (struct service_event){.kind = EVENT_CONDITIONS_MET};
    log_wait(service, event->task);
    AUTO_FREE char *awaited = service_wait_describe(service->wait);
    log_notice("Service %s waiting for %s", service->quoted_name, awaited);
    if (service->config->wait_timeout.ns > 0)
        timer_start(service->timer, service->config->wait_timeout.ns);
    return no_event;
}

struct service_event action_join_start(struct service *service, const struct service_event *event) {
    task_array_add(&service->start_tasks, event->task);
    if (service->state != SERVICE_WAITING)
        service_mark_started(event->task);
    else if (service->wait != NULL)
        log_wait(service, event->task);
    return no_event;
}

static void end_wait(struct service *service, const struct error *err) {
    service_wait_cancel(TAKE(service->wait));
    service_finish_start(service, err);
}

struct service_event action_fail_wait(struct service *service, const struct service_event *event) {
    service_note_failure(service, 1);
    end_wait(service, event->err);
    return no_event;
}

struct service_event action_end_wait(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *awaited = service_wait_describe(service->wait);
    char limit[DURATION_TEXT_SIZE];
    duration_format(service->config->wait_timeout.ns, limit);
    (void)error_set(&err, ERROR_INTERNAL, "cannot start service: timed out after %s waiting for %s", limit, awaited);
    service_note_failure(service, 1);
    end_wait(service, &err);
    return no_event;
}

static void stop_wait(struct service *service) {
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *awaited = service_wait_describe(service->wait);
    (void)error_set(&err, ERROR_INTERNAL, "service start attempt: stopped while waiting for %s", awaited);
    end_wait(service, &err);
}

struct service_event action_stop_wait(struct service *service, const struct service_event *event) {
    stop_wait(service);
    task_finish(event->task, NULL);
    return no_event;
}

struct service_event action_abort_wait(struct service *service, const struct service_event *event UNUSED) {
    stop_wait(service);
    return no_event;
}

// --- readiness ---

struct service_event action_await_ready(struct service *service, const struct service_event *event UNUSED) {
    service->start_count++;
    if (service->ready_timeout_ns > 0)
        timer_start(service->timer, service->ready_timeout_ns);
    readiness_launched(service->readiness, service->manager->spec.launcher.user_id(service->process));
    return no_event;
}

struct service_event action_become_ready(struct service *service, const struct service_event *event UNUSED) {
    service->is_ready = true;
    service_scan_tree(service);
    timer_start(service->reset_timer, service->config->backoff_limit.ns);
    log_notice("Service %s is ready", service->quoted_name);
    service_changed(service, service->state);
    service_finish_start(service, NULL);
    return no_event;
}

struct service_event action_become_unready(struct service *service, const struct service_event *event UNUSED) {
    service->is_ready = false;
    timer_stop(service->reset_timer);
    service_touch(service);
    service_changed(service, service->state);
    return no_event;
}

static void fail_late_start(struct service *service, const struct service_event *event) {
    log_notice("Service %s: %s", service->quoted_name, error_text(event->err));
    service_add_last_output(service);
    service_finish_start(service, event->err);
}

struct service_event action_late_restart(struct service *service, const struct service_event *event) {
    service->is_late = true;
    fail_late_start(service, event);
    service_terminate(service);
    return no_event;
}

// It may become ready later.
struct service_event action_late_ignore(struct service *service, const struct service_event *event) {
    fail_late_start(service, event);
    return no_event;
}

struct service_event action_late_shut_down(struct service *service, const struct service_event *event) {
    fail_late_start(service, event);
    if (event->action == ACTION_EXIT)
        service_request_exit(service->manager, 1);
    else
        service_request_shutdown(service->manager, event->action == ACTION_SUCCESS_SHUTDOWN ? SHUTDOWN_SUCCESS
                                                                                            : SHUTDOWN_SERVICE_FAILURE);
    return no_event;
}

// --- one-shots ---

struct service_event action_begin_work(struct service *service, const struct service_event *event UNUSED) {
    service->start_count++;
    if (service->config->run_timeout.ns > 0)
        timer_start(service->timer, service->config->run_timeout.ns);
    return no_event;
}

struct service_event action_end_work(struct service *service, const struct service_event *event UNUSED) {
    char limit[DURATION_TEXT_SIZE];
    duration_format(service->config->run_timeout.ns, limit);
    log_notice("Service %s has run for its run-timeout of %s, terminating process", service->quoted_name, limit);
    service->is_late = true;
    service_terminate(service);
    return no_event;
}
