/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Follows the logs of a service while a change that restarts it is waited for: two calls of libpebble at once, in one
 * poll loop.
 *
 *     cc client-poll.c $(pkg-config --cflags --libs libpebble) -o client-poll
 *     PEBBLE=/var/lib/pebble/default ./client-poll web
 */
#define _POSIX_C_SOURCE 200809L

#include <pebble.h>
#include <poll.h>
#include <stdio.h>

enum { LOGS, CHANGE, CALLS };

static void show_entry(const struct pebble_log_entry *entry) {
    size_t length;
    const char *message = pebble_log_entry_message(entry, &length);
    printf("%s: %.*s\n", pebble_log_entry_service(entry), (int)length, message);
}

/* The change begins with the first request; it is waited for by a call. */
static bool begin(struct pebble_client *client, const char *name, struct pebble_call *calls[CALLS],
                  struct pebble_error *error) {
    const struct pebble_log_options options = {
        .size = sizeof options, .services = &name, .service_count = 1, .last = 10, .flags = PEBBLE_LOGS_FOLLOW};
    char *change_id;
    if (!pebble_control_services(client, "restart", &name, 1, &change_id, error))
        return false;
    bool is_begun = pebble_call_get_logs(client, &options, &calls[LOGS], error) &&
                    pebble_call_wait_change(client, change_id, NULL, &calls[CHANGE], error);
    pebble_free(change_id);
    return is_begun;
}

/* Steps until there is nothing to do but wait. */
static enum pebble_call_state step(struct pebble_call *call) {
    enum pebble_call_state state = pebble_call_step(call);
    while (state == PEBBLE_CALL_ITEM) {
        show_entry(pebble_call_log_entry(call));
        state = pebble_call_step(call);
    }
    return state;
}

/* Until one of the descriptors is ready, or the sooner of the timeouts is over. */
static void wait_for(struct pebble_call *const calls[CALLS]) {
    struct pollfd watched[CALLS];
    int64_t timeout_ms = -1;
    for (int i = 0; i < CALLS; i++) {
        int64_t own_ms = pebble_call_timeout_ms(calls[i]);
        watched[i].fd = pebble_call_fd(calls[i]);
        watched[i].events = pebble_call_poll_events(calls[i]);
        if (own_ms >= 0 && (timeout_ms < 0 || own_ms < timeout_ms))
            timeout_ms = own_ms;
    }
    (void)poll(watched, CALLS, timeout_ms > 1000000 ? 1000000 : (int)timeout_ms);
}

/* A step without need does no harm, so that both are stepped whichever is ready. */
static bool run(struct pebble_call *const calls[CALLS]) {
    for (;;) {
        enum pebble_call_state logs = step(calls[LOGS]);
        enum pebble_call_state change = step(calls[CHANGE]);
        if (change == PEBBLE_CALL_DONE)
            return true;
        if (logs == PEBBLE_CALL_FAILED || change == PEBBLE_CALL_FAILED)
            return false;
        wait_for(calls);
    }
}

static const char *failure_of(struct pebble_call *const calls[CALLS], const struct pebble_error *error) {
    for (int i = 0; i < CALLS; i++) {
        if (calls[i] != NULL && pebble_call_error(calls[i]) != NULL)
            return pebble_call_error(calls[i])->message;
    }
    return error->message;
}

int main(int argc, char **argv) {
    struct pebble_client *client = NULL;
    struct pebble_call *calls[CALLS] = {NULL, NULL};
    struct pebble_error error = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: %s SERVICE\n", argv[0]);
        return 2;
    }
    bool is_good = pebble_client_create_default(&client, &error) && begin(client, argv[1], calls, &error) && run(calls);
    if (is_good)
        printf("%s is restarted\n", argv[1]);
    else
        fprintf(stderr, "error: %s\n", failure_of(calls, &error));
    for (int i = 0; i < CALLS; i++)
        pebble_call_destroy(calls[i]);
    pebble_error_clear(&error);
    pebble_client_destroy(client);
    return is_good ? 0 : 1;
}
