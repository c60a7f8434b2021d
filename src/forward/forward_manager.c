// SPDX-License-Identifier: GPL-3.0-or-later
#include "forward/forward_manager.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "forward/target_internal.h"
#include "logs/log_store.h"
#include "wire/url.h"

#define ENDING_TARGETS_MAX ((size_t)16)

struct forward_manager {
    struct forward_spec spec;
    struct plan *plan;    // NULL before the first one
    struct map targets;   // name -> struct target *, of the plan
    struct list ending;   // target.link: no longer in the plan, with lines left; the oldest first
    struct list stopping; // target.link: of the plan, at shutdown, until they have ended
    struct listener on_ring_opened;
    struct timer *limit; // of the shutdown
    struct deferred stopped;
    forward_stopped_fn on_stopped; // NULL unless it stops
    void *data;
};

// --- services ---

static const struct map *environment_of(const struct plan *plan, const char *service) {
    static const struct map none;
    const struct plan_service *config = plan_find_service(plan, service);
    return config != NULL ? &config->environment : &none;
}

static void select_ring(struct forward_manager *manager, struct target *target, struct ring *ring) {
    const struct plan_log_target *config = map_get(&manager->plan->content.log_targets, target->name);
    const char *service = ring_service(ring);
    if (config == NULL)
        return;
    if (target_selects(config, service))
        gatherer_follow(&target->gatherer, ring, &config->labels, environment_of(manager->plan, service));
    else
        gatherer_leave(&target->gatherer, ring);
}

static void on_ring_opened(struct listener *listener, void *argument) {
    struct forward_manager *manager = CONTAINER_OF(listener, struct forward_manager, on_ring_opened);
    if (manager->on_stopped != NULL)
        return;
    for (struct map_entry *entry = map_first(&manager->targets); entry != NULL;
         entry = map_next(&manager->targets, entry))
        select_ring(manager, entry->value, argument);
}

static void select_rings(struct forward_manager *manager, struct target *target) {
    const struct map *rings = log_store_rings(manager->spec.logs);
    for (struct map_entry *entry = map_first(rings); entry != NULL; entry = map_next(rings, entry))
        select_ring(manager, target, entry->value);
}

// --- plans ---

static void check_stopped(struct forward_manager *manager);

static void report_unsent(const struct target *target) {
    uint64_t unsent = target_unsent(target);
    if (unsent > 0)
        log_notice("Log target \"%s\" has ended, %" PRIu64 " logs were not sent", target->name, unsent);
}

static void on_target_ended(struct target *target, void *data) {
    struct forward_manager *manager = data;
    report_unsent(target);
    target_destroy(target);
    if (manager->on_stopped != NULL)
        check_stopped(manager);
}

// The number of targets that the plan has no more and that still send is bounded.
static void limit_ending(struct forward_manager *manager) {
    for (size_t count = list_count(&manager->ending); count > ENDING_TARGETS_MAX; count--) {
        struct target *oldest = LIST_ITEM(manager->ending.next, struct target, link);
        report_unsent(oldest);
        target_destroy(oldest);
    }
}

// Sends what is left to targets that the plan has no more, or has in another place.
static void end_old_targets(struct forward_manager *manager, const struct plan *plan) {
    struct map_entry *next;
    for (struct map_entry *entry = map_first(&manager->targets); entry != NULL; entry = next) {
        struct target *target = entry->value;
        const struct plan_log_target *config = map_get(&plan->content.log_targets, entry->key);
        next = map_next(&manager->targets, entry);
        if (config != NULL && target_is_same(target, config)) {
            target_flush(target);
            continue;
        }
        list_add(&manager->ending, &target->link);
        target_end(target, on_target_ended, manager);
        (void)map_remove(&manager->targets, entry->key);
    }
    limit_ending(manager);
}

void forward_manager_set_plan(struct forward_manager *manager, struct plan *plan) {
    if (manager->on_stopped != NULL)
        return;
    end_old_targets(manager, plan);
    struct plan *old = manager->plan;
    manager->plan = plan_hold(plan);
    plan_release(old);
    const struct map *configs = &plan->content.log_targets;
    for (struct map_entry *entry = map_first(configs); entry != NULL; entry = map_next(configs, entry)) {
        struct target *target = map_get(&manager->targets, entry->key);
        if (target == NULL) {
            target = target_create(&manager->spec, entry->value);
            list_init(&target->link);
            map_set(&manager->targets, entry->key, target);
        }
        select_rings(manager, target);
    }
}

