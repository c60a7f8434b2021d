// SPDX-License-Identifier: GPL-3.0-or-later
// The order in which services start and stop (docs/internals/plan.md). It takes time proportional to the number of
// services and dependencies. It is not recursive, so that chains may be of any length. Declared in plan/plan.h.
#include "plan/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "plan/content_internal.h"

struct index_list {
    size_t *items;
    size_t count, capacity;
};

// The participating services by name, and for each the indices of those that must come before it.
struct graph {
    const struct plan_service **services;
    size_t count;
    struct map indices; // name -> index + 1
    struct index_list *before;
};

static void index_list_add(struct index_list *list, size_t index) {
    list->items = memory_grow(list->items, &list->capacity, list->count + 1, sizeof(size_t));
    list->items[list->count++] = index;
}

static void graph_finish(struct graph *graph) {
    for (size_t i = 0; graph->before != NULL && i < graph->count; i++)
        free(graph->before[i].items);
    free(graph->before);
    free(graph->services);
    map_finish(&graph->indices);
}
#define AUTO_GRAPH CLEANUP(graph_finish)

// The index + 1 of a participant, or 0.
static size_t graph_find(const struct graph *graph, const char *name) {
    return (uintptr_t)map_get(&graph->indices, name);
}

// `earlier` comes before `later`.
static void add_edge(struct graph *graph, size_t earlier, size_t later) {
    index_list_add(&graph->before[later], earlier);
}

static void add_wait_edges(struct graph *graph, size_t index, bool is_stop) {
    const struct map *targets = &graph->services[index]->wait_for;
    AUTO_FREE struct map_entry **entries = map_sorted(targets);
    for (size_t i = 0; entries[i] != NULL; i++) {
        size_t other = graph_find(graph, entries[i]->key);
        if (other == 0 || (uintptr_t)entries[i]->value == CONDITION_NONE)
            continue;
        if (is_stop)
            add_edge(graph, index, other - 1);
        else
            add_edge(graph, other - 1, index);
    }
}

static void add_edges(struct graph *graph, size_t index, bool is_stop) {
    const struct plan_service *service = graph->services[index];
    const struct text_list *earlier = is_stop ? &service->before : &service->after;
    const struct text_list *later = is_stop ? &service->after : &service->before;
    for (size_t i = 0; i < earlier->count; i++) {
        size_t other = graph_find(graph, earlier->items[i]);
        if (other != 0)
            add_edge(graph, other - 1, index);
    }
    for (size_t i = 0; i < later->count; i++) {
        size_t other = graph_find(graph, later->items[i]);
        if (other != 0)
            add_edge(graph, index, other - 1);
    }
    add_wait_edges(graph, index, is_stop);
}

// `members`: name -> struct plan_service *.
static void graph_init(struct graph *graph, const struct map *members, bool is_stop) {
    AUTO_FREE struct map_entry **entries = map_sorted(members);
    graph->count = members->count;
    graph->services = memory_new_array(members->count, sizeof(struct plan_service *));
    graph->before = memory_new_array(members->count, sizeof(struct index_list));
    map_init(&graph->indices, NULL);
    for (size_t i = 0; i < graph->count; i++) {
        graph->services[i] = entries[i]->value;
        map_set(&graph->indices, entries[i]->key, (void *)(uintptr_t)(i + 1));
    }
    for (size_t i = 0; i < graph->count; i++)
        add_edges(graph, i, is_stop);
}

// A walk over the graph, depth first, that finds its strongly connected parts: Tarjan's algorithm
// (https://doi.org/10.1137/0201010), with the pending visits on an explicit stack.
struct visit {
    size_t node;
    size_t next; // of the node's edges
};
struct walk {
    const struct graph *graph;
    size_t *number; // of a node in the order of first visits, from 1; 0: not visited
    size_t *low;    // the lowest number that can be reached from the node
    bool *is_open;  // the node's part is not complete
    struct index_list open;
    struct visit *visits;
    size_t visit_count, visit_capacity;
    size_t visited;
    struct index_list sorted; // result: the nodes in their order
    struct text_list loops;   // result: a message for each part of several nodes
};

