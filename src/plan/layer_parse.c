// SPDX-License-Identifier: GPL-3.0-or-later
// Parses the text of a layer. Declared in plan/plan.h.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/nearest.h"
#include "data/yaml.h"
#include "plan/content_internal.h"
#include "plan/layer_fields_internal.h"

#define WARNINGS_MAX 20

// The override of a workload is checked when layers are combined; that message needs the word.
static void keep_invalid_override(const struct section *section, const struct yaml_node *node, void *entry) {
    struct plan_workload *workload = entry;
    if (section == &sections[SECTION_WORKLOADS] && word_get(&workload->override) == WORD_INVALID) {
        // The first of duplicate keys may not be a scalar.
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
            continue; // reported by yaml_check_keys()
        // A null entry is kept for the validation.
        void *entry = NULL;
        if (yaml_kind(value) != YAML_NULL) {
            entry = record_create(section->record);
            char *copy = memory_string(name);
            memcpy(entry, &copy, sizeof copy); // the name is the first member of every entry
            diagnostics->place.noun = section->noun;
            diagnostics->place.name = name;
            fields_read(section->record, value, entry, diagnostics);
            diagnostics->place.name = NULL;
            keep_invalid_override(section, value, entry);
        }
        map_set(map, name, entry);
    }
}

static void read_pairing(const struct yaml_node *node, struct layer *layer, struct field_diagnostics *diagnostics) {
    if (yaml_count(node) == 0)
        return; // scalars are accepted, as in Pebble
    if (yaml_kind(node) != YAML_MAP) {
        field_diagnostics_add_type(diagnostics, node, "pairingstate.pairingConfig");
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        const struct yaml_node *key = yaml_key(node, i);
        if (yaml_text(key) == NULL)
            continue;
        if (strcmp(yaml_text(key), "mode") != 0) {
            struct nearest nearest;
            nearest_init(&nearest, yaml_text(key));
            nearest_try(&nearest, "mode");
            field_diagnostics_add_unknown(diagnostics, key, "pairingstate.pairingConfig", &nearest);
            continue;
        }
        AUTO_FREE char *mode = NULL;
        diagnostics->place.key = "mode";
        fields_read_text(yaml_value(node, i), "pairingstate.Mode", &mode, diagnostics);
        diagnostics->place.key = NULL;
        if (mode != NULL)
            layer->content.pairing = (enum pairing_mode)words_find(&words_pairing_mode, mode);
    }
}

// The prefix of messages about a section.
static char *section_prefix(const struct layer *layer, const char *section) {
    if (strcmp(section, "workloads") == 0)
        return memory_string("cannot parse the \"workloads\" section: ");
    if (strcmp(section, "pairing") == 0)
        return memory_string("cannot parse the pairing section: ");
    AUTO_FREE char *label = text_quoted(layer->label);
    return memory_printf("cannot parse layer %s section \"%s\": ", label, section);
}

static void add_unknown_section(const struct layer *layer, const struct yaml_node *key,
                                struct diagnostics *diagnostics) {
    static const char *const others[] = {"summary", "description", "pairing"};
    AUTO_FREE char *label = text_quoted(layer->label);
    AUTO_FREE char *quoted = text_quoted(yaml_text(key));
    struct nearest nearest;
    nearest_init(&nearest, yaml_text(key));
    for (size_t i = 0; i < SECTION_COUNT; i++)
        nearest_try(&nearest, sections[i].name);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        nearest_try(&nearest, others[i]);
    diagnostics->place = (struct place){.line = yaml_line(key), .section = yaml_text(key), .suggestion = nearest.name};
    diagnostics_add(diagnostics, "cannot parse layer %s: unknown section %s", label, quoted);
    diagnostics->place = (struct place){0};
}

static void read_section(const struct yaml_node *key, const struct yaml_node *node, struct layer *layer,
                         struct diagnostics *diagnostics) {
    const char *name = yaml_text(key);
    const struct section *section = section_find(name);
    bool is_pairing = strcmp(name, "pairing") == 0;
    char **text = strcmp(name, "summary") == 0       ? &layer->summary
                  : strcmp(name, "description") == 0 ? &layer->description
                                                     : NULL;
    if (section == NULL && !is_pairing && text == NULL) {
        add_unknown_section(layer, key, diagnostics);
        return;
    }
    AUTO_FREE char *prefix = section_prefix(layer, name);
    const struct place place = {.line = yaml_line(key), .section = name};
    diagnostics->place = place;
    if (!is_pairing && yaml_kind(node) == YAML_NULL && yaml_text_length(node) == 0) {
        diagnostics_add(diagnostics, "%sEOF", prefix); // a name without a value; the message is Pebble's
        diagnostics->place = (struct place){0};
        return;
    }
    AUTO_ERROR struct error keys = {0};
    if (!yaml_check_keys(node, &keys))
        diagnostics_add(diagnostics, "%s%s", prefix, error_text(&keys));
    diagnostics->place = (struct place){0};
    struct field_diagnostics found = {.place = place};
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
            read_section(yaml_key(root, i), yaml_value(root, i), layer, diagnostics);
    }
}

