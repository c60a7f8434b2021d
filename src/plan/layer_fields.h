// SPDX-License-Identifier: GPL-3.0-or-later
// Reads YAML nodes into the fields of records, strictly, and gathers what does not fit, in the words of the
// reference's YAML library. Scalars become strings whatever they look like; null leaves a field unset.
#pragma once

#include "base/text.h"
#include "data/yaml.h"
#include "plan/faults.h"
#include "plan/record.h"

struct field_faults {
    struct text_list types;  // what YAML has at a place that wants something else: "line 5: cannot …"
    struct text_list values; // scalars of the right kind that make no sense, as `invalid duration "5"`
    size_t omitted_types;
};

// The fields of a map into a record made by record_create().
void fields_read(const struct record *record, const struct yaml_node *node, void *entry, struct field_faults *faults);
// A single string.
void fields_read_text(const struct yaml_node *node, const char *type, char **text, struct field_faults *faults);
// Notes that the node cannot be read as something of that type.
void field_faults_add_type(struct field_faults *faults, const struct yaml_node *node, const char *type);
void field_faults_add_unknown(struct field_faults *faults, const struct yaml_node *key, const char *type);
// Passes them on, with words in front that say where they are.
void field_faults_report(struct field_faults *faults, const char *where, struct faults *all);
void field_faults_clear(struct field_faults *faults);
