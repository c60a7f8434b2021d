// SPDX-License-Identifier: GPL-3.0-or-later
// Actions of services that end with their process tree (kill-mode tree or mixed): the main process has ended by itself,
// and what is left of the tree is ended, too. Declared in services/service_actions_internal.h.
#include "services/service_actions_internal.h"

#include "base/log.h"
#include "services/service_changes_internal.h"
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

// A start that waits for this run ends with it.
struct service_event action_start_beside_leftovers(struct service *service, const struct service_event *event) {
    return service->start_tasks.count > 0 ? action_join_start(service, event) : action_refuse_start(service, event);
}

// A start task is left if the service was not up yet.
struct service_event action_back_off_after_leftovers(struct service *service, const struct service_event *event) {
    return service->is_job ? action_retry_oneshot(service, event) : action_quick_exit_back_off(service, event);
}

struct service_event action_complete_after_leftovers(struct service *service, const struct service_event *event) {
    return service->is_job ? action_complete(service, event) : action_quick_exit_ignore(service, event);
}

struct service_event action_fail_after_leftovers(struct service *service, const struct service_event *event) {
    return service->is_job ? action_fail_oneshot(service, event) : action_quick_exit_ignore(service, event);
}

// What follows the exit follows all the same.
struct service_event action_give_up_leftovers(struct service *service, const struct service_event *event UNUSED) {
    log_notice("Service %s has exited, but processes of it are still running after SIGTERM and SIGKILL",
               service->quoted_name);
    struct service_event next = service_end_run(service, service->main_exit_code);
    service_abandon_process(service);
    return next;
}
