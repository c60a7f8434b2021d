// SPDX-License-Identifier: GPL-3.0-or-later
// The tasks "start" and "stop". Declared in services/service_internal.h.
#include "services/service_changes_internal.h"
#include "services/service_internal.h"
#include "services/service_process_internal.h"
#include "services/service_wait_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"

// --- tasks that have not begun ---

static const json_t *request_member(const struct task *task, const char *name) {
    return json_object_get(task_data(task, "service-request"), name);
}

const char *service_task_name(const struct task *task) {
    const char *name = json_string_value(request_member(task, "Name"));
    return name != NULL ? name : "";
}

static void start_again(struct service *service, struct task *task);

static struct service *find_or_create(struct service_manager *manager, const char *name) {
    struct service *service = map_get(&manager->services, name);
    if (service == NULL) {
        service = service_create(manager, name);
        service->start_again = start_again;
        map_set(&manager->services, name, service);
    }
    return service;
}

static void touch(struct service_manager *manager, const struct task *task) {
    struct service *service = map_get(&manager->services, service_task_name(task));
    if (service != NULL)
        service_touch(service);
}

void service_task_created(struct service_manager *manager, const struct task *task) {
    service_pending_add(&manager->pending, task_id(task), task_kind(task), service_task_name(task));
    touch(manager, task);
}

static void note_begun(struct service_manager *manager, const struct task *task) {
    if (service_pending_remove(&manager->pending, task_id(task)))
        touch(manager, task);
}

// A task that is held has not begun.
static void on_task_ended(struct listener *listener, void *argument) {
    struct service_manager *manager = CONTAINER_OF(listener, struct service_manager, task_ended);
    if (!service_pending_remove(&manager->pending, task_id(argument)))
        return;
    touch(manager, argument);
    service_outlook_changed(manager, service_task_name(argument));
}

// Of an earlier daemon.
static bool add_left_tasks(struct change *change, void *data) {
    for (size_t i = 0; !change_is_ready(change) && i < change_task_count(change); i++) {
        const struct task *task = change_task(change, i);
        bool is_ours = text_equal(task_kind(task), "start") || text_equal(task_kind(task), "stop");
        if (is_ours && !status_is_ready(task_status(task)))
            service_task_created(data, task);
    }
    return true;
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

// The start that is under way goes on with the configuration that it has begun with.
static bool joins_start(const struct service *service) {
    switch (service->state) {
    case SERVICE_WAITING:
    case SERVICE_GETTING_READY:
    case SERVICE_WORKING:
        return true;
    case SERVICE_LAUNCHING:
        return !is_started_already(service);
    default:
        return false;
    }
}

// One that nobody has named, and whose configuration is the same.
static bool is_completed_already(const struct service *service, const struct task *task) {
    return service->state == SERVICE_COMPLETED && plan_service_is_oneshot(service->config) &&
           !service->has_new_config && !json_is_true(request_member(task, "Named"));
}

// A service that has not been started is an object, too, while others wait for it.
static void create_targets(struct service_manager *manager, const struct plan_service *config, const json_t *after) {
    for (const struct map_entry *e = map_first(&config->wait_for); e != NULL; e = map_next(&config->wait_for, e))
        (void)find_or_create(manager, e->key);
    for (size_t i = 0; i < json_array_size(after); i++) {
        const char *name = json_string_value(json_array_get(after, i));
        if (name != NULL)
            (void)find_or_create(manager, name);
    }
}

static void handle_start(struct service *service, struct task *task) {
    const json_t *after = request_member(task, "After");
    bool waits = plan_service_has_conditions(service->config) || after != NULL;
    if (waits)
        create_targets(service->manager, service->config, after);
    else
        service_mark_started(task);
    service_handle(service,
                   &(const struct service_event){.kind = waits ? EVENT_START_WAITING : EVENT_START, .task = task});
}

// Begins the start of a task that was held.
static void start_again(struct service *service, struct task *task) {
    if (!service->manager->is_stopping) {
        handle_start(service, task);
        return;
    }
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_INTERNAL, "cannot start service while the daemon is stopping");
    task_finish(task, &err);
}

