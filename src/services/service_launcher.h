// SPDX-License-Identifier: GPL-3.0-or-later
// The interface between the state machine and processes. The daemon's launcher is service_job.h; unit tests replace it.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "plan/plan.h"
#include "process/job_sink.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct service_process; // defined by the launcher

struct service_process_spec {
    const struct plan_service *config;    // borrowed for the call
    const struct plan_workload *workload; // the same; NULL when the service has none
    const char *notify_socket;            // NOTIFY_SOCKET of its environment; NULL: none
    int extra_fd;                         // with `extra_number`: a further descriptor, borrowed until it is launched
    int extra_number;                     // its number in the process, from 3 on; 0: none
    struct job_sink output;
    int64_t output_wait_ns; // the longest wait for the end of output after the process has ended
};

// Called from the loop, never from within a function of the launcher. After a failure or an end the process is freed.
struct service_process_handlers {
    void (*on_process_launched)(void *data);
    void (*on_process_failed)(const struct error *err, void *data);
    // The main process has ended, of a service that ends with its process tree. on_process_ended follows.
    void (*on_main_process_ended)(int exit_code, void *data);
    // The process has ended, and its output has ended or the wait for it is over. With kill-mode tree or mixed, all
    // processes of the tree have ended.
    void (*on_process_ended)(int exit_code, void *data);
};

struct service_launcher {
    // Starts a process. Exactly one of on_process_failed and on_process_ended is called, unless the process is
    // abandoned or destroyed first. `handlers` outlives the process. Errors: "cannot start service: ..." from the
    // system, others for a bad user or command.
    bool (*start)(const struct service_launcher *launcher, const struct service_process_spec *spec,
                  const struct service_process_handlers *handlers, void *data, struct service_process **process,
                  struct error *err);
    bool (*signal)(struct service_process *process, int signal_number, struct error *err);
    bool (*signal_group)(struct service_process *process, int signal_number, struct error *err);
    bool (*signal_tree)(struct service_process *process, int signal_number, struct error *err);
    void (*scan_tree)(struct service_process *process);      // so that processes are known that leave it later
    uid_t (*user_id)(const struct service_process *process); // that it runs as
    pid_t (*pid)(const struct service_process *process);     // 0 before it is launched and when it has ended
    // Both accept NULL, and no handler is called afterwards.
    void (*abandon)(struct service_process *process); // detaches a process
    void (*destroy)(struct service_process *process); // for the end of the daemon
    void *data;
};
