// SPDX-License-Identifier: GPL-3.0-or-later
// Private to state/: an immutable text with a count of references: an object of the state keeps it as its serialised
// form while a write of the state file uses it. References are counted in the loop's thread only.
#pragma once

#include "base/buffer.h"

#include <stddef.h>

struct shared_text {
    size_t references;
    size_t length;
    char text[];
};

struct shared_text *shared_text_create(const struct buffer *text) __attribute__((returns_nonnull)); // one reference
struct shared_text *shared_text_hold(struct shared_text *text) __attribute__((returns_nonnull));
void shared_text_release(struct shared_text **text); // sets it to NULL; NULL is fine
