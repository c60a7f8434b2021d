// SPDX-License-Identifier: GPL-3.0-or-later
// The services under test on virtual time, with simulated processes and probes, and a model of the rules of
// docs/explanation/start-order.md, which is made of what is seen from outside: processes, tasks, time.
#pragma once

#include "base/list.h"
#include "loop/loop.h"
#include "plan/plan_store.h"
#include "services/service_machine_internal.h"
#include "spec.h"
#include "state/runner.h"
#include "state/task.h"

#include <sys/types.h>

#define BLOCKERS_MAX 40

// A start or stop task that is not over.
struct record {
    struct list link; // in its actor's `starts` or `stops`
    struct task *task;
    int service;
    bool is_start, is_named;
    bool may_join_named; // it may have joined one that is named
    uint64_t seq;        // of its creation
    int blocker_count;
    struct {
        struct task *task; // of the same change
        int service;
        bool must_succeed; // else it must be over
    } blockers[BLOCKERS_MAX];
};

// What is known of a service.
struct actor {
    int service;
    char name[8];
    struct service *object;          // kept once it is seen; NULL: none
    struct list starts, stops;       // record.link
    struct service_process *process; // the one that is not abandoned
    bool has_run, is_last_success, has_last_ended_itself;
    bool was_stopped; // since its last run has ended
    int last_version; // of the last run that has ended
    uint64_t success_seq;
    bool may_restart;     // without a task
    bool has_check_cause; // a check has failed since the last launch
    int retries;
    const struct service_wait *wait; // the present one
    uint64_t wait_seq;               // of the newest task of the present wait; 0: none
    uint64_t wait_begin_seq;         // of its first task
    int64_t wait_begin_ns;           // when it was seen
    int wait_version;                // of its configuration
    int wait_after_count;
    int wait_after[BLOCKERS_MAX]; // the services whose starts it waits for
};

struct world {
    struct rng rng;
    uint64_t seed;
    int step;
    uint64_t seq;         // counts all that happens
    uint64_t settled_seq; // all up to here has been taken in
    struct loop *loop;
    struct state *state;
    struct runner *runner;
    struct log_store *logs;
    struct plan *plan;
    struct service_manager *manager;
    struct actor actors[SERVICE_COUNT];
    struct spec **specs; // by version
    size_t spec_count, spec_capacity;
    struct spec *planned[SERVICE_COUNT]; // NULL: not in the plan
    struct list processes;               // service_process.link
    struct list probes;                  // service_probe.link
    uint64_t passed_seq[CHECK_COUNT];    // the latest begin of a probe that has passed
    bool is_cooperative;                 // processes start, become ready and end as they should
    bool is_stopping;                    // everything was stopped for good
    struct listener task_ended;
    int launch_count, relaunch_count, wait_count;
    struct buffer log; // the newest lines
};

void world_begin(struct world *world, uint64_t seed);
void world_end(struct world *world);
void world_change_plan(struct world *world, int count); // so many services change, vanish or come back
// All services are in the plan again: only those can be stopped. The daemon's plan never loses one.
void world_complete_plan(struct world *world);
// Fails the test, and prints how to repeat it.
void world_fail(const struct world *world, const char *format, ...) PRINTF_LIKE(2, 3) __attribute__((noreturn));
void world_note(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3); // for the log
struct service *world_service(const struct world *world, int service);           // NULL: never started
const struct spec *world_config(const struct world *world, int service);         // that it has; NULL: none

// processes.c
struct service_process {
    struct list link;
    struct world *world;
    int service;
    const struct spec *spec;
    const struct service_process_handlers *handlers;
    void *data;
    struct job_sink output;
    struct deferred step; // launched, failed or ended
    bool is_launched, is_ended, is_relaunch;
    bool is_signalled; // it was told to end
    bool obeys;        // signals
    bool is_immortal;  // SIGKILL does not help
    bool was_ready;    // it has said so
    bool is_unready;   // it has said that it stops
    bool is_late;      // it has closed its descriptor, or was not ready in time
    int64_t launched_ns, signalled_ns, reset_ns;
    uint64_t start_seq, told_seq; // of its start; when it last said something of its readiness
    int exit_code;
    int fd;
    char socket_name[64];
};
struct service_launcher processes_launcher(struct world *world);
struct service_prober processes_prober(struct world *world);
void process_continue(struct service_process *process); // one that hangs in its launch
void process_exit(struct service_process *process, int exit_code);
void process_become_ready(struct service_process *process);
void process_say_stopping(struct service_process *process);
void process_write(struct service_process *process, const char *text);
void processes_finish(struct world *world);

// records.c
void records_begin(struct world *world);
void records_end(struct world *world);
// `names`: that a request has named; for a replan the services whose configuration differs.
void records_add(struct world *world, const struct change *change, const bool is_named[SERVICE_COUNT]);
bool record_has_begun(const struct record *record);

// conditions.c
enum verdict { VERDICT_NO, VERDICT_MAYBE, VERDICT_YES };
enum verdict condition_judge(const struct world *world, int target, enum wish wish);
bool service_rests(const struct world *world, int service); // no process, task or backoff
bool service_has_pending_start(const struct world *world, int service);

// rules.c: what must hold when something happens
void rules_process_starts(struct world *world, struct service_process *process);
void rules_process_ends(struct world *world, struct service_process *process);
enum service_state rules_state_after(const struct world *world, const struct service_process *process, bool *is_sure);
void rules_signal_sent(struct world *world, const struct service_process *process, int number, bool is_group);
void rules_stop_done(const struct world *world, const struct record *record);
void rules_start_done(const struct world *world, const struct record *record);

// invariants.c: what must hold at any time
void invariants_check(struct world *world);
void invariants_check_rest(struct world *world); // everything is stopped

// steps.c
void step_random(struct world *world);
void step_stop_for_now(struct world *world); // with cooperative processes all tasks end
void step_stop_all(struct world *world);