// --- the end ---

static void on_stopped_due(struct deferred *stopped) {
    struct forward_manager *manager = CONTAINER_OF(stopped, struct forward_manager, stopped);
    timer_stop(manager->limit);
    manager->on_stopped(manager->data); // may destroy the manager
}

static void check_stopped(struct forward_manager *manager) {
    if (!timer_is_running(manager->limit))
        return; // the limit has expired
    if (list_is_empty(&manager->stopping) && list_is_empty(&manager->ending))
        loop_defer(manager->spec.loop, &manager->stopped, on_stopped_due);
}

static void on_target_stopped(struct target *target, void *data) {
    report_unsent(target);
    list_remove(&target->link);
    check_stopped(data);
}

static void on_limit_expired(void *data) {
    struct forward_manager *manager = data;
    struct target *target;
    log_notice("Cannot send all logs to log targets before exiting: timeout");
    LIST_FOR_EACH (target, &manager->ending, link)
        report_unsent(target);
    LIST_FOR_EACH (target, &manager->stopping, link)
        report_unsent(target);
    loop_defer(manager->spec.loop, &manager->stopped, on_stopped_due);
}

void forward_manager_stop(struct forward_manager *manager, int64_t limit_ns, forward_stopped_fn on_done, void *data) {
    manager->on_stopped = on_done;
    manager->data = data;
    manager->limit = timer_create_in(manager->spec.loop, on_limit_expired, manager);
    timer_start(manager->limit, limit_ns);
    for (struct map_entry *entry = map_first(&manager->targets); entry != NULL;
         entry = map_next(&manager->targets, entry)) {
        struct target *target = entry->value;
        list_add(&manager->stopping, &target->link);
        target_end(target, on_target_stopped, manager);
    }
    check_stopped(manager);
}

// --- the manager ---

static void free_target(void *target) {
    target_destroy(target);
}

struct forward_manager *forward_manager_create(const struct forward_spec *spec) {
    struct forward_manager *manager = memory_new(sizeof *manager);
    manager->spec = *spec;
    map_init(&manager->targets, NULL);
    list_init(&manager->ending);
    list_init(&manager->stopping);
    event_add(log_store_opened(spec->logs), &manager->on_ring_opened, on_ring_opened);
    return manager;
}

void forward_manager_destroy(struct forward_manager *manager) {
    if (manager == NULL)
        return;
    event_remove(&manager->on_ring_opened);
    loop_defer_cancel(manager->spec.loop, &manager->stopped);
    timer_destroy(manager->limit);
    while (!list_is_empty(&manager->ending))
        target_destroy(LIST_ITEM(manager->ending.next, struct target, link));
    manager->targets.free_value = free_target;
    map_finish(&manager->targets);
    plan_release(manager->plan);
    free(manager);
}

// --- the list ---

// The location without a password. What is no URL is shown as it is.
static char *shown_location(const char *location) {
    struct url url = {0};
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!url_parse(location, &url, NULL))
        return memory_string(location);
    bool has_password = url.password != NULL;
    if (has_password)
        url_add_text(&shown, &url);
    url_finish(&url);
    return has_password ? buffer_take(&shown) : memory_string(location);
}

static void visit_target(const struct target *target, log_target_visit_fn visit, void *data) {
    AUTO_FREE char *location = shown_location(target->location);
    uint64_t pending;
    uint64_t dropped;
    target_count(target, &pending, &dropped);
    const struct log_target_info info = {
        .name = target->name,
        .type = log_target_type_name(target->type),
        .location = location,
        .pending = pending,
        .sent = target->sent,
        .dropped = dropped,
        .last_error = target->last_error != NULL ? target->last_error : "",
        .retry_at_ns = target->retry_at_ns,
    };
    visit(&info, data);
}

void forward_manager_list(const struct forward_manager *manager, log_target_visit_fn visit, void *data) {
    AUTO_FREE struct map_entry **sorted = map_sorted(&manager->targets);
    for (size_t i = 0; sorted[i] != NULL; i++)
        visit_target(sorted[i]->value, visit, data);
}
