// SPDX-License-Identifier: GPL-3.0-or-later
// A service, and the events of its timers and its process. Declared in services/service_internal.h.
#include "services/service_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/signal_names.h"
#include "services/service_process_internal.h"
#include "services/service_readiness_internal.h"

// --- readiness and conditions ---

static void handle_late(struct service *service, const char *reason) {
    enum action action = service->config->on_failure != ACTION_UNSET ? service->config->on_failure : ACTION_RESTART;
    enum service_event_kind kind = action == ACTION_RESTART  ? EVENT_LATE_RESTART
                                   : action == ACTION_IGNORE ? EVENT_LATE_IGNORE
                                                             : EVENT_LATE_SHUTDOWN;
    struct error *err = memory_new(sizeof *err);
    (void)error_set(err, ERROR_INTERNAL, "service start attempt: %s, will %s", reason, action_name(action));
    service_handle(service, &(const struct service_event){.kind = kind, .err = err, .action = action});
}

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
    handle_late(data, "its descriptor was closed before it was ready");
}

static const struct readiness_handlers readiness_handlers = {
    .on_ready = on_service_ready,
    .on_unready = on_service_unready,
    .on_closed = on_descriptor_closed,
    .on_status = on_service_status,
    .on_extended = on_service_extended,
};

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

// --- timers ---

static void on_state_timer_expired(void *data) {
    static const enum service_event_kind kinds[SERVICE_STATES] = {
        [SERVICE_WAITING] = EVENT_WAIT_OVER,
        [SERVICE_STARTING] = EVENT_WINDOW_OVER,
        [SERVICE_RUNNING] = EVENT_WINDOW_OVER, // after a restart
        [SERVICE_WORKING] = EVENT_RUN_OVER,
        [SERVICE_TIMEOUT_TERMINATING] = EVENT_KILL_DELAY_OVER,
        [SERVICE_TIMEOUT_KILLING] = EVENT_KILL_LIMIT_OVER,
        [SERVICE_TERMINATING] = EVENT_KILL_DELAY_OVER,
        [SERVICE_RESTART_TERMINATING] = EVENT_KILL_DELAY_OVER,
        [SERVICE_KILLING] = EVENT_KILL_LIMIT_OVER,
        [SERVICE_RESTART_KILLING] = EVENT_KILL_LIMIT_OVER,
        [SERVICE_LEFTOVERS_TERMINATING] = EVENT_KILL_DELAY_OVER,
        [SERVICE_LEFTOVERS_KILLING] = EVENT_KILL_LIMIT_OVER,
        [SERVICE_BACKOFF] = EVENT_BACKOFF_OVER,
    };
    struct service *service = data;
    if (service->state == SERVICE_BACKOFF && service->manager->is_stopping)
        return; // nothing is started any more; the stop task ends the backoff
    if (service->state == SERVICE_GETTING_READY) {
        char limit[DURATION_TEXT_SIZE];
        duration_format(service->ready_timeout_ns, limit);
        AUTO_FREE char *reason = memory_printf("not ready after %s", limit);
        handle_late(service, reason);
        return;
    }
    service_handle(service, &(const struct service_event){.kind = kinds[service->state]});
}

static void on_reset_timer_expired(void *data) {
    service_handle(data, &(const struct service_event){.kind = EVENT_BACKOFF_RESET});
}

// --- the process ---

static void on_process_launched(void *data) {
    struct service *service = data;
    enum service_event_kind kind = service->is_job              ? EVENT_LAUNCHED_ONESHOT
                                   : service->readiness != NULL ? EVENT_LAUNCHED_UNREADY
                                                                : EVENT_LAUNCHED;
    service_handle(service, &(const struct service_event){.kind = kind});
}

static void on_process_failed(const struct error *err, void *data) {
    struct error *copy = memory_new(sizeof *copy);
    (void)error_copy(copy, err);
    service_forget_process(data);
    service_handle(data, &(const struct service_event){.kind = EVENT_LAUNCH_FAILED, .err = copy});
}

static void on_main_process_ended(int exit_code, void *data) {
    service_handle(data, &(const struct service_event){.kind = EVENT_MAIN_EXITED, .exit_code = exit_code});
}

static void on_process_ended(int exit_code, void *data) {
    struct service *service = data;
    log_debug("Service %s exited with code %d", service->quoted_name, exit_code);
    struct service_event event = service_end_run(service, exit_code);
    service_forget_process(service);
    service_handle(service, &event);
}

static const struct service_process_handlers process_handlers = {
    .on_process_launched = on_process_launched,
    .on_process_failed = on_process_failed,
    .on_main_process_ended = on_main_process_ended,
    .on_process_ended = on_process_ended,
};

// --- the service ---

struct service *service_create(struct service_manager *manager, const char *name) {
    struct service *service = memory_new(sizeof *service);
    service->manager = manager;
    service->name = memory_string(name);
    service->quoted_name = text_quoted(name);
    service->process_handlers = &process_handlers;
    service->readiness_handlers = &readiness_handlers;
    service->on_waited = on_service_waited;
    list_init(&service->watchers);
    list_init(&service->touched_link);
    service->ring = log_store_open(manager->spec.logs, name);
    service->timer = timer_create_in(manager->spec.loop, on_state_timer_expired, service);
    service->reset_timer = timer_create_in(manager->spec.loop, on_reset_timer_expired, service);
    return service;
}

void service_destroy(void *value) {
    struct service *service = value;
    service->manager->spec.launcher.destroy(service->process);
    service_forget_process(service);
    if (service->manager->tee_writer == service)
        service->manager->tee_writer = NULL;
    list_remove(&service->touched_link);
    timer_destroy(service->timer);
    timer_destroy(service->reset_timer);
    task_array_finish(&service->start_tasks);
    task_array_finish(&service->stop_tasks);
    task_array_finish(&service->held_starts);
    free(service->pending.items);
    plan_service_release(service->config);
    plan_workload_destroy(service->workload);
    free(service->name);
    free(service->quoted_name);
    free(service);
}

bool service_signal(struct service *service, const char *signal, struct error *err) {
    if (!service_is_up(service))
        return error_set(err, ERROR_INTERNAL, "service is not running");
    int number = signal_by_name(signal);
    if (number == 0)
        return error_set(err, ERROR_INTERNAL, "invalid signal name \"%s\"", signal);
    log_notice("Sending %s to service %s", signal, service->quoted_name);
    return service->manager->spec.launcher.signal(service->process, number, err);
}
