// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_process_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"

struct service_process {
    struct job *job;
    struct service_output output;
    const struct service_process_handlers *handlers;
    void *data;
    bool is_launched;
    int waiting_signal; // for the group, once it is launched; 0: none
};

static const int64_t *id_of(const struct optional_id *id) {
    return id->is_set ? &id->value : NULL;
}

static void on_launched(struct job *job, void *data) {
    struct service_process *process = data;
    process->is_launched = true;
    if (process->waiting_signal != 0)
        job_signal_group(job, process->waiting_signal, NULL);
    process->handlers->on_launched(process->data);
}

static void on_failed(struct job *job UNUSED, const struct error *job_err, void *data) {
    struct service_process *process = data;
    const struct service_process_handlers *handlers = process->handlers;
    void *handlers_data = process->data;
    AUTO_ERROR struct error err = {0};
    error_set(&err, job_err->kind, "cannot start service: %s", error_text(job_err));
    err.errnum = job_err->errnum;
    service_process_destroy(process);
    handlers->on_failed(handlers_data, &err);
}

static void on_ended(struct job *job UNUSED, const struct job_end *end, void *data) {
    struct service_process *process = data;
    const struct service_process_handlers *handlers = process->handlers;
    void *handlers_data = process->data;
    int exit_code = end->exit_code;
    service_process_destroy(process);
    handlers->on_ended(handlers_data, exit_code);
}

static bool resolve_run_as(const struct service_process_spec *spec, struct run_as *run_as, struct error *err) {
    const struct plan_service *config = spec->config;
    const struct plan_workload *workload = spec->workload;
    struct run_as_layer layers[2] = {0};
    size_t count = 0;
    if (workload != NULL)
        layers[count++] = (struct run_as_layer){
            .user_id = id_of(&workload->user_id),
            .user = workload->user,
            .group_id = id_of(&workload->group_id),
            .group = workload->group,
            .environment = &workload->environment,
        };
    layers[count++] = (struct run_as_layer){
        .user_id = id_of(&config->user_id),
        .user = config->user,
        .group_id = id_of(&config->group_id),
        .group = config->group,
        .environment = &config->environment,
        .directory = config->working_dir,
    };
    return run_as_resolve(layers, count, RUN_AS_SERVICE, run_as, err);
}

static bool start_job(struct service_process *process, const struct service_process_spec *spec, struct error *err) {
    static const struct job_handlers handlers = {
        .on_launched = on_launched,
        .on_failed = on_failed,
        .on_ended = on_ended,
    };
    AUTO_TEXT_LIST struct text_list words = {0};
    AUTO_TEXT_LIST struct text_list extra = {0};
    if (!plan_service_command(spec->config, &words, &extra, err))
        return false;
    text_list_add_list(&words, &extra);
    AUTO_RUN_AS struct run_as run_as = {0};
    if (!resolve_run_as(spec, &run_as, err))
        return false;
    if (run_as.warning != NULL)
        log_notice("%s", run_as.warning);
    struct job_spec job = {
        .words = &words,
        .run_as = &run_as,
        .search_path = getenv("PATH"),
        .group = PROCESS_OWN_GROUP,
        .output = service_output_begin(&process->output),
        .output_wait_ns = spec->output_wait_ns,
    };
    AUTO_FREE char *quoted_name = text_quoted(spec->config->name);
    log_notice("Service %s starting: %s", quoted_name, spec->config->command);
    return job_start(spec->jobs, &job, &handlers, process, &process->job, err) ||
           error_prefix(err, "cannot start service: ");
}

bool service_process_start(const struct service_process_spec *spec, const struct service_process_handlers *handlers,
                           void *data, struct service_process **out, struct error *err) {
    struct service_process *process = memory_new(sizeof *process);
    process->output = spec->output;
    process->handlers = handlers;
    process->data = data;
    if (!start_job(process, spec, err)) {
        free(process);
        return false;
    }
    *out = process;
    return true;
}

void service_process_abandon(struct service_process *process) {
    if (process == NULL)
        return;
    job_abandon(process->job);
    free(process);
}

void service_process_destroy(struct service_process *process) {
    if (process == NULL)
        return;
    job_destroy(process->job);
    free(process);
}

pid_t service_process_pid(const struct service_process *process) {
    return job_pid(process->job);
}

bool service_process_signal(struct service_process *process, int signal_number, struct error *err) {
    return job_signal(process->job, signal_number, err);
}

bool service_process_signal_group(struct service_process *process, int signal_number, struct error *err) {
    if (process->is_launched)
        return job_signal_group(process->job, signal_number, err);
    process->waiting_signal = signal_number;
    return true;
}
