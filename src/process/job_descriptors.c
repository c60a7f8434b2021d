// SPDX-License-Identifier: GPL-3.0-or-later
// The descriptors of a job. Declared in process/job_internal.h.
#include "process/job_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "process/pty_internal.h"

#define TERMINAL_COLUMNS 80
#define TERMINAL_ROWS 25

// --- the budget of descriptors ---

static size_t count_descriptors(const struct job_spec *spec) {
    size_t count = 0;
    count += spec->terminal.is_wanted || spec->output.write != NULL;
    count += spec->errors.write != NULL;
    count += spec->tree != NULL; // to watch its cgroup
    count += (spec->terminal.is_wanted && spec->terminal.takes_input) || spec->input == JOB_INPUT_PIPE;
    return count;
}

bool job_take_descriptors(struct job *job, const struct job_spec *spec, struct error *err) {
    size_t count = count_descriptors(spec);
    struct descriptor_budget *budget = job->context->spec.descriptors;
    if (budget != NULL && !descriptor_budget_take(budget, DESCRIPTORS_PROCESSES, count, err))
        return error_prefix(err, "pipe: ");
    job->descriptor_count = count;
    return true;
}

void job_give_back_descriptors(struct job *job) {
    struct descriptor_budget *budget = job->context->spec.descriptors;
    if (budget != NULL)
        descriptor_budget_give_back(budget, DESCRIPTORS_PROCESSES, job->descriptor_count);
}

// --- opening them ---

static bool open_pipe(int *reading_end, int *writing_end, struct error *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set_errno(err, errno, "pipe");
    *reading_end = ends[0];
    *writing_end = ends[1];
    return true;
}

static bool open_output(struct job *job, enum job_stream which, int fd, struct error *err) {
    const struct job_sink *sink = which == JOB_OUTPUT ? &job->spec.output : &job->spec.errors;
    struct loop *loop = job->context->spec.loop;
    if (job_output_create(loop, fd, sink, job->on_output_ended, job, &job->outputs[which], err))
        return true;
    file_close_at(&fd);
    return false;
}

static bool open_terminal(struct job *job, struct process_spec *spec, struct error *err) {
    const struct job_terminal *terminal = &job->spec.terminal;
    uid_t uid = spec->account.has_uid ? spec->account.uid : getuid();
    gid_t gid = spec->account.has_gid ? spec->account.gid : getgid();
    int master = -1;
    if (!pty_open(uid, gid, &master, &spec->stdout_fd, err) || !open_output(job, JOB_OUTPUT, master, err))
        return false;
    bool has_size = terminal->columns > 0 && terminal->rows > 0;
    if (!pty_resize(master, has_size ? terminal->columns : TERMINAL_COLUMNS, has_size ? terminal->rows : TERMINAL_ROWS,
                    err))
        return false;
    if (!terminal->takes_input)
        return true;
    spec->stdin_fd = spec->stdout_fd;
    job->input_fd = fcntl(master, F_DUPFD_CLOEXEC, 0);
    return job->input_fd >= 0 || error_set_errno(err, errno, "terminal");
}

static bool open_output_pipe(struct job *job, enum job_stream which, int *writing_end, struct error *err) {
    int reading_end = -1;
    return open_pipe(&reading_end, writing_end, err) && open_output(job, which, reading_end, err);
}

bool job_open_descriptors(struct job *job, struct process_spec *spec, struct error *err) {
    if (job->spec.terminal.is_wanted) {
        if (!open_terminal(job, spec, err))
            return false;
    } else if (job->spec.output.write != NULL && !open_output_pipe(job, JOB_OUTPUT, &spec->stdout_fd, err)) {
        return false;
    }
    spec->stderr_fd = spec->stdout_fd;
    if (job->spec.errors.write != NULL && !open_output_pipe(job, JOB_ERRORS, &spec->stderr_fd, err))
        return false;
    if (spec->extra_number > 0) {
        spec->extra_fd = fcntl(job->spec.extra_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (spec->extra_fd < 0)
            return error_set_errno(err, errno, "pipe");
    }
    bool wants_pipe = job->spec.input == JOB_INPUT_PIPE && job->input_fd < 0;
    return !wants_pipe || open_pipe(&spec->stdin_fd, &job->input_fd, err);
}
