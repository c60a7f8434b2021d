// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold after each step. Declared in world.h.
#include "world.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "services/service_wait_internal.h"

// --- states ---

enum process_part { PROCESS_NONE, PROCESS_LAUNCHED, PROCESS_RUNS };

static const struct {
    const char *current;
    enum process_part process;
    bool has_start; // a start task is always under way
    bool may_start; // it may be
    bool has_stop;
} rules[SERVICE_STATES] = {
    [SERVICE_INITIAL] = {"inactive", PROCESS_NONE, false, false, false},
    [SERVICE_WAITING] = {"inactive", PROCESS_NONE, true, true, false},
    [SERVICE_LAUNCHING] = {"inactive", PROCESS_LAUNCHED, true, true, false},
    [SERVICE_STARTING] = {"active", PROCESS_RUNS, true, true, false},
    [SERVICE_GETTING_READY] = {"active", PROCESS_RUNS, false, true, false},
    [SERVICE_WORKING] = {"active", PROCESS_RUNS, false, true, false},
    [SERVICE_RUNNING] = {"active", PROCESS_RUNS, false, false, false},
    [SERVICE_TERMINATING] = {"inactive", PROCESS_RUNS, false, false, true},
    [SERVICE_KILLING] = {"inactive", PROCESS_RUNS, false, false, true},
    [SERVICE_RESTART_TERMINATING] = {"inactive", PROCESS_RUNS, false, false, false},
    [SERVICE_RESTART_KILLING] = {"inactive", PROCESS_RUNS, false, false, false},
    [SERVICE_TIMEOUT_TERMINATING] = {"inactive", PROCESS_RUNS, false, true, false},
    [SERVICE_TIMEOUT_KILLING] = {"inactive", PROCESS_RUNS, false, true, false},
    [SERVICE_STOPPED] = {"inactive", PROCESS_NONE, false, false, false},
    [SERVICE_COMPLETED] = {"inactive", PROCESS_NONE, false, false, false},
    [SERVICE_BACKOFF] = {"backoff", PROCESS_NONE, false, true, false},
    [SERVICE_RELAUNCHING] = {"backoff", PROCESS_LAUNCHED, false, true, false},
    [SERVICE_EXITED] = {"error", PROCESS_NONE, false, false, false},
};

static enum process_part part_of(const struct service_process *process) {
    if (process == NULL)
        return PROCESS_NONE;
    return process->is_launched ? PROCESS_RUNS : PROCESS_LAUNCHED;
}

static int count_begun(const struct list *records) {
    const struct record *record;
    int count = 0;
    LIST_FOR_EACH (record, records, link)
        count += record_has_begun(record);
    return count;
}

static void check_tasks(const struct world *world, const struct actor *actor, const struct service *service) {
    int starts = count_begun(&actor->starts), stops = count_begun(&actor->stops);
    bool is_retrying = service->state != SERVICE_BACKOFF && service->state != SERVICE_RELAUNCHING;
    if (starts > 0 && !rules[service->state].may_start)
        world_fail(world, "%s has a start task while %s", actor->name, service_state_name(service->state));
    if (starts > 0 && !is_retrying && !world->specs[actor->last_version]->is_oneshot)
        world_fail(world, "%s has a start task in backoff", actor->name);
    if (starts == 0 && rules[service->state].has_start)
        world_fail(world, "%s has no start task while %s", actor->name, service_state_name(service->state));
    if (stops == 0 && rules[service->state].has_stop)
        world_fail(world, "%s has no stop task while %s", actor->name, service_state_name(service->state));
    if ((size_t)starts != service->start_tasks.count)
        world_fail(world, "%s has forgotten a start task", actor->name);
    if ((service->wait != NULL) != (service->state == SERVICE_WAITING))
        world_fail(world, "%s has a wait while %s", actor->name, service_state_name(service->state));
}

static void check_state(const struct world *world, const struct actor *actor, const struct service *service) {
    if (part_of(actor->process) != rules[service->state].process || service->process != actor->process)
        world_fail(world, "%s has another process than it should while %s", actor->name,
                   service_state_name(service->state));
    if (!text_equal(service_state_status(service->state), rules[service->state].current))
        world_fail(world, "%s is shown as %s", actor->name, service_state_status(service->state));
}

