// SPDX-License-Identifier: GPL-3.0-or-later
// A tree that is read, written as strings and read again is the same.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/yaml.h"
#include "data/yaml_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The writer goes no deeper.
static const struct yaml_limits limits = {.size_bytes = 1 << 16, .depth = 28, .nodes = 5000};

static void check(bool is_true) {
    if (!is_true)
        abort();
}

static bool is_scalar(const struct yaml_node *node) {
    return yaml_text(node) != NULL;
}

static void write_node(struct yaml_writer *writer, const struct yaml_node *node) {
    if (is_scalar(node)) {
        check(strlen(yaml_text(node)) == yaml_text_length(node));
        yaml_writer_string(writer, yaml_text(node));
    } else if (yaml_kind(node) == YAML_SEQUENCE) {
        yaml_writer_begin_sequence(writer);
        for (size_t i = 0; i < yaml_count(node); i++)
            write_node(writer, yaml_item(node, i));
        yaml_writer_end_sequence(writer);
    } else {
        yaml_writer_begin_map(writer);
        for (size_t i = 0; i < yaml_count(node); i++) {
            yaml_writer_key(writer, yaml_text(yaml_key(node, i)));
            write_node(writer, yaml_value(node, i));
        }
        yaml_writer_end_map(writer);
    }
}

static void compare(const struct yaml_node *a, const struct yaml_node *b) {
    check(is_scalar(a) == is_scalar(b) && yaml_count(a) == yaml_count(b));
    if (is_scalar(a)) {
        check(strcmp(yaml_text(a), yaml_text(b)) == 0 && yaml_kind(b) == YAML_STRING);
        return;
    }
    check(yaml_kind(a) == yaml_kind(b));
    for (size_t i = 0; i < yaml_count(a); i++) {
        if (yaml_kind(a) == YAML_SEQUENCE) {
            compare(yaml_item(a, i), yaml_item(b, i));
        } else {
            compare(yaml_key(a, i), yaml_key(b, i));
            compare(yaml_value(a, i), yaml_value(b, i));
        }
    }
}

static void look_at(const struct yaml_node *node) {
    int64_t integer = 0;
    AUTO_FREE char *description = yaml_describe(node);
    check(description[0] != '\0' && yaml_line(node) > 0);
    (void)yaml_int64(node, &integer);
    (void)yaml_member(node, "a");
    for (size_t i = 0; i < yaml_count(node); i++)
        look_at(yaml_kind(node) == YAML_SEQUENCE ? yaml_item(node, i) : yaml_value(node, i));
}

static void check_tree(const struct yaml_node *root) {
    AUTO_BUFFER struct buffer written = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct yaml_writer writer;
    look_at(root);
    if (!yaml_check_keys(root, NULL))
        return;
    yaml_writer_init(&writer, &written, 4);
    write_node(&writer, root);
    AUTO_YAML struct yaml_document *again = NULL;
    check(yaml_parse(buffer_text(&written), written.length, &yaml_limits_layer, &again, NULL));
    compare(root, yaml_root(again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FREE char *text = memory_copy(data, size);
    AUTO_YAML struct yaml_document *document = NULL;
    AUTO_ERROR struct error err = {0};
    bool is_read = yaml_parse(text, size, &limits, &document, &err);
    check(is_read != error_is_set(&err));
    check(is_read || text_has_prefix(error_text(&err), "yaml: "));
    if (is_read && yaml_root(document) != NULL)
        check_tree(yaml_root(document));
    return 0;
}
