// SPDX-License-Identifier: GPL-3.0-or-later
// Actions after exits and failed checks: backoff, shutdown. Declared in services/service_actions_internal.h.
#include "services/service_actions_internal.h"

#include <sys/random.h>

#include "base/log.h"
#include "services/service_changes_internal.h"
#include "services/service_output_internal.h"

static const struct service_event no_event = {.kind = EVENT_NONE};

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
    // In seconds, as Pebble does: the delay is logged, and its last digits come from rounding.
    int64_t whole_s = current_ns / NS_PER_S;
    double seconds = (double)whole_s + (double)(current_ns % NS_PER_S) / (double)NS_PER_S;
    double next_ns = seconds * config->backoff_factor.value * (double)NS_PER_S;
    return next_ns < (double)config->backoff_limit.ns ? (int64_t)next_ns : config->backoff_limit.ns;
}

// Returns an event if max-start-retries are used up.
static struct service_event back_off(struct service *service, const char *reason) {
    int64_t retries_max = service->config->max_start_retries;
    service->backoff_reason = reason;
    if (retries_max > 0 && service->backoff_count >= retries_max)
        return (struct service_event){.kind = EVENT_RETRIES_USED};
    service->backoff_count++;
    service->backoff_ns = next_backoff_ns(service->config, service->backoff_ns);
    char delay[DURATION_TEXT_SIZE];
    duration_format(service->backoff_ns, delay);
    log_notice("Service %s %s action is \"restart\", waiting ~%s before restart (backoff %lld)", service->quoted_name,
               reason, delay, (long long)service->backoff_count);
    service->next_restart_ns = clock_add_ns(service->backoff_ns, jitter_ns(service->backoff_ns));
    timer_start(service->timer, service->next_restart_ns);
    service->next_restart_ns = clock_add_ns(clock_wall_ns(), service->next_restart_ns);
    return no_event;
}

struct service_event action_back_off_again(struct service *service, const struct service_event *event) {
    // The cause may pass: a missing command, or a lack of processes.
    log_notice("%s", error_text(event->err));
    service->exit_code = service_launch_exit_code(event->err);
    return back_off(service, service->backoff_reason);
}

// --- exits ---

static bool is_success(const struct service *service, const struct service_event *event) {
    return service_is_success(service->config, event->exit_code);
}

static const char *exit_reason(const struct service *service, const struct service_event *event) {
    return is_success(service, event) ? "on-success" : "on-failure";
}

static void log_exit(const struct service *service, const struct service_event *event) {
    log_notice("Service %s stopped unexpectedly with code %d", service->quoted_name, event->exit_code);
}

struct service_event action_exit_back_off(struct service *service, const struct service_event *event) {
    log_exit(service, event);
    return back_off(service, exit_reason(service, event));
}

struct service_event action_exit_ignore(struct service *service, const struct service_event *event) {
    log_exit(service, event);
    log_notice("Service %s %s action is \"ignore\", not doing anything further", service->quoted_name,
               exit_reason(service, event));
    if (!is_success(service, event))
        service_note_failure(service, event->exit_code);
    return no_event;
}

// `reason`: the key of the action. What was ended because it was late has failed, whatever its code.
static void shut_down(struct service *service, const char *reason, enum action action, int exit_code) {
    bool is_success = service_is_success(service->config, exit_code) && !service->is_late;
    if (action == ACTION_EXIT) {
        int failure_code = exit_code != 0 ? exit_code : 1;
        int code = is_success ? 0 : failure_code;
        log_notice("Service %s %s action is \"exit\", triggering shutdown with exit code %d", service->quoted_name,
                   reason, code);
        service_request_exit(service->manager, code);
        return;
    }
    bool is_failure = action == ACTION_FAILURE_SHUTDOWN || (action == ACTION_SHUTDOWN && !is_success);
    log_notice("Service %s %s action is \"%s\", triggering %s shutdown", service->quoted_name, reason,
               action_name(action), is_failure ? "failure" : "success");
    service_request_shutdown(service->manager, is_failure ? SHUTDOWN_SERVICE_FAILURE : SHUTDOWN_SUCCESS);
}

struct service_event action_exit_shut_down(struct service *service, const struct service_event *event) {
    log_exit(service, event);
    shut_down(service, exit_reason(service, event), event->action, event->exit_code);
    return no_event;
}

// --- exits before the service is up ---

