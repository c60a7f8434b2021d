/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Prints the custom notices of a daemon, and continues behind the last one when it runs again, also after SIGKILL. The
 * argument is a file that keeps the position and the boot ID.
 *
 *     cc client-continue.c $(pkg-config --cflags --libs libpebble) -o client-continue
 *     PEBBLE_SOCKET=/charm/containers/web/pebble.socket ./client-continue /var/lib/charm/web-position
 *
 * A notice that was printed, but whose position was not stored yet, is printed again.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <pebble.h>
#include <stdio.h>

enum { PATH_BYTES = 4096, BOOT_ID_BYTES = 64 };

struct place {
    int64_t position_ns;
    char boot_id[BOOT_ID_BYTES + 1];
};

/* False if the file is there but cannot be read: beginning again is not what is wanted then. */
static bool load(const char *path, struct place *place) {
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return true;
    bool is_read = fscanf(file, "%" SCNd64 " %64s", &place->position_ns, place->boot_id) == 2;
    (void)fclose(file);
    return is_read;
}

/* A new file replaces the old one, so that there is always a whole one. */
static bool store(const char *path, const struct pebble_events *events) {
    char new_path[PATH_BYTES];
    int length = snprintf(new_path, sizeof new_path, "%s.new", path);
    if (length < 0 || length >= PATH_BYTES)
        return false;
    FILE *file = fopen(new_path, "w");
    if (file == NULL)
        return false;
    bool is_written =
        fprintf(file, "%" PRId64 " %s\n", pebble_events_position_ns(events), pebble_events_boot_id(events)) > 0;
    is_written = fclose(file) == 0 && is_written;
    return is_written && rename(new_path, path) == 0;
}

static void print_event(const struct pebble_event *event) {
    if (pebble_event_kind(event) == PEBBLE_EVENT_READY)
        printf("ready\n");
    else
        printf("notice %s\n", pebble_notice_key(pebble_event_notice(event)));
    (void)fflush(stdout);
}

static bool watch(struct pebble_events *events, const char *path, struct pebble_error *error) {
    const struct pebble_event *event;
    while (pebble_events_wait(events, -1, &event, error)) {
        print_event(event);
        if (!store(path, events)) {
            perror(path);
            return false;
        }
    }
    fprintf(stderr, "error: %s\n", error->message);
    return false;
}

static bool subscribe(struct pebble_client *client, const struct place *place, struct pebble_events **events,
                      struct pebble_error *error) {
    const struct pebble_events_options options = {.size = sizeof options,
                                                  .kinds = PEBBLE_EVENT_READY | PEBBLE_EVENT_CUSTOM_NOTICE,
                                                  .after_ns = place->position_ns,
                                                  .boot_id = place->boot_id};
    if (pebble_events_create(client, &options, events, error))
        return true;
    fprintf(stderr, "error: %s\n", error->message);
    return false;
}

int main(int argc, char **argv) {
    struct place place = {.position_ns = 0};
    struct pebble_client *client = NULL;
    struct pebble_events *events = NULL;
    struct pebble_error error = {0};
    if (argc != 2 || !load(argv[1], &place)) {
        fprintf(stderr, "usage: %s FILE, with a position or not there yet\n", argv[0]);
        return 2;
    }
    if (!pebble_client_create_default(&client, &error))
        fprintf(stderr, "error: %s\n", error.message);
    else if (subscribe(client, &place, &events, &error))
        (void)watch(events, argv[1], &error);
    pebble_events_destroy(events);
    pebble_client_destroy(client);
    pebble_error_clear(&error);
    return 1;
}
