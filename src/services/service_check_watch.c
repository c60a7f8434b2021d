// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_check_watch_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

#define PERIOD_MAX_NS NS_PER_S

struct check_watch {
    struct service_manager *manager;
    char *check;
    check_passed_fn on_passed;
    void *data;
    struct service_probe *probe; // NULL while none runs
    struct timer *timer;         // until the next probe, or the timeout of the one that runs
};

static void wait_for_next(struct check_watch *watch) {
    const struct plan_check *check = plan_find_check(watch->manager->plan, watch->check);
    int64_t period_ns = check != NULL ? check->period.ns : PERIOD_MAX_NS;
    timer_start(watch->timer, period_ns < PERIOD_MAX_NS ? period_ns : PERIOD_MAX_NS);
}

static void on_check_probed(bool has_passed, void *data) {
    struct check_watch *watch = data;
    watch->probe = NULL;
    timer_stop(watch->timer);
    if (has_passed)
        watch->on_passed(watch->data);
    else
        wait_for_next(watch);
}

static void start_probe(struct check_watch *watch) {
    const struct service_prober *prober = &watch->manager->spec.prober;
    const struct plan *plan = watch->manager->plan;
    const struct plan_check *check = plan_find_check(plan, watch->check);
    if (check != NULL)
        watch->probe = prober->start(prober, plan, check, on_check_probed, watch);
    if (watch->probe != NULL)
        timer_start(watch->timer, check->timeout.ns);
    else
        wait_for_next(watch);
}

static void on_timer_expired(void *data) {
    struct check_watch *watch = data;
    if (watch->probe == NULL) {
        start_probe(watch);
        return;
    }
    watch->manager->spec.prober.cancel(watch->probe);
    watch->probe = NULL;
    wait_for_next(watch);
}

struct check_watch *check_watch_create(struct service_manager *manager, const char *check, check_passed_fn on_passed,
                                       void *data) {
    struct check_watch *watch = memory_new(sizeof *watch);
    watch->manager = manager;
    watch->check = memory_string(check);
    watch->on_passed = on_passed;
    watch->data = data;
    watch->timer = timer_create_in(manager->spec.loop, on_timer_expired, watch);
    start_probe(watch);
    return watch;
}

void check_watch_destroy(struct check_watch *watch) {
    if (watch == NULL)
        return;
    if (watch->probe != NULL)
        watch->manager->spec.prober.cancel(watch->probe);
    timer_destroy(watch->timer);
    free(watch->check);
    free(watch);
}
