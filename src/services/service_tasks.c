// SPDX-License-Identifier: GPL-3.0-or-later
// The tasks "start" and "stop": what they do with services in each state.
#include "services/service_internal.h"

#include "base/log.h"
#include "base/memory.h"

static const char *requested_name(const struct task *task) {
    const json_t *request = task_data(task, "service-request");
    const char *name = json_string_value(json_object_get(request, "Name"));
    return name != NULL ? name : "";
}

static bool is_started_already(const struct service *service) {
    return service_is_up(service) || (list_is_linked(&service->queue_link) && service->start_task != NULL);
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
    service_start(service, task);
}

static void abort_start(struct task *task, void *data) {
    struct service_manager *manager = data;
    struct service *service = map_get(&manager->services, requested_name(task));
    if (service != NULL && service->start_task == task)
        service_abort_start(service);
}

// What there is to say where nothing has to be stopped; NULL where something has.
static const char *nothing_to_stop(struct service *service) {
    bool waits_anyway = service->is_restarting || service->manager->is_stopping;
    if (list_is_linked(&service->queue_link))
        return NULL;
    switch (service->state) {
    case STATE_TERMINATING:
    case STATE_KILLING:
        return waits_anyway ? NULL : "already stopping";
    case STATE_INITIAL:
        return "has never been started";
    case STATE_STOPPED:
        return "already stopped";
    case STATE_EXITED:
        service_set_state(service, STATE_STOPPED);
        return "had already exited";
    default:
        return NULL;
    }
}

static void begin_stop(struct task *task, void *data) {
    struct service_manager *manager = data;
    const char *name = requested_name(task);
    struct service *service = map_get(&manager->services, name);
    const char *reason = service != NULL ? nothing_to_stop(service) : "has never been started";
    if (reason != NULL) {
        AUTO_FREE char *quoted_name = text_quoted(name);
        task_log_info(task, "Service %s %s.", quoted_name, reason);
        task_finish(task, NULL);
        return;
    }
    service_stop(service, task);
}

static void abort_stop(struct task *task, void *data UNUSED) {
    AUTO_FREE char *quoted_name = text_quoted(requested_name(task));
    log_notice("Cannot abort stop for service %s, signals already sent", quoted_name);
}

void service_tasks_register(struct service_manager *manager) {
    runner_add_kind(manager->spec.runner, "start", begin_start, abort_start, manager);
    runner_add_kind(manager->spec.runner, "stop", begin_stop, abort_stop, manager);
}
