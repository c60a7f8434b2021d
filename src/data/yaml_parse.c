// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in data/yaml.h.
#include "data/yaml.h"
#include "data/yaml_internal.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"

#define TAG_PREFIX "tag:yaml.org,2002:"
#define TAG_DIRECTIVE "%TAG"
#define TAG_DIRECTIVES_MAX 1000 // libyaml compares each with all previous ones

struct yaml_reader {
    yaml_parser_t parser;
    const struct yaml_limits *limits;
    struct yaml_document *document;
    struct map anchors; // name -> struct yaml_node, borrowed
    size_t expanded;    // nodes so far, with aliases and merges expanded
    bool has_alias;
    const struct yaml_node **pending; // children whose collection is not complete, innermost last
    size_t pending_count;
    size_t pending_capacity;
    struct error *err;
};

#define AUTO_EVENT CLEANUP(yaml_event_delete)

static bool fail_memory(struct yaml_reader *reader) {
    return error_set(reader->err, ERROR_TOO_LARGE, "yaml: out of memory");
}

// In the reference, errors of the parser count lines from 0 and errors of the scanner from 1. The line where the
// construct began is preferred, and line 0 is omitted.
static bool fail_parser(struct yaml_reader *reader) {
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return fail_memory(reader);
    const char *problem = parser->problem != NULL ? parser->problem : "unknown problem parsing YAML content";
    size_t line = parser->context_mark.line != 0 ? parser->context_mark.line : parser->problem_mark.line;
    if (line == 0)
        return error_set(reader->err, ERROR_BAD_REQUEST, "yaml: %s", problem);
    line += parser->error == YAML_SCANNER_ERROR;
    return error_set(reader->err, ERROR_BAD_REQUEST, "yaml: line %zu: %s", line, problem);
}

static bool next_event(struct yaml_reader *reader, yaml_event_t *event) {
    return yaml_parser_parse(&reader->parser, event) != 0 || fail_parser(reader);
}

static int event_line(const yaml_event_t *event) {
    return (int)event->start_mark.line + 1;
}

static bool count_nodes(struct yaml_reader *reader, size_t count) {
    if (count <= reader->limits->nodes - reader->expanded) {
        reader->expanded += count;
        return true;
    }
    if (reader->has_alias)
        return error_set(reader->err, ERROR_BAD_REQUEST, "yaml: document contains excessive aliasing");
    return error_set(reader->err, ERROR_TOO_LARGE, "yaml: document has more than %zu values", reader->limits->nodes);
}

static bool check_depth(struct yaml_reader *reader, const yaml_event_t *event, size_t depth) {
    return depth <= reader->limits->depth ||
           error_set(reader->err, ERROR_BAD_REQUEST, "yaml: line %d: nested more than %zu levels deep",
                     event_line(event), reader->limits->depth);
}

static const char *copy_text(struct yaml_reader *reader, const char *text, size_t length) {
    char *copy = yaml_memory_get(&reader->document->memory, length + 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

// The tag "!" has no effect.
static bool set_tag(struct yaml_reader *reader, struct yaml_node *node, const yaml_char_t *tag) {
    const char *text = (const char *)tag;
    if (text_is_empty(text) || text_equal(text, "!"))
        return true;
    bool is_standard = text_has_prefix(text, TAG_PREFIX);
    AUTO_FREE char *name =
        memory_printf("%s%s", is_standard ? "!!" : "", text + (is_standard ? strlen(TAG_PREFIX) : 0));
    node->tag = copy_text(reader, name, strlen(name));
    return node->tag != NULL || fail_memory(reader);
}

static bool start_node(struct yaml_reader *reader, const yaml_event_t *event, const yaml_char_t *anchor,
                       struct yaml_node **node) {
    struct yaml_node *made = yaml_memory_get(&reader->document->memory, sizeof *made);
    if (made == NULL)
        return fail_memory(reader);
    if (!count_nodes(reader, 1))
        return false;
    made->line = event_line(event);
    made->expanded = 1;
    made->height = 1;
    if (anchor != NULL)
        map_set(&reader->anchors, (const char *)anchor, made);
    *node = made;
    return true;
}

static bool decode_binary(struct yaml_reader *reader, struct yaml_node *node) {
    AUTO_BUFFER struct buffer data = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!base64_decode(&data, node->text, node->length))
        return error_set(reader->err, ERROR_BAD_REQUEST, "yaml: !!binary value contains invalid base64 data");
    node->text = copy_text(reader, buffer_text(&data), data.length);
    node->length = data.length;
    return node->text != NULL || fail_memory(reader);
}

// Sets the kind of a scalar with an explicit tag. A scalar with an unknown tag is a string.
static bool apply_tag(struct yaml_reader *reader, struct yaml_node *node) {
    static const enum yaml_kind kinds[] = {YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_TIMESTAMP};
    node->kind = YAML_STRING;
    if (text_equal(node->tag, "!!binary"))
        return decode_binary(reader, node);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (!text_equal(node->tag, yaml_kind_tag(kinds[i])))
            continue;
        enum yaml_kind found = yaml_resolve(node->text).kind;
        if (found != kinds[i] && !(found == YAML_INT && kinds[i] == YAML_FLOAT))
            return error_set(reader->err, ERROR_BAD_REQUEST, "yaml: cannot decode %s `%s` as a %s",
                             yaml_kind_tag(found), node->text, node->tag);
        node->kind = kinds[i];
    }
    return true;
}

