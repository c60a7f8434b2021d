// SPDX-License-Identifier: GPL-3.0-or-later
// What the state machine needs of a process. The daemon's launcher makes jobs (service_job.h); tests have their own.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "plan/plan.h"
#include "process/job_sink.h"

#include <stdbool.h>
#include <stdint.h>

struct service_process; // the launcher's own

struct service_process_spec {
    const struct plan_service *config;    // borrowed for the start
    const struct plan_workload *workload; // the same; NULL when it has none
    struct job_sink output;
    int64_t output_wait_ns; // for more output after the process has ended
};

// Called from the loop, never from within a function of the launcher.
struct service_process_handlers {
    void (*on_process_launched)(void *data);
    // It could not be launched, and is freed.
    void (*on_process_failed)(const struct error *err, void *data);
    // The process and its output have ended (or the wait for the output is over), and it is freed.
    void (*on_process_ended)(int exit_code, void *data);
};

struct service_launcher {
    // Starts a process; exactly one of on_process_failed and on_process_ended follows unless it is abandoned or
    // destroyed. Errors: "cannot start service: ..." for what the system refuses, else what is wrong with user or
    // command. `handlers` outlives the process.
    bool (*start)(const struct service_launcher *launcher, const struct service_process_spec *spec,
                  const struct service_process_handlers *handlers, void *data, struct service_process **process,
                  struct error *err);
    bool (*signal)(struct service_process *process, int signal_number, struct error *err);
    bool (*signal_group)(struct service_process *process, int signal_number, struct error *err);
    void (*abandon)(struct service_process *process); // no handler is called any more; it is reaped in the end
    void (*destroy)(struct service_process *process); // frees at once: for the daemon's end. NULL is fine
    void *data;
};
