// SPDX-License-Identifier: GPL-3.0-or-later
// Starting a process on the spot, in this thread.
#pragma once

#include <sys/wait.h>

#include "process/process.h"

// A child that failed is reaped.
static inline bool spawn(const struct process_spec *spec, pid_t *pid, struct error *err) {
    struct process_report report = {0};
    process_spawn(spec, &report);
    pid_t child = process_report_pid(&report);
    if (process_report_check(&report, spec, err)) {
        *pid = child;
        return true;
    }
    if (child > 0)
        waitpid(child, NULL, 0);
    return false;
}
