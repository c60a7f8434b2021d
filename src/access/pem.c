// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/pem.h"

#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"
#define LABEL "CERTIFICATE"

// --- the block of text ---

struct line {
    const char *text;
    size_t length; // without blanks and line end
    const char *next;
};

static struct line line_at(const char *text) {
    size_t whole = strcspn(text, "\n"), length = whole;
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL)
        length--;
    return (struct line){text, length, text + whole + (text[whole] == '\n')};
}

// Whether the line is PREFIX LABEL DASHES. The label is part of the line.
static bool line_has_label(const struct line *line, const char *prefix, const char **label, size_t *length) {
    size_t before = strlen(prefix), after = strlen(DASHES);
    if (line->length < before + after || strncmp(line->text, prefix, before) != 0 ||
        strncmp(line->text + line->length - after, DASHES, after) != 0)
        return false;
    *label = line->text + before;
    *length = line->length - before - after;
    return true;
}

struct block {
    const char *label;
    size_t label_length;
    const char *content;
    size_t content_length;
    const char *rest; // behind the line of its end
};

// Reads the block whose first line is at `text`.
static bool block_read(const char *text, struct block *block) {
    struct line line = line_at(text);
    if (!line_has_label(&line, BEGIN, &block->label, &block->label_length))
        return false;
    block->content = line.next;
    while (*line.next != '\0') {
        line = line_at(line.next);
        const char *label;
        size_t length;
        if (!line_has_label(&line, END, &label, &length))
            continue;
        block->content_length = (size_t)(line.text - block->content);
        block->rest = line.next;
        return length == block->label_length && memcmp(label, block->label, length) == 0;
    }
    return false;
}

// Finds the first whole block and decodes it.
static bool block_find(const char *text, struct block *block, struct buffer *content) {
    for (const char *at = text; *at != '\0'; at = line_at(at).next) {
        buffer_clear(content);
        if (block_read(at, block) && base64_decode(content, block->content, block->content_length))
            return true;
    }
    return false;
}

// --- the outer form of a certificate (RFC 5280 section 4.1, in DER) ---

enum { DER_BIT_STRING = 0x03, DER_SEQUENCE = 0x30 };

struct der {
    const unsigned char *data;
    size_t length;
};

// Takes the value with this tag from the front of `der`.
static bool der_take(struct der *der, int tag, struct der *value) {
    if (der->length < 2 || der->data[0] != tag)
        return false;
    size_t length = der->data[1], head = 2;
    if (length >= 0x80) {
        size_t count = length & 0x7f;
        if (count < 1 || count > 3 || der->length < 2 + count)
            return false;
        length = 0;
        for (size_t i = 0; i < count; i++)
            length = length << 8 | der->data[head++];
    }
    if (length > der->length - head)
        return false;
    *value = (struct der){der->data + head, length};
    *der = (struct der){der->data + head + length, der->length - head - length};
    return true;
}

static bool is_certificate(const struct buffer *content) {
    struct der all = {(const unsigned char *)buffer_text(content), content->length}, certificate, part;
    return der_take(&all, DER_SEQUENCE, &certificate) && all.length == 0 &&
           der_take(&certificate, DER_SEQUENCE, &part) && der_take(&certificate, DER_SEQUENCE, &part) &&
           der_take(&certificate, DER_BIT_STRING, &part) && certificate.length == 0;
}

// --- the certificate as it is stored ---

static char *encode(const struct buffer *content) {
    enum { LINE_BYTES = 48 }; // 64 characters
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, BEGIN LABEL DASHES "\n");
    for (size_t done = 0; done < content->length; done += LINE_BYTES) {
        size_t left = content->length - done;
        base64_encode(&text, content->data + done, left < LINE_BYTES ? left : LINE_BYTES);
        buffer_add_char(&text, '\n');
    }
    buffer_add_string(&text, END LABEL DASHES "\n");
    return buffer_take(&text);
}

bool pem_read_certificate(const char *text, char **pem, struct error *err) {
    struct block block;
    AUTO_BUFFER struct buffer content = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!block_find(text, &block, &content))
        return error_set(err, ERROR_BAD_REQUEST, "cert identity must include a PEM-encoded certificate");
    if (*block.rest != '\0')
        return error_set(err, ERROR_BAD_REQUEST, "cert identity cannot have extra data after the PEM block");
    if (!is_certificate(&content))
        return error_set(err, ERROR_BAD_REQUEST,
                         "cannot parse certificate from cert identity: x509: malformed certificate");
    *pem = encode(&content);
    return true;
}
