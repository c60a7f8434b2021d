/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A charm for one container, "web", in which Python's web server shows a page. README.md shows how to build, run and
 * pack it.
 *
 * Each event leads to the same function, configure(), which makes the container as the configuration says. What is so
 * already stays as it is: replan restarts a service only if its configuration has changed.
 */
#include <inttypes.h>
#include <pebble-charm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTAINER "web"
#define SERVICE "pages"
#define CHECK "page"
#define DIRECTORY "/tmp/pages"
#define SHOUT_KEY "example.com/shout"
enum { PORT_MAX = 65535 };

struct settings {
    char *greeting;
    int64_t port;
};

/* Both texts, one behind the other; released by free(). NULL if there is no memory. */
static char *join(const char *first, const char *second) {
    size_t length = strlen(first), size = length + strlen(second) + 1;
    char *joined = malloc(size);
    if (joined != NULL) {
        memcpy(joined, first, length);
        memcpy(joined + length, second, size - length);
    }
    return joined;
}

/* After success the greeting is to be released. */
static bool read_settings(struct pebble_charm *charm, struct settings *settings, struct pebble_error *error) {
    struct pebble_charm_values *values;
    if (!pebble_charm_get_config(charm, &values, error))
        return false;
    const char *greeting = pebble_charm_values_string(values, "greeting");
    settings->greeting = join(greeting != NULL ? greeting : "", "");
    settings->port = 0;
    (void)pebble_charm_values_integer(values, "port", &settings->port);
    pebble_charm_values_destroy(values);
    return settings->greeting != NULL;
}

/* ---- the container ---- */

static bool push_page(struct pebble_client *client, const char *text, struct pebble_error *error) {
    char *page = join(text, "\n");
    if (page == NULL)
        return false;
    const struct pebble_push_options options = {.size = sizeof options,
                                                .path = DIRECTORY "/index.html",
                                                .bytes = page,
                                                .length = strlen(page),
                                                .flags = PEBBLE_PUSH_MAKE_DIRECTORIES};
    bool is_good = pebble_push_file(client, &options, error);
    free(page);
    return is_good;
}

static void describe_service(struct pebble_layer *layer, const char *port) {
    const char *const words[] = {"python3", "-m", "http.server", "--directory", DIRECTORY, port};
    pebble_layer_set_service_command_words(layer, SERVICE, words, sizeof words / sizeof words[0]);
    pebble_layer_set_service_startup(layer, SERVICE, "enabled");
}

static void describe_check(struct pebble_layer *layer, const char *port) {
    char url[100];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%s/", port);
    pebble_layer_set_check_http_url(layer, CHECK, url);
    pebble_layer_set_check_level(layer, CHECK, "ready");
    pebble_layer_set_check_period_ns(layer, CHECK, 1000000000);
    pebble_layer_set_check_timeout_ns(layer, CHECK, 900000000);
    pebble_layer_set_check_threshold(layer, CHECK, 2);
}

/* An overlay: combined with the layers of the image, and with the same label each time. */
static bool add_layer(struct pebble_client *client, int64_t port_number, struct pebble_error *error) {
    struct pebble_layer *layer = pebble_layer_create();
    const struct pebble_layer_options options = {
        .size = sizeof options, .label = "pages", .layer = layer, .flags = PEBBLE_LAYER_COMBINE};
    char port[20];
    (void)snprintf(port, sizeof port, "%" PRId64, port_number);
    describe_service(layer, port);
    describe_check(layer, port);
    bool is_good = pebble_add_layer(client, &options, error);
    pebble_layer_destroy(layer);
    return is_good;
}

static bool replan(struct pebble_client *client, struct pebble_error *error) {
    char *change_id;
    if (!pebble_control_services(client, "replan", NULL, 0, &change_id, error))
        return false;
    bool is_good = pebble_wait_change(client, change_id, NULL, NULL, error);
    pebble_free(change_id);
    return is_good;
}

/* The version of the workload, from the first line of what it says. */
static bool report_version(struct pebble_charm *charm, struct pebble_client *client, struct pebble_error *error) {
    static const char *const words[] = {"python3", "--version"};
    const struct pebble_exec_options options = {.size = sizeof options, .words = words, .word_count = 2};
    struct pebble_exec_result *result;
    char version[100];
    if (!pebble_exec_check(client, &options, NULL, &result, error))
        return false;
    (void)snprintf(version, sizeof version, "%s", pebble_exec_result_output(result, NULL));
    version[strcspn(version, "\n")] = '\0';
    pebble_exec_result_destroy(result);
    return pebble_charm_set_workload_version(charm, version, error);
}

/* Opens the port, and closes that of an earlier configuration. */
static bool open_port(struct pebble_charm *charm, int port, struct pebble_error *error) {
    static const char *const words[] = {"opened-ports"};
    char *opened;
    bool is_good = pebble_charm_open_port(charm, port, "tcp", error);
    if (!is_good || !pebble_charm_run_tool(charm, words, 1, NULL, &opened, error))
        return false;
    for (const char *line = opened; is_good && line != NULL;) {
        long old = strtol(line, NULL, 10);
        if (old > 0 && old <= PORT_MAX && old != port)
            is_good = pebble_charm_close_port(charm, (int)old, "tcp", error);
        line = strchr(line, '\n');
        if (line != NULL)
            line++;
    }
    pebble_free(opened);
    return is_good;
}

