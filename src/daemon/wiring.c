// SPDX-License-Identifier: GPL-3.0-or-later
// Creates the managers and connects their events. Declared in daemon/daemon_internal.h.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/daemon_internal.h"

#define LARGE_BLOCK_BYTES 262144
#define OUTPUT_LIMIT_BYTES ((size_t)1048576) // of log and verbose output that is not read

static void log_to_output(void *data, const char *line, size_t length) {
    struct daemon *daemon = data;
    if (daemon->services != NULL)
        service_manager_end_line(daemon->services);
    output_write(daemon->log_output, line, length);
}

// With output of services on the same terminal, the order of lines matters.
static void log_request_to_output(void *data, const char *line, size_t length) {
    struct daemon *daemon = data;
    if (daemon->verbose_output != NULL)
        log_to_output(data, line, length);
    else
        output_write_later(daemon->log_output, line, length);
}

static void discard_log_line(void *data UNUSED, const char *line UNUSED, size_t length UNUSED) {
}

static void tee_to_output(void *data, const char *bytes, size_t length) {
    output_write(data, bytes, length);
}

static void open_outputs(struct daemon *daemon) {
    daemon->log_output = output_create(daemon->loop, STDERR_FILENO, OUTPUT_LIMIT_BYTES);
    if (daemon->options->is_silent)
        log_set_sink(discard_log_line, NULL);
    else
        log_set_sink(log_to_output, daemon);
    if (!daemon->options->is_silent)
        log_set_request_sink(log_request_to_output);
    if (daemon->options->is_verbose)
        daemon->verbose_output = output_create(daemon->loop, STDOUT_FILENO, OUTPUT_LIMIT_BYTES);
}

static void log_tree_note(const char *text, void *data UNUSED) {
    log_notice("%s", text);
}

// --- events ---

static void set_pairing_mode(struct daemon *daemon, const struct plan *plan) {
    pairing_set_mode(daemon->pairing, plan->content.pairing);
}

static void on_plan_changed(struct listener *listener, void *argument) {
    struct daemon *daemon = CONTAINER_OF(listener, struct daemon, on_plan_changed);
    service_manager_set_plan(daemon->services, argument);
    check_manager_set_plan(daemon->checks, argument);
    forward_manager_set_plan(daemon->forwards, argument);
    set_pairing_mode(daemon, argument);
}

static void on_check_failed(struct listener *listener, void *argument) {
    struct daemon *daemon = CONTAINER_OF(listener, struct daemon, on_check_failed);
    service_manager_check_failed(daemon->services, argument);
}

static void on_change_ready(struct listener *listener, void *argument) {
    struct daemon *daemon = CONTAINER_OF(listener, struct daemon, on_change_ready);
    daemon_count_change(daemon, argument);
    if (argument == daemon->autostart) {
        log_notice("Started default services with change %s.", change_id(daemon->autostart));
        daemon->autostart = NULL;
        daemon_notify_ready(daemon);
        daemon_check_done(daemon);
    }
    if (argument == daemon->final_stop) {
        // Stops are held behind one that has failed.
        if (change_status(daemon->final_stop) != STATUS_DONE)
            service_manager_kill_all(daemon->services);
        daemon->final_stop = NULL;
        daemon_check_stopped(daemon);
    }
}

static void on_execs_idle(struct listener *listener, void *argument UNUSED) {
    daemon_check_stopped(CONTAINER_OF(listener, struct daemon, on_execs_idle));
}

static void on_shutdown_wanted(struct listener *listener, void *argument) {
    struct daemon *daemon = CONTAINER_OF(listener, struct daemon, on_shutdown_wanted);
    static const enum daemon_exit codes[] = {
        [SHUTDOWN_SUCCESS] = DAEMON_EXIT_OK,
        [SHUTDOWN_SERVICE_FAILURE] = DAEMON_EXIT_SERVICE_FAILURE,
        [SHUTDOWN_CHECK_FAILURE] = DAEMON_EXIT_CHECK_FAILURE,
        [SHUTDOWN_EXIT_CODE] = DAEMON_EXIT_SERVICE_CODE,
    };
    const struct service_shutdown *shutdown = argument;
    if (daemon->phase != DAEMON_RUNNING)
        return;
    if (shutdown->kind == SHUTDOWN_SUCCESS)
        api_set_maintenance(daemon->api, "daemon-restart", "daemon is restarting");
    daemon_log_own_exit();
    daemon_stop(daemon, (enum daemon_exit)((int)codes[shutdown->kind] + shutdown->exit_code));
}

