// SPDX-License-Identifier: GPL-3.0-or-later
// The tasks "start" and "stop". Declared in services/service_internal.h.
#include "services/service_actions_internal.h"
#include "services/service_internal.h"
#include "services/service_wait_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"

static const json_t *request_member(const struct task *task, const char *name) {
    return json_object_get(task_data(task, "service-request"), name);
}

const char *service_task_name(const struct task *task) {
    const char *name = json_string_value(request_member(task, "Name"));
    return name != NULL ? name : "";
}

struct service *service_find_or_create(struct service_manager *manager, const char *name) {
    struct service *service = map_get(&manager->services, name);
    if (service == NULL) {
        service = service_create(manager, name);
        map_set(&manager->services, name, service);
    }
    return service;
}

// --- start ---

// A further start task ends as the one does that is under way, if a start of the service may take long.
static bool is_started_already(const struct service *service) {
    bool takes_long = plan_service_is_oneshot(service->config) || plan_service_ready(service->config) != NULL;
    switch (service->state) {
    case SERVICE_STARTING:
    case SERVICE_RUNNING:
        return true;
    case SERVICE_LAUNCHING:
        return !takes_long;
    default:
        return false;
    }
}

// One that nobody has named, and whose configuration is the same.
static bool is_completed_already(const struct service *service, const struct task *task) {
    return service->state == SERVICE_COMPLETED && plan_service_is_oneshot(service->config) &&
           !json_is_true(request_member(task, "Named"));
}

void service_mark_started(struct task *task) {
    task_set_data(task, "started", json_true());
}

static void handle_start(struct service *service, struct task *task) {
    bool waits = plan_service_has_conditions(service->config) || request_member(task, "After") != NULL;
    if (!waits)
        service_mark_started(task);
    service_handle(service,
                   &(const struct service_event){.kind = waits ? EVENT_START_WAITING : EVENT_START, .task = task});
}

static void begin_start(struct task *task, void *data) {
    struct service_manager *manager = data;
    AUTO_ERROR struct error err = {0};
    service_pending_remove(manager, task);
    if (json_is_true(task_data(task, "started"))) {
        // A previous daemon has begun this task; its process may still be running.
        error_set(&err, ERROR_INTERNAL, "service already started, not retrying");
        task_finish(task, &err);
        return;
    }
    if (manager->is_stopping) {
        error_set(&err, ERROR_INTERNAL, "cannot start service while the daemon is stopping");
        task_finish(task, &err);
        return;
    }
    const char *name = service_task_name(task);
    const struct plan_service *config = plan_find_service(manager->plan, name);
    if (config == NULL) {
        AUTO_FREE char *quoted_name = text_quoted(name);
        error_set(&err, ERROR_INTERNAL, "cannot find service %s in plan", quoted_name);
        task_finish(task, &err);
        return;
    }
    struct service *service = service_find_or_create(manager, name);
    service_configure(service, manager->plan, config);
    bool is_completed = is_completed_already(service, task);
    if (is_completed || is_started_already(service)) {
        task_log_info(task, "Service %s already %s.", service->quoted_name, is_completed ? "completed" : "started");
        task_finish(task, NULL);
        return;
    }
    handle_start(service, task);
}

static void abort_start(struct task *task, void *data) {
    struct service_manager *manager = data;
    struct service *service = map_get(&manager->services, service_task_name(task));
    if (service == NULL || !task_array_has(&service->start_tasks, task))
        return;
    if (service->start_tasks.count == 1) {
        service_handle(service, &(const struct service_event){.kind = EVENT_ABORT});
        return;
    }
    // The start goes on for the others.
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_CANCELLED, "start aborted");
    task_array_remove(&service->start_tasks, task);
    task_finish(task, &err);
}

// --- stop ---

// Why there is nothing to stop; NULL if there is a process to stop or a backoff to end.
static const char *reason_not_to_stop(const struct service *service) {
    switch (service->state) {
    case SERVICE_TERMINATING:
    case SERVICE_KILLING:
        return service->manager->is_stopping ? NULL : "already stopping";
    case SERVICE_INITIAL:
        return "has never been started";
    case SERVICE_STOPPED:
    case SERVICE_COMPLETED:
        return "already stopped";
    case SERVICE_EXITED:
        return "had already exited";
    default:
        return NULL;
    }
}

static void stop(struct service_manager *manager, struct task *task) {
    const char *name = service_task_name(task);
    struct service *service = map_get(&manager->services, name);
    const char *reason = service != NULL ? reason_not_to_stop(service) : "has never been started";
    if (reason != NULL) {
        AUTO_FREE char *quoted_name = text_quoted(name);
        task_log_info(task, "Service %s %s.", quoted_name, reason);
    }
    bool is_stopping = service != NULL && (service->state == SERVICE_TERMINATING || service->state == SERVICE_KILLING);
    if (service == NULL || (reason != NULL && is_stopping))
        task_finish(task, NULL);
    else
        service_handle(service, &(const struct service_event){.kind = EVENT_STOP, .task = task});
}

// A stop that waits until those that depend on the service are stopped.
struct held_stop {
    struct list link; // in the manager's `held_stops`
    struct service_manager *manager;
    struct task *task;
    struct service_wait *wait;
};

static void held_stop_destroy(struct held_stop *held) {
    list_remove(&held->link);
    free(held);
}

static void on_stop_waited(const char *reason UNUSED, void *data) {
    struct held_stop held = *(struct held_stop *)data;
    held_stop_destroy(data);
    stop(held.manager, held.task);
}

static void begin_stop(struct task *task, void *data) {
    struct service_manager *manager = data;
    const struct service_wait_spec spec = {.after = request_member(task, "After"), .is_stop = true};
    service_pending_remove(manager, task);
    if (spec.after == NULL) {
        stop(manager, task);
        return;
    }
    struct held_stop *held = memory_new(sizeof *held);
    held->manager = manager;
    held->task = task;
    list_add(&manager->held_stops, &held->link);
    held->wait = service_wait_begin(manager, &spec, on_stop_waited, held);
    if (held->wait == NULL) {
        held_stop_destroy(held);
        stop(manager, task);
    }
}

void service_held_stops_discard(struct service_manager *manager) {
    while (!list_is_empty(&manager->held_stops)) {
        struct held_stop *held = LIST_ITEM(manager->held_stops.next, struct held_stop, link);
        service_wait_cancel(held->wait);
        held_stop_destroy(held);
    }
}

static void abort_stop(struct task *task, void *data UNUSED) {
    AUTO_FREE char *quoted_name = text_quoted(service_task_name(task));
    log_notice("Cannot abort stop for service %s, signals already sent", quoted_name);
}

void service_tasks_register(struct service_manager *manager) {
    runner_add_kind(manager->spec.runner, "start", begin_start, abort_start, manager);
    runner_add_kind(manager->spec.runner, "stop", begin_stop, abort_stop, manager);
}
