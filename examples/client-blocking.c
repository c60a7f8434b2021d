/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Lists the services, starts one, waits until it runs, and shows what it writes for a moment: the blocking functions of
 * libpebble.
 *
 *     cc client-blocking.c $(pkg-config --cflags --libs libpebble) -o client-blocking
 *     PEBBLE=/var/lib/pebble/default ./client-blocking web
 */
#define _POSIX_C_SOURCE 200809L

#include <pebble.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define MOMENT_S 2

/* Signals do not end a wait by themselves; a descriptor that becomes readable does. */
static int interrupt_pipe[2];

static void on_signal(int number) {
    (void)number;
    (void)!write(interrupt_pipe[1], "x", 1);
}

static bool catch_signals(struct pebble_client *client) {
    struct sigaction action = {.sa_handler = on_signal};
    if (pipe(interrupt_pipe) != 0 || sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGALRM, &action, NULL) != 0)
        return false;
    pebble_client_set_interrupt_fd(client, interrupt_pipe[0]);
    return true;
}

static bool list_services(struct pebble_client *client, struct pebble_error *error) {
    struct pebble_services *services;
    if (!pebble_get_services(client, NULL, 0, &services, error))
        return false;
    for (size_t i = 0; i < pebble_services_count(services); i++) {
        const struct pebble_service *service = pebble_services_at(services, i);
        printf("%s is %s\n", pebble_service_name(service), pebble_service_current(service));
    }
    pebble_services_destroy(services);
    return true;
}

static bool start_service(struct pebble_client *client, const char *name, struct pebble_error *error) {
    const struct pebble_wait_options options = {.size = sizeof options, .timeout_ms = 60000};
    char *change_id;
    if (!pebble_control_services(client, "start", &name, 1, &change_id, error))
        return false;
    bool is_started = pebble_wait_change(client, change_id, &options, NULL, error);
    pebble_free(change_id);
    if (is_started)
        printf("%s is started\n", name);
    return is_started;
}

static bool on_entry(const struct pebble_log_entry *entry, void *data) {
    size_t length;
    const char *message = pebble_log_entry_message(entry, &length);
    (void)data;
    printf("%s: %.*s\n", pebble_log_entry_service(entry), (int)length, message);
    return fflush(stdout) == 0;
}

static bool follow_logs(struct pebble_client *client, const char *name, struct pebble_error *error) {
    const struct pebble_log_options options = {
        .size = sizeof options, .services = &name, .service_count = 1, .last = 10, .flags = PEBBLE_LOGS_FOLLOW};
    alarm(MOMENT_S);
    if (pebble_get_logs(client, &options, on_entry, NULL, error))
        return true; /* the daemon has ended */
    if (error->kind != PEBBLE_ERROR_CANCELLED)
        return false;
    pebble_error_clear(error);
    return true;
}

int main(int argc, char **argv) {
    struct pebble_client *client = NULL;
    struct pebble_error error = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: %s SERVICE\n", argv[0]);
        return 2;
    }
    bool is_good = pebble_client_create_default(&client, &error) && catch_signals(client) &&
                   list_services(client, &error) && start_service(client, argv[1], &error) &&
                   follow_logs(client, argv[1], &error);
    if (!is_good)
        fprintf(stderr, "error: %s\n", error.message != NULL ? error.message : "cannot catch signals");
    pebble_error_clear(&error);
    pebble_client_destroy(client);
    return is_good ? 0 : 1;
}