static void on_checkpoint_failed(struct listener *listener UNUSED, void *argument) {
    const struct checkpoint_failure *failure = argument;
    char delay[DURATION_TEXT_SIZE];
    if (failure->retry_ns == 0) {
        log_notice("%s, responding to requests before what they have changed is saved", failure->message);
        return;
    }
    duration_format(failure->retry_ns, delay);
    log_notice("%s, retrying in %s", failure->message, delay);
}

// --- managers ---

static bool load_state(struct daemon *daemon, const char *path, struct error *err) {
    daemon->state = state_create();
    daemon->checkpoint = checkpoint_create(daemon->loop, daemon->state, path);
    checkpoint_set_lock(daemon->checkpoint, daemon->lock_fd);
    daemon->lock_fd = -1;
    return checkpoint_load(daemon->checkpoint, err) && identity_store_create(daemon->state, &daemon->identities, err);
}

// Keeps a state file that cannot be read under another name, and begins with an empty state.
static bool quarantine_state(struct daemon *daemon, const char *path, struct error *err) {
    AUTO_FREE char *aside = memory_printf("%s.broken-%lld", path, (long long)clock_wall_ns());
    if (rename(path, aside) != 0)
        return false;
    log_notice("Cannot read the state file, it is kept as %s and the state is empty now: %s", aside, error_text(err));
    error_clear(err);
    checkpoint_destroy(daemon->checkpoint);
    state_destroy(daemon->state);
    (void)state_lock_try(path, &daemon->lock_fd); // a new file
    return load_state(daemon, path, err);
}

static bool init_state(struct daemon *daemon, struct error *err) {
    AUTO_FREE char *path = path_join(daemon->options->directory, DAEMON_STATE_FILE);
    if (!load_state(daemon, daemon->options->persists ? path : NULL, err) &&
        !(daemon->options->quarantines_state && quarantine_state(daemon, path, err))) {
        log_notice(
            "The state file %s is left as it is; `pebble run --quarantine-state` keeps it under another name and "
            "starts with an empty state.",
            path);
        return false;
    }
    daemon->authenticator = authenticator_create(daemon->loop, daemon->identities, NULL);
    daemon->pairing = pairing_create(daemon->loop, daemon->state, daemon->identities);
    daemon->runner = runner_create(daemon->loop, daemon->state);
    checkpoint_set_runner(daemon->checkpoint, daemon->runner);
    return true;
}

static void init_services(struct daemon *daemon) {
    daemon->logs = log_store_create();
    memory_add_shrinker(log_store_shrink, daemon->logs);
    struct service_manager_spec spec = {
        .loop = daemon->loop,
        .state = daemon->state,
        .runner = daemon->runner,
        .logs = daemon->logs,
        .launcher = service_job_launcher(daemon->jobs),
        .prober = daemon_service_prober(daemon),
        .tee = daemon->verbose_output != NULL ? tee_to_output : NULL,
        .tee_data = daemon->verbose_output,
    };
    daemon->services = service_manager_create(&spec);
}

static void init_checks(struct daemon *daemon) {
    daemon->connector = connector_create(daemon->loop, NULL);
    daemon->proxies = proxy_settings_from_environment();
    daemon->http_client = http_client_create(daemon->loop, daemon->connector, daemon->proxies);
    daemon->probes = (struct probe_context){.client = daemon->http_client,
                                            .connector = daemon->connector,
                                            .jobs = daemon->jobs,
                                            .descriptors = daemon->descriptors};
    daemon->checks = check_manager_create(&(const struct check_manager_spec){
        .loop = daemon->loop,
        .state = daemon->state,
        .runner = daemon->runner,
        .prober = check_probes(&daemon->probes),
    });
}

