// SPDX-License-Identifier: LGPL-3.0-or-later
#include "data/yaml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "data/yaml_internal.h"

#define BLOCK_SIZE_BYTES 16384

const struct yaml_limits yaml_limits_layer = {.size_bytes = 8 << 20, .depth = 100, .nodes = 1000000};

struct yaml_block {
    struct yaml_block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char data[];
};

void *yaml_memory_get(struct yaml_memory *memory, size_t size) {
    const size_t align = _Alignof(max_align_t);
    size_t rounded = (size + align - 1) / align * align;
    struct yaml_block *block = memory->blocks;
    if (block == NULL || rounded > block->size - block->used) {
        size_t block_size = rounded > BLOCK_SIZE_BYTES ? rounded : BLOCK_SIZE_BYTES;
        block = memory_try(sizeof *block + block_size);
        if (block == NULL)
            return NULL;
        *block = (struct yaml_block){.next = memory->blocks, .size = block_size};
        memory->blocks = block;
    }
    void *place = block->data + block->used;
    block->used += rounded;
    memset(place, 0, rounded);
    return place;
}

void yaml_memory_finish(struct yaml_memory *memory) {
    while (memory->blocks != NULL) {
        struct yaml_block *next = memory->blocks->next;
        free(memory->blocks);
        memory->blocks = next;
    }
}

void yaml_document_destroy(struct yaml_document *document) {
    if (document != NULL) {
        yaml_memory_finish(&document->memory);
        free(document);
    }
}

void yaml_document_destroy_at(struct yaml_document **document) {
    yaml_document_destroy(*document);
}

const struct yaml_node *yaml_root(const struct yaml_document *document) {
    return document->root;
}

int yaml_rest_line(const struct yaml_document *document) {
    return document->rest_line;
}

enum yaml_kind yaml_kind(const struct yaml_node *node) {
    return node->kind;
}

int yaml_line(const struct yaml_node *node) {
    return node->line;
}

const char *yaml_text(const struct yaml_node *node) {
    return node->text;
}

size_t yaml_text_length(const struct yaml_node *node) {
    return node->length;
}

// `bytes`, less those of an incomplete character at the end.
static int whole_characters(const struct yaml_node *node, size_t bytes) {
    while (bytes > 0 && ((unsigned char)node->text[bytes] & 0xC0) == 0x80)
        bytes--;
    return (int)bytes;
}

char *yaml_describe(const struct yaml_node *node) {
    const char *tag = node->tag != NULL ? node->tag : yaml_kind_tag(node->kind);
    if (node->text == NULL)
        return memory_string(tag);
    if (node->length > 10)
        return memory_printf("%s `%.*s...`", tag, whole_characters(node, 7), node->text);
    return memory_printf("%s `%s`", tag, node->text);
}

bool yaml_int64(const struct yaml_node *node, int64_t *value) {
    if (node->kind != YAML_INT && node->kind != YAML_FLOAT)
        return false;
    struct yaml_resolved resolved = yaml_resolve(node->text);
    if (resolved.kind == YAML_INT) {
        *value = resolved.has_int64 ? resolved.integer : *value;
        return resolved.has_int64;
    }
    // Both bounds are powers of two, so they are exact; a NaN fails both comparisons.
    // cppcheck-suppress incorrectLogicOperator // 2.10 reads 0x1p63 as 0
    if (!(resolved.real >= -0x1p63 && resolved.real < 0x1p63))
        return false;
    *value = (int64_t)resolved.real;
    return true;
}

size_t yaml_count(const struct yaml_node *node) {
    return node->count;
}

const struct yaml_node *yaml_item(const struct yaml_node *sequence, size_t index) {
    return sequence->items[index];
}

const struct yaml_node *yaml_key(const struct yaml_node *map, size_t index) {
    return map->pairs[index].key;
}

const struct yaml_node *yaml_value(const struct yaml_node *map, size_t index) {
    return map->pairs[index].value;
}

const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key) {
    for (size_t i = 0; map->kind == YAML_MAP && i < map->count; i++) {
        if (text_equal(map->pairs[i].key->text, key))
            return map->pairs[i].value;
    }
    return NULL;
}
