// SPDX-License-Identifier: GPL-3.0-or-later
#include "exec/exec_jobs.h"

const struct exec_jobs exec_jobs = {
    .start = job_start,
    .destroy = job_destroy,
    .pid = job_pid,
    .signal = job_signal,
    .signal_group = job_signal_group,
    .take_input = job_take_input,
    .resize = job_resize,
    .pause_output = job_pause_output,
    .resume_output = job_resume_output,
    .close_output = job_close_output,
};
