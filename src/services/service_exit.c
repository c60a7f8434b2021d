// SPDX-License-Identifier: GPL-3.0-or-later
// What follows from the end of a service's process.
#include "services/service_internal.h"

#include <sys/random.h>

#include "base/log.h"
#include "base/memory.h"
#include "services/service_exit_internal.h"

#define LAST_OUTPUT_LINES 20

void service_add_last_output(struct service *service) {
    if (service->start_task == NULL)
        return;
    AUTO_TEXT_LIST struct text_list lines = {0};
    bool has_more = ring_last_lines(service->ring, LAST_OUTPUT_LINES, &lines);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (has_more)
        buffer_add_string(&text, "\n    (...)");
    for (size_t i = 0; i < lines.count; i++)
        buffer_printf(&text, "\n    %s", lines.items[i]);
    if (lines.count == 0)
        buffer_add_string(&text, "\n    ");
    task_log_info(service->start_task, "Most recent service output:%s", buffer_text(&text));
}

// 0 to 10 % of the delay, so that services that fell together do not rise together.
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

void service_back_off(struct service *service, const char *reason) {
    service->backoff_count++;
    service->backoff_ns = next_backoff_ns(service->config, service->backoff_ns);
    service->backoff_reason = reason;
    char delay[DURATION_TEXT_SIZE];
    duration_format(service->backoff_ns, delay);
    log_notice("Service %s %s action is \"restart\", waiting ~%s before restart (backoff %lld)", service->quoted_name,
               reason, delay, (long long)service->backoff_count);
    service_set_state(service, STATE_BACKOFF);
    int64_t wait_ns;
    if (__builtin_add_overflow(service->backoff_ns, jitter_ns(service->backoff_ns), &wait_ns))
        wait_ns = INT64_MAX;
    timer_start(service->timer, wait_ns);
}

static void shut_down(struct service *service, enum action action, const char *reason, bool is_failure) {
    enum shutdown_kind kind = is_failure ? SHUTDOWN_SERVICE_FAILURE : SHUTDOWN_SUCCESS;
    log_notice("Service %s %s action is \"%s\", triggering %s shutdown", service->quoted_name, reason,
               action_name(action), is_failure ? "failure" : "success");
    service_set_state(service, STATE_EXITED);
    event_emit(&service->manager->shutdown_wanted, &kind);
}

static void act_on_exit(struct service *service, int exit_code, enum action action) {
    const char *reason = exit_code == 0 ? "on-success" : "on-failure";
    log_notice("Service %s stopped unexpectedly with code %d", service->quoted_name, exit_code);
    switch (action) {
    case ACTION_IGNORE:
        log_notice("Service %s %s action is \"ignore\", not doing anything further", service->quoted_name, reason);
        service_set_state(service, exit_code == 0 ? STATE_STOPPED : STATE_EXITED);
        break;
    case ACTION_SHUTDOWN:
        shut_down(service, action, reason, exit_code != 0);
        break;
    case ACTION_SUCCESS_SHUTDOWN:
        shut_down(service, action, reason, false);
        break;
    case ACTION_FAILURE_SHUTDOWN:
        shut_down(service, action, reason, true);
        break;
    default:
        service_back_off(service, reason);
        break;
    }
}

static void fail_start(struct service *service, int exit_code, enum action action) {
    struct task *task = service->start_task;
    if (task == NULL)
        return;
    service_add_last_output(service);
    service->start_task = NULL;
    AUTO_ERROR struct error err = {0};
    error_set(&err, ERROR_INTERNAL, "service start attempt: exited quickly with code %d, will %s", exit_code,
              action_name(action));
    task_finish(task, &err);
}

static void finish_stop(struct service *service) {
    struct task *const waiting[] = {service->stop_task, service->final_task};
    service->stop_task = service->final_task = NULL;
    log_notice("Service %s stopped", service->quoted_name);
    service_set_state(service, STATE_STOPPED);
    for (size_t i = 0; i < ARRAY_COUNT(waiting); i++) {
        if (waiting[i] != NULL)
            task_finish(waiting[i], NULL);
    }
}

void service_on_exit(struct service *service, int exit_code) {
    enum action action = exit_code == 0 ? service->config->on_success : service->config->on_failure;
    if (action == ACTION_UNSET)
        action = ACTION_RESTART;
    switch (service->state) {
    case STATE_STARTING:
        act_on_exit(service, exit_code, action);
        fail_start(service, exit_code, action);
        break;
    case STATE_RUNNING:
        act_on_exit(service, exit_code, action);
        break;
    case STATE_TERMINATING:
    case STATE_KILLING:
        if (service->is_restarting && service->stop_task == NULL) {
            log_notice("Service %s exited after check failure, restarting", service->quoted_name);
            service_back_off(service, "on-check-failure");
        } else {
            finish_stop(service);
        }
        break;
    default:
        break;
    }
}
