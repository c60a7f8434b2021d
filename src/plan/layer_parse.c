// SPDX-License-Identifier: GPL-3.0-or-later
// From the text of a layer to a struct layer.
// Declared in plan/plan.h.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/yaml.h"
#include "plan/content_internal.h"
#include "plan/layer_fields_internal.h"

// Whether a workload's override makes sense is looked at when layers combine, and the word is in that message.
static void keep_invalid_override(const struct section *section, const struct yaml_node *node, void *entry) {
    struct plan_workload *workload = entry;
    if (section == &sections[SECTION_WORKLOADS] && word_get(&workload->override) == WORD_INVALID) {
        // Of a key that stands there twice, the first need not be a scalar.
        const char *word = yaml_text(yaml_member(node, "override"));
        workload->invalid_override = memory_string(word == NULL ? "" : word);
    }
}

static void read_entries(const struct section *section, const struct yaml_node *node, struct layer *layer,
                         struct field_diagnostics *diagnostics) {
    if (yaml_kind(node) == YAML_NULL)
        return;
    if (yaml_kind(node) != YAML_MAP) {
        field_diagnostics_add_type(diagnostics, node, section->map_type);
        return;
    }
    struct map *map = section_map(&layer->content, section);
    for (size_t i = 0; i < yaml_count(node); i++) {
        const char *name = yaml_text(yaml_key(node, i));
        const struct yaml_node *value = yaml_value(node, i);
        if (name == NULL || map_has(map, name))
            continue; // yaml_check_keys() has told of it
        // A null entry is kept as such, for the validation to find.
        void *entry = NULL;
        if (yaml_kind(value) != YAML_NULL) {
            entry = record_create(section->record);
            char *copy = memory_string(name);
            memcpy(entry, &copy, sizeof copy); // the name is the first member of every entry
            fields_read(section->record, value, entry, diagnostics);
            keep_invalid_override(section, value, entry);
        }
        map_set(map, name, entry);
    }
}

static void read_pairing(const struct yaml_node *node, struct layer *layer, struct field_diagnostics *diagnostics) {
    if (yaml_count(node) == 0)
        return; // scalars are let through too, as the reference does
    if (yaml_kind(node) != YAML_MAP) {
        field_diagnostics_add_type(diagnostics, node, "pairingstate.pairingConfig");
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        const struct yaml_node *key = yaml_key(node, i);
        if (yaml_text(key) == NULL)
            continue;
        if (strcmp(yaml_text(key), "mode") != 0) {
            field_diagnostics_add_unknown(diagnostics, key, "pairingstate.pairingConfig");
            continue;
        }
        AUTO_FREE char *mode = NULL;
        fields_read_text(yaml_value(node, i), "pairingstate.Mode", &mode, diagnostics);
        if (mode != NULL)
            layer->content.pairing = (enum pairing_mode)words_find(&words_pairing_mode, mode);
    }
}

// Where a fault is, in front of it.
static char *section_prefix(const struct layer *layer, const char *section) {
    if (strcmp(section, "workloads") == 0)
        return memory_string("cannot parse the \"workloads\" section: ");
    if (strcmp(section, "pairing") == 0)
        return memory_string("cannot parse the pairing section: ");
    AUTO_FREE char *label = text_quoted(layer->label);
    return memory_printf("cannot parse layer %s section \"%s\": ", label, section);
}

static void read_section(const char *name, const struct yaml_node *node, struct layer *layer,
                         struct diagnostics *diagnostics) {
    const struct section *section = section_find(name);
    bool is_pairing = strcmp(name, "pairing") == 0;
    char **text = strcmp(name, "summary") == 0       ? &layer->summary
                  : strcmp(name, "description") == 0 ? &layer->description
                                                     : NULL;
    if (section == NULL && !is_pairing && text == NULL) {
        AUTO_FREE char *label = text_quoted(layer->label);
        AUTO_FREE char *quoted = text_quoted(name);
        diagnostics_add(diagnostics, "cannot parse layer %s: unknown section %s", label, quoted);
        return;
    }
    AUTO_FREE char *prefix = section_prefix(layer, name);
    if (!is_pairing && yaml_kind(node) == YAML_NULL && yaml_text_length(node) == 0) {
        diagnostics_add(diagnostics, "%sEOF", prefix); // a name with nothing behind it, in the reference's words
        return;
    }
    AUTO_ERROR struct error keys = {0};
    if (!yaml_check_keys(node, &keys))
        diagnostics_add(diagnostics, "%s%s", prefix, error_text(&keys));
    struct field_diagnostics found = {0};
    if (section != NULL)
        read_entries(section, node, layer, &found);
    else if (is_pairing)
        read_pairing(node, layer, &found);
    else
        fields_read_text(node, "string", text, &found);
    field_diagnostics_report(&found, prefix, diagnostics);
    field_diagnostics_clear(&found);
}

static void read_root(const struct yaml_node *root, struct layer *layer, struct diagnostics *diagnostics) {
    AUTO_FREE char *label = text_quoted(layer->label);
    if (root == NULL || yaml_kind(root) == YAML_NULL)
        return;
    if (yaml_kind(root) != YAML_MAP) {
        struct field_diagnostics found = {0};
        AUTO_FREE char *prefix = memory_printf("cannot parse layer %s: ", label);
        field_diagnostics_add_type(&found, root, "map[string]yaml.Node");
        field_diagnostics_report(&found, prefix, diagnostics);
        field_diagnostics_clear(&found);
        return;
    }
    for (size_t i = 0; i < yaml_count(root); i++) {
        const char *name = yaml_text(yaml_key(root, i));
        if (name != NULL)
            read_section(name, yaml_value(root, i), layer, diagnostics);
    }
}

// Until services that bear the name of a keyword are refused, users are told.
static void warn_of_keywords(struct layer *layer) {
    static const char *const keywords[] = {"all", "default", "none"};
    for (size_t i = 0; i < ARRAY_COUNT(keywords); i++) {
        if (map_has(&layer->content.services, keywords[i]))
            text_list_add_owned(&layer->warnings,
                                memory_printf("Using keyword \"%s\" as a service name is deprecated", keywords[i]));
    }
}

bool layer_parse(int64_t order, const char *label, const char *text, size_t length, struct layer **layer,
                 struct error *err) {
    AUTO_YAML struct yaml_document *document = NULL;
    if (!yaml_parse(text, length, &yaml_limits_layer, &document, err)) {
        AUTO_FREE char *quoted = text_quoted(label);
        return error_prefix(err, "cannot parse layer %s: ", quoted);
    }
    AUTO_LAYER struct layer *parsed = memory_new(sizeof *parsed);
    content_init(&parsed->content);
    parsed->order = order;
    parsed->label = memory_string(label);
    AUTO_DIAGNOSTICS struct diagnostics diagnostics = {0};
    const struct yaml_node *root = yaml_root(document);
    read_root(root, parsed, &diagnostics);
    layer_validate(parsed, root, &diagnostics);
    if (!diagnostics_report(&diagnostics, err))
        return false;
    warn_of_keywords(parsed);
    *layer = TAKE(parsed);
    return true;
}
