// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: the service, the manager, and functions that the files of the module share.
#pragma once

#include "base/list.h"
#include "services/service_manager.h"
#include "state/task_array.h"

struct service_event;

struct service_event_queue {
    struct service_event *items;
    size_t count, capacity;
};

struct service {
    struct service_manager *manager;
    char *name;
    char *quoted_name;              // for the log
    struct plan_service *config;    // copied from the plan at the last start or replan
    struct plan_workload *workload; // the same; NULL when it has none
    struct ring *ring;
    struct service_process *process; // NULL while none is launched or runs
    const struct service_process_handlers *process_handlers;
    enum service_state state;
    struct wall_time since;
    char since_text[CLOCK_TEXT_SIZE]; // `since` as text: it is read more often than it changes
    struct timer *timer;              // of the state: start window, kill-delay, SIGKILL limit, backoff
    struct timer *reset_timer;        // resets the backoff; started at each launch
    int64_t backoff_count;
    int64_t backoff_ns;
    const char *backoff_reason; // "on-failure" ...
    int64_t start_count;
    bool has_partial_line;        // verbose mode: the last output did not end with a newline
    struct task *start_task;      // waits for the end of the start window
    struct task_array stop_tasks; // wait for the end of the process
    bool is_handling;             // an event is being handled; others are added to `pending`
    struct service_event_queue pending;
};

struct service_manager {
    struct service_manager_spec spec;
    struct plan *plan;
    struct map_entry **planned; // the plan's services sorted by name
    struct map services;        // name -> struct service *
    bool is_stopping;           // service_manager_stop_all() was called: nothing is started
    struct list changes;        // changed_service.link, to be emitted
    struct deferred emission;
    struct event changed;
    bool has_shutdown, has_emitted_shutdown;
    enum shutdown_kind shutdown; // of the first request
    struct event shutdown_wanted;
};

struct service *service_create(struct service_manager *manager, const char *name) __attribute__((returns_nonnull));
void service_destroy(void *service);

// service_config.c
// Copies the service's configuration, and that of its workload, from the plan.
void service_configure(struct service *service, const struct plan *plan, const struct plan_service *config);
// NULL when the service has none.
const struct plan_workload *service_workload(const struct plan *plan, const struct plan_service *config);
bool service_is_up(const struct service *service); // starting or running
int64_t service_kill_delay_ns(const struct service *service);
// Sends a signal ("SIGHUP") to the main process.
bool service_signal(struct service *service, const char *signal, struct error *err) NODISCARD;

// service_state.c
const char *service_state_name(enum service_state state);
const char *service_state_status(enum service_state state); // "active", "inactive", "backoff", "error"

// service_tasks.c
void service_tasks_register(struct service_manager *manager);
