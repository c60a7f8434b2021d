// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: one process of a service with its output, from start until both have ended.
#pragma once

#include "base/error.h"
#include "logs/ring.h"
#include "plan/plan.h"
#include "process/job.h"
#include "services/service_output_internal.h"

#include <stdbool.h>
#include <stdint.h>

struct service_process;

struct service_process_handlers {                           // called from the loop
    void (*on_launched)(void *data);                        // the program runs
    void (*on_failed)(void *data, const struct error *err); // it does not; the process is gone
    // The process has ended and its output too (or the wait for that is over); it is gone.
    void (*on_ended)(void *data, int exit_code);
};

struct service_process_spec {
    struct job_context *jobs;
    const struct plan_service *config;
    const struct plan_workload *workload; // NULL when it has none
    struct service_output output;
    int64_t output_wait_ns; // for more output after the process has ended
};

// One of on_failed and on_ended follows. Errors: "cannot start service: …" for what the system refuses, else what is
// wrong with user or command.
bool service_process_start(const struct service_process_spec *spec, const struct service_process_handlers *handlers,
                           void *data, struct service_process **process, struct error *err) NODISCARD;
// Lets it go without a callback; what it writes is dropped, and it is reaped at its end. NULL is fine.
void service_process_abandon(struct service_process *process);
// Frees at once; the process goes on, unwatched. For the daemon's end. NULL is fine.
void service_process_destroy(struct service_process *process);
pid_t service_process_pid(const struct service_process *process); // 0 before on_launched
bool service_process_signal(struct service_process *process, int signal_number, struct error *err);
// Before on_launched: sent as soon as there is a group.
bool service_process_signal_group(struct service_process *process, int signal_number, struct error *err);