// Services with the name of a keyword are to be refused in future; until then a warning is logged.
static void warn_of_keywords(struct layer *layer) {
    static const char *const keywords[] = {"all", "default", "none"};
    for (size_t i = 0; i < ARRAY_COUNT(keywords); i++) {
        if (map_has(&layer->content.services, keywords[i]))
            text_list_add_owned(&layer->warnings,
                                memory_printf("Using keyword \"%s\" as a service name is deprecated", keywords[i]));
    }
}

// Any other word than "enabled" disables the service.
static void warn_of_startup(struct layer *layer) {
    AUTO_FREE struct map_entry **services = map_sorted(&layer->content.services);
    for (size_t i = 0; services[i] != NULL && layer->warnings.count < WARNINGS_MAX; i++) {
        const struct plan_service *service = services[i]->value;
        const char *word = service->startup;
        if (text_is_empty(word) || strcmp(word, "enabled") == 0 || strcmp(word, "disabled") == 0)
            continue;
        AUTO_FREE char *name = text_quoted(service->name), *quoted = text_quoted(word);
        text_list_add_owned(
            &layer->warnings,
            memory_printf("Service %s has unknown startup %s, which is taken as \"disabled\"", name, quoted));
    }
}

static void warn_of_rest(struct layer *layer, int line) {
    if (line == 0)
        return;
    AUTO_FREE char *label = text_quoted(layer->label);
    text_list_add_owned(&layer->warnings,
                        memory_printf("Ignoring line %d of layer %s and what follows it: only the first YAML document "
                                      "of a layer is read",
                                      line, label));
}

// The first line from `line` on that is indented with a tab; 0 if there is none.
static int find_tab(const char *text, size_t length, int line) {
    const char *end = text + length;
    for (int number = 1; text < end; number++) {
        size_t blanks = 0;
        while (text + blanks < end && text[blanks] == ' ')
            blanks++;
        if (number >= line && text + blanks < end && text[blanks] == '\t')
            return number;
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        text = newline == NULL ? end : newline + 1;
    }
    return 0;
}

// What is probably wrong, by the message of the YAML library; "" if it says enough.
static const char *syntax_hint(const char *message) {
    static const struct {
        const char *message, *hint;
    } hints[] = {
        {"cannot start any token", ": a value that begins with %, @ or ` needs quotes"},
        {"mapping values are not allowed",
         ": a value with a colon and a space needs quotes, or a key above has no colon"},
        {"unknown anchor", "a value that begins with * is an alias unless it is in quotes"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(hints); i++) {
        if (strstr(message, hints[i].message) != NULL)
            return hints[i].hint;
    }
    return "";
}

// The line, which is in the message already, as its place, and a hint.
static void add_line(const char *text, size_t length, struct error *err) {
    static const char begin[] = "yaml: line ";
    const char *message = error_text(err), *hint = syntax_hint(message);
    int64_t line = 0;
    if (text_has_prefix(message, begin)) {
        const char *number = message + sizeof begin - 1;
        AUTO_FREE char *digits = memory_string_n(number, strspn(number, "0123456789"));
        (void)!text_to_int64(digits, 1, INT32_MAX, &line);
    }
    bool is_tab = strstr(message, "cannot start any token") != NULL || strstr(message, "tab character") != NULL;
    int tab = is_tab ? find_tab(text, length, (int)line) : 0;
    if (tab > 0)
        (void)error_add_advice(err, "line %d: YAML is indented with spaces, not with tabs", tab);
    else if (line > 0)
        (void)error_add_advice(err, "line %d%s", (int)line, hint);
    else if (hint[0] != '\0' && hint[0] != ':')
        (void)error_add_advice(err, "%s", hint);
}

bool layer_parse(int64_t order, const char *label, const char *text, size_t length, struct layer **layer,
                 struct error *err) {
    AUTO_YAML struct yaml_document *document = NULL;
    if (!yaml_parse(text, length, &yaml_limits_layer, &document, err)) {
        AUTO_FREE char *quoted = text_quoted(label);
        add_line(text, length, err);
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
    warn_of_startup(parsed);
    warn_of_rest(parsed, yaml_rest_line(document));
    *layer = TAKE(parsed);
    return true;
}
