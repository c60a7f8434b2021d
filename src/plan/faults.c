// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/faults.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"

#define FAULTS_MAX 50

void faults_add(struct faults *faults, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *message = memory_vprintf(format, arguments);
    va_end(arguments);
    if (faults->messages.count < FAULTS_MAX && !text_list_has(&faults->messages, message)) {
        text_list_add_owned(&faults->messages, message);
        return;
    }
    faults->omitted += faults->messages.count == FAULTS_MAX;
    free(message);
}

bool faults_are_none(const struct faults *faults) {
    return faults->messages.count == 0;
}

bool faults_report(const struct faults *faults, struct error *err) {
    if (faults_are_none(faults))
        return true;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, faults->messages.items[0]);
    for (size_t i = 1; i < faults->messages.count; i++) {
        buffer_add_string(&text, "\n- also: ");
        buffer_add_string(&text, faults->messages.items[i]);
    }
    if (faults->omitted > 0)
        buffer_printf(&text, "\n- and %zu more", faults->omitted);
    return error_set(err, ERROR_BAD_REQUEST, "%s", buffer_text(&text));
}

void faults_clear(struct faults *faults) {
    text_list_clear(&faults->messages);
    faults->omitted = 0;
}
