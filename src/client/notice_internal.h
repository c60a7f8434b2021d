// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: the structure of a notice.
#pragma once

#include "base/error.h"
#include "data/json.h"
#include "pebble.h"

#include <stdbool.h>
#include <stdint.h>

struct pebble_notice {
    char *id;
    bool has_user_id;
    uint32_t user_id;
    char *type;
    char *key;
    char *first_occurred_text, *last_occurred_text, *last_repeated_text;
    int64_t first_occurred, last_occurred, last_repeated;
    int64_t occurrences;
    char *data; // JSON object text, or NULL
    char *repeat_after_text, *expire_after_text;
    int64_t repeat_after, expire_after;
};

void client_notice_finish(struct pebble_notice *notice); // frees what is in it
// Reads a notice into a structure that is all zero. What is wrong is noted in `err`.
void client_notice_read(const json_t *value, void *notice, struct error *err);
