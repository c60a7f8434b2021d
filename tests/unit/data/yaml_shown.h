// SPDX-License-Identifier: GPL-3.0-or-later
// A YAML tree shown on one line, with the kind of each scalar: {a=str:x,b=[int:1,null:]}.
#pragma once

#include <string.h>

#include "base/buffer.h"
#include "data/yaml.h"

static inline void yaml_show(struct buffer *out, const struct yaml_node *node) {
    static const char *const kinds[] = {[YAML_NULL] = "null",   [YAML_BOOL] = "bool",  [YAML_INT] = "int",
                                        [YAML_FLOAT] = "float", [YAML_STRING] = "str", [YAML_TIMESTAMP] = "time"};
    if (node == NULL) {
        buffer_add_string(out, "nothing");
        return;
    }
    enum yaml_kind kind = yaml_kind(node);
    if (kind != YAML_SEQUENCE && kind != YAML_MAP) {
        buffer_printf(out, "%s:%s", kinds[kind], yaml_text(node));
        return;
    }
    buffer_add_char(out, kind == YAML_MAP ? '{' : '[');
    for (size_t i = 0; i < yaml_count(node); i++) {
        buffer_add_string(out, i > 0 ? "," : "");
        if (kind == YAML_MAP) {
            const struct yaml_node *key = yaml_key(node, i);
            buffer_printf(out, "%s=", yaml_text(key) != NULL ? yaml_text(key) : "?");
        }
        yaml_show(out, kind == YAML_MAP ? yaml_value(node, i) : yaml_item(node, i));
    }
    buffer_add_char(out, kind == YAML_MAP ? '}' : ']');
}

// The text's tree, or the message why there is none.
static inline void yaml_show_text(struct buffer *out, const char *text, const struct yaml_limits *limits) {
    AUTO_YAML struct yaml_document *document = NULL;
    AUTO_ERROR struct error err = {0};
    if (yaml_parse(text, strlen(text), limits, &document, &err))
        yaml_show(out, yaml_root(document));
    else
        buffer_add_string(out, error_text(&err));
}
