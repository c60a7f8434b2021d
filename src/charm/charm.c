// SPDX-License-Identifier: LGPL-3.0-or-later
#include "charm/charm_internal.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"

static void destroy_client(void *client) {
    pebble_client_destroy(client);
}

bool pebble_charm_create(const char *const *environment, struct pebble_charm **charm, struct pebble_error *error) {
    AUTO_TEXT_LIST struct text_list own = {0};
    struct charm_hook hook;
    const char *const *items = environment != NULL ? environment : (const char *const *)environ;
    for (size_t i = 0; items != NULL && items[i] != NULL; i++)
        text_list_add(&own, items[i]);
    if (!charm_hook_init(&hook, &own, error))
        return false;
    struct pebble_charm *created = memory_new(sizeof *created);
    created->environment = own;
    own = (struct text_list){0};
    created->hook = hook;
    map_init(&created->clients, destroy_client);
    created->interrupt_fd = -1;
    *charm = created;
    return true;
}

void pebble_charm_destroy(struct pebble_charm *charm) {
    if (charm == NULL)
        return;
    map_finish(&charm->clients);
    charm_hook_finish(&charm->hook);
    text_list_clear(&charm->environment);
    free(charm);
}

void pebble_charm_set_interrupt_fd(struct pebble_charm *charm, int fd) {
    charm->interrupt_fd = fd;
    for (struct map_entry *entry = map_first(&charm->clients); entry != NULL; entry = map_next(&charm->clients, entry))
        pebble_client_set_interrupt_fd(entry->value, fd);
}

// --- the hook ---

const char *pebble_charm_event(const struct pebble_charm *charm) {
    return charm->hook.event;
}

enum pebble_charm_kind pebble_charm_event_kind(const struct pebble_charm *charm) {
    return charm->hook.kind;
}

const char *pebble_charm_workload(const struct pebble_charm *charm) {
    return charm->hook.workload;
}

// Of the hooks of a container only.
static const char *workload_variable(const struct pebble_charm *charm, const char *name) {
    return charm->hook.workload != NULL ? charm_variable(&charm->environment, name) : NULL;
}

const char *pebble_charm_notice_id(const struct pebble_charm *charm) {
    return workload_variable(charm, "JUJU_NOTICE_ID");
}

const char *pebble_charm_notice_type(const struct pebble_charm *charm) {
    return workload_variable(charm, "JUJU_NOTICE_TYPE");
}

const char *pebble_charm_notice_key(const struct pebble_charm *charm) {
    return workload_variable(charm, "JUJU_NOTICE_KEY");
}

const char *pebble_charm_check_name(const struct pebble_charm *charm) {
    return workload_variable(charm, "JUJU_PEBBLE_CHECK_NAME");
}

const char *pebble_charm_unit(const struct pebble_charm *charm) {
    return charm_variable(&charm->environment, "JUJU_UNIT_NAME");
}

const char *pebble_charm_app(const struct pebble_charm *charm) {
    return charm->hook.app;
}

const char *pebble_charm_model(const struct pebble_charm *charm) {
    return charm_variable(&charm->environment, "JUJU_MODEL_NAME");
}

const char *pebble_charm_juju_version(const struct pebble_charm *charm) {
    return charm_variable(&charm->environment, "JUJU_VERSION");
}

const char *pebble_charm_directory(const struct pebble_charm *charm) {
    const char *directory = charm_variable(&charm->environment, "JUJU_CHARM_DIR");
    return directory != NULL ? directory : charm_variable(&charm->environment, "CHARM_DIR");
}

const char *pebble_charm_variable(const struct pebble_charm *charm, const char *name) {
    return charm_variable(&charm->environment, name);
}
