// SPDX-License-Identifier: LGPL-3.0-or-later
// Blocks of PEM text (RFC 7468), as Go's encoding/pem reads them.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

// A block that was found in a text; all borrowed from the text.
struct pem_block {
    const char *label;
    size_t label_length;
    const char *rest; // behind the line of its end
    size_t rest_length;
};

// Finds the first whole block of any label and decodes it: `content` is replaced. Text before the block is skipped, and
// so are blocks without an end or with other content than base64, such as headers. False if there is none; `content`
// is then empty or incomplete, and `block` untouched.
bool pem_find(const char *text, size_t length, struct pem_block *block, struct buffer *content) NODISCARD;
bool pem_has_label(const struct pem_block *block, const char *label);
// Decodes a text whose first block has this label and is the end of the text. ERROR_BAD_REQUEST with
// `missing 'LABEL' block` or `unexpected bytes after 'LABEL' block`.
bool pem_read_only_block(const char *text, size_t length, const char *label, struct buffer *content,
                         struct error *err) NODISCARD;
// Adds a block with lines of 64 characters. The limit of `out` applies.
void pem_add(struct buffer *out, const char *label, const void *bytes, size_t length);

// Overwrites the memory of a buffer that held a secret, and frees it. Reserve the memory before adding: growing a
// buffer leaves the old bytes behind.
void pem_wipe(struct buffer *secret);
#define AUTO_SECRET CLEANUP(pem_wipe)
