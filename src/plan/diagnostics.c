// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/diagnostics_internal.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"

#define FAULTS_MAX 50

void diagnostics_add(struct diagnostics *diagnostics, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *message = memory_vprintf(format, arguments);
    va_end(arguments);
    if (diagnostics->messages.count < FAULTS_MAX && !text_list_has(&diagnostics->messages, message)) {
        text_list_add_owned(&diagnostics->messages, message);
        return;
    }
    diagnostics->omitted += diagnostics->messages.count == FAULTS_MAX;
    free(message);
}

bool diagnostics_are_empty(const struct diagnostics *diagnostics) {
    return diagnostics->messages.count == 0;
}

bool diagnostics_report(const struct diagnostics *diagnostics, struct error *err) {
    if (diagnostics_are_empty(diagnostics))
        return true;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, diagnostics->messages.items[0]);
    for (size_t i = 1; i < diagnostics->messages.count; i++) {
        buffer_add_string(&text, "\n- also: ");
        buffer_add_string(&text, diagnostics->messages.items[i]);
    }
    if (diagnostics->omitted > 0)
        buffer_printf(&text, "\n- and %zu more", diagnostics->omitted);
    return error_set(err, ERROR_BAD_REQUEST, "%s", buffer_text(&text));
}

void diagnostics_clear(struct diagnostics *diagnostics) {
    text_list_clear(&diagnostics->messages);
    diagnostics->omitted = 0;
}
