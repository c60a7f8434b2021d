// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold when a process starts, ends or gets a signal, and when a task ends. Declared in world.h.
#include "world.h"

#include <signal.h>

#include "base/clock.h"
#include "base/signal_names.h"

#define READY_TIMEOUT_S 25

// --- starts ---

static bool blockers_are_over(const struct world *world, const struct record *record) {
    for (int i = 0; i < record->blocker_count; i++) {
        enum task_status status = task_status(record->blockers[i].task);
        if (!record->is_start && service_rests(world, record->blockers[i].service))
            continue; // nothing is left to stop
        if (!status_is_ready(status) || (record->blockers[i].must_succeed && status != STATUS_DONE))
            return false;
    }
    return true;
}

static bool is_any_free(const struct world *world, const struct list *records) {
    struct record *record;
    LIST_FOR_EACH (record, records, link) {
        if (record_has_begun(record) && blockers_are_over(world, record))
            return true;
    }
    return false;
}

static const struct record *first_begun(const struct actor *actor) {
    struct record *record;
    LIST_FOR_EACH (record, &actor->starts, link) {
        if (record_has_begun(record))
            return record;
    }
    return NULL;
}

static const char *state_name(const struct world *world, int service) {
    const struct service *object = world_service(world, service);
    return service_state_name(object != NULL ? object->state : SERVICE_INITIAL);
}

// The wait was begun by a task that was aborted; those that have joined it are left.
static bool was_begun_by_another(const struct actor *actor, const struct record *first) {
    return actor->wait_seq > 0 && actor->wait_begin_seq < first->seq;
}

static void check_conditions(const struct world *world, const struct spec *spec, const struct record *first) {
    const struct actor *actor = &world->actors[spec->service];
    uint64_t begin_seq = was_begun_by_another(actor, first) ? actor->wait_begin_seq : first->seq;
    for (int i = 0; i < spec->waits.count; i++) {
        if (condition_judge(world, spec->waits.items[i], spec->wishes[i]) == VERDICT_NO)
            world_fail(world, "s%03d starts, but s%03d is not %s: it is %s", spec->service, spec->waits.items[i],
                       wish_name(spec->wishes[i]), state_name(world, spec->waits.items[i]));
    }
    if (spec->has_wait_check && world->passed_seq[spec->wait_check] < begin_seq)
        world_fail(world, "s%03d starts, but check c%d has not passed", spec->service, spec->wait_check);
}

static bool has_named_start(const struct actor *actor) {
    struct record *record;
    LIST_FOR_EACH (record, &actor->starts, link) {
        if (record_has_begun(record) && record->may_join_named)
            return true;
    }
    return false;
}

static void check_start_by_task(const struct world *world, const struct actor *actor, const struct spec *spec) {
    const struct record *first = first_begun(actor);
    if (first == NULL)
        world_fail(world, "%s starts without a task", actor->name);
    // A wait may have been begun by a task that was aborted since.
    uint64_t begin_seq = was_begun_by_another(actor, first) ? actor->wait_begin_seq : first->seq;
    if (spec->retired_seq > 0 && spec->retired_seq < begin_seq)
        world_fail(world, "%s starts with an old configuration", actor->name);
    if (!is_any_free(world, &actor->starts) && !was_begun_by_another(actor, first))
        world_fail(world, "%s starts before the services that it comes after", actor->name);
    check_conditions(world, spec, first);
    bool is_completed = spec->is_oneshot && actor->has_run && actor->is_last_success && actor->has_last_ended_itself &&
                        !actor->was_stopped && actor->last_version == spec->version;
    if (is_completed && !has_named_start(actor))
        world_fail(world, "%s has completed, and runs again", actor->name);
}

static void check_restart(const struct world *world, const struct actor *actor, const struct spec *spec) {
    if (!actor->may_restart)
        world_fail(world, "%s is restarted, against its configuration", actor->name);
    if (spec->max_retries > 0 && actor->retries > spec->max_retries)
        world_fail(world, "%s is restarted for the %dth time", actor->name, actor->retries);
}

