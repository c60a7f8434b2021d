// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_process_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "logs/capture.h"
#include "process/command.h"

struct service_process {
    struct command *command;
    struct capture *capture;       // NULL once the output has ended
    service_process_end_fn on_end; // NULL when abandoned
    void *data;
    int64_t output_wait_ns;
    int exit_code;
    bool has_exited;
};

static void add_environment(struct environment *environment, const struct map *settings) {
    for (struct map_entry *entry = map_first(settings); entry != NULL; entry = map_next(settings, entry))
        environment_set(environment, entry->key, entry->value);
}

static bool is_set_in(const struct map *settings, const char *name) {
    return settings != NULL && !text_is_empty(map_get(settings, name));
}

// HOME and USER follow the user, unless the plan says otherwise.
static void add_home_and_user(struct environment *environment, uid_t uid, const struct service_process_spec *spec) {
    const struct map *workload = spec->workload != NULL ? &spec->workload->environment : NULL;
    bool has_home = is_set_in(&spec->config->environment, "HOME") || is_set_in(workload, "HOME");
    bool has_user = is_set_in(&spec->config->environment, "USER") || is_set_in(workload, "USER");
    if (has_home && has_user)
        return;
    AUTO_ACCOUNT struct account account = {0};
    AUTO_ERROR struct error err = {0};
    if (!account_by_uid(uid, &account, &err)) {
        log_notice("Cannot look up user %u, starting without HOME and USER of its own: %s", uid, error_text(&err));
        return;
    }
    if (!has_home)
        environment_set(environment, "HOME", account.home);
    if (!has_user)
        environment_set(environment, "USER", account.name);
}

static const int64_t *id_of(const struct optional_id *own, const struct optional_id *inherited) {
    if (own->is_set)
        return &own->value;
    return inherited != NULL && inherited->is_set ? &inherited->value : NULL;
}

static const char *name_of(const char *own, const char *inherited) {
    return text_is_empty(own) ? inherited : own;
}

static bool choose_account(const struct service_process_spec *spec, struct account_choice *account, struct error *err) {
    const struct plan_service *config = spec->config;
    const struct plan_workload *workload = spec->workload;
    struct account_request request = {
        .user_id = id_of(&config->user_id, workload != NULL ? &workload->user_id : NULL),
        .user = name_of(config->user, workload != NULL ? workload->user : NULL),
        .group_id = id_of(&config->group_id, workload != NULL ? &workload->group_id : NULL),
        .group = name_of(config->group, workload != NULL ? workload->group : NULL),
    };
    return account_resolve(&request, account, err);
}

static void check_end(struct service_process *process) {
    if (!process->has_exited || process->capture != NULL)
        return;
    service_process_end_fn on_end = process->on_end;
    void *data = process->data;
    int exit_code = process->exit_code;
    service_process_destroy(process);
    if (on_end != NULL)
        on_end(data, exit_code);
}

static void on_output_end(struct capture *capture, void *data) {
    struct service_process *process = data;
    capture_destroy(capture);
    process->capture = NULL;
    check_end(process);
}

static void on_command_end(struct command *command UNUSED, int exit_code, bool has_timed_out UNUSED, void *data) {
    struct service_process *process = data;
    process->has_exited = true;
    process->exit_code = exit_code;
    if (process->capture != NULL)
        capture_expect_end(process->capture, process->output_wait_ns);
    check_end(process);
}

static bool start_command(struct service_process *process, const struct service_process_spec *spec, int output_fd,
                          struct error *err) {
    AUTO_TEXT_LIST struct text_list words = {0};
    AUTO_TEXT_LIST struct text_list extra = {0};
    if (!plan_service_command(spec->config, &words, &extra, err))
        return false;
    text_list_add_list(&words, &extra);
    struct account_choice account = {0};
    if (!choose_account(spec, &account, err))
        return false;

    struct environment *environment = environment_create(environ);
    if (spec->workload != NULL)
        add_environment(environment, &spec->workload->environment);
    add_environment(environment, &spec->config->environment);
    if (account.has_uid)
        add_home_and_user(environment, account.uid, spec);
    if (account.has_uid && account.uid == getuid() && account.has_gid && account.gid == getgid())
        account = (struct account_choice){0};

    struct command_spec command = {
        .words = &words,
        .environment = environment,
        .directory = text_is_empty(spec->config->working_dir) ? NULL : spec->config->working_dir,
        .account = account,
        .group = PROCESS_OWN_GROUP,
        .stdin_fd = -1,
        .stdout_fd = output_fd,
        .stderr_fd = output_fd,
        .search_path = getenv("PATH"),
    };
    AUTO_FREE char *quoted_name = text_quoted(spec->config->name);
    log_notice("Service %s starting: %s", quoted_name, spec->config->command);
    bool is_started =
        command_start(spec->loop, spec->reaper, &command, on_command_end, process, &process->command, err);
    environment_destroy(environment);
    return is_started || error_prefix(err, "cannot start service: ");
}

bool service_process_start(const struct service_process_spec *spec, service_process_end_fn on_end, void *data,
                           struct service_process **out, struct error *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set_errno(err, errno, "cannot start service: pipe");
    AUTO_CLOSE int writing_end = ends[1];
    struct service_process *process = memory_new(sizeof *process);
    process->on_end = on_end;
    process->data = data;
    process->output_wait_ns = spec->output_wait_ns;
    if (!capture_start(spec->loop, ends[0], spec->ring, on_output_end, process, &process->capture, err)) {
        (void)close(ends[0]);
        free(process);
        return error_prefix(err, "cannot start service: ");
    }
    capture_set_tee(process->capture, spec->tee, spec->tee_data);
    if (!start_command(process, spec, writing_end, err)) {
        service_process_destroy(process);
        return false;
    }
    *out = process;
    return true;
}

void service_process_abandon(struct service_process *process) {
    if (process != NULL)
        process->on_end = NULL;
}

void service_process_destroy(struct service_process *process) {
    if (process == NULL)
        return;
    capture_destroy(process->capture);
    command_destroy(process->command);
    free(process);
}

pid_t service_process_pid(const struct service_process *process) {
    return command_pid(process->command);
}

bool service_process_signal(struct service_process *process, int signal_number, struct error *err) {
    return command_signal(process->command, signal_number, err);
}

bool service_process_signal_group(struct service_process *process, int signal_number, struct error *err) {
    return command_signal_group(process->command, signal_number, err);
}
