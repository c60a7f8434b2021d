// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: a service and the manager, and what their files share.
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
    struct plan_service *config;    // as it was last taken up
    struct plan_workload *workload; // likewise; NULL when it has none
    struct ring *ring;
    struct service_process *process; // NULL while none is launched or runs
    const struct service_process_handlers *process_handlers;
    enum service_state state;
    struct wall_time since;
    char since_text[CLOCK_TEXT_SIZE]; // made once: it is asked for more often than it changes
    struct timer *timer;              // of the state: start window, kill-delay, backoff
    struct timer *reset_timer;        // of the backoff: runs from each launch
    int64_t backoff_count;
    int64_t backoff_ns;
    const char *backoff_reason; // "on-failure" ...
    int64_t start_count;
    bool has_partial_line;        // verbose mode: the last output did not end in a newline
    struct task *start_task;      // waits for the end of the start window
    struct task_array stop_tasks; // wait for the end of the process
    bool is_handling;             // an event is being handled: others wait
    struct service_event_queue pending;
};

struct service_manager {
    struct service_manager_spec spec;
    struct plan *plan;
    struct map_entry **planned; // the plan's services by name, for lists that are asked for often
    struct map services;        // name -> struct service *
    bool is_stopping;           // everything has been told to stop: nothing is started any more
    struct list changes;        // changed_service.link: to be emitted
    struct deferred emission;
    struct event changed;
    bool has_shutdown, has_emitted_shutdown;
    enum shutdown_kind shutdown; // the first one that was asked for
    struct event shutdown_wanted;
};

struct service *service_create(struct service_manager *manager, const char *name) __attribute__((returns_nonnull));
void service_destroy(void *service);

// service_config.c
// Takes up the plan's configuration, and the workload's that it names.
void service_configure(struct service *service, const struct plan *plan, const struct plan_service *config);
// NULL when it names none.
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
