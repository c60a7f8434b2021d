// SPDX-License-Identifier: LGPL-3.0-or-later
// Finds the name that was probably meant by one that does not exist: with the fewest letters inserted, left out,
// replaced or swapped with their neighbour. The case of letters does not count.
#pragma once

#include "base/error.h"

#include <stddef.h>

struct nearest {
    const char *word;
    const char *name; // the nearest so far, borrowed; NULL if none is near
    size_t distance;
};

// `word` is borrowed.
void nearest_init(struct nearest *nearest, const char *word);
// Among equally near names, the first one counts. A name of which the word is the beginning is near.
void nearest_try(struct nearest *nearest, const char *name);
// Adds the advice `Did you mean "PREFIXNAME"?` to an error that is set, if there is a name. Returns false.
bool nearest_advise(const struct nearest *nearest, const char *prefix, struct error *err);
