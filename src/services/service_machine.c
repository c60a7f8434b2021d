// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_machine_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "services/service_actions_internal.h"
#include "services/service_changes_internal.h"

// The next state is entered first, then the action is taken. Without an action the event is dropped. An action may
// lead to a further event, which is handled next.
struct transition {
    service_action_fn action;
    enum service_state next;
    bool keeps_timer; // the state's timer goes on
};

static const struct transition transitions[SERVICE_STATES][EVENT_KINDS] =
    {
        [SERVICE_INITIAL] =
            {
                [EVENT_START] = {.action = action_launch, .next = SERVICE_LAUNCHING},
                [EVENT_STOP] = {.action = action_finish_stop_task, .next = SERVICE_INITIAL},
            },
        [SERVICE_LAUNCHING] =
            {
                [EVENT_START] = {.action = action_refuse_start, .next = SERVICE_LAUNCHING},
                [EVENT_LAUNCHED] = {.action = action_open_window, .next = SERVICE_STARTING},
                [EVENT_LAUNCH_FAILED] = {.action = action_fail_launch, .next = SERVICE_STOPPED},
                [EVENT_STOP] = {.action = action_call_off_launch, .next = SERVICE_STOPPED},
                [EVENT_ABORT] = {.action = action_abort_launch, .next = SERVICE_STOPPED},
            },
        [SERVICE_STARTING] =
            {
                [EVENT_START] = {.action = action_refuse_start, .next = SERVICE_STARTING, .keeps_timer = true},
                [EVENT_WINDOW_OVER] = {.action = action_finish_start, .next = SERVICE_RUNNING},
                [EVENT_EXIT_RESTART] = {.action = action_quick_exit_back_off, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SUCCESS] = {.action = action_quick_exit_ignore, .next = SERVICE_STOPPED},
                [EVENT_EXIT_FAILURE] = {.action = action_quick_exit_ignore, .next = SERVICE_EXITED},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_quick_exit_shut_down, .next = SERVICE_EXITED},
                [EVENT_STOP] = {.action = action_stop_in_window, .next = SERVICE_TERMINATING},
                [EVENT_ABORT] = {.action = action_abort_start, .next = SERVICE_STOPPED},
            },
        [SERVICE_RUNNING] =
            {
                [EVENT_START] = {.action = action_refuse_start, .next = SERVICE_RUNNING, .keeps_timer = true},
                [EVENT_EXIT_RESTART] = {.action = action_exit_back_off, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SUCCESS] = {.action = action_exit_ignore, .next = SERVICE_STOPPED},
                [EVENT_EXIT_FAILURE] = {.action = action_exit_ignore, .next = SERVICE_EXITED},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_exit_shut_down, .next = SERVICE_EXITED},
                [EVENT_STOP] = {.action = action_terminate, .next = SERVICE_TERMINATING},
                [EVENT_BACKOFF_RESET] = {.action = action_reset_backoff, .next = SERVICE_RUNNING},
                [EVENT_CHECK_RESTART] = {.action = action_terminate_to_restart, .next = SERVICE_RESTART_TERMINATING},
                [EVENT_CHECK_SHUTDOWN] = {.action = action_check_shut_down, .next = SERVICE_RUNNING},
            },
        [SERVICE_TERMINATING] =
            {
                [EVENT_START] = {.action = action_refuse_start, .next = SERVICE_TERMINATING, .keeps_timer = true},
                [EVENT_EXIT_RESTART] = {.action = action_finish_stop, .next = SERVICE_STOPPED},
                [EVENT_EXIT_SUCCESS] = {.action = action_finish_stop, .next = SERVICE_STOPPED},
                [EVENT_EXIT_FAILURE] = {.action = action_finish_stop, .next = SERVICE_STOPPED},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_finish_stop, .next = SERVICE_STOPPED},
                [EVENT_STOP] = {.action = action_join_stop, .next = SERVICE_TERMINATING, .keeps_timer = true},
                [EVENT_KILL_DELAY_OVER] = {.action = action_kill, .next = SERVICE_KILLING},
            },
        [SERVICE_KILLING] =
            {
                [EVENT_START] = {.action = action_refuse_start, .next = SERVICE_KILLING, .keeps_timer = true},
                [EVENT_EXIT_RESTART] = {.action = action_finish_stop, .next = SERVICE_STOPPED},
                [EVENT_EXIT_SUCCESS] = {.action = action_finish_stop, .next = SERVICE_STOPPED},
                [EVENT_EXIT_FAILURE] = {.action = action_finish_stop, .next = SERVICE_STOPPED},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_finish_stop, .next = SERVICE_STOPPED},
                [EVENT_STOP] = {.action = action_join_stop, .next = SERVICE_KILLING, .keeps_timer = true},
                [EVENT_KILL_LIMIT_OVER] = {.action = action_give_up, .next = SERVICE_STOPPED},
            },
        [SERVICE_RESTART_TERMINATING] =
            {
                [EVENT_START] = {.action = action_refuse_start,
                                 .next = SERVICE_RESTART_TERMINATING,
                                 .keeps_timer = true},
                [EVENT_EXIT_RESTART] = {.action = action_back_off_after_check, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SUCCESS] = {.action = action_back_off_after_check, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_FAILURE] = {.action = action_back_off_after_check, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_back_off_after_check, .next = SERVICE_BACKOFF},
                [EVENT_STOP] = {.action = action_join_stop, .next = SERVICE_TERMINATING, .keeps_timer = true},
                [EVENT_KILL_DELAY_OVER] = {.action = action_kill, .next = SERVICE_RESTART_KILLING},
            },
        [SERVICE_RESTART_KILLING] =
            {
                [EVENT_START] = {.action = action_refuse_start, .next = SERVICE_RESTART_KILLING, .keeps_timer = true},
                [EVENT_EXIT_RESTART] = {.action = action_back_off_after_check, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SUCCESS] = {.action = action_back_off_after_check, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_FAILURE] = {.action = action_back_off_after_check, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_back_off_after_check, .next = SERVICE_BACKOFF},
                [EVENT_STOP] = {.action = action_join_stop, .next = SERVICE_KILLING, .keeps_timer = true},
                [EVENT_KILL_LIMIT_OVER] = {.action = action_give_up, .next = SERVICE_STOPPED},
            },
        [SERVICE_STOPPED] =
            {
                [EVENT_START] = {.action = action_launch, .next = SERVICE_LAUNCHING},
                [EVENT_STOP] = {.action = action_finish_stop_task, .next = SERVICE_STOPPED},
            },
        [SERVICE_BACKOFF] =
            {
                [EVENT_START] = {.action = action_launch, .next = SERVICE_LAUNCHING},
                [EVENT_STOP] = {.action = action_stop_in_backoff, .next = SERVICE_STOPPED},
                [EVENT_BACKOFF_OVER] = {.action = action_relaunch, .next = SERVICE_RELAUNCHING},
                [EVENT_CHECK_RESTART] = {.action = action_check_in_backoff,
                                         .next = SERVICE_BACKOFF,
                                         .keeps_timer = true},
                [EVENT_CHECK_SHUTDOWN] = {.action = action_check_shut_down,
                                          .next = SERVICE_BACKOFF,
                                          .keeps_timer = true},
            },
        [SERVICE_RELAUNCHING] =
            {
                [EVENT_START] = {.action = action_adopt_launch, .next = SERVICE_LAUNCHING},
                [EVENT_LAUNCHED] = {.action = action_note_launch, .next = SERVICE_RUNNING},
                [EVENT_LAUNCH_FAILED] = {.action = action_back_off_again, .next = SERVICE_BACKOFF},
                [EVENT_STOP] = {.action = action_stop_in_backoff, .next = SERVICE_STOPPED},
                [EVENT_CHECK_RESTART] = {.action = action_check_in_backoff, .next = SERVICE_RELAUNCHING},
                [EVENT_CHECK_SHUTDOWN] = {.action = action_check_shut_down, .next = SERVICE_RELAUNCHING},
            },
        [SERVICE_EXITED] =
            {
                [EVENT_START] = {.action = action_launch, .next = SERVICE_LAUNCHING},
                [EVENT_STOP] = {.action = action_finish_stop_task, .next = SERVICE_STOPPED},
                [EVENT_CHECK_RESTART] = {.action = action_check_back_off, .next = SERVICE_BACKOFF},
                [EVENT_CHECK_SHUTDOWN] = {.action = action_check_shut_down, .next = SERVICE_EXITED},
            },
};