static bool parse_scalar(struct yaml_reader *reader, const yaml_event_t *event, const struct yaml_node **out) {
    struct yaml_node *node = NULL;
    if (!start_node(reader, event, event->data.scalar.anchor, &node) || !set_tag(reader, node, event->data.scalar.tag))
        return false;
    node->length = event->data.scalar.length;
    node->text = copy_text(reader, (const char *)event->data.scalar.value, node->length);
    if (node->text == NULL)
        return fail_memory(reader);
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (node->tag != NULL && !apply_tag(reader, node))
        return false;
    if (node->tag == NULL) {
        node->is_plain = is_plain;
        node->kind = is_plain ? yaml_resolve(node->text).kind : YAML_STRING;
    }
    if (memchr(node->text, '\0', node->length) != NULL)
        return error_set(reader->err, ERROR_BAD_REQUEST, "yaml: line %d: a value contains a NUL character", node->line);
    *out = node;
    return true;
}

static bool parse_alias(struct yaml_reader *reader, const yaml_event_t *event, size_t depth,
                        const struct yaml_node **out) {
    const char *name = (const char *)event->data.alias.anchor;
    const struct yaml_node *target = map_get(&reader->anchors, name);
    reader->has_alias = true;
    if (target == NULL)
        return error_set(reader->err, ERROR_BAD_REQUEST, "yaml: unknown anchor '%s' referenced", name);
    if (target->is_open)
        return error_set(reader->err, ERROR_BAD_REQUEST, "yaml: anchor '%s' value contains itself", name);
    if (!check_depth(reader, event, depth + target->height - 1) || !count_nodes(reader, target->expanded))
        return false;
    *out = target;
    return true;
}

static bool add_pending(struct yaml_reader *reader, const struct yaml_node *node) {
    if (reader->pending_count == reader->pending_capacity) {
        size_t capacity = reader->pending_capacity == 0 ? 64 : reader->pending_capacity * 2;
        void *grown = memory_try_resize(reader->pending, capacity * sizeof *reader->pending);
        if (grown == NULL)
            return fail_memory(reader);
        reader->pending = grown;
        reader->pending_capacity = capacity;
    }
    reader->pending[reader->pending_count++] = node;
    return true;
}

static bool parse_node(struct yaml_reader *reader, const yaml_event_t *event, size_t depth,
                       const struct yaml_node **out);

// Appends the children of the collection to the pending nodes.
static bool parse_children(struct yaml_reader *reader, struct yaml_node *node, yaml_event_type_t end, size_t depth) {
    for (;;) {
        AUTO_EVENT yaml_event_t event = {0};
        if (!next_event(reader, &event))
            return false;
        if (event.type == end)
            return true;
        const struct yaml_node *child = NULL;
        if (!parse_node(reader, &event, depth + 1, &child) || !add_pending(reader, child))
            return false;
        if (child->height >= node->height)
            node->height = child->height + 1;
    }
}

