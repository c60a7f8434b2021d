// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: the service, the manager, and functions that the files of the module share.
#pragma once

#include "base/list.h"
#include "services/service_manager.h"
#include "services/service_pending_internal.h"
#include "state/task_array.h"

#define SERVICE_KILL_LIMIT_NS (5 * NS_PER_S) // for SIGKILL to take effect

struct readiness;
struct readiness_handlers;
struct service_event;
struct service_wait;

struct service_event_queue {
    struct service_event *items;
    size_t count, capacity;
};

struct service {
    struct service_manager *manager;
    char *name;
    char *quoted_name;              // for the log
    struct plan_service *config;    // of the plan of the last start or replan
    struct plan_workload *workload; // copied from it; NULL when it has none
    bool has_new_config;            // it differs from that of the last launch
    bool is_job;                    // the process was launched as a one-shot
    struct ring *ring;
    struct service_process *process; // NULL while none is launched or runs
    enum kill_mode kill_mode;        // with which it was launched: a replan changes the configuration before the stop
    const struct service_process_handlers *process_handlers;
    const struct readiness_handlers *readiness_handlers;
    void (*on_waited)(const char *reason, void *data);               // of its waits
    void (*start_again)(struct service *service, struct task *task); // of those in `held_starts`
    enum service_state state;
    struct wall_time since;
    char since_text[CLOCK_TEXT_SIZE]; // `since` as text: it is read more often than it changes
    struct timer *timer;       // of the state: start window, also after a restart; kill-delay, SIGKILL limit, backoff
    struct timer *reset_timer; // resets the backoff; started at each launch
    int64_t backoff_count;
    int64_t backoff_ns;
    const char *backoff_reason; // "on-failure" ...
    int64_t start_count;
    struct task_array start_tasks; // wait until it is up
    struct task_array stop_tasks;  // wait for the end of the process
    struct task_array held_starts; // start it again when the leftovers of its process tree have ended
    struct service_wait *wait;     // of SERVICE_WAITING
    struct readiness *readiness;   // of the process, if the service has `ready`
    int64_t ready_timeout_ns;      // of the process; 0: none
    bool is_ready;                 // the process has said so
    bool is_wanted;                // it was started by a task, and not stopped since
    bool was_killed;               // SIGKILL was sent after kill-delay
    bool is_late;                  // it was not ready in time, and is ended for that
    char *status_text;             // what the process has last said of itself; NULL: nothing
    bool has_ended;                // the last run
    int exit_code;                 // of the last run that has ended
    int main_exit_code;            // of the main process, in SERVICE_LEFTOVERS_*
    struct wall_time ended;        // when
    uint64_t failure_number;       // of its last start by a task, among the manager's: the lowest was first; 0: none
    int failure_code;              // then: the exit code, or the one that a shell would report; not 0
    int64_t next_restart_ns;       // of SERVICE_BACKOFF, by the wall clock
    struct list watchers;          // of waits for conditions of this service
    struct list touched_link;      // in the manager's `touched`
    bool is_handling;              // an event is being handled; others are added to `pending`
    struct service_event_queue pending;
};

struct service_manager {
    struct service_manager_spec spec;
    // Verbose mode: the last output did not end with a newline, and whose it was; NULL if others must not add to it.
    bool tee_has_partial_line;
    const struct service *tee_writer;
    struct plan *plan;
    struct map_entry **planned; // the plan's services sorted by name
    struct map services;        // name -> struct service *
    bool is_stopping;           // service_manager_stop_all() was called: nothing is started
    uint64_t failure_count;     // of services, since the start
    bool has_levels;            // a service of the plan counts for health
    bool has_extended;          // a service of the plan has keys beyond Pebble's
    uint64_t list_version;      // service_manager_list_version()
    struct list changes;        // changed_service.link, to be emitted
    struct deferred emission;
    struct event changed;
    struct service_pending pending;
    struct listener task_ended;
    struct list touched;    // service.touched_link: their conditions are to be judged
    struct list waits_over; // waits that are about to end
    struct list held_stops; // held_stop.link
    struct deferred judgement;
    bool has_shutdown, has_emitted_shutdown;
    struct service_shutdown shutdown; // of the first request
    struct event shutdown_wanted;
};

struct service *service_create(struct service_manager *manager, const char *name) __attribute__((returns_nonnull));
void service_destroy(void *service);

// service_config.c
// Takes the service's configuration, and that of its workload, from the plan.
void service_configure(struct service *service, const struct plan *plan, const struct plan_service *config);
// Whether the plan's configuration differs from the service's own.
bool service_config_differs(const struct service *service, const struct plan *plan, const struct plan_service *config);
// NULL when the service has none.
const struct plan_workload *service_workload(const struct plan *plan, const struct plan_service *config);
bool service_is_up(const struct service *service); // starting or running
int64_t service_kill_delay_ns(const struct service *service);
int64_t service_ready_timeout_ns(const struct service *service); // of one with `ready`; 0: none
// Whether the exit code counts as success.
bool service_is_success(const struct plan_service *config, int exit_code);
// What to do after an exit, with its default.
enum action service_exit_action(const struct plan_service *config, int exit_code);
// Sends a signal ("SIGHUP") to the main process.
bool service_signal(struct service *service, const char *signal, struct error *err) NODISCARD;

// service_outcome.c
void service_note_failure(struct service *service, int exit_code);
void service_forget_failure(struct service *service);

// service_state.c
const char *service_state_name(enum service_state state);
const char *service_state_status(enum service_state state); // "active", "inactive", "backoff", "error"
bool service_is_moving(const struct service *service);      // something of it waits, runs or is to be restarted

// service_tasks.c
void service_tasks_register(struct service_manager *manager);
void service_tasks_discard(struct service_manager *manager); // for the end of the manager
const char *service_task_name(const struct task *task); // of the service of a start or stop task; "" if there is none
// A start or stop task was created.
void service_task_created(struct service_manager *manager, const struct task *task);