void rules_process_starts(struct world *world, struct service_process *process) {
    struct actor *actor = &world->actors[process->service];
    enum service_state state = world_service(world, process->service)->state;
    world_note(world, "%s starts, %s, version %d", actor->name, service_state_name(state), process->spec->version);
    if (actor->process != NULL)
        world_fail(world, "%s starts twice", actor->name);
    if (world->is_stopping)
        world_fail(world, "%s starts after everything was stopped", actor->name);
    process->is_relaunch = state == SERVICE_RELAUNCHING;
    if (state == SERVICE_LAUNCHING) {
        check_start_by_task(world, actor, process->spec);
        world->launch_count++;
        world->wait_count += process->spec->waits.count > 0;
        actor->retries = 0;
        actor->may_restart = false;
        actor->has_check_cause = false;
    } else if (state == SERVICE_RELAUNCHING) {
        actor->retries++;
        world->relaunch_count++;
        check_restart(world, actor, process->spec);
    } else {
        world_fail(world, "%s starts while %s", actor->name, service_state_name(state));
    }
}

// --- ends ---

static bool is_success(const struct spec *spec, int exit_code) {
    return exit_code == 0 || (spec->success_code > 0 && exit_code == spec->success_code);
}

static bool is_fatal(const struct spec *spec, int exit_code) {
    return spec->fatal_code > 0 && exit_code == spec->fatal_code;
}

static enum reaction reaction_to(const struct spec *spec, int exit_code) {
    enum reaction reaction = is_success(spec, exit_code) ? spec->on_success : spec->on_failure;
    if (reaction == REACTION_UNSET)
        reaction = spec->is_oneshot ? REACTION_IGNORE : REACTION_RESTART;
    return reaction == REACTION_RESTART && is_fatal(spec, exit_code) ? REACTION_IGNORE : reaction;
}

static bool was_reset(const struct service_process *process) {
    int64_t end_ns = process->is_signalled ? process->signalled_ns : loop_now_ns(process->world->loop);
    return process->reset_ns > 0 && process->reset_ns <= end_ns;
}

static enum service_state state_of_restart(const struct world *world, const struct service_process *process) {
    const struct spec *config = world_config(world, process->service);
    int retries = was_reset(process) ? 0 : world->actors[process->service].retries;
    return config->max_retries > 0 && retries >= config->max_retries ? SERVICE_EXITED : SERVICE_BACKOFF;
}

static enum service_state state_of_own_exit(const struct world *world, const struct service_process *process) {
    const struct spec *config = world_config(world, process->service);
    int exit_code = process->exit_code;
    enum reaction reaction = reaction_to(config, exit_code);
    if (config->is_oneshot && is_success(config, exit_code))
        return SERVICE_COMPLETED;
    if (reaction == REACTION_RESTART)
        return state_of_restart(world, process);
    return reaction == REACTION_IGNORE && is_success(config, exit_code) ? SERVICE_COMPLETED : SERVICE_EXITED;
}

// The state that follows from the end of the process. *is_sure: the document says so.
enum service_state rules_state_after(const struct world *world, const struct service_process *process, bool *is_sure) {
    const struct spec *config = world_config(world, process->service);
    enum service_state state = world_service(world, process->service)->state;
    bool is_count_known = config->max_retries == 0 || process->spec->ready != READY_WAY_CHECK;
    switch (state) {
    case SERVICE_TERMINATING:
    case SERVICE_KILLING:
        *is_sure = true;
        return SERVICE_STOPPED;
    case SERVICE_RESTART_TERMINATING:
    case SERVICE_RESTART_KILLING:
        *is_sure = is_count_known;
        return state_of_restart(world, process);
    case SERVICE_TIMEOUT_TERMINATING:
    case SERVICE_TIMEOUT_KILLING:
        *is_sure = process->spec == config && !is_fatal(config, process->exit_code);
        return config->on_failure == REACTION_RESTART ? state_of_restart(world, process) : SERVICE_EXITED;
    default:
        *is_sure = process->spec == config && is_count_known;
        return state_of_own_exit(world, process);
    }
}

static bool is_late(const struct world *world, const struct service_process *process) {
    int timeout_s = process->spec->ready_timeout_s >= 0 ? process->spec->ready_timeout_s : READY_TIMEOUT_S;
    return process->is_late || (process->spec->ready != READY_WAY_NONE && timeout_s > 0 &&
                                loop_now_ns(world->loop) - process->launched_ns >= timeout_s * NS_PER_S);
}

