// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "process/signal_names.h"
#include "services/service_exit_internal.h"
#include "services/service_tee_internal.h"

#define START_WINDOW_NS NS_PER_S
#define KILL_DELAY_DEFAULT_NS (5 * NS_PER_S)
#define KILL_LIMIT_NS (5 * NS_PER_S) // for SIGKILL to take effect

static const struct {
    const char *name;
    const char *status;
} states[STATE_COUNT] = {
    [STATE_INITIAL] = {"initial", "inactive"}, [STATE_STARTING] = {"starting", "active"},
    [STATE_RUNNING] = {"running", "active"},   [STATE_TERMINATING] = {"terminating", "inactive"},
    [STATE_KILLING] = {"killing", "inactive"}, [STATE_STOPPED] = {"stopped", "inactive"},
    [STATE_BACKOFF] = {"backoff", "backoff"},  [STATE_EXITED] = {"exited", "error"},
};

static void on_timer(void *data);
static void on_reset_timer(void *data);

struct service *service_create(struct service_manager *manager, const char *name) {
    struct service *service = memory_new(sizeof *service);
    service->manager = manager;
    service->name = memory_string(name);
    service->quoted_name = text_quoted(name);
    service->ring = log_store_open(manager->spec.logs, name);
    service->timer = timer_create_in(manager->spec.loop, on_timer, service);
    service->reset_timer = timer_create_in(manager->spec.loop, on_reset_timer, service);
    list_init(&service->queue_link);
    return service;
}

void service_destroy(void *value) {
    struct service *service = value;
    list_remove(&service->queue_link);
    service_process_destroy(service->process);
    timer_destroy(service->timer);
    timer_destroy(service->reset_timer);
    plan_service_destroy(service->config);
    plan_workload_destroy(service->workload);
    free(service->name);
    free(service->quoted_name);
    free(service);
}

const struct plan_workload *service_workload(const struct plan *plan, const struct plan_service *config) {
    return text_is_empty(config->workload) ? NULL : plan_find_workload(plan, config->workload);
}

void service_configure(struct service *service, const struct plan *plan, const struct plan_service *config) {
    struct plan_service *config_copy = plan_service_copy(config);
    struct plan_workload *workload_copy = plan_workload_copy(service_workload(plan, config));
    plan_service_destroy(service->config);
    plan_workload_destroy(service->workload);
    service->config = config_copy;
    service->workload = workload_copy;
}

const char *service_status(const struct service *service) {
    return states[service->state].status;
}

bool service_is_up(const struct service *service) {
    return service->state == STATE_STARTING || service->state == STATE_RUNNING;
}

void service_set_state(struct service *service, enum service_state state) {
    log_debug("Service %s goes from %s to %s", service->quoted_name, states[service->state].name, states[state].name);
    // From the initial state on, even a failed start counts as a change of status.
    if (states[service->state].status != states[state].status || !service->since.is_set) {
        service->since = clock_now();
        clock_format(service->since, service->since_text);
    }
    service->state = state;
    timer_stop(service->timer);
    if (state != STATE_TERMINATING && state != STATE_KILLING)
        service->is_restarting = false;
}

int64_t service_kill_delay_ns(const struct service *service) {
    return service->config->kill_delay.is_set ? service->config->kill_delay.ns : KILL_DELAY_DEFAULT_NS;
}

static void finish_task(struct task **waiting, struct error *err) {
    struct task *task = *waiting;
    *waiting = NULL;
    if (task != NULL)
        task_finish(task, err);
}

// --- starting ---

static void on_process_launched(void *data) {
    struct service *service = data;
    service->start_count++;
    timer_start(service->reset_timer, service->config->backoff_limit.ns);
    if (service->state == STATE_STARTING)
        timer_start(service->timer, START_WINDOW_NS);
    struct service_started started = {.config = service->config, .ring = service->ring};
    event_emit(&service->manager->started, &started);
}

static void forget_process(struct service *service) {
    service->process = NULL;
    service->manager->process_count--;
    timer_stop(service->reset_timer);
}

static void on_process_ended(void *data, int exit_code) {
    struct service *service = data;
    forget_process(service);
    log_debug("Service %s exited with code %d", service->quoted_name, exit_code);
    service_on_exit(service, exit_code);
}

static void fail_start(struct service *service, struct error *err) {
    service->since = (struct wall_time){0};
    service_set_state(service, STATE_STOPPED);
    finish_task(&service->start_task, err);
}