static void init_execs(struct daemon *daemon) {
    daemon->execs = exec_manager_create(&(const struct exec_manager_spec){
        .loop = daemon->loop,
        .state = daemon->state,
        .runner = daemon->runner,
        .context = daemon->jobs,
        .jobs = &exec_jobs,
        .descriptors = daemon->descriptors,
    });
}

static void init_forwards(struct daemon *daemon) {
    daemon->forwards = forward_manager_create(&(const struct forward_spec){
        .loop = daemon->loop,
        .connector = daemon->connector,
        .http_client = daemon->http_client,
        .logs = daemon->logs,
        .descriptors = daemon->descriptors,
        .user_agent = "pebble/" PEBBLE_VERSION,
    });
}

static bool init_plan(struct daemon *daemon, struct error *err) {
    AUTO_FREE char *layers = memory_printf("%s/layers", daemon->options->directory);
    daemon->plans = plan_store_create(layers);
    daemon->plan_updater = plan_updater_create(daemon->loop, daemon->plans);
    return plan_store_load(daemon->plans, err) || error_prefix(err, "cannot load plan: ");
}

static void init_api(struct daemon *daemon) {
    daemon->files = file_manager_create(daemon->loop, daemon->descriptors);
    struct api_spec spec = {
        .loop = daemon->loop,
        .plans = daemon->plans,
        .updater = daemon->plan_updater,
        .services = daemon->services,
        .checks = daemon->checks,
        .execs = daemon->execs,
        .state = daemon->state,
        .checkpoint = daemon->checkpoint,
        .logs = daemon->logs,
        .files = daemon->files,
        .forwards = daemon->forwards,
        .identities = daemon->identities,
        .authenticator = daemon->authenticator,
        .version = PEBBLE_VERSION,
        .boot_id = daemon->boot_id,
        .http_address = daemon->options->http_address,
        .https_address = daemon->options->https_address,
        .pairing = daemon->pairing,
    };
    daemon->api = api_create(&spec);
    struct http_server_hooks hooks = api_hooks(daemon->api);
    daemon->server = http_server_create(daemon->loop, daemon->descriptors, &hooks);
}

static void connect_events(struct daemon *daemon) {
    event_add(plan_store_changed(daemon->plans), &daemon->on_plan_changed, on_plan_changed);
    event_add(checkpoint_failed(daemon->checkpoint), &daemon->on_checkpoint_failed, on_checkpoint_failed);
    event_add(state_change_ready(daemon->state), &daemon->on_change_ready, on_change_ready);
    event_add(service_manager_shutdown_wanted(daemon->services), &daemon->on_shutdown_wanted, on_shutdown_wanted);
    if (daemon->options->is_until_done)
        daemon_watch_done(daemon);
    event_add(check_manager_failed(daemon->checks), &daemon->on_check_failed, on_check_failed);
    event_add(exec_manager_idle(daemon->execs), &daemon->on_execs_idle, on_execs_idle);
    service_manager_set_plan(daemon->services, plan_store_current(daemon->plans));
    check_manager_set_plan(daemon->checks, plan_store_current(daemon->plans));
    forward_manager_set_plan(daemon->forwards, plan_store_current(daemon->plans));
    set_pairing_mode(daemon, plan_store_current(daemon->plans));
}

// One arena for all threads, so that a worker can use memory that the loop has freed. Large blocks are returned to the
// system at once and do not fragment the heap.
static void configure_memory(void) {
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
    loop_install_allocator();
}

