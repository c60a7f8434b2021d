// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_actions_internal.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/memory.h"
#include "services/service_changes_internal.h"
#include "services/service_output_internal.h"

#define START_WINDOW_NS NS_PER_S
#define KILL_LIMIT_NS (5 * NS_PER_S) // for SIGKILL to take effect

static const struct service_event no_event = {.kind = EVENT_NONE};

static void finish_start(struct service *service, struct error *err) {
    struct task *task = TAKE(service->start_task);
    if (task != NULL)
        task_finish(task, err);
}

// A listener of a task that is finished here may make further requests, which add to stop_tasks.
static void finish_stops(struct service *service, const struct error *err) {
    AUTO_TASK_ARRAY struct task_array tasks = service->stop_tasks;
    service->stop_tasks = (struct task_array){0};
    for (size_t i = 0; i < tasks.count; i++) {
        AUTO_ERROR struct error copy = {0};
        if (err != NULL)
            (void)error_set(&copy, err->kind, "%s", error_text(err));
        task_finish(tasks.items[i], &copy);
    }
}

static void abandon_process(struct service *service) {
    service->manager->spec.launcher.abandon(service->process);
    service->process = NULL;
    timer_stop(service->reset_timer);
}

// --- launching ---

static bool start_process(struct service *service, struct error *err) {
    const struct service_launcher *launcher = &service->manager->spec.launcher;
    const struct service_process_spec spec = {
        .config = service->config,
        .workload = service->workload,
        .output = service_output_sink(service),
        // Shorter than the kill-delay, so that the wait is over before SIGKILL is sent.
        .output_wait_ns = service_kill_delay_ns(service) / 10 * 9,
    };
    if (!launcher->start(launcher, &spec, service->process_handlers, service, &service->process, err))
        return false;
    ring_begin_run(service->ring);
    return true;
}

static struct service_event launch(struct service *service) {
    struct error *err = memory_new(sizeof *err);
    if (!start_process(service, err))
        return (struct service_event){.kind = EVENT_LAUNCH_FAILED, .err = err};
    free(err);
    return no_event;
}

static void reset_backoff(struct service *service) {
    service->backoff_count = 0;
    service->backoff_ns = 0;
}

struct service_event action_launch(struct service *service, const struct service_event *event) {
    service->start_task = event->task;
    reset_backoff(service);
    return launch(service);
}

struct service_event action_relaunch(struct service *service, const struct service_event *event UNUSED) {
    return launch(service);
}

struct service_event action_adopt_launch(struct service *service, const struct service_event *event) {
    service->start_task = event->task;
    reset_backoff(service);
    return no_event;
}

struct service_event action_count_launch(struct service *service, const struct service_event *event UNUSED) {
    service->start_count++;
    timer_start(service->reset_timer, service->config->backoff_limit.ns);
    return no_event;
}

struct service_event action_open_window(struct service *service, const struct service_event *event) {
    timer_start(service->timer, START_WINDOW_NS);
    return action_count_launch(service, event);
}

struct service_event action_fail_launch(struct service *service, const struct service_event *event) {
    service_stamp(service); // a failed start counts as a change of status
    finish_start(service, event->err);
    return no_event;
}

struct service_event action_finish_start(struct service *service, const struct service_event *event UNUSED) {
    finish_start(service, NULL);
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
    (void)error_set(&err, ERROR_INTERNAL, "service start attempt: stopped before the 1s okay delay");
    finish_start(service, &err);
}

struct service_event action_cancel_launch(struct service *service, const struct service_event *event) {
    abandon_process(service);
    service_stamp(service);
    fail_stopped_start(service);
    task_finish(event->task, NULL);
    return no_event;
}

struct service_event action_abort_launch(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_CANCELLED, "start aborted before the process was started");
    abandon_process(service);
    service_stamp(service);
    finish_start(service, &err);
    return no_event;
}

struct service_event action_abort_start(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    AUTO_ERROR struct error reason = {0};
    if (service->manager->spec.launcher.signal_group(service->process, SIGKILL, &reason))
        (void)error_set(&err, ERROR_CANCELLED, "start aborted, sent SIGKILL to process");
    else
        (void)error_set(&err, ERROR_CANCELLED, "start aborted, but cannot send SIGKILL to process: %s",
                        error_text(&reason));
    abandon_process(service);
    finish_start(service, &err);
    return no_event;
}

// --- stopping ---

static void send_signal(struct service *service, int number, const char *name) {
    AUTO_ERROR struct error err = {0};
    log_debug("Service %s gets %s", service->quoted_name, name);
    if (!service->manager->spec.launcher.signal_group(service->process, number, &err))
        log_notice("Cannot send %s to process: %s", name, error_text(&err));
}

static void terminate(struct service *service) {
    send_signal(service, SIGTERM, "SIGTERM");
    timer_start(service->timer, service_kill_delay_ns(service));
}

struct service_event action_terminate(struct service *service, const struct service_event *event) {
    task_array_add(&service->stop_tasks, event->task);
    terminate(service);
    return no_event;
}

struct service_event action_stop_in_window(struct service *service, const struct service_event *event) {
    task_array_add(&service->stop_tasks, event->task);
    service_add_last_output(service, service->start_task);
    fail_stopped_start(service);
    terminate(service);
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
    abandon_process(service);
    log_notice("Service %s stopped while waiting for backoff", service->quoted_name);
    task_finish(event->task, NULL);
    return no_event;
}

struct service_event action_kill(struct service *service, const struct service_event *event UNUSED) {
    send_signal(service, SIGKILL, "SIGKILL");
    timer_start(service->timer, KILL_LIMIT_NS);
    return no_event;
}

