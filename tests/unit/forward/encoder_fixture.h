// SPDX-License-Identifier: GPL-3.0-or-later
// Lines of services, and what an encoder makes of them.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "forward/encoder_internal.h"

// 2026-01-02T03:04:05.678Z
#define LINE_NS (INT64_C(1767323045678) * NS_PER_MS)

struct labelled {
    struct text_list names, values;
    struct log_stream stream;
};

static inline void labelled_init(struct labelled *labelled, const char *service) {
    *labelled = (struct labelled){0};
    labelled->stream = (struct log_stream){
        .service = service, .host = "host.example", .names = &labelled->names, .values = &labelled->values};
}

static inline void labelled_add(struct labelled *labelled, const char *name, const char *value) {
    text_list_add(&labelled->names, name);
    text_list_add(&labelled->values, value);
}

static inline void labelled_finish(struct labelled *labelled) {
    text_list_clear(&labelled->names);
    text_list_clear(&labelled->values);
}

static inline void add_line(const struct encoder *encoder, struct buffer *out, const struct labelled *labelled,
                            const char *message) {
    const struct ring_entry entry = {.wall_ns = LINE_NS, .message = message, .length = strlen(message)};
    encoder->add_line(out, &labelled->stream, &entry);
}
