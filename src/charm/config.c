// SPDX-License-Identifier: LGPL-3.0-or-later
// Configuration, and what else Juju knows of the unit and the application. Declared in pebble-charm.h.
#include "pebble-charm.h"

#include "base/compiler.h"
#include "base/memory.h"
#include "base/text.h"
#include "charm/tool_internal.h"
#include "charm/values_internal.h"
#include "client/errors.h"
#include "data/json.h"

#define PORT_MAX 65535

bool pebble_charm_get_config(struct pebble_charm *charm, struct pebble_charm_values **values,
                             struct pebble_error *error) {
    static const char *const words[] = {"config-get", "--format=json"};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_values_get(charm, &tool, NULL, values, error);
}

bool pebble_charm_get_config_option(struct pebble_charm *charm, const char *key, struct pebble_charm_values **values,
                                    struct pebble_error *error) {
    const char *const words[] = {"config-get", "--format=json", "--", key};
    const struct charm_tool tool = CHARM_TOOL(words);
    if (!charm_check_key("option", key, error))
        return false;
    return charm_values_get(charm, &tool, key, values, error);
}

bool pebble_charm_is_leader(struct pebble_charm *charm, bool *is_leader, struct pebble_error *error) {
    static const char *const words[] = {"is-leader", "--format=json"};
    const struct charm_tool tool = CHARM_TOOL(words);
    AUTO_FREE char *output = NULL;
    AUTO_JSON json_t *value = NULL;
    if (!charm_tool_run(charm, &tool, &output, error) || !charm_json_read(words[0], output, &value, error))
        return false;
    if (!json_is_boolean(value))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read output of is-leader: not a boolean");
    *is_leader = json_is_true(value);
    return true;
}

bool pebble_charm_set_workload_version(struct pebble_charm *charm, const char *version, struct pebble_error *error) {
    const char *const words[] = {"application-version-set", "--", version};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_tool_run(charm, &tool, NULL, error);
}

// --- ports ---

static bool change_port(struct pebble_charm *charm, const char *name, int port, const char *protocol,
                        struct pebble_error *error) {
    const char *own = protocol != NULL ? protocol : "tcp";
    bool is_icmp = text_equal(own, "icmp");
    if (!is_icmp && !text_equal(own, "tcp") && !text_equal(own, "udp")) {
        AUTO_FREE char *quoted = client_quoted(own);
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use protocol %s: must be tcp, udp or icmp", quoted);
    }
    if (is_icmp ? port != 0 : port < 1 || port > PORT_MAX)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use port %d with %s", port, own);
    AUTO_FREE char *word = is_icmp ? memory_string(own) : memory_printf("%d/%s", port, own);
    const char *const words[] = {name, "--", word};
    const struct charm_tool tool = CHARM_TOOL(words);
    return charm_tool_run(charm, &tool, NULL, error);
}

bool pebble_charm_open_port(struct pebble_charm *charm, int port, const char *protocol, struct pebble_error *error) {
    return change_port(charm, "open-port", port, protocol, error);
}

bool pebble_charm_close_port(struct pebble_charm *charm, int port, const char *protocol, struct pebble_error *error) {
    return change_port(charm, "close-port", port, protocol, error);
}
