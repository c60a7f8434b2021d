// SPDX-License-Identifier: GPL-3.0-or-later
// Watchdog and standby of systemd. Declared in daemon/daemon_internal.h.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/daemon_internal.h"
#include "daemon/notify.h"

#define STANDBY_FIRST_NS (5 * NS_PER_S)
#define STANDBY_LONGEST_NS (300 * NS_PER_S)

// --- watchdog: WATCHDOG=1 from the loop, twice in WATCHDOG_USEC ---

static void on_watchdog_timer(void *data) {
    struct daemon *daemon = data;
    notify_send("WATCHDOG=1");
    timer_start(daemon->watchdog_timer, daemon->watchdog_ns);
}

bool daemon_start_watchdog(struct daemon *daemon, struct error *err) {
    const char *text = getenv("WATCHDOG_USEC");
    if (text_is_empty(text))
        return true;
    char *end = NULL;
    double microseconds = strtod(text, &end);
    if (*end != '\0' || strspn(text, "0123456789.eE+") != strlen(text) || !isfinite(microseconds) || microseconds < 2 ||
        microseconds > 1e15) {
        AUTO_FREE char *quoted = text_quoted(text);
        return error_set(err, ERROR_INTERNAL, "cannot parse WATCHDOG_USEC: %s", quoted);
    }
    daemon->watchdog_ns = (int64_t)(microseconds / 2) * NS_PER_US;
    daemon->watchdog_timer = timer_create_in(daemon->loop, on_watchdog_timer, daemon);
    timer_start(daemon->watchdog_timer, daemon->watchdog_ns);
    return true;
}

// --- standby: an idle daemon ends, and is started again by systemd's socket activation ---

static bool has_pending(struct change *change, void *data) {
    bool *found = data;
    *found = !change_is_ready(change);
    return !*found;
}

static bool is_idle(struct daemon *daemon) {
    bool found = false;
    state_each_change(daemon->state, has_pending, &found);
    return !found && !service_manager_is_busy(daemon->services) && http_server_connections(daemon->server) == 0;
}

static void on_standby_timer(void *data) {
    struct daemon *daemon = data;
    if (daemon->phase != DAEMON_RUNNING)
        return;
    if (is_idle(daemon) && notify_is_available()) {
        api_set_maintenance(daemon->api, "daemon-restart", "daemon is stopping to wait for socket activation");
        daemon_log_own_exit();
        daemon_stop(daemon, DAEMON_EXIT_STANDBY);
        return;
    }
    if (daemon->standby_wait_ns < STANDBY_LONGEST_NS)
        daemon->standby_wait_ns *= 2;
    timer_start(daemon->standby_timer, daemon->standby_wait_ns);
}

void daemon_start_standby(struct daemon *daemon) {
    if (!notify_is_available())
        return;
    daemon->standby_wait_ns = STANDBY_FIRST_NS;
    daemon->standby_timer = timer_create_in(daemon->loop, on_standby_timer, daemon);
    timer_start(daemon->standby_timer, daemon->standby_wait_ns);
}
