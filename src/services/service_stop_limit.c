// SPDX-License-Identifier: GPL-3.0-or-later
// How long the daemon waits for the end of its services. Declared in services/service_manager.h.
#include "services/service_manager.h"

#include <stdlib.h>

#include "base/memory.h"
#include "services/service_internal.h"

#define KILL_DELAY_MIN_NS (5 * NS_PER_S)
#define STOP_MARGIN_NS (5 * NS_PER_S + 100 * NS_PER_MS) // the limit after SIGKILL, and some time for the loop

// The stop of a service that runs.
struct planned_stop {
    const struct service *service;
    const struct plan_service *config; // of the plan, which has no loops; may be NULL
    int64_t begin_ns;                  // when those that wait for the service have ended, at the latest
    size_t unended;                    // how many these are, without those that were looked at
};

static bool is_stopping_or_up(const struct service *service) {
    switch (service->state) {
    case SERVICE_TERMINATING:
    case SERVICE_RESTART_TERMINATING:
    case SERVICE_TIMEOUT_TERMINATING:
        return true;
    default:
        return service_is_up(service);
    }
}

// Visits the stops that begin when `stop` is over: see note_stop_order() in service_task_maker.c.
typedef void (*later_stop_fn)(struct planned_stop *later, int64_t begin_ns, void *data);

static void each_later(const struct planned_stop *stop, const struct map *stops, int64_t begin_ns, later_stop_fn visit,
                       void *data) {
    if (stop->config == NULL)
        return;
    const struct map *targets = &stop->config->wait_for;
    for (const struct map_entry *e = map_first(targets); e != NULL; e = map_next(targets, e)) {
        enum condition condition = (enum condition)(uintptr_t)e->value;
        struct planned_stop *later = map_get(stops, e->key);
        if (later != NULL && (condition == CONDITION_STARTED || condition == CONDITION_READY))
            visit(later, begin_ns, data);
    }
}

static void count(struct planned_stop *later, int64_t begin_ns UNUSED, void *data UNUSED) {
    later->unended++;
}

struct stop_queue {
    struct planned_stop **items;
    size_t count;
};

static void delay(struct planned_stop *later, int64_t begin_ns, void *data) {
    struct stop_queue *queue = data;
    if (begin_ns > later->begin_ns)
        later->begin_ns = begin_ns;
    if (--later->unended == 0)
        queue->items[queue->count++] = later;
}

static void add_stops(const struct service_manager *manager, struct map *stops) {
    const struct map *services = &manager->services;
    for (const struct map_entry *e = map_first(services); e != NULL; e = map_next(services, e)) {
        if (!is_stopping_or_up(e->value))
            continue;
        struct planned_stop *stop = memory_new(sizeof *stop);
        stop->service = e->value;
        stop->config = plan_find_service(manager->plan, e->key);
        map_set(stops, e->key, stop);
    }
}

int64_t service_manager_stop_limit_ns(const struct service_manager *manager) {
    int64_t longest_ns = KILL_DELAY_MIN_NS + STOP_MARGIN_NS;
    AUTO_MAP struct map stops = MAP_INIT(free);
    add_stops(manager, &stops);
    AUTO_FREE struct planned_stop **items = memory_new_array(stops.count + 1, sizeof *items);
    struct stop_queue queue = {.items = items};
    for (const struct map_entry *e = map_first(&stops); e != NULL; e = map_next(&stops, e))
        each_later(e->value, &stops, 0, count, NULL);
    for (const struct map_entry *e = map_first(&stops); e != NULL; e = map_next(&stops, e)) {
        struct planned_stop *stop = e->value;
        if (stop->unended == 0)
            queue.items[queue.count++] = stop;
    }
    for (size_t i = 0; i < queue.count; i++) {
        const struct planned_stop *stop = queue.items[i];
        int64_t end_ns =
            clock_add_ns(stop->begin_ns, clock_add_ns(service_kill_delay_ns(stop->service), STOP_MARGIN_NS));
        longest_ns = end_ns > longest_ns ? end_ns : longest_ns;
        each_later(stop, &stops, end_ns, delay, &queue);
    }
    return longest_ns;
}
