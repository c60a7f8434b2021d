// SPDX-License-Identifier: GPL-3.0-or-later
// Private to daemon/: the structure of the daemon.
#pragma once

#include "access/authenticator.h"
#include "access/identities.h"
#include "access/pairing.h"
#include "access/server_certificates.h"
#include "api/api.h"
#include "checks/check_manager.h"
#include "checks/check_probes.h"
#include "daemon/daemon.h"
#include "exec/exec_manager.h"
#include "files/file_manager.h"
#include "forward/forward_manager.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "http/proxy.h"
#include "logs/log_store.h"
#include "loop/loop.h"
#include "loop/output.h"
#include "net/connector.h"
#include "plan/plan_store.h"
#include "plan/plan_update.h"
#include "process/job.h"
#include "process/reaper.h"
#include "services/service_job.h"
#include "services/service_manager.h"
#include "state/change.h"
#include "state/checkpoint.h"
#include "state/runner.h"
#include "state/state.h"
#include "state/state_lock.h"

// Failed TLS handshakes since a time; so that a flood of them does not flood the log.
struct handshake_log {
    int64_t since_ns;
    size_t count;
};

enum daemon_phase { DAEMON_STARTING, DAEMON_RUNNING, DAEMON_STOPPING_SERVICES, DAEMON_CLOSING };

#define DAEMON_STATE_FILE ".pebble.state" // in $PEBBLE

struct daemon {
    const struct daemon_options *options;
    enum daemon_phase phase;
    enum daemon_exit exit_code;
    char *boot_id;

    struct loop *loop;
    struct output *log_output;
    struct output *verbose_output; // NULL unless verbose
    struct reaper *reaper;
    struct descriptor_budget *descriptors;
    struct job_context *jobs;
    struct log_store *logs;
    struct file_manager *files;
    struct plan_store *plans;
    struct plan_updater *plan_updater;
    struct state *state;
    struct checkpoint *checkpoint;
    struct runner *runner;
    struct service_manager *services;
    struct connector *connector;
    struct proxy_settings *proxies;
    struct http_client *http_client; // of checks and log targets
    struct probe_context probes;
    struct check_manager *checks;
    struct exec_manager *execs;
    struct forward_manager *forwards;
    struct identity_store *identities;
    struct authenticator *authenticator;
    struct pairing *pairing;
    struct server_certificates *certificates; // NULL without HTTPS
    struct handshake_log handshake_log;
    struct api *api;
    struct http_server *server;
    int lock_fd;                                 // holds the lock on the state file until the checkpoint has it, or -1
    bool is_locked;                              // by this daemon: $PEBBLE, by the lock on its state file
    bool is_listening;                           // the socket's path has to be removed at the end
    bool has_server_ended, has_forwarding_ended; // at the end of the shutdown
    int socket_fd;                               // listens there; -1 when the server owns it
    int http_fd;                                 // listens for HTTP; -1 when the server owns it
    struct error http_error;                     // why it does not

    struct signal_watch *signals[5];
    struct timer *prune_timer;
    unsigned changes_since_prune; // changes that have become ready
    size_t tasks_since_prune;     // their tasks
    struct timer *stop_timer;     // limits the stop of services, then the write of the state file
    struct timer *kill_timer;     // limits the wait for killed commands
    struct deferred last_save;    // begins the write of the state file before the socket is removed
    struct checkpoint_wait saved;
    struct timer *watchdog_timer; // NULL without WATCHDOG_USEC
    int64_t watchdog_ns;
    struct timer *standby_timer; // NULL without NOTIFY_SOCKET
    int64_t standby_wait_ns;

    struct change *autostart;  // the change that starts the default services, until it is ready
    struct change *final_stop; // the change that stops all services
    struct listener on_plan_changed;
    struct listener on_change_ready;
    struct listener on_shutdown_wanted;
    struct listener on_service_changed; // with is_until_done
    struct deferred done_check;         // the same
    struct listener on_check_failed;
    struct listener on_execs_idle;
    struct listener on_checkpoint_failed;
    struct child subcommand;
    int subcommand_code;
};

// service_probes.c
struct service_prober daemon_service_prober(struct daemon *daemon);
// wiring.c
bool daemon_init(struct daemon *daemon, struct error *err) NODISCARD;
void daemon_destroy(struct daemon *daemon);
// start.c
// Watches signals. Called before anything that takes time: without a handler, the first process of a container does not
// receive them.
bool daemon_watch_signals(struct daemon *daemon, struct error *err) NODISCARD;
// Binds the socket, without accepting connections. Called before the state file is read: a daemon that is ending writes
// it before it removes its socket.
bool daemon_bind_socket(struct daemon *daemon, struct error *err) NODISCARD;
// Binds the address for HTTP, if there is one. A failure is reported by daemon_start(), after those of the layers, as
// Pebble does; or by daemon_take_directory() instead of a wait.
void daemon_bind_http(struct daemon *daemon);
bool daemon_start(struct daemon *daemon, struct error *err) NODISCARD;
void daemon_notify_ready(struct daemon *daemon);
// A change is ready. Many of them, or many tasks, cause early pruning.
void daemon_count_change(struct daemon *daemon, const struct change *change);
// https.c
// Loads or makes the identity key and listens, if there is an address for HTTPS. The directory must be locked.
bool daemon_listen_on_https(struct daemon *daemon, struct error *err) NODISCARD;
// stop.c
void daemon_stop(struct daemon *daemon, enum daemon_exit exit_code); // begins the shutdown; further calls do nothing
// Logs that the daemon ends without a signal. Before daemon_stop().
void daemon_log_own_exit(void);
void daemon_check_stopped(struct daemon *daemon); // goes on with the shutdown if nothing is waited for any more
// until_done.c
void daemon_watch_done(struct daemon *daemon);
void daemon_check_done(struct daemon *daemon); // without effect unless is_until_done
// watchdog.c
bool daemon_start_watchdog(struct daemon *daemon, struct error *err) NODISCARD;
void daemon_start_standby(struct daemon *daemon);
// directory.c
bool daemon_prepare_directory(const struct daemon_options *options, struct error *err) NODISCARD;
bool daemon_has_own_socket(const struct daemon_options *options); // the socket is in the directory
// Fails if another process listens on the socket.
bool daemon_check_socket(const struct daemon_options *options, struct error *err) NODISCARD;
// Fills the directory if that is wanted, then locks its state file, so that no other daemon uses it, whatever its
// socket. Nothing else in the directory is read or written before.
bool daemon_take_directory(struct daemon *daemon, struct error *err) NODISCARD;
char *daemon_boot_id(void) __attribute__((returns_nonnull)); // owned
// copy_once.c
// *is_busy: fails because another daemon is copying; try again.
bool daemon_copy_once(const struct daemon_options *options, bool *is_busy, struct error *err) NODISCARD;
