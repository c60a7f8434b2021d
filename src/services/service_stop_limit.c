// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_stop_limit_internal.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"

#define LEAST_NS (10 * NS_PER_S)
#define MARGIN_NS (100 * NS_PER_MS)

struct stop {
    const struct plan_service *config;
    struct stop *previous; // in its lane; NULL: it is the first
    int64_t longest_ns;    // of this one
    int64_t end_ns;        // of this one at the latest, from the beginning of all
};

struct stops {
    struct stop *items;
    size_t count;
    struct map by_name;
};

// Until the end of the process, or until it is given up.
static int64_t longest_ns(const struct service *service) {
    return service->process != NULL ? clock_add_ns(service_kill_delay_ns(service), SERVICE_KILL_LIMIT_NS) : 0;
}

static void add_lane(const struct service_manager *manager, const struct text_list *lane, struct stops *stops) {
    struct stop *previous = NULL;
    for (size_t i = 0; i < lane->count; i++) {
        const struct service *service = map_get(&manager->services, lane->items[i]);
        struct stop *stop = &stops->items[stops->count++];
        *stop = (struct stop){.config = plan_find_service(manager->plan, lane->items[i]),
                              .previous = previous,
                              .longest_ns = service != NULL ? longest_ns(service) : 0};
        map_set(&stops->by_name, lane->items[i], stop);
        previous = stop;
    }
}

// Returns whether it ends later than was known.
static bool come_after(struct stop *stop, int64_t begin_ns) {
    int64_t end_ns = clock_add_ns(begin_ns, stop->longest_ns);
    if (end_ns <= stop->end_ns)
        return false;
    stop->end_ns = end_ns;
    return true;
}

// Passes the end of a stop on to those that come after it: services that it waits for when it is started.
static bool pass_on(const struct stops *stops, const struct stop *stop) {
    bool is_later = false;
    if (stop->config == NULL)
        return false;
    for (const struct map_entry *e = map_first(&stop->config->wait_for); e != NULL;
         e = map_next(&stop->config->wait_for, e)) {
        struct stop *target = map_get(&stops->by_name, e->key);
        if (target != NULL && plan_condition_orders_stop((enum condition)(uintptr_t)e->value))
            is_later |= come_after(target, stop->end_ns);
    }
    return is_later;
}

// Once for each link of the longest chain, at most. There are no loops in a plan.
static void follow_chains(struct stops *stops) {
    bool is_later = true;
    for (size_t passes = 0; is_later && passes <= stops->count; passes++) {
        is_later = false;
        for (size_t i = 0; i < stops->count; i++) {
            struct stop *stop = &stops->items[i];
            is_later |= come_after(stop, stop->previous != NULL ? stop->previous->end_ns : 0);
            is_later |= pass_on(stops, stop);
        }
    }
}

int64_t service_stop_limit_ns(const struct service_manager *manager, const struct plan_lanes *lanes) {
    struct stops stops = {0};
    size_t count = 0;
    int64_t latest_ns = LEAST_NS;
    for (size_t i = 0; i < lanes->count; i++)
        count += lanes->items[i].count;
    stops.items = memory_new_array(count + 1, sizeof *stops.items);
    map_init(&stops.by_name, NULL);
    for (size_t i = 0; i < lanes->count; i++)
        add_lane(manager, &lanes->items[i], &stops);
    follow_chains(&stops);
    for (size_t i = 0; i < stops.count; i++) {
        if (stops.items[i].end_ns > latest_ns)
            latest_ns = stops.items[i].end_ns;
    }
    map_finish(&stops.by_name);
    free(stops.items);
    return clock_add_ns(latest_ns, MARGIN_NS);
}
