// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the layers directory: NNN-label.yaml files, and NNN-label.d directories with such files. An entry is read by
// its file type, whatever its ending. Declared in plan/plan.h.
#include "plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "data/yaml.h"
#include "plan/content_internal.h"

#define ORDER_DIGITS 3
#define WARNINGS_MAX 20
#define LABEL_LEAST 3

struct layer_entry {
    char *path;
    char *label;
    int order;
    bool is_directory;
};
struct layer_entries {
    struct layer_entry *items;
    size_t count, capacity;
};

static void entries_clear(struct layer_entries *entries) {
    for (size_t i = 0; i < entries->count; i++) {
        free(entries->items[i].path);
        free(entries->items[i].label);
    }
    free(entries->items);
    *entries = (struct layer_entries){0};
}
#define AUTO_ENTRIES CLEANUP(entries_clear)

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// A letter, then at least two more letters or digits, each of which may be preceded by a dash.
static bool is_label(const char *text, size_t length) {
    size_t characters = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '-' && i > 0 && i + 1 < length && text[i - 1] != '-')
            continue;
        if (!is_lower(text[i]) && !(i > 0 && is_digit(text[i])))
            return false;
        characters++;
    }
    return characters >= LABEL_LEAST;
}

static size_t ending_length(const char *name) {
    return strlen(text_has_suffix(name, ".yaml") ? ".yaml" : ".d");
}

// Splits NNN-label.yaml or NNN-label.d; the label is owned by the caller.
static bool parse_name(const char *name, int *order, char **label) {
    size_t length = strlen(name) - ending_length(name);
    if (length <= ORDER_DIGITS + 1 || name[ORDER_DIGITS] != '-')
        return false;
    int number = 0;
    for (size_t i = 0; i < ORDER_DIGITS; i++) {
        if (!is_digit(name[i]))
            return false;
        number = number * 10 + (name[i] - '0');
    }
    const char *start = name + ORDER_DIGITS + 1;
    if (!is_label(start, length - ORDER_DIGITS - 1))
        return false;
    *order = number;
    *label = memory_string_n(start, length - ORDER_DIGITS - 1);
    return true;
}

// Why parse_name() does not take the name without its ending, for people. Owned.
static char *name_fault(const char *name, size_t length) {
    size_t digits = strspn(name, "0123456789");
    if (digits != ORDER_DIGITS || name[ORDER_DIGITS] != '-')
        return memory_string("The name does not begin with three digits and a hyphen.");
    const char *label = name + ORDER_DIGITS + 1;
    size_t rest = length > ORDER_DIGITS + 1 ? length - ORDER_DIGITS - 1 : 0, characters = 0;
    if (rest == 0)
        return memory_string("There is no label after the number.");
    for (size_t i = 0; i < rest; i++) {
        if (!is_lower(label[i]) && !is_digit(label[i]) && label[i] != '-') {
            uint32_t code_point;
            bool is_valid;
            AUTO_FREE char *character =
                memory_string_n(label + i, utf8_decode(label + i, rest - i, &code_point, &is_valid));
            AUTO_FREE char *quoted = text_quoted(character);
            return memory_printf("The label must not contain %s.", quoted);
        }
        characters += label[i] != '-' ? 1 : 0;
    }
    if (!is_lower(label[0]))
        return memory_string("The label does not begin with a letter.");
    if (characters < LABEL_LEAST)
        return memory_string("The label is too short.");
    return memory_string("The label has a hyphen at its end, or two in a row.");
}

static bool refuse_name(const char *name, bool is_directory, struct error *err) {
    AUTO_FREE char *quoted = text_quoted(name);
    AUTO_FREE char *fault = name_fault(name, strlen(name) - ending_length(name));
    (void)(is_directory
               ? error_set(err, ERROR_BAD_REQUEST,
                           "invalid layer sub-directory name: %s (must look like \"123-some-label.d\")", quoted)
               : error_set(err, ERROR_BAD_REQUEST,
                           "invalid layer filename: %s (must look like \"123-some-label.yaml\")", quoted));
    (void)error_add_advice(err, "%s", fault);
    return error_set_code(err, "invalid-layer-name");
}

static bool check_unique(const struct layer_entries *entries, const struct layer_entry *entry, const char *name,
                         struct error *err) {
    const struct layer_entry *same = NULL;
    for (size_t i = 0; i < entries->count; i++) {
        const struct layer_entry *other = &entries->items[i];
        if (other->order == entry->order || (same == NULL && strcmp(other->label, entry->label) == 0))
            same = other;
    }
    if (same == NULL)
        return true;
    AUTO_FREE char *quoted = text_quoted(name);
    return error_set(err, ERROR_BAD_REQUEST, "invalid layer filename: %s not unique (have \"%03d-%s.yaml\" already)",
                     quoted, same->order, same->label);
}

