// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: the actions of transitions. The service is in the next state already when an action is called.
#pragma once

#include "services/service_process_internal.h"

// Returns an event that is handled next, or one of EVENT_NONE.
typedef struct service_event (*service_action_fn)(struct service *service, const struct service_event *event);

struct service_event action_begin_wait(struct service *service, const struct service_event *event);
struct service_event action_join_start(struct service *service, const struct service_event *event);
struct service_event action_fail_wait(struct service *service, const struct service_event *event);
struct service_event action_end_wait(struct service *service, const struct service_event *event);
struct service_event action_stop_wait(struct service *service, const struct service_event *event);
struct service_event action_abort_wait(struct service *service, const struct service_event *event);
struct service_event action_launch_after_wait(struct service *service, const struct service_event *event);
struct service_event action_await_ready(struct service *service, const struct service_event *event);
struct service_event action_become_ready(struct service *service, const struct service_event *event);
struct service_event action_become_unready(struct service *service, const struct service_event *event);
struct service_event action_late_restart(struct service *service, const struct service_event *event);
struct service_event action_late_ignore(struct service *service, const struct service_event *event);
struct service_event action_late_shut_down(struct service *service, const struct service_event *event);
struct service_event action_begin_work(struct service *service, const struct service_event *event);
struct service_event action_end_work(struct service *service, const struct service_event *event);
struct service_event action_stop_late(struct service *service, const struct service_event *event);
struct service_event action_abort_in_backoff(struct service *service, const struct service_event *event);
struct service_event action_complete(struct service *service, const struct service_event *event);
struct service_event action_fail_oneshot(struct service *service, const struct service_event *event);
struct service_event action_retry_oneshot(struct service *service, const struct service_event *event);
struct service_event action_end_retries(struct service *service, const struct service_event *event);
struct service_event action_launch(struct service *service, const struct service_event *event);
struct service_event action_open_window(struct service *service, const struct service_event *event);
struct service_event action_count_launch(struct service *service, const struct service_event *event);
struct service_event action_resume(struct service *service, const struct service_event *event);
struct service_event action_end_window(struct service *service, const struct service_event *event);
struct service_event action_fail_launch(struct service *service, const struct service_event *event);
struct service_event action_cancel_launch(struct service *service, const struct service_event *event);
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
struct service_event action_end_leftovers(struct service *service, const struct service_event *event);
struct service_event action_start_beside_leftovers(struct service *service, const struct service_event *event);
struct service_event action_back_off_after_leftovers(struct service *service, const struct service_event *event);
struct service_event action_complete_after_leftovers(struct service *service, const struct service_event *event);
struct service_event action_fail_after_leftovers(struct service *service, const struct service_event *event);
struct service_event action_shut_down_after_leftovers(struct service *service, const struct service_event *event);
struct service_event action_stop_leftovers(struct service *service, const struct service_event *event);
struct service_event action_give_up_leftovers(struct service *service, const struct service_event *event);
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
