/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The test of a function that uses libpebble, with a daemon of its own: include/pebble-test.h.
 *
 *     cc client-test.c $(pkg-config --cflags --libs libpebble) -o client-test
 *     ./client-test
 *
 * It runs `pebble` in PATH, or the program PEBBLE_TEST_PROGRAM.
 */
#include <pebble-test.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the function: restarts a service if a check is down ---- */

/* *is_restarted: whether that was necessary. */
static bool repair(struct pebble_client *client, const char *check, const char *service, bool *is_restarted,
                   struct pebble_error *error) {
    bool is_healthy;
    char *change_id;
    if (!pebble_get_health(client, NULL, &check, 1, &is_healthy, error))
        return false;
    *is_restarted = !is_healthy;
    if (is_healthy)
        return true;
    if (!pebble_control_services(client, "restart", &service, 1, &change_id, error))
        return false;
    bool is_good = pebble_wait_change(client, change_id, NULL, NULL, error);
    pebble_free(change_id);
    return is_good;
}

/* ---- the test ---- */

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool condition, const char *text, int line) {
    if (condition)
        return;
    fprintf(stderr, "line %d: not true: %s\n", line, text);
    exit(1); /* the daemon ends all the same, and its directory is removed */
}

static const char layer[] = "services:\n"
                            "  web:\n"
                            "    override: replace\n"
                            "    command: sleep 1000\n"
                            "    startup: enabled\n"
                            "checks:\n"
                            "  web-works:\n"
                            "    override: replace\n"
                            "    tcp: {port: 1}\n";

static void test_nothing_to_do(struct pebble_test_daemon *daemon) {
    bool is_restarted = true;
    CHECK(pebble_test_set_check(daemon, "web-works", true, NULL));
    pebble_test_clear_requests(daemon);
    CHECK(repair(pebble_test_client(daemon), "web-works", "web", &is_restarted, NULL));
    CHECK(!is_restarted);
    CHECK(pebble_test_find_request(daemon, "POST", "/v1/services", NULL) == NULL);
}

static void test_restart(struct pebble_test_daemon *daemon) {
    bool is_restarted = false;
    CHECK(pebble_test_set_check(daemon, "web-works", false, NULL));
    pebble_test_clear_requests(daemon);
    CHECK(repair(pebble_test_client(daemon), "web-works", "web", &is_restarted, NULL));
    CHECK(is_restarted);
    struct pebble_test_request *request = pebble_test_find_request(daemon, "POST", "/v1/services", NULL);
    CHECK(request != NULL);
    CHECK(strstr(pebble_test_request_body(request, NULL), "\"restart\"") != NULL);
    CHECK(pebble_test_request_status(request) == 202);
    pebble_test_request_destroy(request);
    CHECK(pebble_test_wait_service(daemon, "web", "active", NULL));
}

static void test_no_daemon(struct pebble_test_daemon *daemon) {
    struct pebble_error error = {0};
    bool is_restarted;
    CHECK(pebble_test_set_reachable(daemon, false, NULL));
    CHECK(!repair(pebble_test_client(daemon), "web-works", "web", &is_restarted, &error));
    CHECK(error.kind == PEBBLE_ERROR_CONNECTION);
    pebble_error_clear(&error);
    CHECK(pebble_test_set_reachable(daemon, true, NULL));
}

int main(void) {
    const struct pebble_test_layer layers[] = {{.label = "web", .yaml = layer}};
    const struct pebble_test_options options = {.size = sizeof options, .layers = layers, .layer_count = 1};
    struct pebble_test_daemon *daemon;
    struct pebble_error error = {0};
    if (!pebble_test_create(&options, &daemon, &error)) {
        fprintf(stderr, "error: %s\n", error.message);
        pebble_error_clear(&error);
        return 1;
    }
    test_nothing_to_do(daemon);
    test_restart(daemon);
    test_no_daemon(daemon);
    pebble_test_destroy(daemon);
    puts("all tests have passed");
    return 0;
}