static void on_process_failed(void *data, const struct error *reason) {
    struct service *service = data;
    forget_process(service);
    AUTO_ERROR struct error err = {0};
    error_set(&err, reason->kind, "%s", error_text(reason));
    if (service->state == STATE_STARTING) {
        fail_start(service, &err);
    } else if (service->state == STATE_RUNNING) {
        // The command may come back, or the system have processes to spare again.
        log_notice("%s", error_text(&err));
        service_back_off(service, service->backoff_reason);
    } else {
        service_on_exit(service, 128 + SIGKILL); // it was to be stopped
    }
}

static void abandon_process(struct service *service) {
    service_process_abandon(service->process);
    forget_process(service);
}

static bool start_process(struct service *service, struct error *err) {
    static const struct service_process_handlers handlers = {
        .on_launched = on_process_launched,
        .on_failed = on_process_failed,
        .on_ended = on_process_ended,
    };
    struct service_manager *manager = service->manager;
    int64_t kill_delay_ns = service_kill_delay_ns(service);
    struct service_process_spec spec = {
        .jobs = manager->jobs,
        .config = service->config,
        .workload = service->workload,
        .output = {.ring = service->ring, .tee = manager->spec.tee != NULL ? service_tee : NULL, .tee_data = service},
        // A little less than the kill-delay, so that the end of the wait does not meet the SIGKILL.
        .output_wait_ns = kill_delay_ns / 10 * 9,
    };
    if (manager->process_count >= manager->process_limit)
        return error_set_errno(err, EMFILE, "cannot start service: pipe");
    if (!service_process_start(&spec, &handlers, service, &service->process, err))
        return false;
    manager->process_count++;
    return true;
}

void service_start(struct service *service, struct task *task) {
    if (service->state == STATE_TERMINATING || service->state == STATE_KILLING) {
        AUTO_ERROR struct error err = {0};
        error_set(&err, ERROR_INTERNAL, "cannot start service while %s", states[service->state].name);
        task_finish(task, &err);
        return;
    }
    timer_stop(service->timer);
    service->backoff_count = 0;
    service->backoff_ns = 0;
    service->start_task = task;
    service_queue_add(service);
}

static void start_for_task(struct service *service) {
    AUTO_ERROR struct error err = {0};
    if (start_process(service, &err))
        service_set_state(service, STATE_STARTING);
    else
        fail_start(service, &err);
}

static void start_after_backoff(struct service *service) {
    AUTO_ERROR struct error err = {0};
    if (start_process(service, &err)) {
        service_set_state(service, STATE_RUNNING);
        return;
    }
    log_notice("%s", error_text(&err));
    service_back_off(service, service->backoff_reason);
}

void service_start_now(struct service *service) {
    if (service->start_task != NULL)
        start_for_task(service);
    else
        start_after_backoff(service);
}

void service_abort_start(struct service *service) {
    AUTO_ERROR struct error err = {0};
    if (service_queue_remove(service)) {
        error_set(&err, ERROR_CANCELLED, "start aborted before the process was started");
        service_set_state(service, STATE_STOPPED);
    } else if (service->state == STATE_STARTING) {
        AUTO_ERROR struct error reason = {0};
        if (service_process_signal_group(service->process, SIGKILL, &reason))
            error_set(&err, ERROR_CANCELLED, "start aborted, sent SIGKILL to process");
        else
            error_set(&err, ERROR_CANCELLED, "start aborted, but cannot send SIGKILL to process: %s",
                      error_text(&reason));
        abandon_process(service);
        service_set_state(service, STATE_STOPPED);
    } else {
        return;
    }
    finish_task(&service->start_task, &err);
}

// --- stopping ---

static void terminate(struct service *service, bool is_restarting) {
    AUTO_ERROR struct error err = {0};
    log_debug("Service %s is asked to stop by SIGTERM", service->quoted_name);
    if (!service_process_signal_group(service->process, SIGTERM, &err))
        log_notice("Cannot send SIGTERM to process: %s", error_text(&err));
    service_set_state(service, STATE_TERMINATING);
    service->is_restarting = is_restarting;
    timer_start(service->timer, service_kill_delay_ns(service));
}

