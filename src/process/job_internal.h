// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: the job, and its descriptors.
#pragma once

#include "base/list.h"
#include "process/job.h"
#include "process/job_output_internal.h"
#include "process/launcher_internal.h"
#include "process/process_tree_internal.h"

struct job_context {
    struct job_context_spec spec;
    struct launcher *launcher;
    struct tree_worker *trees;
    struct list abandoned; // job.link
};

enum job_state {
    JOB_LAUNCHING, // queued or being launched
    JOB_RUNNING,
    JOB_EXITED, // the process has ended; its output or tree has not, or on_ended is deferred
    JOB_OVER,   // on_failed or on_ended has been called
};

struct job {
    struct job_context *context;
    struct list link;     // in context.abandoned
    struct job_spec spec; // words, run_as, search_path and tree are NULL
    const struct job_handlers *handlers;
    void *data;
    enum job_state state;
    bool is_abandoned;
    bool was_killed; // by the deadline
    int exit_code;
    struct launch *launch; // NULL unless launching
    struct child child;
    struct process_tree *tree; // NULL unless wanted, and after its end
    job_output_ended_fn on_output_ended;
    struct job_output *outputs[JOB_STREAMS]; // NULL without one, and after its end
    bool is_paused[JOB_STREAMS];
    int input_fd;              // -1 without one, and when it has been taken
    struct timer *deadline;    // NULL without one
    struct timer *output_wait; // NULL until the process has ended
    struct deferred end;
    size_t descriptor_count; // taken from the budget
};

// Takes those that stay open from the budget. The child's ends are closed after the launch, and few launches run at a
// time.
bool job_take_descriptors(struct job *job, const struct job_spec *spec, struct error *err) NODISCARD;
void job_give_back_descriptors(struct job *job);
// Opens the pipes and the terminal of the job, and stores the child's ends in `spec`.
bool job_open_descriptors(struct job *job, struct process_spec *spec, struct error *err) NODISCARD;
