// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: one process of a service with its output, from start until both have ended.
#pragma once

#include "base/error.h"
#include "logs/ring.h"
#include "loop/loop.h"
#include "plan/plan.h"
#include "process/reaper.h"

#include <stdbool.h>
#include <stdint.h>

struct service_process;
// The process has ended and its output too (or the wait for that is over). Called once.
typedef void (*service_process_end_fn)(void *data, int exit_code);

struct service_process_spec {
    struct loop *loop;
    struct reaper *reaper;
    const struct plan_service *config;
    const struct plan_workload *workload; // NULL when it has none
    struct ring *ring;
    void (*tee)(void *data, const char *bytes, size_t length);
    void *tee_data;
    int64_t output_wait_ns; // for more output after the process has ended
};

// Errors: "cannot start service: …" for what the system refuses, else what is wrong with user or command.
bool service_process_start(const struct service_process_spec *spec, service_process_end_fn on_end, void *data,
                           struct service_process **process, struct error *err) NODISCARD;
// Lets it go without a callback; it is still captured and reaped until its end, then frees itself. NULL is fine.
void service_process_abandon(struct service_process *process);
// Frees at once; the process goes on, unwatched. For the daemon's end. NULL is fine.
void service_process_destroy(struct service_process *process);
pid_t service_process_pid(const struct service_process *process);
bool service_process_signal(struct service_process *process, int signal_number, struct error *err);
bool service_process_signal_group(struct service_process *process, int signal_number, struct error *err);
