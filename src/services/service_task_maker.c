// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_task_maker_internal.h"

#include "base/memory.h"
#include "state/task_array.h"

// The first and the last task of each lane.
struct lane_ends {
    struct task_array firsts, lasts;
};

// While the tasks of a change are made.
struct task_maker {
    struct service_manager *manager;
    struct change *change;
    struct map run;   // the names of lanes->run
    struct map tasks; // of starts: name -> struct task *
    struct map after; // of a service that comes later: name -> json_t *, a list of names
};

static const struct plan_service *config_of(const struct task_maker *maker, const char *name) {
    return plan_find_service(maker->manager->plan, name);
}

// The members beyond Pebble's are there only for services that need them.
static json_t *make_request(struct task_maker *maker, const char *kind, const char *name) {
    json_t *request = json_pack("{s:s}", "Name", name);
    const struct plan_service *config = config_of(maker, name);
    json_t *after = map_get(&maker->after, name);
    bool is_named =
        text_equal(kind, "start") && config != NULL && plan_service_is_oneshot(config) && map_has(&maker->run, name);
    if (after != NULL)
        (void)json_object_set(request, "After", after);
    if (is_named)
        (void)json_object_set_new(request, "Named", json_true());
    return request;
}

static struct task *add_task(struct task_maker *maker, const char *kind, const char *name) {
    AUTO_BUFFER struct buffer summary = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_printf(&summary, "%s service ", text_equal(kind, "start") ? "Start" : "Stop");
    text_quote(&summary, name);
    struct task *task = task_create(maker->change, kind, buffer_text(&summary));
    task_set_data(task, "service-request", make_request(maker, kind, name));
    service_task_created(maker->manager, task);
    return task;
}

// Each task of a lane waits for the previous one.
static void add_lanes(struct task_maker *maker, const char *kind, const struct plan_lanes *lanes,
                      struct lane_ends *ends) {
    for (size_t i = 0; i < lanes->count; i++) {
        int64_t lane = state_new_lane(change_state(maker->change));
        struct task *previous = NULL;
        for (size_t j = 0; j < lanes->items[i].count; j++) {
            struct task *task = add_task(maker, kind, lanes->items[i].items[j]);
            task_join_lane(task, lane);
            if (previous != NULL)
                task_wait_for(task, previous);
            else
                task_array_add(&ends->firsts, task);
            previous = task;
        }
        if (previous != NULL)
            task_array_add(&ends->lasts, previous);
    }
}

static void lane_ends_finish(struct lane_ends *ends) {
    task_array_finish(&ends->firsts);
    task_array_finish(&ends->lasts);
}

static void destroy_list(void *list) {
    json_decref(list);
}

// `later` comes after `name`.
static void add_after(struct task_maker *maker, const char *later, const char *name) {
    json_t *list = map_get(&maker->after, later);
    if (list == NULL) {
        list = json_array();
        map_set(&maker->after, later, list);
    }
    (void)json_array_append_new(list, json_string(name));
}

// --- starts that may take long ---

// Whether its start task ends only when it is up, or has done its work.
static bool takes_long(const struct plan_service *config) {
    return plan_service_is_oneshot(config) || plan_service_ready(config) != NULL;
}

// The start of a service that sorts after one that takes long waits until that is over, well or not.
static void note_order(struct task_maker *maker, const struct plan_service *config) {
    for (size_t i = 0; i < config->after.count; i++) {
        const struct plan_service *earlier = config_of(maker, config->after.items[i]);
        if (earlier != NULL && map_has(&maker->tasks, earlier->name) && takes_long(earlier))
            add_after(maker, config->name, earlier->name);
    }
}

static void note_before(struct task_maker *maker, const struct plan_service *config) {
    for (size_t i = 0; takes_long(config) && i < config->before.count; i++)
        add_after(maker, config->before.items[i], config->name);
}

// Each service has its own lane. Its task waits for those of the services that it requires and that sort before it.
static void add_single_lanes(struct task_maker *maker, const struct plan_lanes *lanes, struct task_array *tasks) {
    for (size_t i = 0; i < lanes->count; i++) {
        const struct plan_service *config = config_of(maker, lanes->items[i].items[0]);
        note_order(maker, config);
        struct task *task = add_task(maker, "start", config->name);
        task_join_lane(task, state_new_lane(change_state(maker->change)));
        task_array_add(tasks, task);
        for (size_t k = 0; k < config->requires.count; k++) {
            struct task *required = map_get(&maker->tasks, config->requires.items[k]);
            if (required != NULL)
                task_wait_for(task, required);
        }
        map_set(&maker->tasks, config->name, task);
        note_before(maker, config);
    }
}

// A service stops when those that wait for it to be started or ready, and are stopped too, have ended.
static void note_stop_order(struct task_maker *maker, const struct plan_lanes *lanes) {
    AUTO_MAP struct map stopped = MAP_INIT(NULL);
    for (size_t i = 0; i < lanes->count; i++) {
        for (size_t j = 0; j < lanes->items[i].count; j++)
            map_set(&stopped, lanes->items[i].items[j], maker);
    }
    for (const struct map_entry *e = map_first(&stopped); e != NULL; e = map_next(&stopped, e)) {
        const struct plan_service *config = config_of(maker, e->key);
        if (config == NULL || config->wait_for.count == 0)
            continue;
        AUTO_FREE struct map_entry **targets = map_sorted(&config->wait_for);
        for (size_t i = 0; targets[i] != NULL; i++) {
            enum condition condition = (enum condition)(uintptr_t)targets[i]->value;
            if (plan_condition_orders_stop(condition) && map_has(&stopped, targets[i]->key))
                add_after(maker, targets[i]->key, e->key);
        }
    }
}

static const char *service_of(const struct task *task) {
    return json_string_value(json_object_get(task_data(task, "service-request"), "Name"));
}

// At least the start of a service waits for its own stop, also for Pebble.
static void order_each_service(struct change *change) {
    AUTO_MAP struct map stops = MAP_INIT(NULL);
    for (size_t i = 0; i < change_task_count(change); i++) {
        struct task *task = change_task(change, i);
        struct task *stop = map_get(&stops, service_of(task));
        if (text_equal(task_kind(task), "stop"))
            map_set(&stops, service_of(task), task);
        else if (stop != NULL)
            task_wait_for(task, stop);
    }
}

void service_make_tasks(struct service_manager *manager, struct change *change, const struct service_lanes *lanes) {
    struct task_maker maker = {.manager = manager, .change = change};
    struct lane_ends stops = {0}, starts = {0};
    map_init(&maker.run, NULL);
    map_init(&maker.tasks, NULL);
    map_init(&maker.after, destroy_list);
    for (size_t i = 0; i < lanes->run->count; i++)
        map_set(&maker.run, lanes->run->items[i], &maker);
    note_stop_order(&maker, lanes->stop);
    add_lanes(&maker, "stop", lanes->stop, &stops);
    map_finish(&maker.after);
    map_init(&maker.after, destroy_list);
    if (lanes->start->are_single)
        add_single_lanes(&maker, lanes->start, &starts.firsts);
    else
        add_lanes(&maker, "start", lanes->start, &starts);
    if (change_order_tasks(change, &stops.lasts, &starts.firsts))
        order_each_service(change);
    lane_ends_finish(&stops);
    lane_ends_finish(&starts);
    map_finish(&maker.run);
    map_finish(&maker.tasks);
    map_finish(&maker.after);
}
