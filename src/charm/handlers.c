// SPDX-License-Identifier: LGPL-3.0-or-later
// The table of handlers. Declared in pebble-charm.h.
#include "pebble-charm.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "charm/charm_internal.h"
#include "client/errors.h"

#define EXIT_CODE_FAILED 1

static bool matches(const struct pebble_charm_handler *handler, const struct charm_hook *hook) {
    bool is_action = hook->kind == PEBBLE_CHARM_ACTION;
    if (handler->kind == PEBBLE_CHARM_ANY ? is_action : handler->kind != hook->kind)
        return false;
    if (handler->event != NULL && !text_equal(handler->event, hook->event))
        return false;
    return handler->workload == NULL || text_equal(handler->workload, hook->workload);
}

static void log_failure(struct pebble_charm *charm, const char *what, const char *reason) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    AUTO_FREE char *message = memory_printf("Cannot handle %s%s: %s", what, charm->hook.event, reason);
    if (!pebble_charm_log(charm, PEBBLE_CHARM_LOG_ERROR, message, &error))
        (void)fprintf(stderr, "%s\n%s\n", message, error.message);
}

// An action whose program fails is shown with the exit code in place of the reason.
static int report(struct pebble_charm *charm, const struct pebble_error *cause) {
    const char *reason = cause->message != NULL ? cause->message : "no reason given";
    bool is_action = charm->hook.kind == PEBBLE_CHARM_ACTION;
    log_failure(charm, is_action ? "action " : "", reason);
    return is_action && pebble_charm_fail_action(charm, reason, NULL) ? 0 : EXIT_CODE_FAILED;
}

// A handler that nothing selects is a mistake in the table, whatever the event is.
static bool check_handlers(const struct pebble_charm_handler *handlers, size_t count, struct pebble_error *error) {
    for (size_t i = 0; i < count; i++) {
        if (handlers[i].handle == NULL || (handlers[i].event == NULL && handlers[i].kind == PEBBLE_CHARM_ANY))
            return client_fail(error, PEBBLE_ERROR_ARGUMENT, "handler %zu has no event, kind or function", i + 1);
    }
    return true;
}

int pebble_charm_run(struct pebble_charm *charm, const struct pebble_charm_handler *handlers, size_t count,
                     void *data) {
    AUTO_PEBBLE_ERROR struct pebble_error invalid = {0};
    if (!check_handlers(handlers, count, &invalid))
        return report(charm, &invalid);
    for (size_t i = 0; i < count; i++) {
        AUTO_PEBBLE_ERROR struct pebble_error error = {0};
        if (matches(&handlers[i], &charm->hook) && !handlers[i].handle(charm, data, &error))
            return report(charm, &error);
    }
    return 0;
}

int pebble_charm_main(const struct pebble_charm_handler *handlers, size_t count, void *data) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    struct pebble_charm *charm = NULL;
    if (!pebble_charm_create(NULL, &charm, &error)) {
        (void)fprintf(stderr, "%s\n", error.message);
        return EXIT_CODE_FAILED;
    }
    int exit_code = pebble_charm_run(charm, handlers, count, data);
    pebble_charm_destroy(charm);
    return exit_code;
}
