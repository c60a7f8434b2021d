// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/check_control_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "testing/control_internal.h"

#define LAYER_LABEL "test-checks"
#define CHECK_PERIOD_NS (24 * 3600 * NS_PER_S)
#define CHECK_TIMEOUT_NS (3600 * NS_PER_S)
#define NAME_LIMIT_BYTES ((size_t)1024)

// --- the layer ---

// The check runs when it is refreshed; its period is longer than a test.
static void set_values(struct pebble_layer *layer, const struct pebble_test_daemon *daemon, size_t index) {
    const struct testing_check *check = &daemon->checks[index];
    AUTO_FREE char *url = memory_printf("http://127.0.0.1:%d/%zu", testing_responder_port(daemon->responder), index);
    pebble_layer_set_check_startup(layer, check->name, "enabled");
    if (check->level != NULL)
        pebble_layer_set_check_level(layer, check->name, check->level);
    pebble_layer_set_check_threshold(layer, check->name, 1);
    pebble_layer_set_check_period_ns(layer, check->name, CHECK_PERIOD_NS);
    pebble_layer_set_check_timeout_ns(layer, check->name, CHECK_TIMEOUT_NS);
    pebble_layer_set_check_http_url(layer, check->name, url);
}

static bool add_layer(const struct pebble_test_daemon *daemon, struct pebble_client *client,
                      struct pebble_error *error) {
    struct pebble_layer *layer = pebble_layer_create();
    for (size_t i = 0; i < daemon->check_count; i++)
        set_values(layer, daemon, i);
    const struct pebble_layer_options options = {
        .size = sizeof options, .label = LAYER_LABEL, .layer = layer, .flags = PEBBLE_LAYER_COMBINE};
    bool is_added = pebble_add_layer(client, &options, error);
    pebble_layer_destroy(layer);
    return is_added;
}

bool testing_checks_restore(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    struct pebble_client *client;
    if (daemon->check_count == 0)
        return true;
    if (!testing_control_client(daemon, &client, error))
        return false;
    bool is_good = add_layer(daemon, client, error);
    for (size_t i = 0; is_good && i < daemon->check_count; i++)
        is_good = pebble_refresh_check(client, daemon->checks[i].name, NULL, error);
    pebble_client_destroy(client);
    return is_good;
}

// --- one check ---

static size_t find_check(const struct pebble_test_daemon *daemon, const char *name) {
    size_t index = 0;
    while (index < daemon->check_count && !text_equal(daemon->checks[index].name, name))
        index++;
    return index;
}

// Its level counts for the health of the daemon, so that the replacement has the same.
static bool read_level(struct pebble_client *client, const char *name, char **level, struct pebble_error *error) {
    struct pebble_checks *checks;
    if (!pebble_get_checks(client, NULL, &name, 1, &checks, error))
        return false;
    const struct pebble_check *check = pebble_checks_at(checks, 0);
    if (check != NULL && !text_is_empty(pebble_check_level(check)))
        *level = memory_string(pebble_check_level(check));
    pebble_checks_destroy(checks);
    return true;
}

static void remove_last(struct pebble_test_daemon *daemon) {
    struct testing_check *check = &daemon->checks[--daemon->check_count];
    free(check->name);
    free(check->level);
}

static bool take_control(struct pebble_test_daemon *daemon, struct pebble_client *client, const char *name,
                         struct pebble_error *error) {
    char *level = NULL;
    if (daemon->check_count == TESTING_CHECKS_MAX)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot set check: there are %zu", TESTING_CHECKS_MAX);
    if (strnlen(name, NAME_LIMIT_BYTES + 1) > NAME_LIMIT_BYTES || !utf8_is_valid(name, strlen(name)))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot set check: its name is too long, or not UTF-8");
    if (daemon->responder == NULL)
        daemon->responder = testing_responder_create(error);
    if (daemon->responder == NULL || !read_level(client, name, &level, error))
        return false;
    daemon->checks =
        memory_grow(daemon->checks, &daemon->check_capacity, daemon->check_count + 1, sizeof *daemon->checks);
    daemon->checks[daemon->check_count++] = (struct testing_check){.name = memory_string(name), .level = level};
    if (add_layer(daemon, client, error))
        return true;
    remove_last(daemon);
    return false;
}

static bool has_notice(struct pebble_client *client, const char *change_id) {
    static const char *const type = "change-update";
    const struct pebble_notice_options options = {
        .size = sizeof options, .types = &type, .type_count = 1, .keys = &change_id, .key_count = 1};
    struct pebble_notices *notices;
    if (!pebble_get_notices(client, &options, &notices, NULL))
        return false;
    bool is_there = pebble_notices_count(notices) > 0;
    pebble_notices_destroy(notices);
    return is_there;
}

static bool has_status(struct pebble_client *client, const char *name, const char *wanted, bool *is_reached,
                       struct pebble_error *error) {
    struct pebble_checks *checks;
    if (!pebble_get_checks(client, NULL, &name, 1, &checks, error))
        return false;
    const struct pebble_check *check = pebble_checks_at(checks, 0);
    const char *change_id = check != NULL ? pebble_check_change_id(check) : NULL;
    *is_reached = change_id != NULL && text_equal(pebble_check_status(check), wanted) && has_notice(client, change_id);
    pebble_checks_destroy(checks);
    return true;
}

static bool await_check(const struct pebble_test_daemon *daemon, struct pebble_client *client, const char *name,
                        const char *wanted, struct pebble_error *error) {
    bool is_reached = false;
    do {
        if (!has_status(client, name, wanted, &is_reached, error))
            return false;
        if (is_reached)
            return true;
    } while (testing_control_pause(daemon));
    return client_fail(error, PEBBLE_ERROR_TIMEOUT, "cannot set check %s: it is not %s after %" PRId64 " ms", name,
                       wanted, daemon->options.given.timeout_ms);
}

static bool set_check(struct pebble_test_daemon *daemon, struct pebble_client *client, const char *name, bool is_up,
                      struct pebble_error *error) {
    size_t index = find_check(daemon, name);
    if (index == daemon->check_count && !take_control(daemon, client, name, error))
        return false;
    testing_responder_set(daemon->responder, index, is_up);
    // The program under test may have stopped it.
    return pebble_control_checks(client, "start", &name, 1, NULL, error) &&
           pebble_refresh_check(client, name, NULL, error) &&
           await_check(daemon, client, name, is_up ? "up" : "down", error);
}

bool pebble_test_set_check(struct pebble_test_daemon *daemon, const char *name, bool is_up,
                           struct pebble_error *error) {
    struct pebble_client *client;
    testing_control_begin(daemon);
    if (!testing_control_client(daemon, &client, error))
        return false;
    bool is_good = set_check(daemon, client, name, is_up, error);
    pebble_client_destroy(client);
    return is_good;
}
