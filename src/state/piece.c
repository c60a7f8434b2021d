// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/piece_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct piece *piece_create(const struct buffer *text) {
    struct piece *piece = memory_new(sizeof *piece + text->length);
    piece->references = 1;
    piece->length = text->length;
    if (text->length > 0)
        memcpy(piece->text, text->data, text->length);
    return piece;
}

struct piece *piece_hold(struct piece *piece) {
    piece->references++;
    return piece;
}

void piece_drop(struct piece **piece) {
    if (*piece != NULL && --(*piece)->references == 0)
        free(*piece);
    *piece = NULL;
}
