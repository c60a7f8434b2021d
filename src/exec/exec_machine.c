// SPDX-License-Identifier: GPL-3.0-or-later
#include "exec/exec_machine_internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "exec/exec_actions_internal.h"

// The next state is entered before the action is called. An event without an action is ignored in that state. An action
// may return a further event.
struct exec_rule {
    exec_action_fn action;
    enum exec_state next;
};

static const struct exec_rule rules[EXEC_STATES][EVENT_KINDS] =
    {
        [EXEC_CREATED] =
            {
                [EVENT_BEGIN] = {exec_action_connect, EXEC_CONNECTING},
                [EVENT_DROP] = {exec_action_drop, EXEC_OVER},
                [EVENT_STOP] = {exec_action_drop, EXEC_OVER},
            },
        [EXEC_CONNECTING] =
            {
                [EVENT_CONNECTED] = {exec_action_launch, EXEC_LAUNCHING},
                [EVENT_WAIT_OVER] = {exec_action_time_out, EXEC_OVER},
                [EVENT_ABORT] = {exec_action_cancel, EXEC_OVER},
                [EVENT_STOP] = {exec_action_cancel, EXEC_OVER},
            },
        [EXEC_LAUNCHING] =
            {
                [EVENT_LAUNCHED] = {exec_action_run, EXEC_RUNNING},
                [EVENT_LAUNCH_FAILED] = {exec_action_send_end, EXEC_SENDING},
                [EVENT_ABORT] = {exec_action_cancel_launch, EXEC_SENDING},
                [EVENT_STOP] = {exec_action_stop_launch, EXEC_OVER},
            },
        [EXEC_RUNNING] =
            {
                [EVENT_EXITED] = {exec_action_drain, EXEC_DRAINING},
                [EVENT_CONTROL_LOST] = {exec_action_kill, EXEC_RUNNING},
                [EVENT_ABORT] = {exec_action_kill, EXEC_RUNNING},
                [EVENT_STOP] = {exec_action_kill, EXEC_STOPPING},
            },
        [EXEC_STOPPING] =
            {
                [EVENT_EXITED] = {exec_action_give_up_output, EXEC_OVER},
            },
        [EXEC_DRAINING] =
            {
                [EVENT_OUTPUT_ENDED] = {exec_action_send_end, EXEC_SENDING},
                [EVENT_WAIT_OVER] = {exec_action_give_up_output, EXEC_OVER},
                [EVENT_ABORT] = {exec_action_give_up_output, EXEC_OVER},
                [EVENT_STOP] = {exec_action_give_up_output, EXEC_OVER},
            },
        [EXEC_SENDING] =
            {
                [EVENT_SENT] = {exec_action_finish, EXEC_OVER},
                [EVENT_WAIT_OVER] = {exec_action_finish, EXEC_OVER},
                [EVENT_ABORT] = {exec_action_finish, EXEC_OVER},
                [EVENT_STOP] = {exec_action_finish, EXEC_OVER},
            },
};

#ifdef PEBBLE_TEST_SEAMS
bool exec_transition(enum exec_state state, enum exec_event_kind kind, enum exec_state *next) {
    if (rules[state][kind].action == NULL)
        return false;
    *next = rules[state][kind].next;
    return true;
}
#endif

const char *exec_state_name(enum exec_state state) {
    static const char *const names[EXEC_STATES] = {
        [EXEC_CREATED] = "created",     [EXEC_CONNECTING] = "connecting",
        [EXEC_LAUNCHING] = "launching", [EXEC_RUNNING] = "running",
        [EXEC_STOPPING] = "stopping",   [EXEC_DRAINING] = "draining",
        [EXEC_SENDING] = "sending",     [EXEC_OVER] = "over",
    };
    return names[state];
}

static void set_state(struct exec *exec, enum exec_state next) {
    if (exec->state == next)
        return;
    log_debug("Exec %s goes from %s to %s", exec->id, exec_state_name(exec->state), exec_state_name(next));
    exec->state = next;
}

// --- events ---

static void queue_add(struct exec_event_queue *queue, enum exec_event_kind kind) {
    queue->kinds = memory_grow(queue->kinds, &queue->capacity, queue->count + 1, sizeof *queue->kinds);
    queue->kinds[queue->count++] = (int)kind;
}

static void handle_one(struct exec *exec, enum exec_event_kind kind) {
    const struct exec_rule *rule = &rules[exec->state][kind];
    if (rule->action == NULL)
        return;
    set_state(exec, rule->next);
    enum exec_event_kind next = rule->action(exec);
    if (next != EVENT_NONE)
        queue_add(&exec->pending, next);
}

void exec_handle(struct exec *exec, enum exec_event_kind kind) {
    queue_add(&exec->pending, kind);
    if (exec->is_handling)
        return;
    exec->is_handling = true;
    for (size_t i = 0; i < exec->pending.count; i++)
        handle_one(exec, (enum exec_event_kind)exec->pending.kinds[i]);
    exec->pending.count = 0;
    exec->is_handling = false;
}
