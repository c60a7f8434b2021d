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

#define READY_TIMEOUT_NS (25 * NS_PER_S)

static const struct service_event no_event = {.kind = EVENT_NONE};

// --- conditions ---

static void on_service_waited(const char *reason, void *data) {
    struct service *service = data;
    service->wait = NULL;
    if (reason == NULL) {
        service_handle(service, &(const struct service_event){.kind = EVENT_CONDITIONS_MET});
        return;
    }
    struct error *err = memory_new(sizeof *err);
    (void)error_set(err, ERROR_INTERNAL, "cannot start service: %s", reason);
    service_handle(service, &(const struct service_event){.kind = EVENT_CONDITIONS_FAILED, .err = err});
}

static const json_t *start_after(const struct task *task) {
    return json_object_get(task_data(task, "service-request"), "After");
}

struct service_event action_begin_wait(struct service *service, const struct service_event *event) {
    const struct service_wait_spec spec = {.config = service->config, .after = start_after(event->task)};
    task_array_add(&service->start_tasks, event->task);
    service->wait = service_wait_begin(service->manager, &spec, on_service_waited, service);
    if (service->wait == NULL)
        return (struct service_event){.kind = EVENT_CONDITIONS_MET};
    AUTO_FREE char *awaited = service_wait_describe(service->wait);
    task_log_info(event->task, "waiting for %s", awaited);
    log_notice("Service %s waiting for %s", service->quoted_name, awaited);
    if (service->config->wait_timeout.ns > 0)
        timer_start(service->timer, service->config->wait_timeout.ns);
    return no_event;
}

struct service_event action_join_start(struct service *service, const struct service_event *event) {
    task_array_add(&service->start_tasks, event->task);
    if (service->state != SERVICE_WAITING)
        service_mark_started(event->task);
    return no_event;
}

static void end_wait(struct service *service, const struct error *err) {
    service_wait_cancel(TAKE(service->wait));
    service_finish_start(service, err);
}

struct service_event action_fail_wait(struct service *service, const struct service_event *event) {
    end_wait(service, event->err);
    return no_event;
}

struct service_event action_end_wait(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *awaited = service_wait_describe(service->wait);
    char limit[DURATION_TEXT_SIZE];
    duration_format(service->config->wait_timeout.ns, limit);
    (void)error_set(&err, ERROR_INTERNAL, "cannot start service: timed out after %s waiting for %s", limit, awaited);
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

static void on_service_ready(void *data) {
    service_handle(data, &(const struct service_event){.kind = EVENT_READY});
}

static void on_service_unready(void *data) {
    service_handle(data, &(const struct service_event){.kind = EVENT_UNREADY});
}

static void on_service_status(const char *text, void *data) {
    struct service *service = data;
    free(service->status_text);
    service->status_text = memory_string(text);
}

static void on_service_extended(int64_t duration_ns, void *data) {
    struct service *service = data;
    if (service->state == SERVICE_GETTING_READY && timer_is_running(service->timer))
        timer_start(service->timer, duration_ns);
}

static void on_descriptor_closed(void *data) {
    service_late(data, "its descriptor was closed before it was ready");
}

static const struct readiness_handlers readiness_handlers = {
    .on_ready = on_service_ready,
    .on_unready = on_service_unready,
    .on_closed = on_descriptor_closed,
    .on_status = on_service_status,
    .on_extended = on_service_extended,
};

bool service_open_readiness(struct service *service, struct service_process_spec *spec, struct error *err) {
    const struct service_ready *ready = plan_service_ready(service->config);
    service->is_late = false;
    if (ready == NULL)
        return true;
    if (!readiness_create(service->manager, ready, &readiness_handlers, service, &service->readiness, err))
        return false;
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

void service_late(struct service *service, const char *reason) {
    enum action action = service->config->on_failure != ACTION_UNSET ? service->config->on_failure : ACTION_RESTART;
    enum service_event_kind kind = action == ACTION_RESTART  ? EVENT_LATE_RESTART
                                   : action == ACTION_IGNORE ? EVENT_LATE_IGNORE
                                                             : EVENT_LATE_SHUTDOWN;
    struct error *err = memory_new(sizeof *err);
    (void)error_set(err, ERROR_INTERNAL, "service start attempt: %s, will %s", reason, action_name(action));
    service_handle(service, &(const struct service_event){.kind = kind, .err = err, .action = action});
}

int64_t service_ready_timeout_ns(const struct service *service) {
    const struct service_ready *ready = plan_service_ready(service->config);
    return ready->timeout.is_set ? ready->timeout.ns : READY_TIMEOUT_NS;
}

struct service_event action_await_ready(struct service *service, const struct service_event *event UNUSED) {
    int64_t timeout_ns = service_ready_timeout_ns(service);
    service->start_count++;
    if (timeout_ns > 0)
        timer_start(service->timer, timeout_ns);
    readiness_launched(service->readiness, service->manager->spec.launcher.user_id(service->process));
    return no_event;
}

struct service_event action_become_ready(struct service *service, const struct service_event *event UNUSED) {
    service->is_ready = true;
    timer_start(service->reset_timer, service->config->backoff_limit.ns);
    log_notice("Service %s is ready", service->quoted_name);
    service_finish_start(service, NULL);
    return no_event;
}

struct service_event action_become_unready(struct service *service, const struct service_event *event UNUSED) {
    service->is_ready = false;
    timer_stop(service->reset_timer);
    service_touch(service);
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