void service_stop(struct service *service, struct task *task) {
    AUTO_ERROR struct error err = {0};
    if (service_queue_remove(service) && service->start_task != NULL) {
        error_set(&err, ERROR_INTERNAL, "service start attempt: stopped before the 1s okay delay");
        finish_task(&service->start_task, &err);
        service_set_state(service, STATE_STOPPED);
        task_finish(task, NULL);
        return;
    }
    switch (service->state) {
    case STATE_STARTING:
        error_set(&err, ERROR_INTERNAL, "service start attempt: stopped before the 1s okay delay");
        service_add_last_output(service);
        finish_task(&service->start_task, &err);
        service->stop_task = task;
        terminate(service, false);
        break;
    case STATE_RUNNING:
        service->stop_task = task;
        terminate(service, false);
        break;
    case STATE_TERMINATING:
    case STATE_KILLING:
        // Ending in order to be restarted: the restart is called off. Or stopping already when the daemon ends.
        service->is_restarting = false;
        *(service->stop_task == NULL ? &service->stop_task : &service->final_task) = task;
        break;
    case STATE_BACKOFF:
        log_notice("Service %s stopped while waiting for backoff", service->quoted_name);
        service_set_state(service, STATE_STOPPED);
        task_finish(task, NULL);
        break;
    default: // the caller has answered all others itself
        task_finish(task, NULL);
        break;
    }
}

static void kill_process(struct service *service) {
    AUTO_ERROR struct error err = {0};
    log_debug("Service %s is ended by SIGKILL", service->quoted_name);
    if (!service_process_signal_group(service->process, SIGKILL, &err))
        log_notice("Cannot send SIGKILL to process: %s", error_text(&err));
    service_set_state(service, STATE_KILLING);
    timer_start(service->timer, KILL_LIMIT_NS);
}

static void give_up_stopping(struct service *service) {
    log_notice("Service %s still running after SIGTERM and SIGKILL", service->quoted_name);
    abandon_process(service);
    service_set_state(service, STATE_STOPPED);
    AUTO_ERROR struct error err = {0};
    error_set(&err, ERROR_INTERNAL, "cannot stop service: process still running after SIGTERM and SIGKILL");
    AUTO_ERROR struct error final_err = {0};
    error_set(&final_err, err.kind, "%s", err.message);
    finish_task(&service->stop_task, &err);
    finish_task(&service->final_task, &final_err);
}

// --- time ---

static void on_timer(void *data) {
    struct service *service = data;
    switch (service->state) {
    case STATE_STARTING:
        service_set_state(service, STATE_RUNNING);
        finish_task(&service->start_task, NULL);
        break;
    case STATE_TERMINATING:
        kill_process(service);
        break;
    case STATE_KILLING:
        give_up_stopping(service);
        break;
    case STATE_BACKOFF:
        service_queue_add(service);
        break;
    default:
        break;
    }
}

static void on_reset_timer(void *data) {
    struct service *service = data;
    if (service->state != STATE_RUNNING)
        return;
    log_debug("Service %s has been running for its backoff-limit, backoff is reset", service->quoted_name);
    service->backoff_count = 0;
    service->backoff_ns = 0;
}

// --- signals and checks ---

bool service_signal(struct service *service, const char *signal, struct error *err) {
    if (!service_is_up(service))
        return error_set(err, ERROR_INTERNAL, "service is not running");
    int number = signal_by_name(signal);
    if (number == 0)
        return error_set(err, ERROR_INTERNAL, "invalid signal name \"%s\"", signal);
    log_notice("Sending %s to service %s", signal, service->quoted_name);
    return service_process_signal(service->process, number, err);
}

static void restart_after_check(struct service *service) {
    static const char reason[] = "on-check-failure";
    switch (service->state) {
    case STATE_RUNNING:
        log_notice("Service %s %s action is \"restart\", terminating process before restarting", service->quoted_name,
                   reason);
        terminate(service, true);
        break;
    case STATE_BACKOFF:
        log_notice("Service %s %s action is \"restart\", waiting for current backoff", service->quoted_name, reason);
        break;
    default:
        service_back_off(service, reason);
        break;
    }
}

void service_check_failed(struct service *service, enum action action) {
    if (service->state != STATE_RUNNING && service->state != STATE_BACKOFF && service->state != STATE_EXITED) {
        log_debug("Service %s does not act on the failed check while %s", service->quoted_name,
                  states[service->state].name);
        return;
    }
    enum shutdown_kind kind = action == ACTION_SHUTDOWN ? SHUTDOWN_CHECK_FAILURE : SHUTDOWN_SUCCESS;
    switch (action) {
    case ACTION_RESTART:
        restart_after_check(service);
        break;
    case ACTION_SHUTDOWN:
    case ACTION_SUCCESS_SHUTDOWN:
        log_notice("Service %s on-check-failure action is \"%s\", triggering %s shutdown", service->quoted_name,
                   action_name(action), action == ACTION_SHUTDOWN ? "failure" : "success");
        event_emit(&service->manager->shutdown_wanted, &kind);
        break;
    default:
        log_debug("Service %s on-check-failure action is \"%s\", nothing to do", service->quoted_name,
                  action_name(action));
        break;
    }
}
