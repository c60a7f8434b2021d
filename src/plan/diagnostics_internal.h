// SPDX-License-Identifier: GPL-3.0-or-later
// Private to plan/: collects faults, so that all of them are reported together. The first one is the message; up to 49
// more follow on lines that begin with "- also: ", then the number of the others. The messages are Pebble's, which do
// not say where in the layer a fault is; the advice of the error does.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

// Where a fault is; what is not known is NULL or 0. All texts are borrowed.
struct place {
    int line;
    const char *section; // "services"
    const char *noun;    // of an entry: "service"
    const char *name;    // of the entry
    const char *part;    // the key that has `key` below it, such as "ready"
    const char *key;
    const char *suggestion; // what was probably meant
};
// The place as text: `line 4: section "services", service "web", key "ready.fd"; did you mean "…"?`. Owned.
char *place_text(const struct place *place) __attribute__((returns_nonnull));
struct diagnostics {
    struct text_list messages;
    struct text_list places; // of the faults in layers: the advice of the error
    struct place place;      // of those that are added
    size_t omitted;          // messages beyond the limit
};

// Sets the key of the place, and the line if the map has the key. `map` may be NULL; `part` is the key of the map
// within the entry, or NULL if it is the entry itself. A map is not searched for places that would not be reported, so
// that very many faults take no longer than their number.
struct yaml_node;
void diagnostics_set_key(struct diagnostics *diagnostics, const struct yaml_node *map, const char *part,
                         const char *key);
// A message that is there already is not added again.
void diagnostics_add(struct diagnostics *diagnostics, const char *format, ...) PRINTF_LIKE(2, 3);
bool diagnostics_are_empty(const struct diagnostics *diagnostics);
// Adds a place, as text, perhaps with more words; up to the same limit.
void diagnostics_add_place(struct diagnostics *diagnostics, const char *place);
// True if there are none; otherwise sets an ERROR_BAD_REQUEST with all messages, whose advice are the places.
bool diagnostics_report(const struct diagnostics *diagnostics, struct error *err) NODISCARD;
void diagnostics_clear(struct diagnostics *diagnostics);
#define AUTO_DIAGNOSTICS CLEANUP(diagnostics_clear)
