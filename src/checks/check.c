// SPDX-License-Identifier: GPL-3.0-or-later
// A check, its probes, and the events of its timers. Declared in checks/check_internal.h.
#include "checks/check_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

static void on_period_expired(void *data) {
    struct check *check = data;
    if (check_defer_late_period(check))
        return;
    check_start_period(check, false); // the timer runs on during the probe
    check->manager->handle(check, EVENT_DUE);
}

// --- the probe ---

// Sets the texts of the failure; NULL if the probe has passed.
static void set_result(struct check *check, const struct probe_failure *failure) {
    free(check->failure_message);
    free(check->failure_text);
    check->failure_message = check->failure_text = NULL;
    if (failure == NULL)
        return;
    const char *details = text_is_empty(failure->details) ? "" : failure->details;
    check->failure_message = memory_string(failure->message);
    check->failure_text = memory_printf("%s%s%s", failure->message, *details == '\0' ? "" : "; ", details);
}

static void report_result(struct check *check) {
    timer_stop(check->deadline);
    if (check->failure_message == NULL)
        check->manager->handle(check, EVENT_PASSED);
    else if (check->state == CHECK_UP_PROBING && check->failures + 1 >= check->config->threshold)
        check->manager->handle(check, EVENT_FELL);
    else
        check->manager->handle(check, EVENT_FAILED);
}

static void on_probe_done(const struct probe_failure *failure, void *data) {
    struct check *check = data;
    check->probe = NULL;
    set_result(check, failure);
    report_result(check);
}

static void on_start_failed(struct deferred *deferred) {
    report_result(CONTAINER_OF(deferred, struct check, failed_start));
}

static void on_deadline_expired(void *data) {
    struct check *check = data;
    if (check_defer_late_deadline(check))
        return;
    char timeout[DURATION_TEXT_SIZE];
    duration_format(check->config->timeout.ns, timeout);
    AUTO_FREE char *message = memory_printf("check timed out after %s", timeout);
    check->manager->spec.prober.cancel(TAKE(check->probe));
    set_result(check, &(const struct probe_failure){.message = message});
    report_result(check);
}

void check_start_probe(struct check *check, struct check_refresh *refresh) {
    const struct check_prober *prober = &check->manager->spec.prober;
    const struct probe_spec spec = {.config = check->config, .timeout_ns = check_timeout_ns(check)};
    AUTO_ERROR struct error err = {0};
    check->current = refresh;
    check_start_deadline(check); // first, so that it expires before the limits that the prober derives from it
    if (prober->start(prober, &spec, on_probe_done, check, &check->probe, &err))
        return;
    timer_stop(check->deadline);
    set_result(check, &(const struct probe_failure){.message = error_text(&err)});
    loop_defer(check->manager->spec.loop, &check->failed_start, on_start_failed);
}

void check_cancel_probe(struct check *check) {
    check->manager->spec.prober.cancel(TAKE(check->probe));
    timer_stop(check->deadline);
    loop_defer_cancel(check->manager->spec.loop, &check->failed_start);
    check->current = NULL;
}

// --- the check ---

struct check *check_create(struct check_manager *manager, const char *name) {
    struct check *check = memory_new(sizeof *check);
    check->manager = manager;
    check->name = memory_string(name);
    check->quoted_name = text_quoted(name);
    check->period = timer_create_in(manager->spec.loop, on_period_expired, check);
    check->deadline = timer_create_in(manager->spec.loop, on_deadline_expired, check);
    list_init(&check->refreshes);
    return check;
}

void check_destroy(void *value) {
    struct check *check = value;
    check_cancel_probe(check);
    timer_destroy(check->period);
    timer_destroy(check->deadline);
    plan_check_destroy(check->config);
    free(check->pending.kinds);
    free(check->failure_message);
    free(check->failure_text);
    free(check->prev_change_id);
    free(check->name);
    free(check->quoted_name);
    free(check);
}
