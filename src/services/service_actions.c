// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_actions_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/signal_names.h"
#include "services/service_changes_internal.h"
#include "services/service_output_internal.h"
#include "services/service_wait_internal.h"

#define START_WINDOW_NS NS_PER_S

static const struct service_event no_event = {.kind = EVENT_NONE};

// --- launching ---

static void reset_backoff(struct service *service) {
    service->backoff_count = 0;
    service->backoff_ns = 0;
}

struct service_event action_launch(struct service *service, const struct service_event *event) {
    task_array_add(&service->start_tasks, event->task);
    reset_backoff(service);
    return service_launch(service);
}

struct service_event action_launch_after_wait(struct service *service, const struct service_event *event UNUSED) {
    for (size_t i = 0; i < service->start_tasks.count; i++)
        service_mark_started(service->start_tasks.items[i]);
    reset_backoff(service);
    return service_launch(service);
}

struct service_event action_relaunch(struct service *service, const struct service_event *event UNUSED) {
    return service_launch(service);
}

struct service_event action_adopt_launch(struct service *service, const struct service_event *event) {
    task_array_add(&service->start_tasks, event->task);
    reset_backoff(service);
    return no_event;
}

struct service_event action_reset_backoff(struct service *service, const struct service_event *event UNUSED) {
    log_debug("Service %s has been running for its backoff-limit, backoff is reset", service->quoted_name);
    reset_backoff(service);
    service_scan_tree(service);
    return no_event;
}

struct service_event action_count_launch(struct service *service, const struct service_event *event UNUSED) {
    service->start_count++;
    timer_start(service->reset_timer, service->config->backoff_limit.ns);
    return no_event;
}

// Whoever waits for it to be started waits for a second more, as at a start: it may fail again at once.
struct service_event action_resume(struct service *service, const struct service_event *event) {
    timer_start(service->timer, START_WINDOW_NS);
    service_finish_start(service, NULL); // of a one-shot that was retried, and is none by now
    return action_count_launch(service, event);
}

struct service_event action_end_window(struct service *service, const struct service_event *event UNUSED) {
    service_touch(service);
    service_changed(service, service->state);
    return no_event;
}

struct service_event action_open_window(struct service *service, const struct service_event *event) {
    timer_start(service->timer, START_WINDOW_NS);
    return action_count_launch(service, event);
}

struct service_event action_fail_launch(struct service *service, const struct service_event *event) {
    int exit_code = service_launch_exit_code(event->err);
    service_stamp(service); // a failed start counts as a change of status
    service_note_failure(service, exit_code);
    if (service->config->on_failure == ACTION_EXIT)
        service_request_exit(service->manager, exit_code);
    service_finish_start(service, event->err);
    return no_event;
}

struct service_event action_finish_start(struct service *service, const struct service_event *event UNUSED) {
    service_scan_tree(service);
    service_finish_start(service, NULL);
    return no_event;
}

struct service_event action_refuse_start(struct service *service, const struct service_event *event) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_INTERNAL, "cannot start service while %s", service_state_name(service->state));
    task_finish(event->task, &err);
    return no_event;
}

// --- starts that are cancelled ---

static void fail_stopped_start(struct service *service) {
    AUTO_ERROR struct error err = {0};
    const char *moment = plan_service_is_oneshot(service->config)      ? "it completed"
                         : plan_service_ready(service->config) != NULL ? "it was ready"
                                                                       : "the 1s okay delay";
    (void)error_set(&err, ERROR_INTERNAL, "service start attempt: stopped before %s", moment);
    service_finish_start(service, &err);
}

struct service_event action_cancel_launch(struct service *service, const struct service_event *event) {
    service_abandon_process(service);
    service_stamp(service);
    fail_stopped_start(service);
    task_finish(event->task, NULL);
    return no_event;
}

struct service_event action_abort_launch(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_CANCELLED, "start aborted before the process was started");
    service_abandon_process(service);
    service_stamp(service);
    service_finish_start(service, &err);
    return no_event;
}

struct service_event action_abort_start(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    AUTO_ERROR struct error reason = {0};
    if (service_signal_all(service, SIGKILL, &reason))
        (void)error_set(&err, ERROR_CANCELLED, "start aborted, sent SIGKILL to process");
    else
        (void)error_set(&err, ERROR_CANCELLED, "start aborted, but cannot send SIGKILL to process: %s",
                        error_text(&reason));
    service_abandon_process(service);
    service_finish_start(service, &err);
    return no_event;
}

// --- stopping ---

struct service_event action_terminate(struct service *service, const struct service_event *event) {
    task_array_add(&service->stop_tasks, event->task);
    service_terminate(service);
    return no_event;
}

struct service_event action_stop_in_window(struct service *service, const struct service_event *event) {
    task_array_add(&service->stop_tasks, event->task);
    service_add_last_output(service);
    fail_stopped_start(service);
    service_terminate(service);
    return no_event;
}

struct service_event action_join_stop(struct service *service, const struct service_event *event) {
    task_array_add(&service->stop_tasks, event->task);
    return no_event;
}

struct service_event action_finish_stop_task(struct service *service UNUSED, const struct service_event *event) {
    task_finish(event->task, NULL);
    return no_event;
}

struct service_event action_stop_in_backoff(struct service *service, const struct service_event *event) {
    service_abandon_process(service);
    log_notice("Service %s stopped while waiting for backoff", service->quoted_name);
    if (service->start_tasks.count > 0)
        fail_stopped_start(service);
    task_finish(event->task, NULL);
    return no_event;
}

// It has been told to end already.
struct service_event action_stop_late(struct service *service, const struct service_event *event) {
    task_array_add(&service->stop_tasks, event->task);
    fail_stopped_start(service);
    return no_event;
}

struct service_event action_abort_in_backoff(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_CANCELLED, "start aborted while waiting for backoff");
    service_abandon_process(service);
    service_finish_start(service, &err);
    return no_event;
}

static void announce_kill(const struct service *service) {
    char delay[DURATION_TEXT_SIZE];
    duration_format(service_kill_delay_ns(service), delay);
    const char *name = service->config->stop_signal;
    log_notice("Service %s still running %s after %s, sending SIGKILL", service->quoted_name, delay,
               text_is_empty(name) ? "SIGTERM" : name);
}

struct service_event action_kill(struct service *service, const struct service_event *event UNUSED) {
    announce_kill(service);
    service->was_killed = true;
    service_send_signal(service, SIGKILL, "SIGKILL");
    timer_start(service->timer, SERVICE_KILL_LIMIT_NS);
    return no_event;
}

struct service_event action_give_up(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_INTERNAL, "cannot stop service: process still running after SIGTERM and SIGKILL");
    log_notice("Service %s still running after SIGTERM and SIGKILL", service->quoted_name);
    service->was_killed = false;
    service_abandon_process(service);
    service_finish_start(service, &err);
    service_finish_stops(service, &err);
    return no_event;
}

struct service_event action_finish_stop(struct service *service, const struct service_event *event UNUSED) {
    log_notice("Service %s stopped", service->quoted_name);
    service_finish_stops(service, NULL);
    return no_event;
}
