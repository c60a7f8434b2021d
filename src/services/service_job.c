// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_job.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

struct service_process {
    struct job *job;
    uid_t user_id;
    bool has_tree; // it ends with its process tree
    const struct service_process_handlers *handlers;
    void *data;
};

static void service_job_destroy(struct service_process *process) {
    if (process == NULL)
        return;
    job_destroy(process->job);
    free(process);
}

// --- the job's callbacks ---

static void on_job_launched(struct job *job UNUSED, void *data) {
    struct service_process *process = data;
    process->handlers->on_process_launched(process->data);
}

static void on_job_failed(struct job *job UNUSED, const struct error *err, void *data) {
    struct service_process process = *(struct service_process *)data;
    AUTO_ERROR struct error reason = {0};
    (void)error_copy(&reason, err);
    (void)error_prefix(&reason, "cannot start service: ");
    service_job_destroy(data);
    process.handlers->on_process_failed(&reason, process.data);
}

static void on_job_exited(struct job *job UNUSED, int exit_code, void *data) {
    struct service_process *process = data;
    if (process->has_tree)
        process->handlers->on_main_process_ended(exit_code, process->data);
}

static void on_job_ended(struct job *job UNUSED, const struct job_end *end, void *data) {
    struct service_process process = *(struct service_process *)data;
    int exit_code = end->exit_code;
    service_job_destroy(data);
    process.handlers->on_process_ended(exit_code, process.data);
}

static const struct job_handlers job_handlers = {
    .on_launched = on_job_launched,
    .on_failed = on_job_failed,
    .on_exited = on_job_exited,
    .on_ended = on_job_ended,
};

// --- starting ---

static const int64_t *id_of(const struct optional_id *id) {
    return id->is_set ? &id->value : NULL;
}

#define LAYERS_MAX 3

// `own`: variables that the service cannot set.
static size_t make_layers(const struct service_process_spec *spec, const struct map *own,
                          struct run_as_layer layers[LAYERS_MAX]) {
    const struct plan_service *config = spec->config;
    const struct plan_workload *workload = spec->workload;
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
    if (own->count > 0)
        layers[count++] = (struct run_as_layer){.environment = own};
    return count;
}

static bool start_job(struct job_context *context, const struct service_process_spec *spec,
                      struct service_process *process, struct error *err) {
    AUTO_TEXT_LIST struct text_list words = {0};
    AUTO_TEXT_LIST struct text_list extra = {0};
    if (!plan_service_command(spec->config, &words, &extra, err))
        return false;
    text_list_add_list(&words, &extra);
    struct run_as_layer layers[LAYERS_MAX];
    AUTO_RUN_AS struct run_as run_as = {0};
    AUTO_MAP struct map own = MAP_INIT(free);
    if (spec->notify_socket != NULL)
        map_set(&own, "NOTIFY_SOCKET", memory_string(spec->notify_socket));
    if (!run_as_resolve(layers, make_layers(spec, &own, layers), RUN_AS_SERVICE, &run_as, err))
        return false;
    process->user_id = run_as.account.has_uid ? run_as.account.uid : geteuid();
    if (run_as.warning != NULL)
        log_notice("%s", run_as.warning);
    process->has_tree = plan_service_ends_with_tree(spec->config);
    const struct job_spec job = {
        .words = &words,
        .run_as = &run_as,
        .search_path = getenv("PATH"),
        .group = PROCESS_OWN_GROUP,
        .extra_fd = spec->extra_fd,
        .extra_number = spec->extra_number,
        .output = spec->output,
        .output_wait_ns = spec->output_wait_ns,
        .tree = process->has_tree ? spec->config->name : NULL,
    };
    AUTO_FREE char *quoted_name = text_quoted(spec->config->name);
    log_notice("Service %s starting: %s", quoted_name, spec->config->command);
    return job_start(context, &job, &job_handlers, process, &process->job, err) ||
           error_prefix(err, "cannot start service: ");
}

static bool service_job_start(const struct service_launcher *launcher, const struct service_process_spec *spec,
                              const struct service_process_handlers *handlers, void *data,
                              struct service_process **process, struct error *err) {
    struct service_process *started = memory_new(sizeof *started);
    started->handlers = handlers;
    started->data = data;
    if (!start_job(launcher->data, spec, started, err)) {
        free(started);
        return false;
    }
    *process = started;
    return true;
}

// --- signals and the end ---

static bool service_job_signal(struct service_process *process, int signal_number, struct error *err) {
    return job_signal(process->job, signal_number, err);
}

static bool service_job_signal_group(struct service_process *process, int signal_number, struct error *err) {
    return job_signal_group(process->job, signal_number, err);
}

static bool service_job_signal_tree(struct service_process *process, int signal_number, struct error *err) {
    return job_signal_tree(process->job, signal_number, err);
}

static void service_job_scan_tree(struct service_process *process) {
    job_scan_tree(process->job);
}

static uid_t service_job_user_id(const struct service_process *process) {
    return process->user_id;
}

static pid_t service_job_pid(const struct service_process *process) {
    return job_pid(process->job);
}

static void service_job_abandon(struct service_process *process) {
    if (process == NULL)
        return;
    job_abandon(process->job);
    free(process);
}

struct service_launcher service_job_launcher(struct job_context *context) {
    return (struct service_launcher){
        .start = service_job_start,
        .signal = service_job_signal,
        .signal_group = service_job_signal_group,
        .signal_tree = service_job_signal_tree,
        .scan_tree = service_job_scan_tree,
        .user_id = service_job_user_id,
        .pid = service_job_pid,
        .abandon = service_job_abandon,
        .destroy = service_job_destroy,
        .data = context,
    };
}
