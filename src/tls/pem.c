// SPDX-License-Identifier: LGPL-3.0-or-later
#include "tls/pem.h"

#include <string.h>

#include "base/base64.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

// --- lines ---

struct pem_line {
    const char *text;
    size_t length; // without blanks and line end
    const char *next;
};

static struct pem_line line_at(const char *text, const char *end) {
    const char *newline = memchr(text, '\n', (size_t)(end - text)), *stop = newline != NULL ? newline : end;
    size_t length = (size_t)(stop - text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t' || text[length - 1] == '\r'))
        length--;
    return (struct pem_line){text, length, newline != NULL ? newline + 1 : end};
}

// Whether the line is PREFIX LABEL DASHES. The label is part of the line.
static bool line_has_label(const struct pem_line *line, const char *prefix, const char **label, size_t *length) {
    size_t before = strlen(prefix), after = strlen(DASHES);
    if (line->length < before + after || memcmp(line->text, prefix, before) != 0 ||
        memcmp(line->text + line->length - after, DASHES, after) != 0)
        return false;
    *label = line->text + before;
    *length = line->length - before - after;
    return true;
}

// --- blocks ---

// Reads the block whose first line is at `text`. `next` is where to go on if there is none: every line is read once,
// because a block cannot have the first line of another in it.
static bool read_block(const char *text, const char *end, struct pem_block *block, struct buffer *content,
                       const char **next) {
    struct pem_block found;
    struct pem_line line = line_at(text, end);
    *next = line.next;
    if (!line_has_label(&line, BEGIN, &found.label, &found.label_length))
        return false;
    const char *inside = line.next, *label;
    size_t length;
    do {
        if (*next == end)
            return false;
        line = line_at(*next, end);
        if (line_has_label(&line, BEGIN, &label, &length))
            return false;
        *next = line.next;
    } while (!line_has_label(&line, END, &label, &length));
    buffer_clear(content);
    if (length != found.label_length || memcmp(label, found.label, length) != 0 ||
        !base64_decode(content, inside, (size_t)(line.text - inside)) || !buffer_is_whole(content))
        return false;
    found.rest = line.next;
    found.rest_length = (size_t)(end - line.next);
    *block = found;
    return true;
}

bool pem_find(const char *text, size_t length, struct pem_block *block, struct buffer *content) {
    const char *end = text + length;
    buffer_clear(content);
    while (text < end) {
        if (read_block(text, end, block, content, &text))
            return true;
    }
    return false;
}

bool pem_has_label(const struct pem_block *block, const char *label) {
    return block->label_length == strlen(label) && memcmp(block->label, label, block->label_length) == 0;
}

bool pem_read_only_block(const char *text, size_t length, const char *label, struct buffer *content,
                         struct error *err) {
    struct pem_block block;
    if (!pem_find(text, length, &block, content) || !pem_has_label(&block, label))
        return error_set(err, ERROR_BAD_REQUEST, "missing '%s' block", label);
    if (block.rest_length > 0)
        return error_set(err, ERROR_BAD_REQUEST, "unexpected bytes after '%s' block", label);
    return true;
}

void pem_add(struct buffer *out, const char *label, const void *bytes, size_t length) {
    enum { LINE_BYTES = 48 }; // 64 characters
    buffer_printf(out, BEGIN "%s" DASHES "\n", label);
    for (size_t done = 0; done < length; done += LINE_BYTES) {
        size_t left = length - done;
        base64_encode(out, (const char *)bytes + done, left < LINE_BYTES ? left : LINE_BYTES);
        buffer_add_char(out, '\n');
    }
    buffer_printf(out, END "%s" DASHES "\n", label);
}

void pem_wipe(struct buffer *secret) {
    if (secret->data != NULL)
        explicit_bzero(secret->data, secret->capacity);
    buffer_finish(secret);
}
