// SPDX-License-Identifier: GPL-3.0-or-later
// The times of a check, and the start of its probes. Declared in checks/check_internal.h.
#include "checks/check_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

#define PERIOD_MIN_NS NS_PER_MS
#define OFFSET_MAX_NS NS_PER_S
#define LATE_NS NS_PER_S           // of a period that ends this late the daemon or the machine was paused
#define GRACE_NS (100 * NS_PER_MS) // to read a result that came in while the daemon was paused

static int64_t now_ns(const struct check *check) {
    return loop_now_ns(check->manager->spec.loop);
}

static int64_t add_ns(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

// --- the period ---

static int64_t period_ns(const struct check *check) {
    return check->config->period.ns > PERIOD_MIN_NS ? check->config->period.ns : PERIOD_MIN_NS;
}

// Different for each name, so that many checks do not run at the same moment (FNV-1a).
static int64_t offset_ns(const struct check *check) {
    int64_t most_ns = period_ns(check) / 10 < OFFSET_MAX_NS ? period_ns(check) / 10 : OFFSET_MAX_NS;
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *c = check->name; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    return (int64_t)(hash % (uint64_t)(most_ns + 1));
}

static void start_period(struct check *check, int64_t duration_ns) {
    check->due_ns = add_ns(now_ns(check), duration_ns);
    timer_start(check->period, duration_ns);
}

void check_start_period(struct check *check, bool is_first) {
    check->is_spread = false;
    if (!check->manager->is_stopping)
        start_period(check, add_ns(period_ns(check), is_first ? offset_ns(check) : 0));
}

bool check_spread(struct check *check) {
    if (check->is_spread || now_ns(check) - check->due_ns <= LATE_NS)
        return false;
    check->is_spread = true;
    start_period(check, offset_ns(check));
    return true;
}

// --- the probe ---

void check_set_result(struct check *check, const struct probe_failure *failure) {
    free(check->failure_message);
    free(check->failure_text);
    check->failure_message = check->failure_text = NULL;
    if (failure == NULL)
        return;
    const char *details = text_is_empty(failure->details) ? "" : failure->details;
    check->failure_message = memory_string(failure->message);
    check->failure_text = memory_printf("%s%s%s", failure->message, *details == '\0' ? "" : "; ", details);
}

bool check_grant_grace(struct check *check) {
    if (check->has_grace || now_ns(check) - check->deadline_ns <= GRACE_NS)
        return false;
    check->has_grace = true;
    timer_start(check->deadline, GRACE_NS);
    return true;
}

void check_start_probe(struct check *check, struct check_refresh *refresh) {
    const struct check_prober *prober = &check->manager->spec.prober;
    int64_t timeout_ns = check->config->timeout.ns > 1 ? check->config->timeout.ns : 1;
    const struct probe_spec spec = {.config = check->config, .timeout_ns = timeout_ns};
    AUTO_ERROR struct error err = {0};
    check->current = refresh;
    check->has_grace = false;
    check->deadline_ns = add_ns(now_ns(check), timeout_ns);
    // First, so that it expires before the limits that the prober derives from the same time.
    timer_start(check->deadline, timeout_ns);
    if (prober->start(prober, &spec, check->on_probe_done, check, &check->probe, &err))
        return;
    timer_stop(check->deadline);
    check_set_result(check, &(const struct probe_failure){.message = error_text(&err)});
    loop_defer(check->manager->spec.loop, &check->failed_start, check->on_start_failed);
}

void check_cancel_probe(struct check *check) {
    check->manager->spec.prober.cancel(TAKE(check->probe));
    timer_stop(check->deadline);
    loop_defer_cancel(check->manager->spec.loop, &check->failed_start);
    check->current = NULL;
}
