// SPDX-License-Identifier: GPL-3.0-or-later
// Random requests and events. Declared in world.h.
#include "world.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "services/service_wait_internal.h"

#define NAMES_MAX 4
#define SETTLE_ROUNDS 60
#define STOP_ROUNDS 10
#define STEPS_AFTER_STOP 50

// --- requests ---

static void note_changed(const struct world *world, bool is_named[SERVICE_COUNT]) {
    for (int i = 0; i < SERVICE_COUNT; i++) {
        const struct spec *config = world_config(world, i);
        is_named[i] = config != NULL && world->planned[i] != NULL && config != world->planned[i];
    }
}

static void request(struct world *world, enum service_action action, const bool wanted[SERVICE_COUNT]) {
    static const char *const action_names[] = {"start", "stop", "restart", "replan", "autostart"};
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_ERROR struct error err = {0};
    struct change *change = NULL;
    bool is_named[SERVICE_COUNT] = {false}, has_unknown = false;
    for (int i = 0; i < SERVICE_COUNT; i++) {
        if (!wanted[i])
            continue;
        text_list_add(&names, world->actors[i].name);
        is_named[i] = true;
        has_unknown = has_unknown || world->planned[i] == NULL;
    }
    if (action == SERVICE_REPLAN)
        note_changed(world, is_named);
    AUTO_FREE char *joined = names.count < 20 ? text_list_join(&names, " ") : memory_string("...");
    world_note(world, "%s %s", action_names[action], joined);
    world->seq++;
    bool is_good = service_manager_request(world->manager, action, &names, &change, &err);
    if (!is_good && !has_unknown)
        world_fail(world, "%s fails: %s", action_names[action], error_text(&err));
    if (is_good)
        records_add(world, change, is_named);
}

static void request_some(struct world *world, enum service_action action) {
    bool wanted[SERVICE_COUNT] = {false};
    bool needs_names = action != SERVICE_REPLAN && action != SERVICE_AUTOSTART;
    int count = needs_names ? 1 + rng_below(&world->rng, NAMES_MAX) : 0;
    for (int i = 0; i < count; i++)
        wanted[rng_below(&world->rng, SERVICE_COUNT)] = true;
    request(world, action, wanted);
}

// --- events ---

static struct service_process *some_process(struct world *world) {
    size_t count = list_count(&world->processes);
    if (count == 0)
        return NULL;
    int left = rng_below(&world->rng, (int)count);
    struct service_process *process;
    LIST_FOR_EACH (process, &world->processes, link) {
        if (left-- == 0)
            return process->is_launched && !process->is_ended ? process : NULL;
    }
    return NULL;
}

static void let_exit(struct world *world) {
    static const int codes[] = {0, 0, 0, 1, 2, 3, 77, 139};
    struct service_process *process = some_process(world);
    if (process != NULL)
        process_exit(process, codes[rng_below(&world->rng, (int)ARRAY_COUNT(codes))]);
}

static void let_speak(struct world *world) {
    struct service_process *process = some_process(world);
    if (process == NULL)
        return;
    if (rng_chance(&world->rng, 30))
        process_write(process, rng_chance(&world->rng, 50) ? "a line\n" : "half a line, service is ");
    else if (process->spec->ready != READY_WAY_NONE && (!process->was_ready || rng_chance(&world->rng, 30)))
        process_become_ready(process);
    else
        process_say_stopping(process);
}

static void let_check_fail(struct world *world) {
    int check = rng_below(&world->rng, CHECK_COUNT);
    AUTO_FREE char *name = memory_printf("c%d", check);
    for (int i = 0; i < SERVICE_COUNT; i++) {
        const struct spec *config = world_config(world, i);
        struct actor *actor = &world->actors[i];
        if (config == NULL || config->on_check[check] != REACTION_RESTART)
            continue;
        const struct service *service = world_service(world, i);
        actor->has_check_cause = actor->has_check_cause || service->state == SERVICE_RUNNING;
        actor->may_restart = actor->may_restart || service->state == SERVICE_EXITED;
    }
    world_note(world, "check %s fails", name);
    service_manager_check_failed(world->manager, name);
}

static void abort_some(struct world *world) {
    const struct actor *actor = &world->actors[rng_below(&world->rng, SERVICE_COUNT)];
    for (int i = 0; i < SERVICE_COUNT && list_is_empty(&actor->starts); i++)
        actor = &world->actors[(actor->service + 1) % SERVICE_COUNT];
    if (list_is_empty(&actor->starts))
        return;
    struct change *change = task_change(LIST_ITEM(actor->starts.next, struct record, link)->task);
    world_note(world, "change %s is aborted", change_id(change));
    if (!change_abort(change, NULL))
        world_fail(world, "change %s cannot be aborted", change_id(change));
}

static void advance(struct world *world) {
    int64_t duration_ns = rng_chance(&world->rng, 5) ? rng_below(&world->rng, 40000) * NS_PER_MS
                                                     : rng_below(&world->rng, 2000) * NS_PER_MS;
    loop_advance(world->loop, duration_ns);
}

