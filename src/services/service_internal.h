// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: one service and its state machine. One function per event; service_set_state() is
// the only one that changes the state, stamps the time, and disarms the timer of the state it leaves.
#pragma once

#include "services/service_manager.h"
#include "services/service_process_internal.h"

enum service_state {
    STATE_INITIAL,  // never ran
    STATE_STARTING, // is being launched, or runs for less than the start window
    STATE_RUNNING,
    STATE_TERMINATING, // SIGTERM has been sent
    STATE_KILLING,     // SIGKILL has been sent
    STATE_STOPPED,
    STATE_BACKOFF, // waits to be started again
    STATE_EXITED,  // ended by itself and stays so
    STATE_COUNT,
};

struct service {
    struct service_manager *manager;
    char *name;
    char *quoted_name;              // in quotes, for the log
    struct plan_service *config;    // as it was last taken up
    struct plan_workload *workload; // likewise; NULL when it has none
    struct ring *ring;
    struct service_process *process; // NULL while none runs
    enum service_state state;
    bool is_restarting; // terminating because a check failed: to be started again
    struct wall_time since;
    char since_text[CLOCK_TEXT_SIZE]; // made once, for it is asked for more often than it changes
    struct timer *timer;              // of the state: start window, kill-delay, backoff
    struct timer *reset_timer;        // of the backoff: runs from each start
    int64_t backoff_count;
    int64_t backoff_ns;
    const char *backoff_reason; // "on-failure" …
    int64_t start_count;
    bool tee_is_in_line;     // verbose mode: the last output did not end in a newline
    struct task *start_task; // waits for the end of the start window
    struct task *stop_task;  // waits for the end of the process
    struct task *final_task; // the same, of the daemon's own end, where a stop was under way already
    struct list queue_link;  // in manager->start_queue
};

struct service_manager {
    struct service_manager_spec spec;
    struct job_context *jobs;
    struct plan *plan;
    struct map_entry **planned; // the plan's services by name, for lists that are asked for often
    struct map services;        // name -> struct service *
    struct list start_queue;    // service.queue_link: to be started in this or a later turn
    struct deferred start_turn;
    size_t process_count; // processes that run, each with a pipe for its output
    size_t process_limit; // leaves descriptors for connections, the state file and spawning
    bool is_stopping;     // everything has been told to stop: nothing is started any more
    struct event shutdown_wanted;
    struct event started;
};

struct service *service_create(struct service_manager *manager, const char *name) __attribute__((returns_nonnull));
void service_destroy(void *service);
// Takes up the plan's configuration, and the workload's that it names.
void service_configure(struct service *service, const struct plan *plan, const struct plan_service *config);
// NULL when it names none.
const struct plan_workload *service_workload(const struct plan *plan, const struct plan_service *config);
const char *service_status(const struct service *service);
bool service_is_up(const struct service *service); // starting or running
void service_set_state(struct service *service, enum service_state state);
int64_t service_kill_delay_ns(const struct service *service);

// --- events ---
void service_start(struct service *service, struct task *task); // the task is finished when the window is over
void service_stop(struct service *service, struct task *task);
void service_abort_start(struct service *service);
bool service_signal(struct service *service, const char *signal, struct error *err) NODISCARD;
void service_check_failed(struct service *service, enum action action);
void service_start_now(struct service *service); // its turn in the start queue has come

// service_exit.c: what follows from an exit.
void service_on_exit(struct service *service, int exit_code);
void service_back_off(struct service *service, const char *reason);

// service_tasks.c
void service_tasks_register(struct service_manager *manager);
// service_queue.c: starts are spread over turns of the loop.
void service_queue_add(struct service *service);
bool service_queue_remove(struct service *service); // whether it was waiting there