struct service_event action_give_up(struct service *service, const struct service_event *event UNUSED) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_INTERNAL, "cannot stop service: process still running after SIGTERM and SIGKILL");
    log_notice("Service %s still running after SIGTERM and SIGKILL", service->quoted_name);
    abandon_process(service);
    finish_stops(service, &err);
    return no_event;
}

struct service_event action_finish_stop(struct service *service, const struct service_event *event UNUSED) {
    log_notice("Service %s stopped", service->quoted_name);
    finish_stops(service, NULL);
    return no_event;
}

// --- backoff ---

// 0 to 10 % of the delay, so that services that ended at the same time are not started at the same time.
static int64_t jitter_ns(int64_t delay_ns) {
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        return 0;
    return (int64_t)((double)delay_ns * 0.1 * ((double)random / (double)UINT32_MAX));
}

static int64_t next_backoff_ns(const struct plan_service *config, int64_t current_ns) {
    if (current_ns == 0)
        return config->backoff_delay.ns;
    if (current_ns >= config->backoff_limit.ns)
        return config->backoff_limit.ns;
    double next_ns = (double)current_ns * config->backoff_factor.value;
    return next_ns < (double)config->backoff_limit.ns ? (int64_t)next_ns : config->backoff_limit.ns;
}

static void back_off(struct service *service, const char *reason) {
    service->backoff_count++;
    service->backoff_ns = next_backoff_ns(service->config, service->backoff_ns);
    service->backoff_reason = reason;
    char delay[DURATION_TEXT_SIZE];
    duration_format(service->backoff_ns, delay);
    log_notice("Service %s %s action is \"restart\", waiting ~%s before restart (backoff %lld)", service->quoted_name,
               reason, delay, (long long)service->backoff_count);
    timer_start(service->timer, clock_add_ns(service->backoff_ns, jitter_ns(service->backoff_ns)));
}

struct service_event action_back_off_again(struct service *service, const struct service_event *event) {
    // The cause may pass: a missing command, or a lack of processes.
    log_notice("%s", error_text(event->err));
    back_off(service, service->backoff_reason);
    return no_event;
}

struct service_event action_reset_backoff(struct service *service, const struct service_event *event UNUSED) {
    log_debug("Service %s has been running for its backoff-limit, backoff is reset", service->quoted_name);
    reset_backoff(service);
    return no_event;
}

// --- exits ---

static const char *exit_reason(const struct service_event *event) {
    return event->exit_code == 0 ? "on-success" : "on-failure";
}

static void log_exit(const struct service *service, const struct service_event *event) {
    log_notice("Service %s stopped unexpectedly with code %d", service->quoted_name, event->exit_code);
}

struct service_event action_exit_back_off(struct service *service, const struct service_event *event) {
    log_exit(service, event);
    back_off(service, exit_reason(event));
    return no_event;
}

struct service_event action_exit_ignore(struct service *service, const struct service_event *event) {
    log_exit(service, event);
    log_notice("Service %s %s action is \"ignore\", not doing anything further", service->quoted_name,
               exit_reason(event));
    return no_event;
}

struct service_event action_exit_shut_down(struct service *service, const struct service_event *event) {
    bool is_failure =
        event->action == ACTION_FAILURE_SHUTDOWN || (event->action == ACTION_SHUTDOWN && event->exit_code != 0);
    log_exit(service, event);
    log_notice("Service %s %s action is \"%s\", triggering %s shutdown", service->quoted_name, exit_reason(event),
               action_name(event->action), is_failure ? "failure" : "success");
    service_request_shutdown(service->manager, is_failure ? SHUTDOWN_SERVICE_FAILURE : SHUTDOWN_SUCCESS);
    return no_event;
}

static struct service_event fail_quick_start(struct service *service, const struct service_event *event) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_INTERNAL, "service start attempt: exited quickly with code %d, will %s",
                    event->exit_code, action_name(event->action));
    service_add_last_output(service, service->start_task);
    finish_start(service, &err);
    return no_event;
}

struct service_event action_quick_exit_back_off(struct service *service, const struct service_event *event) {
    (void)action_exit_back_off(service, event);
    return fail_quick_start(service, event);
}

struct service_event action_quick_exit_ignore(struct service *service, const struct service_event *event) {
    (void)action_exit_ignore(service, event);
    return fail_quick_start(service, event);
}

struct service_event action_quick_exit_shut_down(struct service *service, const struct service_event *event) {
    (void)action_exit_shut_down(service, event);
    return fail_quick_start(service, event);
}

// --- failed checks ---

static const char check_reason[] = "on-check-failure";

struct service_event action_terminate_to_restart(struct service *service, const struct service_event *event UNUSED) {
    log_notice("Service %s %s action is \"restart\", terminating process before restarting", service->quoted_name,
               check_reason);
    terminate(service);
    return no_event;
}

struct service_event action_back_off_after_check(struct service *service, const struct service_event *event UNUSED) {
    log_notice("Service %s exited after check failure, restarting", service->quoted_name);
    back_off(service, check_reason);
    return no_event;
}

struct service_event action_check_back_off(struct service *service, const struct service_event *event UNUSED) {
    back_off(service, check_reason);
    return no_event;
}

struct service_event action_check_in_backoff(struct service *service, const struct service_event *event UNUSED) {
    log_notice("Service %s %s action is \"restart\", waiting for current backoff", service->quoted_name, check_reason);
    return no_event;
}

struct service_event action_check_shut_down(struct service *service, const struct service_event *event) {
    bool is_failure = event->action == ACTION_SHUTDOWN;
    log_notice("Service %s %s action is \"%s\", triggering %s shutdown", service->quoted_name, check_reason,
               action_name(event->action), is_failure ? "failure" : "success");
    service_request_shutdown(service->manager, is_failure ? SHUTDOWN_CHECK_FAILURE : SHUTDOWN_SUCCESS);
    return no_event;
}