// --- time ---

#define WINDOW_NS NS_PER_S
#define KILL_LIMIT_NS (5 * NS_PER_S)
#define READY_TIMEOUT_S 25

// When the state of a process has to be over; INT64_MAX: never.
static int64_t deadline_of(enum service_state state, const struct service_process *process) {
    const struct spec *spec = process->spec;
    int timeout_s = spec->ready_timeout_s >= 0 ? spec->ready_timeout_s : READY_TIMEOUT_S;
    int64_t kill_ns = process->signalled_ns + spec->kill_delay_ms * NS_PER_MS;
    switch (state) {
    case SERVICE_STARTING:
        return process->launched_ns + WINDOW_NS;
    case SERVICE_GETTING_READY:
        return timeout_s > 0 ? process->launched_ns + timeout_s * NS_PER_S : INT64_MAX;
    case SERVICE_WORKING:
        return spec->run_timeout_s > 0 ? process->launched_ns + spec->run_timeout_s * NS_PER_S : INT64_MAX;
    case SERVICE_TERMINATING:
    case SERVICE_RESTART_TERMINATING:
    case SERVICE_TIMEOUT_TERMINATING:
        return kill_ns;
    case SERVICE_KILLING:
    case SERVICE_RESTART_KILLING:
    case SERVICE_TIMEOUT_KILLING:
        return kill_ns + KILL_LIMIT_NS;
    default:
        return INT64_MAX;
    }
}

static void check_deadline(const struct world *world, const struct actor *actor, const struct service *service) {
    const struct service_process *process = actor->process;
    bool is_known = process != NULL && !process->is_ended && process->spec == world_config(world, actor->service);
    if (is_known && loop_now_ns(world->loop) > deadline_of(service->state, process))
        world_fail(world, "%s is still %s", actor->name, service_state_name(service->state));
}

// --- waits ---

// Later starts of the same services count, too.
static bool waits_for_order(const struct world *world, const struct actor *actor) {
    for (int i = 0; i < actor->wait_after_count; i++) {
        if (!list_is_empty(&world->actors[actor->wait_after[i]].starts))
            return true;
    }
    return false;
}

static void check_wait(const struct world *world, const struct actor *actor) {
    const struct spec *spec = world->specs[actor->wait_version];
    int64_t waited_ns = loop_now_ns(world->loop) - actor->wait_begin_ns;
    if (spec->wait_timeout_s > 0 && waited_ns > spec->wait_timeout_s * NS_PER_S)
        world_fail(world, "%s waits for too long", actor->name);
    bool has_unmet = spec->has_wait_check; // whose own probe has perhaps not passed
    for (int i = 0; i < spec->waits.count; i++) {
        int target = spec->waits.items[i];
        enum verdict verdict = condition_judge(world, target, spec->wishes[i]);
        has_unmet = has_unmet || verdict != VERDICT_YES;
        if (verdict == VERDICT_NO && service_rests(world, target) && !service_has_pending_start(world, target))
            world_fail(world, "%s waits for s%03d in vain", actor->name, target);
    }
    if (has_unmet || waits_for_order(world, actor))
        return;
    AUTO_FREE char *left = service_wait_describe(world_service(world, actor->service)->wait);
    world_fail(world, "%s waits for %s without need", actor->name, left);
}

static void add_wait_after(struct actor *actor, const struct record *record) {
    for (int i = 0; i < record->blocker_count && actor->wait_after_count < BLOCKERS_MAX; i++)
        actor->wait_after[actor->wait_after_count++] = record->blockers[i].service;
}

// Which of the tasks has begun the wait is not seen: the earlier ones may be of a one-shot that was to be run again.
static void begin_wait(const struct world *world, struct actor *actor) {
    const struct record *record;
    actor->wait = world_service(world, actor->service)->wait;
    actor->wait_version = world_config(world, actor->service)->version;
    actor->wait_begin_ns = loop_now_ns(world->loop);
    actor->wait_after_count = 0;
    actor->wait_begin_seq = UINT64_MAX;
    LIST_FOR_EACH (record, &actor->starts, link) {
        if (!record_has_begun(record))
            continue;
        actor->wait_begin_seq = record->seq < actor->wait_begin_seq ? record->seq : actor->wait_begin_seq;
        add_wait_after(actor, record);
    }
}

