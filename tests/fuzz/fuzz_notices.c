// SPDX-License-Identifier: GPL-3.0-or-later
// A list of notices, or one notice, as the client reads it from a response: it may not crash. A subscription that takes
// the list gives each notice once, in order, and its position never goes back.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "client/events_check_internal.h"
#include "client/events_cursor_internal.h"
#include "client/fields_internal.h"
#include "client/notice_internal.h"
#include "client/notices_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true) {
    if (!is_true)
        abort();
}

static void check_notice(const struct pebble_notice *notice) {
    const char *text = NULL;
    uint32_t user_id = 0;
    check(pebble_notice_id(notice) != NULL && pebble_notice_type(notice) != NULL && pebble_notice_key(notice) != NULL);
    (void)pebble_notice_user_id(notice, &user_id);
    check(pebble_notice_last_repeated_ns(notice, &text) == 0 || text != NULL);
    check(pebble_notice_repeat_after_ns(notice, &text) == 0 || text != NULL);
    struct client_change_data change = {0};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    bool is_read = client_change_data_read(&change, notice, &error);
    check(is_read == (change.kind != NULL) && is_read == (error.kind == PEBBLE_ERROR_NONE));
    client_change_data_finish(&change);
}

// What can stand twice in a list: the same ID with the same time.
static bool is_same(const struct pebble_notice *a, const struct pebble_notice *b) {
    return text_equal(pebble_notice_id(a), pebble_notice_id(b)) &&
           pebble_notice_last_repeated_ns(a, NULL) == pebble_notice_last_repeated_ns(b, NULL);
}

static bool is_first(const struct pebble_notices *notices, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (is_same(pebble_notices_at(notices, i), pebble_notices_at(notices, index)))
            return false;
    }
    return true;
}

static void pass_all(struct client_cursor *cursor, const struct pebble_notices *notices) {
    for (size_t i = 0; i < pebble_notices_count(notices); i++) {
        if (!is_first(notices, i))
            continue;
        int64_t before_ns = cursor->position_ns;
        check(client_cursor_notice(cursor) == pebble_notices_at(notices, i));
        check(before_ns < pebble_notice_last_repeated_ns(pebble_notices_at(notices, i), NULL));
        client_cursor_pass(cursor);
        check(cursor->position_ns >= before_ns);
    }
    check(client_cursor_notice(cursor) == NULL);
    size_t count = pebble_notices_count(notices);
    if (count > 0)
        check(cursor->position_ns == pebble_notice_last_repeated_ns(pebble_notices_at(notices, count - 1), NULL));
}

static void read_list(const json_t *value) {
    struct client_cursor cursor;
    struct pebble_notices *notices = client_notices_read(value, NULL);
    if (notices == NULL)
        return;
    check(pebble_notices_count(notices) == json_array_size(value));
    for (size_t i = 0; i < pebble_notices_count(notices); i++)
        check_notice(pebble_notices_at(notices, i));
    client_cursor_init(&cursor, 0);
    if (client_cursor_take(&cursor, notices, NULL))
        pass_all(&cursor, notices);
    client_cursor_finish(&cursor);
}

static void read_one(const json_t *value) {
    AUTO_ERROR struct error err = {0};
    struct pebble_notice *notice = memory_new(sizeof *notice);
    client_notice_read(value, notice, &err);
    if (!error_is_set(&err))
        check_notice(notice);
    pebble_notice_destroy(notice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FREE char *text = memory_string_n((const char *)data, size);
    AUTO_JSON json_t *value = NULL;
    if (!client_json_read(text, size, &value, NULL))
        return 0;
    if (json_is_object(value))
        read_one(value);
    else
        read_list(value);
    return 0;
}