static void walk_init(struct walk *walk, const struct graph *graph) {
    *walk = (struct walk){.graph = graph};
    walk->number = memory_new_array(graph->count, sizeof(size_t));
    walk->low = memory_new_array(graph->count, sizeof(size_t));
    walk->is_open = memory_new_array(graph->count, sizeof(bool));
}

static void walk_finish(struct walk *walk) {
    free(walk->number);
    free(walk->low);
    free(walk->is_open);
    free(walk->open.items);
    free(walk->visits);
    free(walk->sorted.items);
    text_list_clear(&walk->loops);
}
#define AUTO_WALK CLEANUP(walk_finish)

static void walk_enter(struct walk *walk, size_t node) {
    walk->number[node] = walk->low[node] = ++walk->visited;
    walk->is_open[node] = true;
    index_list_add(&walk->open, node);
    walk->visits = memory_grow(walk->visits, &walk->visit_capacity, walk->visit_count + 1, sizeof(struct visit));
    walk->visits[walk->visit_count++] = (struct visit){.node = node};
}

// Whether one of them waits for another one.
static bool has_wait_edge(const struct walk *walk, const size_t *nodes, size_t count) {
    AUTO_MAP struct map members = MAP_INIT(NULL);
    for (size_t i = 0; i < count; i++)
        map_set(&members, walk->graph->services[nodes[i]]->name, &members);
    for (size_t i = 0; i < count; i++) {
        const struct map *targets = &walk->graph->services[nodes[i]]->wait_for;
        for (const struct map_entry *e = map_first(targets); e != NULL; e = map_next(targets, e)) {
            if ((uintptr_t)e->value != CONDITION_NONE && map_has(&members, e->key))
                return true;
        }
    }
    return false;
}

static void add_loop(struct walk *walk, const size_t *nodes, size_t count) {
    AUTO_TEXT_LIST struct text_list names = {0};
    for (size_t i = 0; i < count; i++)
        text_list_add(&names, walk->graph->services[nodes[i]]->name);
    text_list_sort(&names);
    AUTO_FREE char *joined = text_list_join(&names, ", ");
    const char *kinds = has_wait_edge(walk, nodes, count) ? "before/after/wait-for" : "before/after";
    text_list_add_owned(&walk->loops, memory_printf("services in %s loop: %s", kinds, joined));
}

// All nodes that can be reached from this one were visited. If it is the first of its part, the part is complete.
static void walk_leave(struct walk *walk, size_t node) {
    walk->visit_count--;
    if (walk->visit_count > 0) {
        size_t parent = walk->visits[walk->visit_count - 1].node;
        if (walk->low[node] < walk->low[parent])
            walk->low[parent] = walk->low[node];
    }
    if (walk->low[node] != walk->number[node])
        return;
    size_t start = walk->open.count;
    do {
        start--;
        walk->is_open[walk->open.items[start]] = false;
    } while (walk->open.items[start] != node);
    for (size_t i = start; i < walk->open.count; i++)
        index_list_add(&walk->sorted, walk->open.items[i]);
    if (walk->open.count - start > 1)
        add_loop(walk, walk->open.items + start, walk->open.count - start);
    walk->open.count = start;
}

static void walk_step(struct walk *walk) {
    struct visit *visit = &walk->visits[walk->visit_count - 1];
    size_t node = visit->node;
    const struct index_list *edges = &walk->graph->before[node];
    if (visit->next == edges->count) {
        walk_leave(walk, node);
        return;
    }
    size_t other = edges->items[visit->next++];
    if (walk->number[other] == 0)
        walk_enter(walk, other);
    else if (walk->is_open[other] && walk->number[other] < walk->low[node])
        walk->low[node] = walk->number[other];
}

