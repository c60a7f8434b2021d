// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/options_internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"

#define SIZE_MAX_BYTES ((size_t)4096)

static bool is_zero(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

bool client_options_read(void *own, size_t own_size, const void *given, struct pebble_error *error) {
    size_t size = 0;
    memset(own, 0, own_size);
    if (given == NULL)
        return true;
    memcpy(&size, given, sizeof size);
    if (size < sizeof size || size > SIZE_MAX_BYTES)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: their size is not set");
    if (size > own_size && !is_zero((const char *)given + own_size, size - own_size))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: they need a newer version of libpebble");
    memcpy(own, given, size < own_size ? size : own_size);
    return true;
}

bool client_options_check_flags(uint64_t flags, uint64_t known, struct pebble_error *error) {
    if ((flags & ~known) == 0)
        return true;
    return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: unknown flags 0x%" PRIx64, flags & ~known);
}

bool client_options_check_fd(const int *fd, struct pebble_error *error) {
    if (fd == NULL || *fd >= 0)
        return true;
    return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: invalid descriptor");
}

void client_options_write_text(struct json_writer *writer, const char *name, const char *text) {
    if (!text_is_empty(text))
        json_writer_member_string(writer, name, text);
}

void client_options_write_number(struct json_writer *writer, const char *name, const int64_t *number) {
    if (number != NULL)
        json_writer_member_int(writer, name, *number);
}

bool client_options_check_text(const char *what, const char *text, struct pebble_error *error) {
    if (text == NULL || utf8_is_valid(text, strlen(text)))
        return true;
    AUTO_FREE char *quoted = client_quoted(text);
    return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use %s %s: not UTF-8", what, quoted);
}

bool client_options_check_texts(const char *what, const char *const *texts, size_t count, struct pebble_error *error) {
    for (size_t i = 0; i < count; i++) {
        if (texts == NULL || texts[i] == NULL)
            return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use %s: number %zu is NULL", what, i + 1);
    }
    return true;
}
