// SPDX-License-Identifier: GPL-3.0-or-later
// Start-up: signals, listeners, arguments, default services.
// Declared in daemon/daemon_internal.h.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "access/identity_file.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/daemon_internal.h"
#include "daemon/notify.h"
#include "net/listen.h"

#define PRUNE_INTERVAL_NS (600 * NS_PER_S)
#define FIRST_SAVE_LIMIT_MS 2000
// The state file is written as a whole, so it has to stay small when there are many changes, or large ones.
#define PRUNE_CHANGES 500
#define PRUNE_TASKS 4000
#define FIRST_REALTIME 32

// --- signals ---

static const char *signal_word(int number) {
    return number == SIGTERM ? "terminated" : number == SIGINT ? "interrupt" : "quit";
}

static void on_stop_signal(void *data, int number) {
    struct daemon *daemon = data;
    if (daemon->phase != DAEMON_RUNNING)
        return;
    log_notice("Exiting on %s signal.", signal_word(number));
    daemon_stop(daemon, DAEMON_EXIT_OK);
}

static void on_hangup_signal(void *data UNUSED, int number UNUSED) {
    log_notice("Ignoring SIGHUP: layers are read at start-up, or added with `pebble add`.");
}

// Signals that end a process by default and mean nothing to the daemon. Those of faults (SIGSEGV, SIGABRT …) end it,
// and those of the terminal stop it. Linux delivers the SIGSYS of a seccomp filter although it is ignored. The C
// library refuses the real-time signals that it uses itself; it sets their handlers when it needs them. Children have
// the defaults again (process/process.c).
static void ignore_stray_signals(void) {
    static const int stray[] = {SIGPIPE, SIGUSR1,   SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF,
                                SIGIO,   SIGSTKFLT, SIGPWR,  SIGXCPU, SIGXFSZ,   SIGSYS};
    for (size_t i = 0; i < ARRAY_COUNT(stray); i++)
        (void)signal(stray[i], SIG_IGN);
    // The kernel's structure begins with the handler (but on MIPS); flags and mask are zeroes.
    const unsigned long ignored[8] = {(unsigned long)SIG_IGN};
    for (int number = FIRST_REALTIME; number < _NSIG; number++)
        (void)syscall(SYS_rt_sigaction, number, ignored, NULL, (size_t)(_NSIG / 8));
}

bool daemon_watch_signals(struct daemon *daemon, struct error *err) {
    static const struct {
        int number;
        signal_fn handle;
    } watched[] = {
        {SIGTERM, on_stop_signal}, {SIGINT, on_stop_signal}, {SIGQUIT, on_stop_signal}, {SIGHUP, on_hangup_signal}};
    // Blocked signals are inherited.
    sigset_t none;
    sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    ignore_stray_signals();
    for (size_t i = 0; i < ARRAY_COUNT(watched); i++) {
        if (!signal_watch_create(daemon->loop, watched[i].number, watched[i].handle, daemon, &daemon->signals[i], err))
            return false;
    }
    return true;
}

// --- listeners ---

bool daemon_bind_socket(struct daemon *daemon, struct error *err) {
    const char *path = daemon->options->socket_path;
    bool is_locked = daemon->is_locked && daemon_has_own_socket(daemon->options);
    if (!(is_locked ? listen_unix_locked : listen_unix)(path, &daemon->socket_fd, err))
        return error_prefix(err, "when trying to listen on %s: ", path);
    daemon->is_listening = true;
    return true;
}

void daemon_bind_http(struct daemon *daemon) {
    const char *address = daemon->options->http_address;
    if (!text_is_empty(address) && !listen_tcp(address, &daemon->http_fd, &daemon->http_error))
        error_prefix(&daemon->http_error, "cannot listen on \"%s\": ", address);
}

static bool listen_on_socket(struct daemon *daemon, struct error *err) {
    int fd = daemon->socket_fd;
    daemon->socket_fd = -1;
    return http_server_listen(daemon->server, fd, HTTP_OVER_UNIX, err);
}

static bool listen_on_http(struct daemon *daemon, struct error *err) {
    const char *address = daemon->options->http_address;
    if (text_is_empty(address))
        return true;
    if (error_is_set(&daemon->http_error))
        return error_move(err, &daemon->http_error);
    int fd = daemon->http_fd;
    daemon->http_fd = -1;
    if (!http_server_listen(daemon->server, fd, HTTP_OVER_TCP, err))
        return error_prefix(err, "cannot listen on \"%s\": ", address);
    log_notice("HTTP API server listening on \"%s\".", address);
    return true;
}

// --- arguments of services ---

static void free_list(void *value) {
    text_list_clear(value);
    free(value);
}

