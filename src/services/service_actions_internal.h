// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: what is done on the way from one state to the next. The service is in the next state already.
#pragma once

#include "services/service_machine_internal.h"

// Returns an event that follows at once, or one of EVENT_NONE.
typedef struct service_event (*service_action_fn)(struct service *service, const struct service_event *event);

struct service_event action_launch(struct service *service, const struct service_event *event);
struct service_event action_open_window(struct service *service, const struct service_event *event);
struct service_event action_note_launch(struct service *service, const struct service_event *event);
struct service_event action_fail_launch(struct service *service, const struct service_event *event);
struct service_event action_call_off_launch(struct service *service, const struct service_event *event);
struct service_event action_abort_launch(struct service *service, const struct service_event *event);
struct service_event action_refuse_start(struct service *service, const struct service_event *event);
struct service_event action_finish_start(struct service *service, const struct service_event *event);
struct service_event action_quick_exit_back_off(struct service *service, const struct service_event *event);
struct service_event action_quick_exit_ignore(struct service *service, const struct service_event *event);
struct service_event action_quick_exit_shut_down(struct service *service, const struct service_event *event);
struct service_event action_exit_back_off(struct service *service, const struct service_event *event);
struct service_event action_exit_ignore(struct service *service, const struct service_event *event);
struct service_event action_exit_shut_down(struct service *service, const struct service_event *event);
struct service_event action_stop_in_window(struct service *service, const struct service_event *event);
struct service_event action_abort_start(struct service *service, const struct service_event *event);
struct service_event action_terminate(struct service *service, const struct service_event *event);
struct service_event action_terminate_to_restart(struct service *service, const struct service_event *event);
struct service_event action_kill(struct service *service, const struct service_event *event);
struct service_event action_finish_stop(struct service *service, const struct service_event *event);
struct service_event action_join_stop(struct service *service, const struct service_event *event);
struct service_event action_give_up(struct service *service, const struct service_event *event);
struct service_event action_finish_stop_task(struct service *service, const struct service_event *event);
struct service_event action_stop_in_backoff(struct service *service, const struct service_event *event);
struct service_event action_relaunch(struct service *service, const struct service_event *event);
struct service_event action_adopt_launch(struct service *service, const struct service_event *event);
struct service_event action_back_off_again(struct service *service, const struct service_event *event);
struct service_event action_back_off_after_check(struct service *service, const struct service_event *event);
struct service_event action_check_back_off(struct service *service, const struct service_event *event);
struct service_event action_check_in_backoff(struct service *service, const struct service_event *event);
struct service_event action_check_shut_down(struct service *service, const struct service_event *event);
struct service_event action_reset_backoff(struct service *service, const struct service_event *event);
