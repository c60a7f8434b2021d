// SPDX-License-Identifier: GPL-3.0-or-later
// Private to exec/: the actions of the state machine. Each may return a further event, or EVENT_NONE.
#pragma once

#include "exec/exec_machine_internal.h"

typedef enum exec_event_kind (*exec_action_fn)(struct exec *exec);

enum exec_event_kind exec_action_connect(struct exec *exec);        // waits for the sessions
enum exec_event_kind exec_action_time_out(struct exec *exec);       // fails, as they have not come
enum exec_event_kind exec_action_launch(struct exec *exec);         // starts the job
enum exec_event_kind exec_action_cancel(struct exec *exec);         // fails before the launch
enum exec_event_kind exec_action_cancel_launch(struct exec *exec);  // fails, and marks the end of the output
enum exec_event_kind exec_action_stop_launch(struct exec *exec);    // fails at once
enum exec_event_kind exec_action_run(struct exec *exec);            // connects the process with the sessions
enum exec_event_kind exec_action_kill(struct exec *exec);           // SIGKILL
enum exec_event_kind exec_action_drain(struct exec *exec);          // the process needs no input any more
enum exec_event_kind exec_action_send_end(struct exec *exec);       // marks the end of the output
enum exec_event_kind exec_action_finish(struct exec *exec);         // ends the task
enum exec_event_kind exec_action_give_up_output(struct exec *exec); // ends the task without the rest of the output
enum exec_event_kind exec_action_drop(struct exec *exec);           // leaves the task alone
