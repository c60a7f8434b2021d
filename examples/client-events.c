/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Prints the events of several daemons, such as those of the containers of a charm, in one poll loop. The arguments are
 * their sockets. Without arguments it is the daemon of the environment, which may have an https:// URL.
 *
 *     cc client-events.c $(pkg-config --cflags --libs libpebble) -o client-events
 *     ./client-events /charm/containers/web/pebble.socket /charm/containers/database/pebble.socket
 *
 * A charm would store position and boot ID after each event, and continue from them when it runs again.
 */
#define _POSIX_C_SOURCE 200809L

#include <pebble.h>
#include <poll.h>
#include <stdio.h>

enum { CONTAINERS_MAX = 100 };

struct container {
    const char *name;
    struct pebble_events *events; /* NULL when it has failed */
};

static void print_change(const struct pebble_event *event) {
    const struct pebble_change *change = pebble_event_change(event);
    const char *id = pebble_notice_key(pebble_event_notice(event));
    if (change == NULL)
        printf("change %s, removed\n", id);
    else
        printf("change %s, %s, %s\n", id, pebble_change_kind(change), pebble_change_status(change));
}

static void print_event(const struct container *container) {
    const struct pebble_event *event = pebble_events_event(container->events);
    printf("%s: ", container->name);
    switch (pebble_event_kind(event)) {
    case PEBBLE_EVENT_READY:
        printf("ready, boot %s\n", pebble_event_boot_id(event));
        break;
    case PEBBLE_EVENT_CUSTOM_NOTICE:
        printf("notice %s\n", pebble_notice_key(pebble_event_notice(event)));
        break;
    case PEBBLE_EVENT_CHECK_FAILED:
        printf("check %s has failed\n", pebble_event_check_name(event));
        break;
    case PEBBLE_EVENT_CHECK_RECOVERED:
        printf("check %s has recovered\n", pebble_event_check_name(event));
        break;
    case PEBBLE_EVENT_CHANGE_UPDATE:
        print_change(event);
        break;
    case PEBBLE_EVENT_CONNECTION_LOST:
        printf("connection lost: %s\n", pebble_event_error(event)->message);
        break;
    case PEBBLE_EVENT_CONNECTION_BACK:
        printf("connection back\n");
        break;
    }
    (void)fflush(stdout);
}

static bool subscribe(struct container *container, const char *socket_path, struct pebble_error *error) {
    const struct pebble_client_options at = {.size = sizeof at, .socket_path = socket_path};
    const struct pebble_events_options options = {.size = sizeof options, .users = "all"};
    struct pebble_client *client;
    bool is_made =
        socket_path != NULL ? pebble_client_create(&at, &client, error) : pebble_client_create_default(&client, error);
    if (!is_made)
        return false;
    container->name = socket_path != NULL ? socket_path : "daemon";
    is_made = pebble_events_create(client, &options, &container->events, error);
    pebble_client_destroy(client); /* the subscription continues */
    return is_made;
}

/* Steps until there is nothing to do but wait. A daemon that refuses ends its own subscription only. */
static void step(struct container *container) {
    enum pebble_events_state state = pebble_events_step(container->events);
    while (state == PEBBLE_EVENTS_EVENT) {
        print_event(container);
        state = pebble_events_step(container->events);
    }
    if (state != PEBBLE_EVENTS_FAILED)
        return;
    fprintf(stderr, "error: %s: %s\n", container->name, pebble_events_error(container->events)->message);
    pebble_events_destroy(container->events);
    container->events = NULL;
}

/* Steps all, and waits for the first one that is ready or due. Returns how many there are. */
static int go_on(struct container *containers, int count) {
    struct pollfd watched[CONTAINERS_MAX];
    int64_t timeout_ms = -1;
    int running = 0;
    for (int i = 0; i < count; i++) {
        if (containers[i].events != NULL)
            step(&containers[i]);
        if (containers[i].events == NULL)
            continue;
        int64_t own_ms = pebble_events_timeout_ms(containers[i].events);
        if (own_ms >= 0 && (timeout_ms < 0 || own_ms < timeout_ms))
            timeout_ms = own_ms;
        watched[running].fd = pebble_events_fd(containers[i].events);
        watched[running].events = pebble_events_poll_events(containers[i].events);
        running++;
    }
    if (running > 0)
        (void)poll(watched, (nfds_t)running, timeout_ms > 1000000 ? 1000000 : (int)timeout_ms);
    return running;
}

int main(int argc, char **argv) {
    struct container containers[CONTAINERS_MAX] = {{NULL, NULL}};
    struct pebble_error error = {0};
    int count = argc > 1 ? argc - 1 : 1;
    bool is_good = count <= CONTAINERS_MAX;
    if (!is_good)
        fprintf(stderr, "usage: %s [SOCKET...], at most %d of them\n", argv[0], CONTAINERS_MAX);
    for (int i = 0; i < count && is_good; i++)
        is_good = subscribe(&containers[i], argc > 1 ? argv[i + 1] : NULL, &error);
    while (is_good && go_on(containers, count) > 0) {
    }
    if (error.message != NULL)
        fprintf(stderr, "error: %s\n", error.message);
    for (int i = 0; i < count && i < CONTAINERS_MAX; i++)
        pebble_events_destroy(containers[i].events);
    pebble_error_clear(&error);
    return 1; /* it ends only if there is nothing to watch any more */
}
