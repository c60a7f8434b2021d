// SPDX-License-Identifier: GPL-3.0-or-later
// Shutdown: services and commands are stopped while the API still responds, then the state is written, then the socket
// is removed and the API ends. The last lines are sent to log targets meanwhile. Each step has a time limit. Declared
// in daemon/daemon_internal.h.
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/daemon_internal.h"
#include "daemon/notify.h"

#define REQUEST_GRACE_NS NS_PER_S
#define SAVE_LIMIT_NS (5 * NS_PER_S)
#define FORWARD_LIMIT_NS (3 * NS_PER_S) // of the last lines to log targets
#define KILL_LIMIT_NS (5 * NS_PER_S)    // of killed commands

static void end_if_done(struct daemon *daemon) {
    if (!daemon->has_server_ended || !daemon->has_forwarding_ended)
        return;
    notify_send("STOPPING=1");
    loop_stop(daemon->loop);
}

static void on_server_ended(void *data) {
    struct daemon *daemon = data;
    daemon->has_server_ended = true;
    end_if_done(daemon);
}

static void on_forwarding_ended(void *data) {
    struct daemon *daemon = data;
    daemon->has_forwarding_ended = true;
    end_if_done(daemon);
}

// After this another daemon may start: it reads the state file when it has bound the socket. The path is removed before
// the server ends, so that it cannot be the path of the other daemon.
static void release_socket(struct daemon *daemon) {
    timer_stop(daemon->stop_timer);
    (void)unlink(daemon->options->socket_path);
    daemon->is_listening = false;
    http_server_shut_down(daemon->server, REQUEST_GRACE_NS, on_server_ended, daemon);
}

static void on_state_saved(struct checkpoint_wait *wait, bool is_saved UNUSED) {
    release_socket(CONTAINER_OF(wait, struct daemon, saved));
}

static void on_save_limit(void *data) {
    struct daemon *daemon = data;
    checkpoint_wait_cancel(daemon->checkpoint, &daemon->saved);
    release_socket(daemon);
}

// Deferred, so that the status of the change that stopped the services is final.
static void save(struct deferred *deferred) {
    struct daemon *daemon = CONTAINER_OF(deferred, struct daemon, last_save);
    timer_destroy(daemon->stop_timer);
    daemon->stop_timer = timer_create_in(daemon->loop, on_save_limit, daemon);
    timer_start(daemon->stop_timer, SAVE_LIMIT_NS);
    checkpoint_wait(daemon->checkpoint, &daemon->saved, on_state_saved);
}

static void close_daemon(struct daemon *daemon) {
    daemon->phase = DAEMON_CLOSING;
    timer_stop(daemon->stop_timer);
    timer_stop(daemon->kill_timer);
    check_manager_end_changes(daemon->checks);
    runner_stop(daemon->runner);
    forward_manager_stop(daemon->forwards, FORWARD_LIMIT_NS, on_forwarding_ended, daemon);
    loop_defer(daemon->loop, &daemon->last_save, save);
}

void daemon_check_stopped(struct daemon *daemon) {
    if (daemon->phase != DAEMON_STOPPING_SERVICES || daemon->final_stop != NULL)
        return;
    if (!exec_manager_is_busy(daemon->execs) || !timer_is_running(daemon->kill_timer))
        close_daemon(daemon);
}

static void on_stop_limit(void *data) {
    struct daemon *daemon = data;
    if (daemon->final_stop != NULL) {
        log_notice("Cannot stop running services: timeout stopping running services");
        service_manager_kill_all(daemon->services);
    }
    daemon->final_stop = NULL;
    daemon_check_stopped(daemon);
}

static void on_kill_limit(void *data) {
    struct daemon *daemon = data;
    if (exec_manager_is_busy(daemon->execs))
        log_notice("Cannot stop running commands: timeout waiting for killed processes");
    daemon_check_stopped(daemon);
}

// Killed commands have a limit of their own: the kill delays of services may be long.
static void start_limits(struct daemon *daemon, int64_t stop_limit_ns) {
    daemon->stop_timer = timer_create_in(daemon->loop, on_stop_limit, daemon);
    timer_start(daemon->stop_timer, stop_limit_ns);
    daemon->kill_timer = timer_create_in(daemon->loop, on_kill_limit, daemon);
    timer_start(daemon->kill_timer, KILL_LIMIT_NS);
}

// The words of Pebble.
void daemon_log_own_exit(void) {
    log_notice("Server exiting! Reason: <nil>");
}

void daemon_stop(struct daemon *daemon, enum daemon_exit exit_code) {
    if (daemon->phase >= DAEMON_STOPPING_SERVICES)
        return;
    AUTO_FREE char *event = memory_printf("sys_shutdown:%u", getuid());
    log_security(LOG_SECURITY_WARN, event, "Shutting down daemon");
    int64_t stop_limit_ns;
    daemon->exit_code = exit_code;
    daemon->phase = DAEMON_STOPPING_SERVICES;
    check_manager_stop_all(daemon->checks);
    exec_manager_stop_all(daemon->execs);
    daemon->final_stop = service_manager_stop_all(daemon->services, &stop_limit_ns);
    if (daemon->final_stop != NULL)
        log_notice("Stopping all running services.");
    else
        log_debug("No services to stop.");
    start_limits(daemon, stop_limit_ns);
    daemon_check_stopped(daemon);
}
