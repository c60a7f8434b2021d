// SPDX-License-Identifier: GPL-3.0-or-later
// Private to plan/: reads YAML nodes into the fields of records, strictly, and gathers what does not fit, in the words
// of the reference's YAML library. Scalars become strings whatever they look like; null leaves a field unset.
#pragma once

#include "base/text.h"
#include "data/yaml.h"
#include "plan/diagnostics_internal.h"
#include "plan/record_internal.h"

struct field_diagnostics {
    struct text_list types;  // what YAML has at a place that wants something else: "line 5: cannot …"
    struct text_list values; // scalars of the right kind that make no sense, as `invalid duration "5"`
    size_t omitted_types;
};

// The fields of a map into a record made by record_create().
void fields_read(const struct record *record, const struct yaml_node *node, void *entry,
                 struct field_diagnostics *diagnostics);
// A single string.
void fields_read_text(const struct yaml_node *node, const char *type, char **text,
                      struct field_diagnostics *diagnostics);
// Notes that the node cannot be read as something of that type.
void field_diagnostics_add_type(struct field_diagnostics *diagnostics, const struct yaml_node *node, const char *type);
void field_diagnostics_add_unknown(struct field_diagnostics *diagnostics, const struct yaml_node *key,
                                   const char *type);
// Passes them on, with words in front that say where they are.
void field_diagnostics_report(struct field_diagnostics *diagnostics, const char *where, struct diagnostics *all);
void field_diagnostics_clear(struct field_diagnostics *diagnostics);
