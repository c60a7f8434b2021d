// SPDX-License-Identifier: GPL-3.0-or-later
// A job: a process with its input and output, from its launch until both process and output have ended. Services,
// exec and exec checks stand on it. Page with the state diagram: docs/process.md.
#pragma once

#include "base/compiler.h"
#include "base/descriptors.h"
#include "base/error.h"
#include "base/text.h"
#include "loop/loop.h"
#include "process/job_sink.h"
#include "process/process.h"
#include "process/reaper.h"
#include "process/run_as.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// --- what all jobs share ---

struct job_context;

struct job_context_spec {
    struct loop *loop;          // outlives the context
    struct reaper *reaper;      // outlives the context
    int64_t launch_deadline_ns; // how long a launch may take; 0: 10 s
    // What jobs take the descriptors from that they hold; outlives the context. NULL: unlimited.
    struct descriptor_budget *descriptors;
};

struct job_context *job_context_create(const struct job_context_spec *spec) __attribute__((returns_nonnull));
// After all jobs but abandoned ones; NULL is fine. Kills launches under way and waits until they are over, a second at
// most. False if one hangs in the kernel even so: then its thread stays, and reaper and loop must not be destroyed.
bool job_context_destroy(struct job_context *context);

// --- one job ---

struct job;

enum job_input { JOB_INPUT_NULL, JOB_INPUT_PIPE }; // NULL: at its end at once

struct job_terminal {
    bool is_wanted;         // standard output is a terminal, and standard error unless it has a sink of its own
    bool takes_input;       // standard input too, whatever `input` says
    bool is_controlling;    // it is the controlling terminal; needs PROCESS_OWN_SESSION
    unsigned columns, rows; // 80 and 25 unless both are above 0
};

struct job_spec {
    const struct text_list *words; // at least one; borrowed for job_start(), as all pointers but the sinks' are
    const struct run_as *run_as;
    const char *search_path; // where words[0] is looked for unless it has a slash
    enum process_group group;
    enum job_input input;
    struct job_terminal terminal;
    struct job_sink output; // without a write function: /dev/null (a terminal's output is dropped)
    struct job_sink errors; // without a write function: standard error joins standard output
    int64_t deadline_ns;    // from job_start() on, 0: none; then SIGKILL to the process and its group
    int64_t output_wait_ns; // for more output after the process has ended
};

struct job_end {
    int exit_code;      // the status, or 128 + N for death by signal N
    bool has_timed_out; // the deadline ended it
};

// Called from the loop, never from within a function of this header. Any of them may destroy or abandon the job.
struct job_handlers {
    // The program runs.
    void (*on_launched)(struct job *job, void *data);
    // It could not be launched: the job is over, destroy it. `fork/exec PATH: no such file or directory`, `chdir …`,
    // `pipe: …`, `terminal: …`; after the launch deadline `fork/exec PATH: timed out` (errnum ETIMEDOUT), and if the
    // job's own deadline is over by then, the same with ERROR_TIMEOUT.
    void (*on_failed)(struct job *job, const struct error *err, void *data);
    // The process has ended, output may follow. May be NULL.
    void (*on_exited)(struct job *job, int exit_code, void *data);
    // The process has ended, and its output too (or the wait for that is over): the job is over, destroy it.
    void (*on_ended)(struct job *job, const struct job_end *end, void *data);
};

// Starts a job; its launch goes on in the background. Exactly one of on_failed and on_ended is called unless the job is
// destroyed or abandoned. Errors are those of process_find_program(), and EMFILE when the budget of descriptors is used
// up. `handlers` stays the caller's and outlives the job. The job is the caller's to destroy or abandon.
bool job_start(struct job_context *context, const struct job_spec *spec, const struct job_handlers *handlers,
               void *data, struct job **job, struct error *err) NODISCARD;
// Frees at once, without a callback. A launch is called off (SIGKILL); a process that runs goes on unwatched, and is
// reaped. NULL is fine.
void job_destroy(struct job *job);
// Lets go of a job without a callback. A launch is called off; a process that runs goes on, what it writes is dropped,
// and the job frees itself at its end. NULL is fine.
void job_abandon(struct job *job);

// 0 before on_launched and once the process has ended.
pid_t job_pid(const struct job *job);
// ESRCH before on_launched and once the process has ended.
bool job_signal(struct job *job, int signal_number, struct error *err);
// The same for the process' group, but until on_ended: as long as somebody holds the output, the group's number stays
// the job's, so that what is left of the group can be signalled.
bool job_signal_group(struct job *job, int signal_number, struct error *err);
// The writing end of its standard input (pipe or terminal), from on_launched on: the caller's from now on. A terminal's
// shares flags and position with the job's own. -1 if there is none, or it was taken before.
int job_take_input(struct job *job);
// Before on_launched: the size it begins with. An error without a terminal, and if one of the numbers is 0.
bool job_resize(struct job *job, unsigned columns, unsigned rows, struct error *err);
// Back pressure: no sink gets anything after this returns; pipe or terminal fill up meanwhile. The job does not end
// while there may be output that has not been read.
void job_pause_output(struct job *job);
void job_resume_output(struct job *job);
