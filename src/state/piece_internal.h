// SPDX-License-Identifier: GPL-3.0-or-later
// A piece of text that several hold: the loop keeps it as an object's cached form while the state lane
// writes it. Counted in the loop's thread only; the text itself never changes.
#pragma once

#include "base/buffer.h"

#include <stddef.h>

struct piece {
    size_t references;
    size_t length;
    char text[];
};

struct piece *piece_create(const struct buffer *text) __attribute__((returns_nonnull)); // held once
struct piece *piece_hold(struct piece *piece) __attribute__((returns_nonnull));
void piece_drop(struct piece **piece); // sets NULL; fine with NULL