static bool parse_sequence(struct yaml_reader *reader, struct yaml_node *node, size_t depth) {
    size_t first = reader->pending_count;
    if (!parse_children(reader, node, YAML_SEQUENCE_END_EVENT, depth))
        return false;
    node->kind = YAML_SEQUENCE;
    node->count = reader->pending_count - first;
    if (node->count > 0) {
        size_t size = node->count * sizeof *node->items;
        node->items = yaml_memory_get(&reader->document->memory, size);
        if (node->items == NULL)
            return fail_memory(reader);
        memcpy(node->items, reader->pending + first, size);
    }
    reader->pending_count = first;
    return true;
}

// Adds the pairs of each map in the value of a merge key, and counts them. Only counts them while the map has no memory
// for pairs.
static bool add_merged(struct yaml_reader *reader, struct yaml_node *node, const struct yaml_node *value,
                       size_t *count) {
    bool is_list = value->kind == YAML_SEQUENCE;
    for (size_t i = 0; i < (is_list ? value->count : 1); i++) {
        const struct yaml_node *map = is_list ? value->items[i] : value;
        if (map->kind != YAML_MAP)
            return error_set(reader->err, ERROR_BAD_REQUEST,
                             "yaml: map merge requires map or sequence of maps as the value");
        if (node->pairs != NULL && map->count > 0)
            memcpy(node->pairs + *count, map->pairs, map->count * sizeof *node->pairs);
        *count += map->count;
    }
    return true;
}

// Adds (or counts) the pairs of all merge keys.
static bool add_all_merged(struct yaml_reader *reader, struct yaml_node *node, size_t *count) {
    for (size_t i = 0; i < node->written_count; i++) {
        if (yaml_is_merge_key(node->written[i].key) && !add_merged(reader, node, node->written[i].value, count))
            return false;
    }
    return true;
}

// Own pairs come first and so take precedence over merged ones. Duplicates in a merged map are reported for that map.
static bool merge_pairs(struct yaml_reader *reader, struct yaml_node *node) {
    size_t total = node->count;
    if (!add_all_merged(reader, node, &total))
        return false;
    if (!yaml_pairs_unique(node->pairs, &total))
        return fail_memory(reader);
    size_t brought = 0;
    for (size_t i = node->count; i < total; i++)
        brought += node->pairs[i].key->expanded + node->pairs[i].value->expanded;
    node->count = total;
    return count_nodes(reader, brought);
}

// Sets the pairs of the map if they differ from those written: null keys are dropped, merges are added.
static bool resolve_pairs(struct yaml_reader *reader, struct yaml_node *node) {
    size_t merged = 0;
    // Counted before memory is allocated: one map merged into many could need much.
    if (!add_all_merged(reader, node, &merged) || !count_nodes(reader, merged))
        return false;
    node->pairs = yaml_memory_get(&reader->document->memory, (node->written_count + merged) * sizeof *node->pairs);
    if (node->pairs == NULL)
        return fail_memory(reader);
    for (size_t i = 0; i < node->written_count; i++) {
        const struct yaml_pair *pair = &node->written[i];
        if (!yaml_is_merge_key(pair->key) && pair->key->kind != YAML_NULL)
            node->pairs[node->count++] = *pair;
    }
    return merged == 0 || merge_pairs(reader, node);
}

static bool parse_map(struct yaml_reader *reader, struct yaml_node *node, size_t depth) {
    size_t first = reader->pending_count;
    if (!parse_children(reader, node, YAML_MAPPING_END_EVENT, depth))
        return false;
    node->kind = YAML_MAP;
    node->written_count = (reader->pending_count - first) / 2;
    reader->pending_count = first;
    if (node->written_count == 0)
        return true;
    node->written = yaml_memory_get(&reader->document->memory, node->written_count * sizeof *node->written);
    if (node->written == NULL)
        return fail_memory(reader);
    bool is_literal = true; // the pairs are those written
    for (size_t i = 0; i < node->written_count; i++) {
        const struct yaml_node *const *pair = reader->pending + first + 2 * i;
        node->written[i] = (struct yaml_pair){pair[0], pair[1]};
        is_literal = is_literal && pair[0]->kind != YAML_NULL && !yaml_is_merge_key(pair[0]);
    }
    if (is_literal) {
        node->pairs = node->written;
        node->count = node->written_count;
        return true;
    }
    return resolve_pairs(reader, node);
}

