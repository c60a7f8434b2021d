// SPDX-License-Identifier: GPL-3.0-or-later
// Private to plan/: reads YAML nodes into the fields of records and collects faults, with the messages of Pebble's YAML
// library. Every scalar can be read as a string; null leaves a field unset.
#pragma once

#include "base/text.h"
#include "data/yaml.h"
#include "plan/diagnostics_internal.h"
#include "plan/record_internal.h"

struct field_diagnostics {
    struct text_list types;  // nodes of the wrong type: "line 5: cannot …"
    struct text_list values; // scalars with an invalid value: `invalid duration "5"`
    size_t omitted_types;
    struct place place;      // of what is being read
    struct text_list places; // of the faults, as text
};

// Reads the fields of a map into a record from record_create().
void fields_read(const struct record *record, const struct yaml_node *node, void *entry,
                 struct field_diagnostics *diagnostics);
// Reads a single string.
void fields_read_text(const struct yaml_node *node, const char *type, char **text,
                      struct field_diagnostics *diagnostics);
// Adds that the node cannot be read as the type.
void field_diagnostics_add_type(struct field_diagnostics *diagnostics, const struct yaml_node *node, const char *type);
// Adds that the type has no such key. `nearest`: those that it has.
struct nearest;
void field_diagnostics_add_unknown(struct field_diagnostics *diagnostics, const struct yaml_node *key, const char *type,
                                   const struct nearest *nearest);
// Adds them to `all`, each after the prefix `where`.
void field_diagnostics_report(struct field_diagnostics *diagnostics, const char *where, struct diagnostics *all);
void field_diagnostics_clear(struct field_diagnostics *diagnostics);
