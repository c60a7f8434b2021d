// SPDX-License-Identifier: GPL-3.0-or-later
// The tasks of requests that are not over, and which tasks of the same change come before them. Declared in world.h.
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

// While the tasks of a change are added.
struct change_tasks {
    struct task *starts[SERVICE_COUNT], *stops[SERVICE_COUNT];
};

static int service_of(const struct task *task) {
    const char *name = json_string_value(json_object_get(task_data(task, "service-request"), "Name"));
    return name != NULL ? (int)strtol(name + 1, NULL, 10) : -1;
}

static bool is_start(const struct task *task) {
    return text_equal(task_kind(task), "start");
}

static struct record *find(struct world *world, const struct task *task) {
    struct actor *actor = &world->actors[service_of(task)];
    struct record *record;
    LIST_FOR_EACH (record, is_start(task) ? &actor->starts : &actor->stops, link) {
        if (record->task == task)
            return record;
    }
    return NULL;
}

static void record_destroy(struct record *record) {
    list_remove(&record->link);
    free(record);
}

static bool has_begun_start(const struct actor *actor) {
    const struct record *record;
    LIST_FOR_EACH (record, &actor->starts, link) {
        if (record_has_begun(record))
            return true;
    }
    return false;
}

static void on_task_ended(struct listener *listener, void *argument) {
    struct world *world = CONTAINER_OF(listener, struct world, task_ended);
    struct record *record = find(world, argument);
    if (record == NULL)
        world_fail(world, "task %s ends twice", task_summary(argument));
    struct actor *actor = &world->actors[record->service];
    bool is_done = task_status(argument) == STATUS_DONE;
    world->seq++;
    if (is_done && record->is_start)
        rules_start_done(world, record);
    if (is_done && !record->is_start)
        rules_stop_done(world, record);
    // A start that fails counts as a stop: it has left the earlier run behind.
    actor->was_stopped = actor->was_stopped || (is_done != record->is_start && actor->process == NULL);
    record_destroy(record);
    if (!has_begun_start(actor))
        actor->wait = NULL;
}

bool record_has_begun(const struct record *record) {
    return task_status(record->task) == STATUS_DOING || task_status(record->task) == STATUS_ABORT;
}

static void add_blocker(struct world *world, struct record *record, struct task *task, bool must_succeed) {
    if (record->blocker_count == BLOCKERS_MAX)
        world_fail(world, "too many tasks before one");
    record->blockers[record->blocker_count].task = task;
    record->blockers[record->blocker_count].service = service_of(task);
    record->blockers[record->blocker_count++].must_succeed = must_succeed;
}

static void add_start_blockers(struct world *world, struct record *record, const struct change_tasks *tasks) {
    const struct spec *spec = world->planned[record->service];
    for (int i = 0; i < SERVICE_COUNT; i++) {
        const struct spec *other = world->planned[i];
        if (other == NULL || tasks->starts[i] == NULL || spec == NULL || i == record->service)
            continue;
        bool sorts = spec_sorts_after(spec, other);
        bool requires = edges_have(&spec->requires, i) && (sorts || edges_have(&spec->waits, i));
        if (requires || (sorts && spec_takes_long(other)))
            add_blocker(world, record, tasks->starts[i], requires);
    }
}

static void add_stop_blockers(struct world *world, struct record *record, const struct change_tasks *tasks) {
    for (int i = 0; i < SERVICE_COUNT; i++) {
        const struct spec *waiter = world->planned[i];
        if (waiter == NULL || tasks->stops[i] == NULL)
            continue;
        for (int k = 0; k < waiter->waits.count; k++) {
            if (waiter->waits.items[k] == record->service && waiter->wishes[k] <= WISH_READY)
                add_blocker(world, record, tasks->stops[i], false);
        }
    }
}

static bool has_named_start(const struct actor *actor) {
    struct record *record;
    LIST_FOR_EACH (record, &actor->starts, link) {
        if (record->may_join_named)
            return true;
    }
    return false;
}

static void add_record(struct world *world, struct task *task, bool is_named, const struct change_tasks *tasks) {
    struct record *record = memory_new(sizeof *record);
    record->task = task;
    record->service = service_of(task);
    record->is_start = is_start(task);
    record->seq = ++world->seq;
    struct actor *actor = &world->actors[record->service];
    record->is_named = is_named;
    record->may_join_named = is_named || has_named_start(actor);
    if (record->is_start)
        add_start_blockers(world, record, tasks);
    else
        add_stop_blockers(world, record, tasks);
    list_add(record->is_start ? &actor->starts : &actor->stops, &record->link);
}

void records_add(struct world *world, const struct change *change, const bool is_named[SERVICE_COUNT]) {
    struct change_tasks tasks = {0};
    for (size_t i = 0; i < change_task_count(change); i++) {
        struct task *task = change_task(change, i);
        *(is_start(task) ? &tasks.starts[service_of(task)] : &tasks.stops[service_of(task)]) = task;
    }
    for (size_t i = 0; i < change_task_count(change); i++) {
        struct task *task = change_task(change, i);
        add_record(world, task, is_named[service_of(task)], &tasks);
    }
}

void records_begin(struct world *world) {
    for (int i = 0; i < SERVICE_COUNT; i++) {
        list_init(&world->actors[i].starts);
        list_init(&world->actors[i].stops);
    }
    event_add(state_task_ended(world->state), &world->task_ended, on_task_ended);
}

static void destroy_all(struct list *records) {
    while (!list_is_empty(records))
        record_destroy(LIST_ITEM(records->next, struct record, link));
}

void records_end(struct world *world) {
    event_remove(&world->task_ended);
    for (int i = 0; i < SERVICE_COUNT; i++) {
        destroy_all(&world->actors[i].starts);
        destroy_all(&world->actors[i].stops);
    }
}
