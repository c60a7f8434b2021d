// SPDX-License-Identifier: GPL-3.0-or-later
// The times of a check: period, offset and deadline. Declared in checks/check_internal.h.
#include "checks/check_internal.h"

#include "base/clock.h"

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
    check->is_period_deferred = false;
    if (!check->manager->is_stopping)
        start_period(check, add_ns(period_ns(check), is_first ? offset_ns(check) : 0));
}

bool check_defer_late_period(struct check *check) {
    if (check->is_period_deferred || now_ns(check) - check->due_ns <= LATE_NS)
        return false;
    check->is_period_deferred = true;
    start_period(check, offset_ns(check));
    return true;
}

// --- the deadline ---

int64_t check_timeout_ns(const struct check *check) {
    return check->config->timeout.ns > 1 ? check->config->timeout.ns : 1;
}

void check_start_deadline(struct check *check) {
    int64_t timeout_ns = check_timeout_ns(check);
    check->is_deadline_deferred = false;
    check->deadline_ns = add_ns(now_ns(check), timeout_ns);
    timer_start(check->deadline, timeout_ns);
}

bool check_defer_late_deadline(struct check *check) {
    if (check->is_deadline_deferred || now_ns(check) - check->deadline_ns <= GRACE_NS)
        return false;
    check->is_deadline_deferred = true;
    timer_start(check->deadline, GRACE_NS);
    return true;
}