bool service_transition(enum service_state state, enum service_event_kind kind, enum service_state *next) {
    if (transitions[state][kind].action == NULL)
        return false;
    *next = transitions[state][kind].next;
    return true;
}

// --- the state ---

static void set_state(struct service *service, const struct transition *transition) {
    enum service_state before = service->state;
    if (!transition->keeps_timer)
        timer_stop(service->timer);
    if (before == transition->next)
        return;
    log_debug("Service %s goes from %s to %s", service->quoted_name, service_state_name(before),
              service_state_name(transition->next));
    service->state = transition->next;
    if (service_state_status(before) != service_state_status(transition->next))
        service_stamp(service);
    service_changed(service, before);
}

// --- events ---

static void queue_add(struct service_event_queue *queue, const struct service_event *event) {
    queue->items = memory_grow(queue->items, &queue->capacity, queue->count + 1, sizeof *queue->items);
    queue->items[queue->count++] = *event;
}

static void handle_one(struct service *service, const struct service_event *event) {
    const struct transition *transition = &transitions[service->state][event->kind];
    if (transition->action == NULL) {
        log_debug("Service %s: nothing to do for event %d while %s", service->quoted_name, (int)event->kind,
                  service_state_name(service->state));
        return;
    }
    set_state(service, transition);
    struct service_event next = transition->action(service, event);
    if (next.kind != EVENT_NONE)
        queue_add(&service->pending, &next);
}

void service_handle(struct service *service, const struct service_event *event) {
    queue_add(&service->pending, event);
    if (service->is_handling)
        return;
    service->is_handling = true;
    for (size_t i = 0; i < service->pending.count; i++) {
        struct service_event pending = service->pending.items[i];
        handle_one(service, &pending);
        if (pending.err != NULL)
            error_clear(pending.err);
        free(pending.err);
    }
    service->pending.count = 0;
    service->is_handling = false;
}