static bool parse_collection(struct yaml_reader *reader, const yaml_event_t *event, size_t depth,
                             const struct yaml_node **out) {
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *anchor = is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    const yaml_char_t *tag = is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    struct yaml_node *node = NULL;
    if (!start_node(reader, event, anchor, &node) || !set_tag(reader, node, tag))
        return false;
    size_t before = reader->expanded;
    node->is_open = true;
    if (is_map ? !parse_map(reader, node, depth) : !parse_sequence(reader, node, depth))
        return false;
    node->is_open = false;
    node->expanded += reader->expanded - before;
    *out = node;
    return true;
}

static bool parse_node(struct yaml_reader *reader, const yaml_event_t *event, size_t depth,
                       const struct yaml_node **out) {
    if (!check_depth(reader, event, depth))
        return false;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return parse_alias(reader, event, depth, out);
    case YAML_SCALAR_EVENT:
        return parse_scalar(reader, event, out);
    default:
        return parse_collection(reader, event, depth, out);
    }
}

static bool is_content(const yaml_event_t *event) {
    return event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT ||
           event->type == YAML_ALIAS_EVENT || (event->type == YAML_SCALAR_EVENT && event->data.scalar.length > 0);
}

// The line of what comes after the first document, which may be no YAML; 0 if there is nothing but empty documents.
static int find_rest(yaml_parser_t *parser) {
    for (;;) {
        AUTO_EVENT yaml_event_t event = {0};
        if (yaml_parser_parse(parser, &event) == 0)
            return parser->error == YAML_MEMORY_ERROR ? 0 : (int)parser->problem_mark.line + 1;
        if (event.type == YAML_STREAM_END_EVENT)
            return 0;
        if (is_content(&event))
            return event_line(&event);
    }
}

// Stream start, document start, the root, document end: of what comes after it only the place is kept.
static bool parse_first_document(struct yaml_reader *reader) {
    const struct yaml_node *root = NULL;
    for (int i = 0; i < 4; i++) {
        AUTO_EVENT yaml_event_t event = {0};
        if (!next_event(reader, &event))
            return false;
        if (event.type == YAML_STREAM_END_EVENT)
            return true;
        if (i == 2 && !parse_node(reader, &event, 1, &root))
            return false;
    }
    reader->document->root = root;
    reader->document->rest_line = find_rest(&reader->parser);
    return root->kind != YAML_MAP || yaml_check_own_keys(root, reader->err);
}

// Counts possible tag directives, at the start of lines.
static bool check_directives(const char *text, size_t length, struct error *err) {
    const char *end = text + length;
    size_t count = 0;
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), TAG_DIRECTIVE, strlen(TAG_DIRECTIVE))) != NULL;
         at++) {
        // Also after a byte beyond ASCII: some line breaks and the byte order mark end in one.
        count += at == text || at[-1] == '\n' || at[-1] == '\r' || (unsigned char)at[-1] >= 0x80;
    }
    return count <= TAG_DIRECTIVES_MAX ||
           error_set(err, ERROR_TOO_LARGE, "yaml: document has more than %d tag directives", TAG_DIRECTIVES_MAX);
}

bool yaml_parse(const char *text, size_t length, const struct yaml_limits *limits, struct yaml_document **document,
                struct error *err) {
    if (length > limits->size_bytes)
        return error_set(err, ERROR_TOO_LARGE, "yaml: document is larger than %zu bytes", limits->size_bytes);
    if (length > 0 && !check_directives(text, length, err))
        return false;
    AUTO_YAML struct yaml_document *made = memory_new(sizeof *made);
    struct yaml_reader reader = {.limits = limits, .document = made, .anchors = MAP_INIT(NULL), .err = err};
    if (yaml_parser_initialize(&reader.parser) == 0)
        return fail_memory(&reader);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    bool is_read = parse_first_document(&reader);
    yaml_parser_delete(&reader.parser);
    map_finish(&reader.anchors);
    free(reader.pending);
    if (is_read)
        *document = TAKE(made);
    return is_read;
}
