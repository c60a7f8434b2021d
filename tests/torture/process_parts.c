// SPDX-License-Identifier: GPL-3.0-or-later
// Parts that start processes: a charm with its hook tools, a daemon for tests.
#include "torture.h"

#include <pebble-charm.h>
#include <pebble-test.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool use_tools(struct pebble_charm *charm, struct pebble_error *error) {
    struct pebble_charm_values *config = NULL;
    bool is_leader = false;
    int64_t port = 0;
    bool is_good = pebble_charm_set_status(charm, PEBBLE_CHARM_STATUS_ACTIVE, "-", error) &&
                   pebble_charm_is_leader(charm, &is_leader, error) &&
                   pebble_charm_set_state(charm, "key", "value", error) &&
                   pebble_charm_get_config(charm, &config, error) && pebble_charm_values_integer(config, "port", &port);
    pebble_charm_values_destroy(config);
    return is_good && is_leader && port == 80;
}

// The tools are in the directory "tools".
bool torture_charm(struct pebble_client *client UNUSED, struct pebble_error *error) {
    static const char *const environment[] = {"JUJU_DISPATCH_PATH=hooks/web-pebble-ready", "JUJU_WORKLOAD_NAME=web",
                                              "PATH=tools:/usr/bin:/bin", NULL};
    struct pebble_charm *charm = NULL;
    struct pebble_client *container = NULL;
    if (!pebble_charm_create(environment, &charm, error))
        return false;
    bool is_good = pebble_charm_container(charm, NULL, &container, error) && use_tools(charm, error);
    pebble_charm_destroy(charm);
    return is_good;
}

bool torture_test_daemon(struct pebble_client *client UNUSED, struct pebble_error *error) {
    static const char *const arguments[] = {"--hold"};
    const struct pebble_test_options options = {
        .size = sizeof options, .arguments = arguments, .argument_count = COUNT(arguments), .timeout_ms = 5000};
    struct pebble_test_daemon *daemon = NULL;
    struct pebble_system_info *info = NULL;
    if (!pebble_test_create(&options, &daemon, error))
        return false;
    bool is_good = pebble_test_set_check(daemon, "door", false, error) &&
                   pebble_get_system_info(pebble_test_client(daemon), &info, error) &&
                   pebble_test_restart(daemon, error);
    pebble_system_info_destroy(info);
    struct pebble_test_request *request = pebble_test_find_request(daemon, "GET", "/v1/system-info", NULL);
    pebble_test_request_destroy(request);
    pebble_test_destroy(daemon);
    return is_good;
}
