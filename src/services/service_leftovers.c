// SPDX-License-Identifier: GPL-3.0-or-later
// Actions of services that end with their process tree (kill-mode tree or mixed): the main process has ended by itself,
// and what is left of the tree is ended, too. Declared in services/service_actions_internal.h.
#include "services/service_actions_internal.h"

#include "base/log.h"
#include "services/service_changes_internal.h"
#include "services/service_process_internal.h"
#include "services/service_readiness_internal.h"
#include "services/service_wait_internal.h"

static const struct service_event no_event = {.kind = EVENT_NONE};

struct service_event action_end_leftovers(struct service *service, const struct service_event *event) {
    log_debug("Service %s: the main process exited with code %d", service->quoted_name, event->exit_code);
    service->main_exit_code = event->exit_code;
    service->is_ready = false;
    timer_stop(service->reset_timer);
    service_terminate(service);
    return no_event;
}

// A start that waits for this run ends with it. Another one is for the next run.
struct service_event action_start_beside_leftovers(struct service *service, const struct service_event *event) {
    if (service->start_tasks.count > 0)
        return action_join_start(service, event);
    task_log_info(event->task, "waiting for the processes of the last run to end");
    task_array_add(&service->held_starts, event->task);
    return no_event;
}

struct service_event action_stop_leftovers(struct service *service, const struct service_event *event) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_INTERNAL, "service start attempt: stopped while its last run ended");
    service_finish_held_starts(service, &err);
    return action_stop_late(service, event);
}

// The events of the starts come behind the one that is handled.
static void start_held(struct service *service) {
    AUTO_TASK_ARRAY struct task_array held = service->held_starts;
    service->held_starts = (struct task_array){0};
    for (size_t i = 0; i < held.count; i++)
        service->start_again(service, held.items[i]);
}

// A start task is left if the service was not up yet.
struct service_event action_back_off_after_leftovers(struct service *service, const struct service_event *event) {
    start_held(service);
    return service->is_job ? action_retry_oneshot(service, event) : action_quick_exit_back_off(service, event);
}

struct service_event action_complete_after_leftovers(struct service *service, const struct service_event *event) {
    start_held(service);
    return service->is_job ? action_complete(service, event) : action_quick_exit_ignore(service, event);
}

struct service_event action_fail_after_leftovers(struct service *service, const struct service_event *event) {
    start_held(service);
    return service->is_job ? action_fail_oneshot(service, event) : action_quick_exit_ignore(service, event);
}

struct service_event action_shut_down_after_leftovers(struct service *service, const struct service_event *event) {
    start_held(service);
    return action_quick_exit_shut_down(service, event);
}

// What follows the exit follows all the same.
struct service_event action_give_up_leftovers(struct service *service, const struct service_event *event UNUSED) {
    log_notice("Service %s has exited, but processes of it are still running after SIGTERM and SIGKILL",
               service->quoted_name);
    service->was_killed = false;
    struct service_event next = service_end_run(service, service->main_exit_code);
    service_abandon_process(service);
    return next;
}
