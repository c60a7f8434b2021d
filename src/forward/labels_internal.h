// SPDX-License-Identifier: GPL-3.0-or-later
// Private to forward/: the labels of a target for the lines of one service.
#pragma once

#include "base/buffer.h"
#include "base/map.h"
#include "base/text.h"

struct label_list {
    struct text_list names, values; // sorted by names; as many values as names
};
void label_list_clear(struct label_list *list);

// Adds the text with $NAME and ${NAME} replaced from the environment (name -> char *), as with Go's os.Expand: names
// that are not there are empty, and a "$" without a name stays. What a value has of these is not replaced.
void label_expand(struct buffer *out, const char *text, const struct map *environment);
// Replaces the content of `list` with the labels (name -> char *), whose values are expanded.
void label_list_set(struct label_list *list, const struct map *labels, const struct map *environment);