static bool add_entry(const char *directory, const char *name, bool may_nest, struct layer_entries *entries,
                      struct error *err) {
    AUTO_FREE char *path = path_join(directory, name);
    struct stat status;
    if (stat(path, &status) != 0)
        return error_set_errno(err, errno, "stat %s", path);
    bool is_directory = S_ISDIR(status.st_mode);
    if (!is_directory && !S_ISREG(status.st_mode)) // reading a FIFO could block
        return error_set(err, ERROR_BAD_REQUEST, "cannot read layer file \"%s\": not a regular file", path);
    AUTO_FREE char *label = NULL;
    struct layer_entry entry = {.is_directory = is_directory};
    if (!parse_name(name, &entry.order, &label))
        return refuse_name(name, is_directory, err);
    if (is_directory && !may_nest)
        return error_set(err, ERROR_BAD_REQUEST, "cannot have a layers sub-directory at this level");
    entry.label = label;
    if (!check_unique(entries, &entry, name, err))
        return false;
    entry.label = TAKE(label);
    entry.path = TAKE(path);
    entries->items = memory_grow(entries->items, &entries->capacity, entries->count + 1, sizeof(struct layer_entry));
    entries->items[entries->count++] = entry;
    return true;
}

// Tools that make layers may name them so.
static void warn_of_ending(const char *directory, const char *name, struct text_list *warnings) {
    if (!text_has_suffix(name, ".yml") || name[0] == '.' || warnings->count == WARNINGS_MAX)
        return;
    AUTO_FREE char *path = path_join(directory, name);
    AUTO_FREE char *quoted = text_quoted(path);
    text_list_add_owned(warnings, memory_printf("Ignoring %s: the names of layers end in \".yaml\"", quoted));
}

// Lists files and directories of layers in the order of their names, and so of their numbers.
static bool list_entries(const char *directory, bool may_nest, struct layer_entries *entries,
                         struct text_list *warnings, struct error *err) {
    AUTO_TEXT_LIST struct text_list names = {0};
    if (!directory_list(directory, &names, err))
        return error_prefix(err, "cannot read layers directory: ");
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];
        bool counts = text_has_suffix(name, ".yaml") || text_has_suffix(name, ".d");
        if (counts && !add_entry(directory, name, may_nest, entries, err))
            return false;
        warn_of_ending(directory, name, warnings);
    }
    return true;
}

// The places of faults, after the path; if they are not known, only the path.
static void add_places(const char *path, const char *places, struct diagnostics *diagnostics) {
    if (places == NULL)
        diagnostics_add_place(diagnostics, path);
    while (places != NULL && *places != '\0') {
        size_t length = strcspn(places, "\n");
        AUTO_FREE char *place = memory_printf("%s, %.*s", path, (int)length, places);
        diagnostics_add_place(diagnostics, place);
        places += length + (places[length] == '\n' ? 1 : 0);
    }
}

// Faults of the text are added to `diagnostics`; false if the file cannot be read.
static bool read_file(const char *path, int64_t order, const char *label, struct layer_list *layers,
                      struct diagnostics *diagnostics, struct error *err) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(yaml_limits_layer.size_bytes);
    if (!file_read(path, &text, err))
        return error_prefix(err, "cannot read layer file: ");
    AUTO_ERROR struct error fault = {0};
    struct layer *layer = NULL;
    if (layer_parse(order, label, buffer_text(&text), text.length, &layer, &fault)) {
        layers_add(layers, layer);
        return true;
    }
    diagnostics_add(diagnostics, "%s", error_text(&fault));
    add_places(path, fault.advice, diagnostics);
    return true;
}

static bool read_entry(const struct layer_entry *entry, struct layer_list *layers, struct diagnostics *diagnostics,
                       struct error *err) {
    int64_t order = (int64_t)entry->order * ORDERS_PER_DIRECTORY;
    if (!entry->is_directory)
        return read_file(entry->path, order, entry->label, layers, diagnostics, err);
    AUTO_ENTRIES struct layer_entries inner = {0};
    if (!list_entries(entry->path, false, &inner, &layers->warnings, err))
        return false;
    for (size_t i = 0; i < inner.count; i++) {
        AUTO_FREE char *label = memory_printf("%s/%s", entry->label, inner.items[i].label);
        if (!read_file(inner.items[i].path, order + inner.items[i].order, label, layers, diagnostics, err))
            return false;
    }
    return true;
}

bool layers_read(const char *directory, struct layer_list *layers, struct error *err) {
    struct stat status;
    if (stat(directory, &status) != 0) {
        if (errno == ENOENT) {
            *layers = (struct layer_list){0};
            return true;
        }
        return error_set_errno(err, errno, "stat %s", directory);
    }
    AUTO_ENTRIES struct layer_entries entries = {0};
    AUTO_LAYERS struct layer_list read = {0};
    AUTO_DIAGNOSTICS struct diagnostics diagnostics = {0};
    if (!list_entries(directory, true, &entries, &read.warnings, err))
        return false;
    for (size_t i = 0; i < entries.count; i++) {
        if (!read_entry(&entries.items[i], &read, &diagnostics, err))
            return false;
    }
    if (!diagnostics_report(&diagnostics, err))
        return false;
    *layers = read;
    read = (struct layer_list){0};
    return true;
}
