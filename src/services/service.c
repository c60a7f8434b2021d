// SPDX-License-Identifier: GPL-3.0-or-later
// A service, and the events of its timers and its process. Declared in services/service_internal.h.
#include "services/service_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/signal_names.h"
#include "services/service_machine_internal.h"

static void on_state_timer_expired(void *data) {
    static const enum service_event_kind kinds[SERVICE_STATES] = {
        [SERVICE_STARTING] = EVENT_WINDOW_OVER,
        [SERVICE_TERMINATING] = EVENT_KILL_DELAY_OVER,
        [SERVICE_RESTART_TERMINATING] = EVENT_KILL_DELAY_OVER,
        [SERVICE_KILLING] = EVENT_KILL_LIMIT_OVER,
        [SERVICE_RESTART_KILLING] = EVENT_KILL_LIMIT_OVER,
        [SERVICE_BACKOFF] = EVENT_BACKOFF_OVER,
    };
    struct service *service = data;
    if (service->state == SERVICE_BACKOFF && service->manager->is_stopping)
        return; // nothing is started any more; the stop task ends the backoff
    service_handle(service, &(const struct service_event){.kind = kinds[service->state]});
}

static void on_reset_timer_expired(void *data) {
    service_handle(data, &(const struct service_event){.kind = EVENT_BACKOFF_RESET});
}

// --- the process ---

static void forget_process(struct service *service) {
    service->process = NULL;
    timer_stop(service->reset_timer);
}

static void on_process_launched(void *data) {
    service_handle(data, &(const struct service_event){.kind = EVENT_LAUNCHED});
}

static void on_process_failed(const struct error *err, void *data) {
    struct error *copy = memory_new(sizeof *copy);
    (void)error_set(copy, err->kind, "%s", error_text(err));
    forget_process(data);
    service_handle(data, &(const struct service_event){.kind = EVENT_LAUNCH_FAILED, .err = copy});
}

static enum service_event_kind exit_kind(enum action action, int exit_code) {
    switch (action) {
    case ACTION_IGNORE:
        return exit_code == 0 ? EVENT_EXIT_SUCCESS : EVENT_EXIT_FAILURE;
    case ACTION_SHUTDOWN:
    case ACTION_SUCCESS_SHUTDOWN:
    case ACTION_FAILURE_SHUTDOWN:
        return EVENT_EXIT_SHUTDOWN;
    default:
        return EVENT_EXIT_RESTART;
    }
}

static void on_process_ended(int exit_code, void *data) {
    struct service *service = data;
    enum action action = exit_code == 0 ? service->config->on_success : service->config->on_failure;
    if (action == ACTION_UNSET)
        action = ACTION_RESTART;
    log_debug("Service %s exited with code %d", service->quoted_name, exit_code);
    forget_process(service);
    const struct service_event event = {.kind = exit_kind(action, exit_code), .exit_code = exit_code, .action = action};
    service_handle(service, &event);
}

static const struct service_process_handlers process_handlers = {
    .on_process_launched = on_process_launched,
    .on_process_failed = on_process_failed,
    .on_process_ended = on_process_ended,
};

// --- the service ---

struct service *service_create(struct service_manager *manager, const char *name) {
    struct service *service = memory_new(sizeof *service);
    service->manager = manager;
    service->name = memory_string(name);
    service->quoted_name = text_quoted(name);
    service->process_handlers = &process_handlers;
    service->ring = log_store_open(manager->spec.logs, name);
    service->timer = timer_create_in(manager->spec.loop, on_state_timer_expired, service);
    service->reset_timer = timer_create_in(manager->spec.loop, on_reset_timer_expired, service);
    return service;
}

void service_destroy(void *value) {
    struct service *service = value;
    service->manager->spec.launcher.destroy(service->process);
    timer_destroy(service->timer);
    timer_destroy(service->reset_timer);
    task_array_finish(&service->stop_tasks);
    free(service->pending.items);
    plan_service_destroy(service->config);
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
