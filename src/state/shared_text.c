// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/shared_text_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct shared_text *shared_text_create(const struct buffer *text) {
    struct shared_text *shared = memory_new(sizeof *shared + text->length);
    shared->references = 1;
    shared->length = text->length;
    if (text->length > 0)
        memcpy(shared->text, text->data, text->length);
    return shared;
}

struct shared_text *shared_text_hold(struct shared_text *text) {
    text->references++;
    return text;
}

void shared_text_release(struct shared_text **text) {
    if (*text != NULL && --(*text)->references == 0)
        free(*text);
    *text = NULL;
}