static void fail_start(struct service *service, const struct service_event *event, const char *how) {
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_INTERNAL, "service start attempt: exited %s with code %d, will %s", how,
                    event->exit_code, action_name(event->action));
    service_add_last_output(service);
    service_finish_start(service, &err);
}

static void fail_early_exit(struct service *service, const struct service_event *event) {
    fail_start(service, event, plan_service_ready(service->config) != NULL ? "before it was ready" : "quickly");
}

struct service_event action_quick_exit_back_off(struct service *service, const struct service_event *event) {
    struct service_event next = action_exit_back_off(service, event);
    fail_early_exit(service, event);
    return next;
}

struct service_event action_quick_exit_ignore(struct service *service, const struct service_event *event) {
    (void)action_exit_ignore(service, event);
    fail_early_exit(service, event);
    return no_event;
}

struct service_event action_quick_exit_shut_down(struct service *service, const struct service_event *event) {
    (void)action_exit_shut_down(service, event);
    fail_early_exit(service, event);
    return no_event;
}

// --- one-shots ---

struct service_event action_complete(struct service *service, const struct service_event *event) {
    log_notice("Service %s completed with code %d", service->quoted_name, event->exit_code);
    if (event->action != ACTION_IGNORE)
        shut_down(service, "on-success", event->action, event->exit_code);
    service_finish_start(service, NULL);
    return no_event;
}

static void fail_oneshot(struct service *service, const struct service_event *event) {
    AUTO_ERROR struct error err = {0};
    service_note_failure(service, event->exit_code);
    if (service->is_late) {
        char limit[DURATION_TEXT_SIZE];
        duration_format(service->config->run_timeout.ns, limit);
        (void)error_set(&err, ERROR_INTERNAL, "service start attempt: timed out after %s, will %s", limit,
                        action_name(event->action));
    } else {
        (void)error_set(&err, ERROR_INTERNAL, "service start attempt: exited with code %d, will %s", event->exit_code,
                        action_name(event->action));
    }
    service_add_last_output(service);
    service_finish_start(service, &err);
}

struct service_event action_fail_oneshot(struct service *service, const struct service_event *event) {
    log_exit(service, event);
    if (event->action != ACTION_IGNORE)
        shut_down(service, "on-failure", event->action, event->exit_code);
    fail_oneshot(service, event);
    return no_event;
}

// Its start tasks wait on.
struct service_event action_retry_oneshot(struct service *service, const struct service_event *event) {
    log_exit(service, event);
    struct service_event next = back_off(service, "on-failure");
    for (size_t i = 0; next.kind == EVENT_NONE && i < service->start_tasks.count; i++)
        task_log_info(service->start_tasks.items[i], "%s, will restart",
                      service->is_late ? "timed out" : "exited with a failure");
    return next;
}

// --- the end of retries ---

struct service_event action_end_retries(struct service *service, const struct service_event *event UNUSED) {
    enum action action = service->config->on_max_start_retries;
    if (action == ACTION_UNSET)
        action = ACTION_IGNORE;
    log_notice("Service %s has reached the maximum start retries (%lld), stopping service", service->quoted_name,
               (long long)service->config->max_start_retries);
    if (action != ACTION_IGNORE)
        shut_down(service, "on-max-start-retries", action, service->exit_code);
    service_note_failure(service, service->exit_code);
    if (service->start_tasks.count > 0)
        fail_oneshot(service, &(const struct service_event){.exit_code = service->exit_code, .action = action});
    return no_event;
}

// --- failed checks ---

static const char check_reason[] = "on-check-failure";

struct service_event action_terminate_to_restart(struct service *service, const struct service_event *event UNUSED) {
    log_notice("Service %s %s action is \"restart\", terminating process before restarting", service->quoted_name,
               check_reason);
    service_terminate(service);
    return no_event;
}

// Also after a service was not ready in time.
struct service_event action_back_off_after_check(struct service *service, const struct service_event *event UNUSED) {
    if (service->is_late) {
        log_notice("Service %s exited after it was not ready in time, restarting", service->quoted_name);
        return back_off(service, "on-failure");
    }
    log_notice("Service %s exited after check failure, restarting", service->quoted_name);
    return back_off(service, check_reason);
}

struct service_event action_check_back_off(struct service *service, const struct service_event *event UNUSED) {
    return back_off(service, check_reason);
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
