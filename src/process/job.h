// SPDX-License-Identifier: GPL-3.0-or-later
// A job: a process with its input and output, from its launch until both process and output have ended. The states and
// limits are described in docs/internals/process.md.
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

// --- the context of all jobs ---

struct job_context;

struct job_context_spec {
    struct loop *loop;          // outlives the context
    struct reaper *reaper;      // outlives the context
    int64_t launch_deadline_ns; // limit of one launch; 0: 10 s
    // The descriptors that jobs hold are taken from this budget; outlives the context. NULL: unlimited.
    struct descriptor_budget *descriptors;
    // Lines for the log: what of the process trees cannot be found or signalled. NULL is fine.
    void (*on_tree_note)(const char *text, void *data);
    void *tree_note_data;
};

struct job_context *job_context_create(const struct job_context_spec *spec) __attribute__((returns_nonnull));
// All jobs must have been destroyed or abandoned. Waits up to a second for launches that were cancelled. Returns false
// if one still hangs in the kernel: its thread remains, and reaper and loop must not be destroyed. NULL is fine.
bool job_context_destroy(struct job_context *context);

// --- one job ---

struct job;

enum job_input { JOB_INPUT_NULL, JOB_INPUT_PIPE }; // NULL: /dev/null

struct job_terminal {
    bool is_wanted;         // standard output is a terminal, and standard error unless `errors` has a sink
    bool takes_input;       // standard input too, whatever `input` says
    bool is_controlling;    // it is the controlling terminal; needs PROCESS_OWN_SESSION
    unsigned columns, rows; // 80 and 25 unless both are above 0
};

struct job_spec {
    const struct text_list *words; // at least one; like all pointers but the sinks' borrowed for job_start()
    const struct run_as *run_as;
    const char *search_path; // for words[0] without a slash, see process_list_candidates()
    enum process_group group;
    enum job_input input;
    struct job_terminal terminal;
    struct job_sink output; // without a write function: /dev/null (a terminal's output is dropped)
    struct job_sink errors; // without a write function: standard error joins standard output
    int extra_fd;           // with `extra_number`: a further descriptor of the process; borrowed until on_launched
    int extra_number;       // its number there, from 3 on; 0: none
    int64_t deadline_ns;    // from job_start() on, 0: none; then SIGKILL to the process and its group
    int64_t output_wait_ns; // the longest wait for the end of output after the process has ended
    // The job does not end before all processes have that have descended from it. The name is that of their cgroup; no
    // other job has it at the time. PEBBLE_RUN is set in the environment. NULL: descendants do not count.
    const char *tree;
};

struct job_end {
    int exit_code;      // the status, or 128 + N for death by signal N
    bool has_timed_out; // killed at the deadline
};

// Called from the loop, never from within a function of this header. Any of them may destroy or abandon the job.
struct job_handlers {
    // The program runs.
    void (*on_launched)(struct job *job, void *data);
    // The launch has failed. The job is over and must be destroyed. Messages: those of process_report_check(),
    // `pipe: …`, `terminal: …`; `fork/exec PATH: timed out` after the launch deadline (errnum ETIMEDOUT) and after the
    // job's own deadline (ERROR_TIMEOUT).
    void (*on_failed)(struct job *job, const struct error *err, void *data);
    // The process has ended; output may follow. NULL is fine.
    void (*on_exited)(struct job *job, int exit_code, void *data);
    // The process has ended, and its output has ended or the wait for it is over, and its tree, if wanted, has ended.
    // The job is over and must be destroyed.
    void (*on_ended)(struct job *job, const struct job_end *end, void *data);
};

// Starts a job and returns before it is launched. Exactly one of on_failed and on_ended is called, unless the job is
// destroyed or abandoned first. `handlers` outlives the job. The caller destroys or abandons the job. Errors:
// EMFILE when the budget of descriptors is used up; ENOMEM for words and environment.
bool job_start(struct job_context *context, const struct job_spec *spec, const struct job_handlers *handlers,
               void *data, struct job **job, struct error *err) NODISCARD;
// Frees the job at once, without a callback. A launch is cancelled (SIGKILL). A running process continues and is reaped
// at its end, but its output is closed. NULL is fine.
void job_destroy(struct job *job);
// Detaches the caller from the job; no callback follows. A launch is cancelled. A running process continues, its output
// is read and dropped, and the job is freed at its end. NULL is fine.
void job_abandon(struct job *job);

// 0 before on_launched and once the process has ended.
pid_t job_pid(const struct job *job);
// ESRCH before on_launched and once the process has ended.
bool job_signal(struct job *job, int signal_number, struct error *err);
// Signals the process group, until on_ended: while another process holds the output, the main process is not reaped, so
// that its group ID is not reused and the rest of the group can be signalled.
bool job_signal_group(struct job *job, int signal_number, struct error *err);
// Signals the process tree, until on_ended: at once the process group, and from a thread what is outside of it.
// Processes that begin later do not get the signal, but for SIGKILL.
bool job_signal_tree(struct job *job, int signal_number, struct error *err);
// Looks at the process tree, so that processes are known which leave it later.
void job_scan_tree(struct job *job);
// Returns the writing end of standard input (pipe or terminal), from on_launched on; the caller owns it. A terminal's
// shares its file status flags with the descriptor that the job reads. -1 if there is none or it has been taken.
int job_take_input(struct job *job);
// Before on_launched: sets the initial size. An error if there is no terminal or if a number is 0.
bool job_resize(struct job *job, unsigned columns, unsigned rows, struct error *err);

enum job_stream { JOB_OUTPUT, JOB_ERRORS, JOB_STREAMS }; // of the sinks `output` and `errors`

// Back pressure: the sink is not called after job_pause_output() has returned; pipe or terminal fill up. The job does
// not end before job_resume_output(), unless that output has ended already.
void job_pause_output(struct job *job, enum job_stream which);
void job_resume_output(struct job *job, enum job_stream which);
// Closes a pipe or terminal, from on_launched on: SIGPIPE or EPIPE (terminal: EIO) for its writers. The sink is not
// called any more. Not from within a sink.
void job_close_output(struct job *job, enum job_stream which);