static bool set_arguments(struct daemon *daemon, struct error *err) {
    const struct daemon_options *options = daemon->options;
    AUTO_MAP struct map services = MAP_INIT(free_list);
    for (size_t i = 0; i < options->argument_count; i++) {
        const struct text_list *given = &options->arguments[i];
        if (given->count == 0)
            return error_set(err, ERROR_INTERNAL, "--args requires a service name");
        AUTO_FREE char *quoted = text_quoted(given->items[0]);
        if (map_has(&services, given->items[0]))
            return error_set(err, ERROR_INTERNAL, "--args provided more than once for %s service", quoted);
        struct text_list *arguments = memory_new(sizeof *arguments);
        for (size_t j = 1; j < given->count; j++)
            text_list_add(arguments, given->items[j]);
        map_set(&services, given->items[0], arguments);
    }
    return services.count == 0 || plan_store_set_arguments(daemon->plans, &services, err);
}

// --- identities ---

static bool replace_identities(struct daemon *daemon, const json_t *object, struct error *err) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    if (!identity_set_read(object, &set, err) || !identity_set_check(&set, err))
        return false;
    AUTO_FREE char *user = memory_printf("%u", getuid());
    return identity_store_apply(daemon->identities, IDENTITY_REPLACE, &set, user, err);
}

static bool seed_identities(struct daemon *daemon, struct error *err) {
    AUTO_JSON json_t *object = NULL;
    if (daemon->options->identities == NULL)
        return true;
    if (!identity_file_read(daemon->options->identities, &object, err))
        return error_prefix(err, "cannot read identities: ");
    return replace_identities(daemon, object, err) || error_prefix(err, "cannot replace identities: ");
}

// --- start ---

void daemon_notify_ready(struct daemon *daemon) {
    if (daemon->options->ready_fd >= 0)
        (void)!write(daemon->options->ready_fd, "1", 1);
}

static void autostart(struct daemon *daemon) {
    static const struct text_list no_names = {0};
    AUTO_ERROR struct error err = {0};
    if (daemon->options->holds) {
        daemon_notify_ready(daemon);
    } else if (!service_manager_request(daemon->services, SERVICE_AUTOSTART, &no_names, &daemon->autostart, &err)) {
        log_notice("Cannot start default services: %s", error_text(&err));
        daemon_notify_ready(daemon);
        if (!daemon->options->is_until_done || error_has_code(&err, "no-default-services"))
            daemon_check_done(daemon);
        else
            daemon_stop(daemon, DAEMON_EXIT_FAILED);
    }
}

static void on_prune_timer(void *data) {
    struct daemon *daemon = data;
    daemon->changes_since_prune = 0;
    daemon->tasks_since_prune = 0;
    state_prune(daemon->state);
    timer_start(daemon->prune_timer, PRUNE_INTERVAL_NS);
}

void daemon_count_change(struct daemon *daemon, const struct change *change) {
    daemon->changes_since_prune++;
    daemon->tasks_since_prune += change_task_count(change);
    bool is_due = daemon->changes_since_prune >= PRUNE_CHANGES || daemon->tasks_since_prune >= PRUNE_TASKS;
    if (is_due && daemon->prune_timer != NULL)
        timer_start(daemon->prune_timer, 0);
}

static void on_subcommand_end(struct child *child, int exit_code) {
    struct daemon *daemon = CONTAINER_OF(child, struct daemon, subcommand);
    daemon->subcommand_code = exit_code;
    if (exit_code != 0 || !daemon->options->keeps_running)
        daemon_stop(daemon, DAEMON_EXIT_OK);
}

bool daemon_start(struct daemon *daemon, struct error *err) {
    AUTO_FREE char *event = memory_printf("sys_startup:%u", getuid());
    log_security(LOG_SECURITY_WARN, event, "Starting daemon");
    if (!listen_on_socket(daemon, err) || !listen_on_http(daemon, err) || !daemon_listen_on_https(daemon, err))
        return false;
    const struct text_list *warnings = plan_store_warnings(daemon->plans);
    for (size_t i = 0; i < warnings->count; i++)
        log_notice("%s", warnings->items[i]);
    if (!daemon_start_watchdog(daemon, err))
        return error_prefix(err, "cannot run software watchdog: ");
    log_notice("Started daemon.");
    if (!set_arguments(daemon, err) || !seed_identities(daemon, err))
        return false;
    plan_store_freeze(daemon->plans);
    notify_send("READY=1");
    // The state file exists before the first response. A failure is logged, and the write repeated, by the checkpoint.
    (void)!checkpoint_flush(daemon->checkpoint, FIRST_SAVE_LIMIT_MS, NULL);
    daemon->phase = DAEMON_RUNNING;
    daemon_start_standby(daemon);
    state_prune(daemon->state);
    daemon->prune_timer = timer_create_in(daemon->loop, on_prune_timer, daemon);
    timer_start(daemon->prune_timer, PRUNE_INTERVAL_NS);
    if (daemon->options->subcommand > 0)
        reaper_watch(daemon->reaper, &daemon->subcommand, daemon->options->subcommand, on_subcommand_end);
    runner_wake(daemon->runner);
    autostart(daemon);
    return true;
}