// The tasks of a wait end with it.
static void note_wait(const struct world *world, struct actor *actor) {
    const struct record *record;
    bool is_same = false;
    uint64_t newest_seq = 0;
    LIST_FOR_EACH (record, &actor->starts, link) {
        if (!record_has_begun(record))
            continue;
        is_same = is_same || record->seq <= actor->wait_seq;
        newest_seq = record->seq > newest_seq ? record->seq : newest_seq;
    }
    actor->wait_seq = newest_seq;
    if (!is_same || actor->wait != world_service(world, actor->service)->wait)
        begin_wait(world, actor);
}

static void check_actor(const struct world *world, struct actor *actor) {
    bool is_settled = world->settled_seq == world->seq;
    actor->object = world_service(world, actor->service);
    const struct service *service = actor->object;
    if (service == NULL)
        return;
    check_state(world, actor, service);
    check_tasks(world, actor, service);
    check_deadline(world, actor, service);
    if (service->state != SERVICE_WAITING) {
        actor->wait_seq = 0;
        return;
    }
    note_wait(world, actor);
    if (is_settled && world_config(world, actor->service)->version == actor->wait_version)
        check_wait(world, actor);
}

// --- all ---

static void check_shown(const struct service_info *info, void *data) {
    const struct world *world = data;
    const struct service *service = map_get(&world->manager->services, info->name);
    const char *expected = service != NULL ? rules[service->state].current : "inactive";
    if (!text_equal(info->status, expected))
        world_fail(world, "%s is shown as %s instead of %s", info->name, info->status, expected);
}

// A stop that is held for others has begun as a task only.
static size_t count_pending(const struct world *world) {
    size_t count = list_count(&world->manager->held_stops);
    for (int i = 0; i < SERVICE_COUNT; i++) {
        const struct list *both[] = {&world->actors[i].starts, &world->actors[i].stops};
        for (size_t k = 0; k < ARRAY_COUNT(both); k++) {
            const struct record *record;
            LIST_FOR_EACH (record, both[k], link)
                count += task_status(record->task) == STATUS_DO;
        }
    }
    return count;
}

void invariants_check(struct world *world) {
    for (int i = 0; i < SERVICE_COUNT; i++)
        check_actor(world, &world->actors[i]);
    if (count_pending(world) != world->manager->pending.keys.count)
        world_fail(world, "%zu tasks have not begun, not %zu", count_pending(world),
                   world->manager->pending.keys.count);
    service_manager_list(world->manager, NULL, check_shown, world);
}

static bool check_change(struct change *change, void *data) {
    if (!change_is_ready(change))
        world_fail(data, "change %s is not ready", change_id(change));
    return true;
}

void invariants_check_rest(struct world *world) {
    const struct service_manager *manager = world->manager;
    invariants_check(world);
    state_each_change(world->state, check_change, world);
    for (int i = 0; i < SERVICE_COUNT; i++) {
        const struct service *service = world_service(world, i);
        if (!list_is_empty(&world->actors[i].starts) || !list_is_empty(&world->actors[i].stops))
            world_fail(world, "s%03d has a task that does not end", i);
        // A stop is held for good behind one that has failed: of a process that survives SIGKILL.
        bool is_held = world->is_stopping && service != NULL && service->state == SERVICE_BACKOFF;
        if (!service_rests(world, i) && !is_held)
            world_fail(world, "s%03d is %s", i, service_state_name(service->state));
        if (service != NULL && !list_is_empty(&service->watchers))
            world_fail(world, "s%03d is still watched", i);
    }
    if (!list_is_empty(&manager->held_stops) || !list_is_empty(&manager->waits_over) ||
        !list_is_empty(&manager->changes) || !list_is_empty(&world->probes) || !list_is_empty(&world->processes))
        world_fail(world, "something is left");
    if (!service_pending_is_empty(&manager->pending))
        world_fail(world, "a task is still pending");
}
