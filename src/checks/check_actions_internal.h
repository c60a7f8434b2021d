// SPDX-License-Identifier: GPL-3.0-or-later
// Private to checks/: the actions of transitions. The check is in the next state already when an action is called.
#pragma once

#include "checks/check_machine_internal.h"

// Returns an event that is handled next, or EVENT_NONE.
typedef enum check_event_kind (*check_action_fn)(struct check *check);

enum check_event_kind action_start(struct check *check);
enum check_event_kind action_stop(struct check *check);
enum check_event_kind action_stop_before_begin(struct check *check);
enum check_event_kind action_wait(struct check *check);
enum check_event_kind action_note_due(struct check *check);
enum check_event_kind action_probe(struct check *check);
enum check_event_kind action_refresh(struct check *check);
enum check_event_kind action_refresh_inactive(struct check *check);
enum check_event_kind action_drop_probe(struct check *check);
enum check_event_kind action_report(struct check *check);
enum check_event_kind action_count_success(struct check *check);
enum check_event_kind action_count_failure(struct check *check);
enum check_event_kind action_fall(struct check *check);
enum check_event_kind action_recover(struct check *check);