static void walk_all(struct walk *walk) {
    for (size_t i = 0; i < walk->graph->count; i++) {
        if (walk->number[i] == 0) {
            walk_enter(walk, i);
            while (walk->visit_count > 0)
                walk_step(walk);
        }
    }
}

void content_find_loops(const struct plan_content *content, struct diagnostics *diagnostics) {
    AUTO_GRAPH struct graph graph = {0};
    graph_init(&graph, &content->services, false);
    AUTO_WALK struct walk walk;
    walk_init(&walk, &graph);
    walk_all(&walk);
    for (size_t i = 0; i < walk.loops.count; i++)
        diagnostics_add(diagnostics, "%s", walk.loops.items[i]);
}

// --- participants ---

// For the map of dependants: name -> struct text_list *.
static void destroy_names(void *names) {
    text_list_clear(names);
    free(names);
}

static void find_dependants(const struct map *services, struct map *dependants) {
    map_init(dependants, destroy_names);
    for (const struct map_entry *e = map_first(services); e != NULL; e = map_next(services, e)) {
        const struct plan_service *service = e->value;
        for (size_t i = 0; i < service->requires.count; i++) {
            struct text_list *names = map_get(dependants, service->requires.items[i]);
            if (names == NULL) {
                names = memory_new(sizeof *names);
                map_set(dependants, service->requires.items[i], names);
            }
            text_list_add(names, e->key);
        }
    }
}

// Which services follow from one of them.
struct following {
    const struct map *dependants;             // for a stop; NULL: a start
    const struct plan_conditions *conditions; // of a start; NULL: none holds
};

static void add_targets(const struct plan_service *service, const struct plan_conditions *conditions,
                        struct text_list *names) {
    AUTO_FREE struct map_entry **targets = map_sorted(&service->wait_for);
    for (size_t i = 0; targets[i] != NULL; i++) {
        enum condition condition = (enum condition)(uintptr_t)targets[i]->value;
        bool holds = condition == CONDITION_NONE ||
                     (conditions != NULL && conditions->holds(targets[i]->key, condition, conditions->data));
        if (!holds)
            text_list_add(names, targets[i]->key);
    }
}

static void add_following(const struct plan_service *service, const struct following *following,
                          struct text_list *names) {
    if (following->dependants != NULL) {
        const struct text_list *more = map_get(following->dependants, service->name);
        if (more != NULL)
            text_list_add_list(names, more);
        return;
    }
    text_list_add_list(names, &service->requires);
    add_targets(service, following->conditions, names);
}

// Collects the named services and those that follow, transitively.
static bool find_members(const struct plan *plan, const struct text_list *names, const struct following *following,
                         struct map *members, struct error *err) {
    AUTO_TEXT_LIST struct text_list pending = {0};
    text_list_copy(&pending, names);
    for (size_t i = 0; i < pending.count; i++) {
        const char *name = pending.items[i];
        if (map_has(members, name))
            continue;
        struct plan_service *service = map_get(&plan->content.services, name);
        if (service == NULL) {
            AUTO_FREE char *quoted = text_quoted(name);
            return error_set(err, ERROR_BAD_REQUEST, "service %s does not exist", quoted);
        }
        map_set(members, name, service);
        add_following(service, following, &pending);
    }
    return true;
}

// --- lanes ---

// The lane that an earlier service has set, else the lane of a service that this one requires, else the next lane.
static size_t choose_lane(const struct map *lanes, const struct plan_service *service, size_t previous) {
    size_t lane = (uintptr_t)map_get(lanes, service->name);
    for (size_t i = 0; lane == 0 && i < service->requires.count; i++)
        lane = (uintptr_t)map_get(lanes, service->requires.items[i]);
    return lane != 0 ? lane : previous + 1;
}

