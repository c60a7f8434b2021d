// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define MESSAGE_MAX_BYTES ((size_t)1048576)
#define QUOTED_MAX_BYTES ((size_t)1024)
#define UTF8_MAX_BYTES 4

void pebble_error_clear(struct pebble_error *error) {
    if (error == NULL)
        return;
    free(error->api_kind);
    free(error->message);
    free(error->advice);
    pebble_change_destroy(error->change);
    pebble_exec_result_destroy(error->exec_result);
    *error = (struct pebble_error){.kind = PEBBLE_ERROR_NONE};
}

// The longest beginning of `text` of at most `limit` bytes that does not end within a character.
static size_t whole_length(const char *text, size_t limit) {
    size_t length = strnlen(text, limit + 1);
    if (length <= limit)
        return length;
    size_t start = limit;
    while (start > 0 && limit - start < UTF8_MAX_BYTES - 1 && ((unsigned char)text[start] & 0xC0) == 0x80)
        start--;
    return ((unsigned char)text[start] & 0xC0) == 0xC0 ? start : limit;
}

// What the daemon sends may be as long as a response.
static char *print_message(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int printed = vsnprintf(NULL, 0, format, arguments);
    size_t length = printed > 0 ? (size_t)printed : 0;
    if (length > MESSAGE_MAX_BYTES)
        length = MESSAGE_MAX_BYTES + 1; // with the byte that shows whether the cut is within a character
    char *message = memory_new(length + 1);
    (void)vsnprintf(message, length + 1, format, again);
    va_end(again);
    message[whole_length(message, MESSAGE_MAX_BYTES)] = '\0';
    return message;
}

char *client_quoted(const char *text) {
    AUTO_FREE char *begin = memory_string_n(text, whole_length(text, QUOTED_MAX_BYTES));
    return text_quoted(begin);
}

bool client_fail(struct pebble_error *error, enum pebble_error_kind kind, const char *format, ...) {
    if (error == NULL)
        return false;
    va_list arguments;
    va_start(arguments, format);
    char *message = print_message(format, arguments);
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
