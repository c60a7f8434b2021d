// SPDX-License-Identifier: GPL-3.0-or-later
#include "checks/check_machine_internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "checks/check_actions_internal.h"

// The next state is entered before the action is called. An event without an action is ignored in that state. An action
// may return a further event.
struct check_rule {
    check_action_fn action;
    enum check_state next;
};

static const struct check_rule transitions[CHECK_STATES][EVENT_KINDS] =
    {
        [CHECK_INACTIVE] =
            {
                [EVENT_START] = {action_start, CHECK_UP_STARTING},
                [EVENT_REFRESH] = {action_refresh_inactive, CHECK_INACTIVE_PROBING},
            },
        [CHECK_INACTIVE_PROBING] =
            {
                [EVENT_START] = {action_start, CHECK_UP_STARTING},
                [EVENT_UNWANTED] = {action_drop_probe, CHECK_INACTIVE},
                [EVENT_PASSED] = {action_report, CHECK_INACTIVE},
                [EVENT_FAILED] = {action_report, CHECK_INACTIVE},
            },
        [CHECK_UP_STARTING] =
            {
                [EVENT_STOP] = {action_stop_before_begin, CHECK_INACTIVE},
                [EVENT_BEGUN] = {action_wait, CHECK_UP_WAITING},
                [EVENT_DUE] = {action_note_due, CHECK_UP_STARTING},
            },
        [CHECK_UP_WAITING] =
            {
                [EVENT_STOP] = {action_stop, CHECK_INACTIVE},
                [EVENT_DUE] = {action_probe, CHECK_UP_PROBING},
                [EVENT_REFRESH] = {action_refresh, CHECK_UP_PROBING},
            },
        [CHECK_UP_PROBING] =
            {
                [EVENT_STOP] = {action_stop, CHECK_INACTIVE},
                [EVENT_DUE] = {action_note_due, CHECK_UP_PROBING},
                [EVENT_PASSED] = {action_count_success, CHECK_UP_WAITING},
                [EVENT_FAILED] = {action_count_failure, CHECK_UP_WAITING},
                [EVENT_FELL] = {action_fall, CHECK_DOWN_STARTING},
            },
        [CHECK_DOWN_STARTING] =
            {
                [EVENT_STOP] = {action_stop_before_begin, CHECK_INACTIVE},
                [EVENT_BEGUN] = {action_wait, CHECK_DOWN_WAITING},
                [EVENT_DUE] = {action_note_due, CHECK_DOWN_STARTING},
            },
        [CHECK_DOWN_WAITING] =
            {
                [EVENT_STOP] = {action_stop, CHECK_INACTIVE},
                [EVENT_DUE] = {action_probe, CHECK_DOWN_PROBING},
                [EVENT_REFRESH] = {action_refresh, CHECK_DOWN_PROBING},
            },
        [CHECK_DOWN_PROBING] =
            {
                [EVENT_STOP] = {action_stop, CHECK_INACTIVE},
                [EVENT_DUE] = {action_note_due, CHECK_DOWN_PROBING},
                [EVENT_PASSED] = {action_recover, CHECK_UP_STARTING},
                [EVENT_FAILED] = {action_count_failure, CHECK_DOWN_WAITING},
            },
};

#ifdef PEBBLE_TEST_SEAMS
bool check_transition(enum check_state state, enum check_event_kind kind, enum check_state *next) {
    if (transitions[state][kind].action == NULL)
        return false;
    *next = transitions[state][kind].next;
    return true;
}
#endif

// --- the state ---

static void set_state(struct check *check, enum check_state next) {
    if (check->state == next)
        return;
    log_debug("Check %s goes from %s to %s", check->quoted_name, check_state_name(check->state),
              check_state_name(next));
    check->manager->down_count -= check_is_down(check);
    check->state = next;
    check->manager->down_count += check_is_down(check);
}

// --- events ---

static void queue_add(struct check_event_queue *queue, enum check_event_kind kind) {
    queue->kinds = memory_grow(queue->kinds, &queue->capacity, queue->count + 1, sizeof *queue->kinds);
    queue->kinds[queue->count++] = kind;
}

static void handle_one(struct check *check, enum check_event_kind kind) {
    const struct check_rule *transition = &transitions[check->state][kind];
    if (transition->action == NULL)
        return;
    set_state(check, transition->next);
    enum check_event_kind next = transition->action(check);
    if (next != EVENT_NONE)
        queue_add(&check->pending, next);
}

void check_handle(struct check *check, enum check_event_kind kind) {
    queue_add(&check->pending, kind);
    if (check->is_handling)
        return;
    check->is_handling = true;
    for (size_t i = 0; i < check->pending.count; i++)
        handle_one(check, check->pending.kinds[i]);
    check->pending.count = 0;
    check->is_handling = false;
}
