// SPDX-License-Identifier: GPL-3.0-or-later
// The input of the fuzz targets of log forwarding: the number of labels, a time, then texts that end with NUL (the
// service, and name and value of each label), then lines.
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "forward/encoder_internal.h"

#define FUZZ_LINES_MAX 20

static inline void check(bool is_true) {
    if (!is_true)
        abort();
}

struct fuzz_lines {
    char *service;
    struct text_list names, values;
    struct log_stream stream;
    struct ring_entry
        entries[FUZZ_LINES_MAX]; // each message has its own memory, so that a step beyond its end is noticed
    size_t count;
};

static inline void fuzz_lines_finish(struct fuzz_lines *lines) {
    free(lines->service);
    text_list_clear(&lines->names);
    text_list_clear(&lines->values);
    for (size_t i = 0; i < lines->count; i++)
        free((char *)(uintptr_t)lines->entries[i].message);
}
#define AUTO_FUZZ_LINES CLEANUP(fuzz_lines_finish)

static inline char *take_text(const char **input, size_t *left) {
    size_t length = strnlen(*input, *left);
    char *text = memory_string_n(*input, length);
    size_t taken = length < *left ? length + 1 : length;
    *input += taken;
    *left -= taken;
    return text;
}

// Plans have no names of labels that are not UTF-8, or that begin with "pebble_".
static inline void take_labels(struct fuzz_lines *lines, size_t count, const char **input, size_t *left) {
    AUTO_MAP struct map labels = MAP_INIT(free);
    while (count-- > 0) {
        AUTO_FREE char *name = take_text(input, left);
        char *value = take_text(input, left);
        if (utf8_is_valid(name, strlen(name)) && !text_has_prefix(name, "pebble_"))
            map_set(&labels, name, value);
        else
            free(value);
    }
    AUTO_FREE struct map_entry **sorted = map_sorted(&labels);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        text_list_add(&lines->names, sorted[i]->key);
        text_list_add(&lines->values, sorted[i]->value);
    }
}

static inline void take_line(struct fuzz_lines *lines, int64_t wall_ns, const char **input, size_t *left) {
    const char *end = memchr(*input, '\n', *left);
    size_t length = end != NULL ? (size_t)(end - *input) : *left;
    lines->entries[lines->count++] =
        (struct ring_entry){.wall_ns = wall_ns, .message = memory_copy(*input, length), .length = length};
    size_t taken = end != NULL ? length + 1 : length;
    *input += taken;
    *left -= taken;
}

static inline bool fuzz_lines_take(struct fuzz_lines *lines, const uint8_t *data, size_t size) {
    *lines = (struct fuzz_lines){0};
    if (size < 5)
        return false;
    const char *input = (const char *)data + 5;
    size_t left = size - 5;
    int64_t wall_ns =
        (int64_t)((uint32_t)data[1] << 24 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 8 | data[4]) * NS_PER_S;
    lines->service = take_text(&input, &left);
    take_labels(lines, data[0] % 8, &input, &left);
    for (; left > 0 && lines->count < FUZZ_LINES_MAX; wall_ns += NS_PER_MS)
        take_line(lines, wall_ns, &input, &left);
    lines->stream = (struct log_stream){
        .service = lines->service, .host = "host.example", .names = &lines->names, .values = &lines->values};
    return true;
}