static void begin_start(struct task *task, void *data) {
    struct service_manager *manager = data;
    AUTO_ERROR struct error err = {0};
    note_begun(manager, task);
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
    struct service *service = find_or_create(manager, name);
    if (!joins_start(service))
        service_configure(service, manager->plan, config);
    service->is_wanted = true;
    bool is_completed = is_completed_already(service, task);
    if (is_completed || is_started_already(service)) {
        task_log_info(task, "Service %s already %s.", service->quoted_name, is_completed ? "completed" : "started");
        task_finish(task, NULL);
        return;
    }
    service_forget_failure(service);
    handle_start(service, task);
}

static void abort_start(struct task *task, void *data) {
    struct service_manager *manager = data;
    struct service *service = map_get(&manager->services, service_task_name(task));
    bool is_held = service != NULL && task_array_has(&service->held_starts, task);
    if (service == NULL || (!is_held && !task_array_has(&service->start_tasks, task)))
        return;
    if (!is_held && service->start_tasks.count == 1) {
        service_handle(service, &(const struct service_event){.kind = EVENT_ABORT});
        return;
    }
    // The start goes on for the others.
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_CANCELLED, "start aborted");
    task_array_remove(is_held ? &service->held_starts : &service->start_tasks, task);
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

// Whether a stop that has nothing to do leaves the state alone. A one-shot that is complete is not to run again.
static bool stays_as_it_is(const struct service *service) {
    switch (service->state) {
    case SERVICE_TERMINATING:
    case SERVICE_KILLING:
        return true;
    default:
        return service->state == SERVICE_COMPLETED && plan_service_is_oneshot(service->config);
    }
}

static void stop(struct service_manager *manager, struct task *task) {
    const char *name = service_task_name(task);
    note_begun(manager, task); // others are held for it until then
    struct service *service = map_get(&manager->services, name);
    const char *reason = service != NULL ? reason_not_to_stop(service) : "has never been started";
    if (service != NULL) {
        service->is_wanted = false;
        service_forget_failure(service);
    }
    if (reason != NULL) {
        AUTO_FREE char *quoted_name = text_quoted(name);
        task_log_info(task, "Service %s %s.", quoted_name, reason);
    }
    if (service == NULL || (reason != NULL && stays_as_it_is(service)))
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

void service_tasks_discard(struct service_manager *manager) {
    event_remove(&manager->task_ended);
    service_pending_finish(&manager->pending);
    while (!list_is_empty(&manager->held_stops)) {
        struct held_stop *held = LIST_ITEM(manager->held_stops.next, struct held_stop, link);
        service_wait_cancel(held->wait);
        held_stop_destroy(held);
    }
}

// NULL if the stop is not held.
static struct held_stop *find_held(struct service_manager *manager, const struct task *task) {
    struct held_stop *held;
    LIST_FOR_EACH (held, &manager->held_stops, link) {
        if (held->task == task)
            return held;
    }
    return NULL;
}

static void abort_stop(struct task *task, void *data) {
    struct held_stop *held = find_held(data, task);
    if (held != NULL) {
        AUTO_ERROR struct error err = {0};
        service_wait_cancel(held->wait);
        held_stop_destroy(held);
        (void)error_set(&err, ERROR_CANCELLED, "stop aborted");
        task_finish(task, &err);
        return;
    }
    AUTO_FREE char *quoted_name = text_quoted(service_task_name(task));
    log_notice("Cannot abort stop for service %s, signals already sent", quoted_name);
}

void service_tasks_register(struct service_manager *manager) {
    service_pending_init(&manager->pending);
    event_add(state_task_ended(manager->spec.state), &manager->task_ended, on_task_ended);
    state_each_change(manager->spec.state, add_left_tasks, manager);
    runner_add_kind(manager->spec.runner, "start", begin_start, abort_start, manager);
    runner_add_kind(manager->spec.runner, "stop", begin_stop, abort_stop, manager);
}
