// SPDX-License-Identifier: GPL-3.0-or-later
// Exec probes: a command that must exit with 0. Declared in checks/probe_internal.h.
#include "checks/probe_internal.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "process/output_tail.h"

#define OUTPUT_MAX_BYTES 512
#define OUTPUT_LINES 5
#define OUTPUT_WAIT_NS NS_PER_S // for other processes that hold the output

struct exec_probe {
    struct probe probe;
    struct job *job;
    struct output_tail *output;
};

static void exec_free(struct exec_probe *exec) {
    output_tail_destroy(exec->output);
    free(exec);
}

// Its output is read and dropped from now on, so the tail may go.
static void exec_cancel(struct probe *probe) {
    struct exec_probe *exec = CONTAINER_OF(probe, struct exec_probe, probe);
    // The process may have moved to another group. Both fail before the launch, which job_abandon() cancels.
    (void)job_signal_group(exec->job, SIGKILL, NULL);
    (void)job_signal(exec->job, SIGKILL, NULL);
    job_abandon(exec->job);
    exec_free(exec);
}

// --- the job's callbacks ---

static void on_job_launched(struct job *job UNUSED, void *data UNUSED) {
}

static void on_job_failed(struct job *job, const struct error *err, void *data) {
    struct exec_probe *exec = data;
    const struct probe probe = exec->probe;
    AUTO_FREE char *message = memory_string(error_text(err)); // the error may be the job's
    const struct probe_failure failure = {.message = message, .details = ""};
    job_destroy(job);
    exec_free(exec);
    probe.on_done(&failure, probe.data);
}

static void on_job_ended(struct job *job, const struct job_end *end, void *data) {
    struct exec_probe *exec = data;
    const struct probe probe = exec->probe;
    bool has_passed = end->exit_code == 0;
    AUTO_FREE char *message = memory_printf("exit status %d", end->exit_code);
    AUTO_FREE char *details = output_tail_text(exec->output, OUTPUT_LINES);
    const struct probe_failure failure = {.message = message, .details = details};
    job_destroy(job);
    exec_free(exec);
    probe.on_done(has_passed ? NULL : &failure, probe.data);
}

static const struct job_handlers handlers = {
    .on_launched = on_job_launched, .on_failed = on_job_failed, .on_ended = on_job_ended};

// --- starting ---

static const int64_t *id_of(const struct optional_id *id) {
    return id->is_set ? &id->value : NULL;
}

static bool start_job(struct job_context *context, const struct exec_check *config, struct exec_probe *exec,
                      struct error *err) {
    AUTO_TEXT_LIST struct text_list words = {0};
    AUTO_RUN_AS struct run_as run_as = {0};
    const struct run_as_layer layer = {
        .user_id = id_of(&config->user_id),
        .user = config->user,
        .group_id = id_of(&config->group_id),
        .group = config->group,
        .environment = &config->environment,
        .directory = config->working_dir,
    };
    if (!plan_split_command(config->command, &words, err) || !run_as_resolve(&layer, 1, RUN_AS_SERVICE, &run_as, err))
        return false;
    const struct job_spec job = {
        .words = &words,
        .run_as = &run_as,
        .search_path = getenv("PATH"),
        .group = PROCESS_OWN_GROUP,
        .output = output_tail_sink(exec->output),
        .output_wait_ns = OUTPUT_WAIT_NS,
    };
    return job_start(context, &job, &handlers, exec, &exec->job, err);
}

struct probe *probe_exec_start(struct probe_context *context, const struct probe_spec *spec, struct error *err) {
    struct exec_probe *exec = memory_new(sizeof *exec);
    exec->probe.cancel = exec_cancel;
    exec->output = output_tail_create(OUTPUT_MAX_BYTES);
    if (start_job(context->jobs, spec->config->exec, exec, err))
        return &exec->probe;
    exec_free(exec);
    return NULL;
}