// Lanes count from 1 here. A service moves the services that it requires to its lane, but no others of their lanes.
static void make_lanes(const struct graph *graph, const struct index_list *sorted, struct plan_lanes *result) {
    AUTO_MAP struct map lanes = MAP_INIT(NULL); // name -> number; also of services that do not participate
    size_t lane = 0, highest = 0;
    for (size_t i = 0; i < sorted->count; i++) {
        const struct plan_service *service = graph->services[sorted->items[i]];
        lane = choose_lane(&lanes, service, lane);
        highest = lane > highest ? lane : highest;
        map_set(&lanes, service->name, (void *)(uintptr_t)lane);
        for (size_t k = 0; k < service->requires.count; k++)
            map_set(&lanes, service->requires.items[k], (void *)(uintptr_t)lane);
    }
    struct plan_lanes made = {.items = memory_new_array(highest, sizeof(struct text_list)), .capacity = highest};
    for (size_t i = 0; i < sorted->count; i++) {
        const char *name = graph->services[sorted->items[i]]->name;
        text_list_add(&made.items[(uintptr_t)map_get(&lanes, name) - 1], name);
    }
    for (size_t i = 0; i < highest; i++) { // empty lanes are dropped
        if (made.items[i].count > 0) {
            struct text_list kept = made.items[i];
            made.items[i] = (struct text_list){0};
            made.items[made.count++] = kept;
        }
    }
    *result = made;
}

static void make_single_lanes(const struct graph *graph, const struct index_list *sorted, struct plan_lanes *result) {
    *result = (struct plan_lanes){.items = memory_new_array(sorted->count, sizeof(struct text_list)),
                                  .count = sorted->count,
                                  .capacity = sorted->count,
                                  .are_single = true};
    for (size_t i = 0; i < sorted->count; i++)
        text_list_add(&result->items[i], graph->services[sorted->items[i]]->name);
}

// Whether a start of it may take long, so that it must not share its lane with strangers.
static bool takes_long(const struct plan_service *service) {
    return plan_service_is_oneshot(service) || plan_service_ready(service) != NULL ||
           plan_service_has_conditions(service);
}

static bool has_long_start(const struct graph *graph) {
    for (size_t i = 0; i < graph->count; i++) {
        if (takes_long(graph->services[i]))
            return true;
    }
    return false;
}

static bool make_order(const struct map *members, bool is_stop, struct plan_lanes *lanes, struct error *err) {
    AUTO_GRAPH struct graph graph = {0};
    graph_init(&graph, members, is_stop);
    AUTO_WALK struct walk walk;
    walk_init(&walk, &graph);
    walk_all(&walk);
    if (walk.loops.count > 0)
        return error_set(err, ERROR_BAD_REQUEST, "%s", walk.loops.items[0]);
    if (!is_stop && has_long_start(&graph))
        make_single_lanes(&graph, &walk.sorted, lanes);
    else
        make_lanes(&graph, &walk.sorted, lanes);
    return true;
}

bool plan_start_order(const struct plan *plan, const struct text_list *names, const struct plan_conditions *conditions,
                      struct plan_lanes *lanes, struct error *err) {
    AUTO_MAP struct map members = MAP_INIT(NULL);
    const struct following following = {.conditions = conditions};
    return find_members(plan, names, &following, &members, err) && make_order(&members, false, lanes, err);
}

bool plan_stop_order(const struct plan *plan, const struct text_list *names, struct plan_lanes *lanes,
                     struct error *err) {
    AUTO_MAP struct map members = MAP_INIT(NULL), dependants = MAP_INIT(NULL);
    const struct following following = {.dependants = &dependants};
    find_dependants(&plan->content.services, &dependants);
    return find_members(plan, names, &following, &members, err) && make_order(&members, true, lanes, err);
}

void plan_lanes_clear(struct plan_lanes *lanes) {
    for (size_t i = 0; i < lanes->count; i++)
        text_list_clear(&lanes->items[i]);
    free(lanes->items);
    *lanes = (struct plan_lanes){0};
}