void rules_process_ends(struct world *world, struct service_process *process) {
    struct actor *actor = &world->actors[process->service];
    const struct spec *config = world_config(world, process->service);
    enum service_state state = world_service(world, process->service)->state;
    bool is_timeout = state == SERVICE_TIMEOUT_TERMINATING || state == SERVICE_TIMEOUT_KILLING;
    bool is_restart = state == SERVICE_RESTART_TERMINATING || state == SERVICE_RESTART_KILLING;
    bool is_stop = state == SERVICE_TERMINATING || state == SERVICE_KILLING;
    world_note(world, "%s exits with %d, %s", actor->name, process->exit_code, service_state_name(state));
    if (is_restart && !actor->has_check_cause && !is_late(world, process))
        world_fail(world, "%s was ended without a cause", actor->name);
    actor->has_run = true;
    actor->was_stopped = false;
    actor->last_version = process->spec->version;
    actor->has_last_ended_itself = !is_timeout && !is_restart && !is_stop;
    actor->is_last_success = is_success(config, process->exit_code) && !is_timeout;
    if (actor->is_last_success && actor->has_last_ended_itself)
        actor->success_seq = ++world->seq;
    if (was_reset(process))
        actor->retries = 0;
    bool restarts = config->is_oneshot && actor->is_last_success
                        ? false
                        : reaction_to(config, process->exit_code) == REACTION_RESTART;
    actor->may_restart = is_restart || (is_timeout ? config->on_failure == REACTION_RESTART : !is_stop && restarts);
}

// --- signals ---

static void check_stop_order(const struct world *world, const struct actor *actor) {
    if (list_is_empty(&actor->stops))
        world_fail(world, "%s is stopped without a task", actor->name);
    if (!is_any_free(world, &actor->stops))
        world_fail(world, "%s is stopped before the services that wait for it", actor->name);
}

void rules_signal_sent(struct world *world, const struct service_process *process, int number, bool is_group) {
    const struct actor *actor = &world->actors[process->service];
    const struct spec *config = world_config(world, process->service);
    int stop_signal = signal_by_name(config->stop_signal != NULL ? config->stop_signal : "SIGTERM");
    world_note(world, "%s gets signal %d", actor->name, number);
    if (number != SIGKILL && number != stop_signal)
        world_fail(world, "%s gets signal %d instead of %d", actor->name, number, stop_signal);
    if (is_group == process->spec->kills_process_only) // of its launch
        world_fail(world, "%s gets a signal against its kill-mode", actor->name);
    if (number != SIGKILL && world_service(world, process->service)->state == SERVICE_TERMINATING)
        check_stop_order(world, actor);
}

// --- tasks that are done ---

static bool may_be_ready(const struct world *world, const struct service_process *process) {
    const struct spec *spec = process->spec;
    if (spec->ready == READY_WAY_CHECK && world->passed_seq[spec->ready_check] > process->start_seq)
        return true;
    return spec->ready == READY_WAY_NONE || process->was_ready || is_late(world, process);
}

void rules_start_done(const struct world *world, const struct record *record) {
    const struct actor *actor = &world->actors[record->service];
    const struct service_process *process = actor->process;
    const struct spec *config = world_config(world, record->service);
    if (process != NULL && process->spec == config && (config->is_oneshot || !may_be_ready(world, process)))
        world_fail(world, "the start of %s is done too early", actor->name);
    if (process != NULL)
        return;
    bool is_completed = actor->has_run && actor->is_last_success && world->specs[actor->last_version]->is_oneshot;
    bool was_skipped = !record->is_named && config != NULL && actor->last_version == config->version;
    if (!is_completed || (actor->success_seq < record->seq && !was_skipped))
        world_fail(world, "the start of %s is done, but it does not run", actor->name);
}

void rules_stop_done(const struct world *world, const struct record *record) {
    const struct actor *actor = &world->actors[record->service];
    if (actor->process != NULL && !actor->process->is_signalled)
        world_fail(world, "the stop of %s is done, but it runs", actor->name);
}
