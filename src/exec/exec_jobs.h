// SPDX-License-Identifier: GPL-3.0-or-later
// The functions of process/job.h that commands are run with. Unit tests replace them.
#pragma once

#include "process/job.h"

struct exec_jobs {
    bool (*start)(struct job_context *context, const struct job_spec *spec, const struct job_handlers *handlers,
                  void *data, struct job **job, struct error *err);
    void (*destroy)(struct job *job);
    pid_t (*pid)(const struct job *job);
    bool (*signal)(struct job *job, int signal_number, struct error *err);
    bool (*signal_group)(struct job *job, int signal_number, struct error *err);
    int (*take_input)(struct job *job);
    bool (*resize)(struct job *job, unsigned columns, unsigned rows, struct error *err);
    void (*pause_output)(struct job *job, enum job_stream which);
    void (*resume_output)(struct job *job, enum job_stream which);
    void (*close_output)(struct job *job, enum job_stream which);
};

extern const struct exec_jobs exec_jobs; // those of process/
