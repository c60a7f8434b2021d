// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_machine_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "services/service_actions_internal.h"
#include "services/service_changes_internal.h"
#include "services/service_wait_internal.h"

// The next state is entered before the action is called. An event without an action is ignored in that state. An action
// may return a further event.
struct transition {
    service_action_fn action;
    enum service_state next;
    bool keeps_timer; // the state's timer is not stopped
};

// EVENT_START_WAITING is the same as EVENT_START where it has no entry of its own.
static const struct transition transitions[SERVICE_STATES][EVENT_KINDS] =
    {
        [SERVICE_INITIAL] =
            {
                [EVENT_START] = {.action = action_launch, .next = SERVICE_LAUNCHING},
                [EVENT_START_WAITING] = {.action = action_begin_wait, .next = SERVICE_WAITING},
                [EVENT_STOP] = {.action = action_finish_stop_task, .next = SERVICE_INITIAL},
            },
        [SERVICE_WAITING] =
            {
                [EVENT_START] = {.action = action_join_start, .next = SERVICE_WAITING, .keeps_timer = true},
                [EVENT_CONDITIONS_MET] = {.action = action_launch_after_wait, .next = SERVICE_LAUNCHING},
                [EVENT_CONDITIONS_FAILED] = {.action = action_fail_wait, .next = SERVICE_STOPPED},
                [EVENT_WAIT_OVER] = {.action = action_end_wait, .next = SERVICE_STOPPED},
                [EVENT_STOP] = {.action = action_stop_wait, .next = SERVICE_STOPPED},
                [EVENT_ABORT] = {.action = action_abort_wait, .next = SERVICE_STOPPED},
            },
        [SERVICE_LAUNCHING] =
            {
                [EVENT_START] = {.action = action_join_start, .next = SERVICE_LAUNCHING},
                [EVENT_LAUNCHED] = {.action = action_open_window, .next = SERVICE_STARTING},
                [EVENT_LAUNCHED_UNREADY] = {.action = action_await_ready, .next = SERVICE_GETTING_READY},
                [EVENT_LAUNCHED_ONESHOT] = {.action = action_begin_work, .next = SERVICE_WORKING},
                [EVENT_LAUNCH_FAILED] = {.action = action_fail_launch, .next = SERVICE_STOPPED},
                [EVENT_STOP] = {.action = action_cancel_launch, .next = SERVICE_STOPPED},
                [EVENT_ABORT] = {.action = action_abort_launch, .next = SERVICE_STOPPED},
            },
        [SERVICE_STARTING] =
            {
                [EVENT_START] = {.action = action_refuse_start, .next = SERVICE_STARTING, .keeps_timer = true},
                [EVENT_WINDOW_OVER] = {.action = action_finish_start, .next = SERVICE_RUNNING},
                [EVENT_MAIN_EXITED] = {.action = action_end_leftovers, .next = SERVICE_LEFTOVERS_TERMINATING},
                [EVENT_EXIT_RESTART] = {.action = action_quick_exit_back_off, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SUCCESS] = {.action = action_quick_exit_ignore, .next = SERVICE_COMPLETED},
                [EVENT_EXIT_FAILURE] = {.action = action_quick_exit_ignore, .next = SERVICE_EXITED},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_quick_exit_shut_down, .next = SERVICE_EXITED},
                [EVENT_STOP] = {.action = action_stop_in_window, .next = SERVICE_TERMINATING},
                [EVENT_ABORT] = {.action = action_abort_start, .next = SERVICE_STOPPED},
            },
        [SERVICE_GETTING_READY] =
            {
                [EVENT_START] = {.action = action_join_start, .next = SERVICE_GETTING_READY, .keeps_timer = true},
                [EVENT_READY] = {.action = action_become_ready, .next = SERVICE_RUNNING},
                [EVENT_LATE_RESTART] = {.action = action_late_restart, .next = SERVICE_RESTART_TERMINATING},
                [EVENT_LATE_IGNORE] = {.action = action_late_ignore, .next = SERVICE_RUNNING},
                [EVENT_LATE_SHUTDOWN] = {.action = action_late_shut_down, .next = SERVICE_RUNNING},
                [EVENT_MAIN_EXITED] = {.action = action_end_leftovers, .next = SERVICE_LEFTOVERS_TERMINATING},
                [EVENT_EXIT_RESTART] = {.action = action_quick_exit_back_off, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SUCCESS] = {.action = action_quick_exit_ignore, .next = SERVICE_COMPLETED},
                [EVENT_EXIT_FAILURE] = {.action = action_quick_exit_ignore, .next = SERVICE_EXITED},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_quick_exit_shut_down, .next = SERVICE_EXITED},
                [EVENT_STOP] = {.action = action_stop_in_window, .next = SERVICE_TERMINATING},
                [EVENT_ABORT] = {.action = action_abort_start, .next = SERVICE_STOPPED},
            },
        [SERVICE_WORKING] =
            {
                [EVENT_START] = {.action = action_join_start, .next = SERVICE_WORKING, .keeps_timer = true},
                [EVENT_MAIN_EXITED] = {.action = action_end_leftovers, .next = SERVICE_LEFTOVERS_TERMINATING},
                [EVENT_EXIT_RESTART] = {.action = action_retry_oneshot, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SUCCESS] = {.action = action_complete, .next = SERVICE_COMPLETED},
                [EVENT_EXIT_FAILURE] = {.action = action_fail_oneshot, .next = SERVICE_EXITED},
                [EVENT_RUN_OVER] = {.action = action_end_work, .next = SERVICE_TIMEOUT_TERMINATING},
                [EVENT_STOP] = {.action = action_stop_in_window, .next = SERVICE_TERMINATING},
                [EVENT_ABORT] = {.action = action_abort_start, .next = SERVICE_STOPPED},
            },
        [SERVICE_RUNNING] =
            {
                [EVENT_START] = {.action = action_refuse_start, .next = SERVICE_RUNNING, .keeps_timer = true},
                [EVENT_WINDOW_OVER] = {.action = action_end_window, .next = SERVICE_RUNNING},
                [EVENT_READY] = {.action = action_become_ready, .next = SERVICE_RUNNING, .keeps_timer = true},
                [EVENT_UNREADY] = {.action = action_become_unready, .next = SERVICE_RUNNING, .keeps_timer = true},
                [EVENT_MAIN_EXITED] = {.action = action_end_leftovers, .next = SERVICE_LEFTOVERS_TERMINATING},
                [EVENT_EXIT_RESTART] = {.action = action_exit_back_off, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SUCCESS] = {.action = action_exit_ignore, .next = SERVICE_COMPLETED},
                [EVENT_EXIT_FAILURE] = {.action = action_exit_ignore, .next = SERVICE_EXITED},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_exit_shut_down, .next = SERVICE_EXITED},
                [EVENT_STOP] = {.action = action_terminate, .next = SERVICE_TERMINATING},
                [EVENT_BACKOFF_RESET] = {.action = action_reset_backoff, .next = SERVICE_RUNNING, .keeps_timer = true},
                [EVENT_CHECK_RESTART] = {.action = action_terminate_to_restart, .next = SERVICE_RESTART_TERMINATING},
                [EVENT_CHECK_SHUTDOWN] = {.action = action_check_shut_down,
                                          .next = SERVICE_RUNNING,
                                          .keeps_timer = true},
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
        [SERVICE_TIMEOUT_TERMINATING] =
            {
                [EVENT_START] = {.action = action_join_start, .next = SERVICE_TIMEOUT_TERMINATING, .keeps_timer = true},
                [EVENT_EXIT_RESTART] = {.action = action_retry_oneshot, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_FAILURE] = {.action = action_fail_oneshot, .next = SERVICE_EXITED},
                [EVENT_STOP] = {.action = action_stop_late, .next = SERVICE_TERMINATING, .keeps_timer = true},
                [EVENT_ABORT] = {.action = action_abort_start, .next = SERVICE_STOPPED},
                [EVENT_KILL_DELAY_OVER] = {.action = action_kill, .next = SERVICE_TIMEOUT_KILLING},
            },
        [SERVICE_TIMEOUT_KILLING] =
            {
                [EVENT_START] = {.action = action_join_start, .next = SERVICE_TIMEOUT_KILLING, .keeps_timer = true},
                [EVENT_EXIT_RESTART] = {.action = action_retry_oneshot, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_FAILURE] = {.action = action_fail_oneshot, .next = SERVICE_EXITED},
                [EVENT_STOP] = {.action = action_stop_late, .next = SERVICE_KILLING, .keeps_timer = true},
                [EVENT_ABORT] = {.action = action_abort_start, .next = SERVICE_STOPPED},
                [EVENT_KILL_LIMIT_OVER] = {.action = action_give_up, .next = SERVICE_STOPPED},
            },
        [SERVICE_LEFTOVERS_TERMINATING] =
            {
                [EVENT_START] = {.action = action_start_beside_leftovers,
                                 .next = SERVICE_LEFTOVERS_TERMINATING,
                                 .keeps_timer = true},
                [EVENT_EXIT_RESTART] = {.action = action_back_off_after_leftovers, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SUCCESS] = {.action = action_complete_after_leftovers, .next = SERVICE_COMPLETED},
                [EVENT_EXIT_FAILURE] = {.action = action_fail_after_leftovers, .next = SERVICE_EXITED},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_shut_down_after_leftovers, .next = SERVICE_EXITED},
                [EVENT_STOP] = {.action = action_stop_leftovers, .next = SERVICE_TERMINATING, .keeps_timer = true},
                [EVENT_ABORT] = {.action = action_abort_start, .next = SERVICE_STOPPED},
                [EVENT_KILL_DELAY_OVER] = {.action = action_kill, .next = SERVICE_LEFTOVERS_KILLING},
            },
        [SERVICE_LEFTOVERS_KILLING] =
            {
                [EVENT_START] = {.action = action_start_beside_leftovers,
                                 .next = SERVICE_LEFTOVERS_KILLING,
                                 .keeps_timer = true},
                [EVENT_EXIT_RESTART] = {.action = action_back_off_after_leftovers, .next = SERVICE_BACKOFF},
                [EVENT_EXIT_SUCCESS] = {.action = action_complete_after_leftovers, .next = SERVICE_COMPLETED},
                [EVENT_EXIT_FAILURE] = {.action = action_fail_after_leftovers, .next = SERVICE_EXITED},
                [EVENT_EXIT_SHUTDOWN] = {.action = action_shut_down_after_leftovers, .next = SERVICE_EXITED},
                [EVENT_STOP] = {.action = action_stop_leftovers, .next = SERVICE_KILLING, .keeps_timer = true},
                [EVENT_ABORT] = {.action = action_abort_start, .next = SERVICE_STOPPED},
                [EVENT_KILL_LIMIT_OVER] = {.action = action_give_up_leftovers, .next = SERVICE_LEFTOVERS_KILLING},
            },
        [SERVICE_STOPPED] =
            {
                [EVENT_START] = {.action = action_launch, .next = SERVICE_LAUNCHING},
                [EVENT_START_WAITING] = {.action = action_begin_wait, .next = SERVICE_WAITING},
                [EVENT_STOP] = {.action = action_finish_stop_task, .next = SERVICE_STOPPED},
            },
        [SERVICE_COMPLETED] =
            {
                [EVENT_START] = {.action = action_launch, .next = SERVICE_LAUNCHING},
                [EVENT_START_WAITING] = {.action = action_begin_wait, .next = SERVICE_WAITING},
                [EVENT_STOP] = {.action = action_finish_stop_task, .next = SERVICE_STOPPED},
            },
        [SERVICE_BACKOFF] =
            {
                [EVENT_START] = {.action = action_launch, .next = SERVICE_LAUNCHING},
                [EVENT_START_WAITING] = {.action = action_begin_wait, .next = SERVICE_WAITING},
                [EVENT_RETRIES_USED] = {.action = action_end_retries, .next = SERVICE_EXITED},
                [EVENT_ABORT] = {.action = action_abort_in_backoff, .next = SERVICE_STOPPED},
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
                [EVENT_ABORT] = {.action = action_abort_in_backoff, .next = SERVICE_STOPPED},
                [EVENT_LAUNCHED] = {.action = action_resume, .next = SERVICE_RUNNING},
                [EVENT_LAUNCHED_UNREADY] = {.action = action_await_ready, .next = SERVICE_GETTING_READY},
                [EVENT_LAUNCHED_ONESHOT] = {.action = action_begin_work, .next = SERVICE_WORKING},
                [EVENT_LAUNCH_FAILED] = {.action = action_back_off_again, .next = SERVICE_BACKOFF},
                [EVENT_STOP] = {.action = action_stop_in_backoff, .next = SERVICE_STOPPED},
                [EVENT_CHECK_RESTART] = {.action = action_check_in_backoff, .next = SERVICE_RELAUNCHING},
                [EVENT_CHECK_SHUTDOWN] = {.action = action_check_shut_down, .next = SERVICE_RELAUNCHING},
            },
        [SERVICE_EXITED] =
            {
                [EVENT_START] = {.action = action_launch, .next = SERVICE_LAUNCHING},
                [EVENT_START_WAITING] = {.action = action_begin_wait, .next = SERVICE_WAITING},
                [EVENT_STOP] = {.action = action_finish_stop_task, .next = SERVICE_STOPPED},
                [EVENT_CHECK_RESTART] = {.action = action_check_back_off, .next = SERVICE_BACKOFF},
                [EVENT_CHECK_SHUTDOWN] = {.action = action_check_shut_down, .next = SERVICE_EXITED},
            },
};

static const struct transition *find_transition(enum service_state state, enum service_event_kind kind) {
    const struct transition *own = &transitions[state][kind];
    bool is_start = own->action == NULL && kind == EVENT_START_WAITING;
    return is_start ? &transitions[state][EVENT_START] : own;
}

#ifdef PEBBLE_TEST_SEAMS
bool service_transition(enum service_state state, enum service_event_kind kind, enum service_state *next) {
    const struct transition *transition = find_transition(state, kind);
    if (transition->action == NULL)
        return false;
    *next = transition->next;
    return true;
}
#endif

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
    service_list_changed(service->manager);
    service_touch(service);
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
    const struct transition *transition = find_transition(service->state, event->kind);
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
    free(service->pending.items); // events are rare, and services many
    service->pending = (struct service_event_queue){0};
    service->is_handling = false;
}
