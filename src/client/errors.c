// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/errors_internal.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/memory.h"

void pebble_error_clear(struct pebble_error *error) {
    if (error == NULL)
        return;
    free(error->api_kind);
    free(error->message);
    pebble_change_destroy(error->change);
    *error = (struct pebble_error){.kind = PEBBLE_ERROR_NONE};
}

bool client_fail(struct pebble_error *error, enum pebble_error_kind kind, const char *format, ...) {
    if (error == NULL)
        return false;
    va_list arguments;
    va_start(arguments, format);
    char *message = memory_vprintf(format, arguments);
    va_end(arguments);
    pebble_error_clear(error);
    error->kind = kind;
    error->message = message;
    return false;
}

static enum pebble_error_kind kind_of(enum error_kind cause) {
    switch (cause) {
    case ERROR_CONNECTION:
        return PEBBLE_ERROR_CONNECTION;
    case ERROR_TIMEOUT:
        return PEBBLE_ERROR_TIMEOUT;
    case ERROR_CANCELLED:
        return PEBBLE_ERROR_CANCELLED;
    default:
        return PEBBLE_ERROR_PROTOCOL;
    }
}

bool client_fail_because(struct pebble_error *error, const char *words, const struct error *cause) {
    return client_fail(error, kind_of(cause->kind), "%s%s", words, error_text(cause));
}

bool client_fail_move(struct pebble_error *error, struct pebble_error *source) {
    if (error == NULL)
        return false;
    pebble_error_clear(error);
    *error = *source;
    *source = (struct pebble_error){.kind = PEBBLE_ERROR_NONE};
    return false;
}
