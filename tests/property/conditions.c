// SPDX-License-Identifier: GPL-3.0-or-later
// Whether conditions hold, by what is known of processes and tasks; "maybe" where the document leaves it open, or what
// a process has done may not have been taken in yet. Declared in world.h.
#include "world.h"

#include "base/clock.h"

#define WINDOW_NS NS_PER_S

bool service_has_pending_start(const struct world *world, int service) {
    struct record *record;
    LIST_FOR_EACH (record, &world->actors[service].starts, link) {
        if (task_status(record->task) == STATUS_DO)
            return true;
    }
    return false;
}

bool service_rests(const struct world *world, int service) {
    const struct service *object = world_service(world, service);
    if (world->actors[service].process != NULL)
        return false;
    return object == NULL || object->state == SERVICE_INITIAL || object->state == SERVICE_STOPPED ||
           object->state == SERVICE_COMPLETED || object->state == SERVICE_EXITED;
}

static enum verdict judge_started(const struct world *world, const struct service_process *process) {
    if (!process->is_launched || process->is_signalled)
        return VERDICT_NO;
    if (process->is_ended || world_config(world, process->service) != process->spec)
        return VERDICT_MAYBE;
    if (spec_takes_long(process->spec))
        return VERDICT_YES;
    int64_t age_ns = loop_now_ns(world->loop) - process->launched_ns;
    return age_ns > WINDOW_NS ? VERDICT_YES : age_ns == WINDOW_NS ? VERDICT_MAYBE : VERDICT_NO;
}

static enum verdict judge_ready(const struct world *world, const struct service_process *process) {
    enum verdict started = judge_started(world, process);
    if (process->spec->ready == READY_WAY_NONE || started == VERDICT_NO)
        return process->spec->is_oneshot ? VERDICT_NO : started;
    if (process->spec->ready == READY_WAY_CHECK)
        return world->passed_seq[process->spec->ready_check] > process->start_seq ? VERDICT_MAYBE : VERDICT_NO;
    bool is_settled = world->settled_seq >= process->told_seq;
    if (process->is_unready)
        return is_settled ? VERDICT_NO : VERDICT_MAYBE;
    if (!process->was_ready)
        return VERDICT_NO;
    return is_settled ? started : VERDICT_MAYBE;
}

// Of one that is at rest.
static enum verdict judge_ended(const struct world *world, const struct actor *actor, enum wish wish) {
    const struct service *object = world_service(world, actor->service);
    const struct spec *run = world->specs[actor->last_version];
    bool is_last = object->state == SERVICE_COMPLETED || object->state == SERVICE_EXITED;
    if (world_config(world, actor->service) != run)
        return VERDICT_MAYBE;
    if (wish == WISH_EXITED)
        return is_last ? VERDICT_YES : VERDICT_MAYBE;
    if (wish == WISH_STARTED)
        return !run->is_oneshot ? VERDICT_NO : is_last ? VERDICT_YES : VERDICT_MAYBE;
    if (wish == WISH_READY && !run->is_oneshot)
        return VERDICT_NO;
    if (!actor->is_last_success)
        return VERDICT_NO;
    return actor->has_last_ended_itself && object->state == SERVICE_COMPLETED ? VERDICT_YES : VERDICT_MAYBE;
}

enum verdict condition_judge(const struct world *world, int target, enum wish wish) {
    const struct actor *actor = &world->actors[target];
    const struct service_process *process = actor->process;
    if (service_has_pending_start(world, target) || world_config(world, target) == NULL)
        return VERDICT_NO;
    if (process != NULL && wish <= WISH_READY)
        return wish == WISH_STARTED ? judge_started(world, process) : judge_ready(world, process);
    if (!service_rests(world, target) || !actor->has_run)
        return VERDICT_NO;
    return judge_ended(world, actor, wish);
}
