// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the items of requests about files, and their results.
#pragma once

#include "base/accounts.h"
#include "data/json.h"

// Of one request.
#define FILE_ITEMS_MAX ((size_t)32768)

// The members that items of all actions share. Strings are borrowed from the JSON value. Not to be copied: `owner`
// points into it.
struct file_item {
    const char *path;        // "" if absent
    const char *permissions; // NULL if absent
    struct account_request owner;
    int64_t user_id, group_id;
};
bool file_item_read(const json_t *value, const char *what, struct file_item *item, struct error *err) NODISCARD;
// ERROR_BAD_REQUEST if there are more items than a request may have.
bool file_items_check_count(size_t count, struct error *err) NODISCARD;

// Writes the result of one path: the error is NULL for success.
void file_item_write_result(struct json_writer *writer, const char *path, const struct error *err);
