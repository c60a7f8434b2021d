// SPDX-License-Identifier: GPL-3.0-or-later
// The tasks "start" and "stop": what they do with services in each state.
// Declared in services/service_internal.h.
#include "services/service_internal.h"
#include "services/service_machine_internal.h"

#include "base/log.h"
#include "base/memory.h"

static const char *requested_name(const struct task *task) {
    const json_t *request = task_data(task, "service-request");
    const char *name = json_string_value(json_object_get(request, "Name"));
    return name != NULL ? name : "";
}

static bool is_started_already(const struct service *service) {
    return service_is_up(service) || service->state == SERVICE_LAUNCHING;
}

static void begin_start(struct task *task, void *data) {
    struct service_manager *manager = data;
    AUTO_ERROR struct error err = {0};
    if (json_is_true(task_data(task, "started"))) {
        // A daemon that is gone had begun this; its process may still be running.
        error_set(&err, ERROR_INTERNAL, "service already started, not retrying");
        task_finish(task, &err);
        return;
    }
    if (manager->is_stopping) {
        error_set(&err, ERROR_INTERNAL, "cannot start service while the daemon is stopping");
        task_finish(task, &err);
        return;
    }
    const char *name = requested_name(task);
    const struct plan_service *config = plan_find_service(manager->plan, name);
    if (config == NULL) {
        AUTO_FREE char *quoted_name = text_quoted(name);
        error_set(&err, ERROR_INTERNAL, "cannot find service %s in plan", quoted_name);
        task_finish(task, &err);
        return;
    }
    struct service *service = map_get(&manager->services, name);
    if (service == NULL) {
        service = service_create(manager, name);
        map_set(&manager->services, name, service);
    }
    service_configure(service, manager->plan, config);
    if (is_started_already(service)) {
        task_log_info(task, "Service %s already started.", service->quoted_name);
        task_finish(task, NULL);
        return;
    }
    task_set_data(task, "started", json_true());
    service_handle(service, &(const struct service_event){.kind = EVENT_START, .task = task});
}

static void abort_start(struct task *task, void *data) {
    struct service_manager *manager = data;
    struct service *service = map_get(&manager->services, requested_name(task));
    if (service != NULL && service->start_task == task)
        service_handle(service, &(const struct service_event){.kind = EVENT_ABORT});
}

// Why there is nothing to stop; NULL if there is something.
static const char *reason_not_to_stop(const struct service *service) {
    switch (service->state) {
    case SERVICE_TERMINATING:
    case SERVICE_KILLING:
        return service->manager->is_stopping ? NULL : "already stopping";
    case SERVICE_INITIAL:
        return "has never been started";
    case SERVICE_STOPPED:
        return "already stopped";
    case SERVICE_EXITED:
        return "had already exited";
    default:
        return NULL;
    }
}

static void begin_stop(struct task *task, void *data) {
    struct service_manager *manager = data;
    const char *name = requested_name(task);
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

static void abort_stop(struct task *task, void *data UNUSED) {
    AUTO_FREE char *quoted_name = text_quoted(requested_name(task));
    log_notice("Cannot abort stop for service %s, signals already sent", quoted_name);
}

void service_tasks_register(struct service_manager *manager) {
    runner_add_kind(manager->spec.runner, "start", begin_start, abort_start, manager);
    runner_add_kind(manager->spec.runner, "stop", begin_stop, abort_stop, manager);
}