static bool configure_container(struct pebble_charm *charm, const struct settings *settings,
                                struct pebble_error *error) {
    struct pebble_client *client;
    if (!pebble_charm_container(charm, CONTAINER, &client, error) || !push_page(client, settings->greeting, error) ||
        !add_layer(client, settings->port, error) || !replan(client, error))
        return false;
    return report_version(charm, client, error) && open_port(charm, (int)settings->port, error) &&
           pebble_charm_set_status(charm, PEBBLE_CHARM_STATUS_ACTIVE, "", error);
}

/* ---- events ---- */

/* Without the container there is nothing to do: pebble-ready comes when it is there. */
static bool apply(struct pebble_charm *charm, const struct settings *settings, struct pebble_error *error) {
    if (settings->port < 1 || settings->port > PORT_MAX)
        return pebble_charm_set_status(charm, PEBBLE_CHARM_STATUS_BLOCKED, "port must be from 1 to 65535", error);
    if (!pebble_charm_can_connect(charm, CONTAINER, NULL))
        return pebble_charm_set_status(charm, PEBBLE_CHARM_STATUS_WAITING, "waiting for Pebble", error);
    return configure_container(charm, settings, error);
}

static bool configure(struct pebble_charm *charm, void *data, struct pebble_error *error) {
    struct settings settings;
    (void)data;
    if (!read_settings(charm, &settings, error))
        return false;
    bool is_good = apply(charm, &settings, error);
    free(settings.greeting);
    return is_good;
}

static bool report_failure(struct pebble_charm *charm, void *data, struct pebble_error *error) {
    char message[200];
    const char *name = pebble_charm_check_name(charm);
    (void)data;
    (void)snprintf(message, sizeof message, "check %s fails", name != NULL ? name : CHECK);
    return pebble_charm_set_status(charm, PEBBLE_CHARM_STATUS_BLOCKED, message, error);
}

/* The event also comes if the check was stopped or the daemon has started again, and the check may have failed since.
 */
static bool reconsider(struct pebble_charm *charm, void *data, struct pebble_error *error) {
    const char *const name = pebble_charm_check_name(charm);
    struct pebble_client *client;
    struct pebble_checks *checks;
    if (name == NULL || !pebble_charm_container(charm, NULL, &client, error) ||
        !pebble_get_checks(client, NULL, &name, 1, &checks, error))
        return false;
    const struct pebble_check *check = pebble_checks_at(checks, 0);
    bool is_down = check != NULL && strcmp(pebble_check_status(check), "down") == 0;
    pebble_checks_destroy(checks);
    return is_down ? report_failure(charm, data, error) : configure(charm, data, error);
}

/* A program in the container has asked for it: pebble notify example.com/shout. */
static bool shout(struct pebble_charm *charm, void *data, struct pebble_error *error) {
    struct pebble_client *client;
    struct settings settings;
    (void)data;
    const char *key = pebble_charm_notice_key(charm);
    if (key == NULL || strcmp(key, SHOUT_KEY) != 0)
        return true;
    if (!pebble_charm_container(charm, NULL, &client, error) || !read_settings(charm, &settings, error))
        return false;
    char *text = join(settings.greeting, "!");
    bool is_good =
        text != NULL && pebble_charm_log(charm, PEBBLE_CHARM_LOG_INFO, text, error) && push_page(client, text, error);
    free(text);
    free(settings.greeting);
    return is_good;
}

static bool say(struct pebble_charm *charm, void *data, struct pebble_error *error) {
    struct pebble_charm_values *values;
    struct pebble_client *client;
    (void)data;
    if (!pebble_charm_can_connect(charm, CONTAINER, NULL))
        return pebble_charm_fail_action(charm, "the container is not ready", error);
    if (!pebble_charm_container(charm, CONTAINER, &client, error) ||
        !pebble_charm_get_action_parameters(charm, &values, error))
        return false;
    const char *text = pebble_charm_values_string(values, "text");
    bool is_good = text == NULL
                       ? pebble_charm_fail_action(charm, "a text is required", error)
                       : push_page(client, text, error) && pebble_charm_set_action_result(charm, "text", text, error);
    pebble_charm_values_destroy(values);
    return is_good;
}

int main(void) {
    static const struct pebble_charm_handler handlers[] = {
        {.kind = PEBBLE_CHARM_PEBBLE_READY, .workload = CONTAINER, .handle = configure},
        {.kind = PEBBLE_CHARM_CONFIG_CHANGED, .handle = configure},
        {.kind = PEBBLE_CHARM_UPGRADE_CHARM, .handle = configure},
        {.kind = PEBBLE_CHARM_PEBBLE_CHECK_FAILED, .handle = report_failure},
        {.kind = PEBBLE_CHARM_PEBBLE_CHECK_RECOVERED, .handle = reconsider},
        {.kind = PEBBLE_CHARM_PEBBLE_CUSTOM_NOTICE, .workload = CONTAINER, .handle = shout},
        {.event = "say", .kind = PEBBLE_CHARM_ACTION, .handle = say},
    };
    return pebble_charm_main(handlers, sizeof handlers / sizeof handlers[0], NULL);
}
