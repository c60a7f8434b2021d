// SPDX-License-Identifier: LGPL-3.0-or-later
// The clients of containers. Declared in pebble-charm.h.
#include "pebble-charm.h"

#include <string.h>

#include "base/memory.h"
#include "charm/charm_internal.h"
#include "client/errors.h"

#define CONTAINERS_DIRECTORY "/charm/containers"
#define RESPONSE_TIMEOUT_MS 5000

// The path of the socket, owned; NULL with an error if there is none.
static char *socket_of(const struct pebble_charm *charm, const char *name, struct pebble_error *error) {
    const char *directory = charm_variable(&charm->environment, "PEBBLE_CHARM_CONTAINERS");
    if (name == NULL)
        client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot find container: the event %s has none", charm->hook.event);
    else if (name[0] == '\0' || strchr(name, '/') != NULL || text_equal(name, ".") || text_equal(name, "..")) {
        AUTO_FREE char *quoted = client_quoted(name);
        client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use container %s: invalid name", quoted);
    } else
        return memory_printf("%s/%s/pebble.socket", directory != NULL ? directory : CONTAINERS_DIRECTORY, name);
    return NULL;
}

static bool create_client(struct pebble_charm *charm, const char *name, struct pebble_client **client,
                          struct pebble_error *error) {
    AUTO_FREE char *path = socket_of(charm, name, error);
    const struct pebble_client_options options = {
        .size = sizeof options, .socket_path = path, .idle_timeout_ms = RESPONSE_TIMEOUT_MS};
    if (path == NULL || !pebble_client_create(&options, client, error))
        return false;
    pebble_client_set_interrupt_fd(*client, charm->interrupt_fd);
    return true;
}

static const char *name_or_workload(const struct pebble_charm *charm, const char *name) {
    return name != NULL ? name : charm->hook.workload;
}

bool pebble_charm_container(struct pebble_charm *charm, const char *name, struct pebble_client **client,
                            struct pebble_error *error) {
    const char *own = name_or_workload(charm, name);
    struct pebble_client *created = own != NULL ? map_get(&charm->clients, own) : NULL;
    if (created == NULL) {
        if (!create_client(charm, own, &created, error))
            return false;
        map_set(&charm->clients, own, created);
    }
    *client = created;
    return true;
}

// With a client of its own, which has a limit for the whole.
bool pebble_charm_can_connect(struct pebble_charm *charm, const char *name, struct pebble_error *error) {
    struct pebble_client *client = NULL;
    struct pebble_system_info *info = NULL;
    if (!create_client(charm, name_or_workload(charm, name), &client, error))
        return false;
    bool is_there = pebble_client_set_timeouts(client, RESPONSE_TIMEOUT_MS, 0, error) &&
                    pebble_get_system_info(client, &info, error);
    pebble_system_info_destroy(info);
    pebble_client_destroy(client);
    return is_there;
}