bool daemon_init(struct daemon *daemon, struct error *err) {
    configure_memory();
    if (!loop_create(&daemon->loop, err))
        return false;
    open_outputs(daemon);
    if (!daemon_watch_signals(daemon, err) || !daemon_prepare_directory(daemon->options, err) ||
        !daemon_check_socket(daemon->options, err))
        return false;
    daemon_bind_http(daemon);
    if (!daemon_take_directory(daemon, err) || !daemon_bind_socket(daemon, err))
        return false;
    daemon->boot_id = daemon_boot_id();
    if (!reaper_create(daemon->loop, &daemon->reaper, err))
        return error_prefix(err, "cannot start child process reaper: ");
    reaper_raise_descriptors(daemon->reaper);
    struct rlimit limit;
    bool is_limited = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    daemon->descriptors = descriptor_budget_create(is_limited ? (size_t)limit.rlim_cur : SIZE_MAX);
    daemon->jobs = job_context_create(&(const struct job_context_spec){.loop = daemon->loop,
                                                                       .reaper = daemon->reaper,
                                                                       .descriptors = daemon->descriptors,
                                                                       .on_tree_note = log_tree_note});
    if (!init_state(daemon, err) || !init_plan(daemon, err))
        return false;
    init_services(daemon);
    init_checks(daemon);
    init_execs(daemon);
    init_forwards(daemon);
    init_api(daemon);
    connect_events(daemon);
    return true;
}

void daemon_destroy(struct daemon *daemon) {
    http_server_destroy(daemon->server);
    plan_updater_destroy(daemon->plan_updater); // responds to the requests that wait for it
    file_close_at(&daemon->socket_fd);
    file_close_at(&daemon->http_fd);
    error_clear(&daemon->http_error);
    if (daemon->services != NULL) {
        event_remove(&daemon->on_plan_changed);
        event_remove(&daemon->on_change_ready);
        event_remove(&daemon->on_checkpoint_failed);
        event_remove(&daemon->on_shutdown_wanted);
        event_remove(&daemon->on_service_changed);
        event_remove(&daemon->on_check_failed);
        event_remove(&daemon->on_execs_idle);
    }
    exec_manager_destroy(daemon->execs);
    check_manager_destroy(daemon->checks);
    forward_manager_destroy(daemon->forwards);
    service_manager_destroy(daemon->services);
    daemon->services = NULL; // log_to_output()
    http_client_destroy(daemon->http_client);
    proxy_settings_destroy(daemon->proxies);
    connector_destroy(daemon->connector);
    bool is_launch_stuck = !job_context_destroy(daemon->jobs); // a launch hangs in the kernel
    if (daemon->checkpoint != NULL)
        checkpoint_wait_cancel(daemon->checkpoint, &daemon->saved);
    checkpoint_destroy(daemon->checkpoint);
    runner_destroy(daemon->runner);
    api_destroy(daemon->api);
    bool is_worker_stuck = !file_manager_destroy(daemon->files); // in a dead mount
    authenticator_destroy(daemon->authenticator);
    pairing_destroy(daemon->pairing);
    server_certificates_destroy(daemon->certificates);
    plan_store_destroy(daemon->plans);
    identity_store_destroy(daemon->identities);
    state_destroy(daemon->state);
    if (daemon->logs != NULL) {
        memory_remove_shrinker(log_store_shrink, daemon->logs);
        log_store_destroy(daemon->logs);
    }
    for (size_t i = 0; i < ARRAY_COUNT(daemon->signals); i++)
        signal_watch_destroy(daemon->signals[i]);
    timer_destroy(daemon->prune_timer);
    timer_destroy(daemon->stop_timer);
    timer_destroy(daemon->kill_timer);
    timer_destroy(daemon->watchdog_timer);
    timer_destroy(daemon->standby_timer);
    if (!is_launch_stuck)
        reaper_destroy(daemon->reaper);
    log_set_sink(NULL, NULL);
    output_destroy(daemon->verbose_output);
    output_destroy(daemon->log_output);
    if (!is_launch_stuck)
        loop_destroy(daemon->loop);
    free(daemon->boot_id);
    file_close_at(&daemon->lock_fd);
    if (!is_launch_stuck && !is_worker_stuck)
        descriptor_budget_destroy(daemon->descriptors);
}