static void change_plan(struct world *world) {
    world_note(world, "the plan changes");
    world_change_plan(world, 1 + rng_below(&world->rng, 8));
    if (rng_chance(&world->rng, 70))
        request_some(world, SERVICE_REPLAN);
}

// --- steps ---

static void do_something(struct world *world) {
    int choice = rng_below(&world->rng, 100);
    if (choice < 24)
        request_some(world, SERVICE_START);
    else if (choice < 34)
        request_some(world, SERVICE_STOP);
    else if (choice < 40)
        request_some(world, SERVICE_RESTART);
    else if (choice < 41)
        request_some(world, SERVICE_AUTOSTART);
    else if (choice < 43)
        request_some(world, SERVICE_REPLAN);
    else if (choice < 46)
        change_plan(world);
    else if (choice < 50)
        abort_some(world);
    else if (choice < 62)
        let_exit(world);
    else if (choice < 78)
        let_speak(world);
    else if (choice < 82)
        let_check_fail(world);
    else
        advance(world);
}

static void take_in(struct world *world) {
    loop_run_pending(world->loop);
    world->settled_seq = world->seq;
}

void step_random(struct world *world) {
    world->step++;
    do_something(world);
    if (rng_chance(&world->rng, 70))
        take_in(world);
    invariants_check(world);
    if (world->step % 200 == 0)
        state_prune(world->state);
}

// --- the end ---

static void help_processes(struct world *world) {
    struct service_process *process;
    LIST_FOR_EACH (process, &world->processes, link) {
        if (!process->is_launched || process->is_ended)
            process_continue(process);
        else if (process->spec->is_oneshot)
            process_exit(process, 0);
        else if (!process->was_ready)
            process_become_ready(process);
    }
}

// Whether the service waits for the end of one that goes on.
static bool may_wait_on(const struct world *world, int service) {
    const struct service *object = world_service(world, service);
    const struct spec *spec = world->specs[world->actors[service].wait_version];
    if (object == NULL || object->state != SERVICE_WAITING)
        return false;
    for (int i = 0; i < spec->waits.count; i++) {
        int target = spec->waits.items[i];
        bool is_end = spec->wishes[i] == WISH_COMPLETED || spec->wishes[i] == WISH_EXITED;
        bool is_unready = spec->wishes[i] == WISH_READY && !service_rests(world, target);
        if (condition_judge(world, target, spec->wishes[i]) == VERDICT_YES)
            continue;
        if ((is_end && !service_rests(world, target)) || is_unready || may_wait_on(world, target))
            return true;
    }
    for (int i = 0; i < service; i++) { // it waits for the end of their starts
        if (may_wait_on(world, i) && !list_is_empty(&world->actors[i].starts))
            return true;
    }
    return false;
}

static void fail_start(const struct world *world, int service) {
    const struct service *object = world_service(world, service);
    AUTO_FREE char *left = object->wait != NULL ? service_wait_describe(object->wait) : memory_string("nothing");
    world_fail(world, "the start of s%03d does not end: it is %s, and waits for %s", service,
               service_state_name(object->state), left);
}

static void check_progress(const struct world *world) {
    for (int i = 0; i < SERVICE_COUNT; i++) {
        const struct record *record;
        LIST_FOR_EACH (record, &world->actors[i].starts, link) {
            if (record_has_begun(record) && !may_wait_on(world, i))
                fail_start(world, i);
        }
        if (!list_is_empty(&world->actors[i].stops))
            world_fail(world, "the stop of s%03d does not end", i);
    }
}

static void pass_time(struct world *world) {
    for (int i = 0; i < SETTLE_ROUNDS; i++) {
        help_processes(world);
        loop_advance(world->loop, 2 * NS_PER_S);
        take_in(world);
        invariants_check(world);
    }
}

static bool all_rest(const struct world *world) {
    for (int i = 0; i < SERVICE_COUNT; i++) {
        if (!service_rests(world, i) || !list_is_empty(&world->actors[i].starts))
            return false;
    }
    return true;
}

void step_stop_for_now(struct world *world) {
    bool all[SERVICE_COUNT];
    for (int i = 0; i < SERVICE_COUNT; i++)
        all[i] = true;
    world_note(world, "all cooperate");
    world->is_cooperative = true;
    pass_time(world);
    check_progress(world);
    world_complete_plan(world);
    // A start task that has not begun yet may begin after the stop.
    for (int i = 0; i < STOP_ROUNDS && !all_rest(world); i++) {
        request(world, SERVICE_STOP, all);
        pass_time(world);
    }
    invariants_check_rest(world);
    world->is_cooperative = false;
}

void step_stop_all(struct world *world) {
    world_note(world, "everything is stopped");
    bool none[SERVICE_COUNT] = {false};
    world_complete_plan(world);
    int64_t limit_ns;
    const struct change *change = service_manager_stop_all(world->manager, &limit_ns);
    world->is_stopping = true;
    if (change != NULL)
        records_add(world, change, none);
    for (int i = 0; i < STEPS_AFTER_STOP; i++)
        step_random(world);
    world->is_cooperative = true;
    pass_time(world);
    invariants_check_rest(world);
}
