// SPDX-License-Identifier: GPL-3.0-or-later
// The option --until-done: the daemon ends when nothing of the services is left to do. Declared in
// daemon/daemon_internal.h.
#include "base/log.h"
#include "daemon/daemon_internal.h"

// Deferred, so that all that a change of a service leads to has begun.
static void check(struct deferred *deferred) {
    struct daemon *daemon = CONTAINER_OF(deferred, struct daemon, done_check);
    int code = 0;
    if (daemon->phase != DAEMON_RUNNING || daemon->autostart != NULL ||
        !service_manager_is_done(daemon->services, &code))
        return;
    log_notice("No service is left to run, exiting with code %d.", code);
    daemon_stop(daemon, code > 0 ? (enum daemon_exit)(DAEMON_EXIT_SERVICE_CODE + code) : DAEMON_EXIT_OK);
}

void daemon_check_done(struct daemon *daemon) {
    if (daemon->options->is_until_done)
        loop_defer(daemon->loop, &daemon->done_check, check);
}

static void on_service_changed(struct listener *listener, void *argument UNUSED) {
    daemon_check_done(CONTAINER_OF(listener, struct daemon, on_service_changed));
}

void daemon_watch_done(struct daemon *daemon) {
    event_add(service_manager_changed(daemon->services), &daemon->on_service_changed, on_service_changed);
}
