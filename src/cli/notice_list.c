// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/notice_list.h"

#include <stdio.h>
#include <string.h>

static void add_user(struct document *document, const struct pebble_notice *notice) {
    uint32_t user_id;
    document_key(document, "user-id");
    if (pebble_notice_user_id(notice, &user_id))
        document_int(document, user_id);
    else
        document_json(document, json_null());
}

static void add_data(struct document *document, const char *text) {
    AUTO_JSON json_t *data = NULL;
    if (text == NULL || !json_read(text, strlen(text), &data, NULL) || json_object_size(data) == 0)
        return;
    document_key(document, "last-data");
    document_json(document, data);
}

static void add_duration(struct document *document, const char *key, const char *text) {
    if (text != NULL)
        document_member_string(document, key, text);
}

void document_add_notice(struct document *document, const struct pebble_notice *notice) {
    const char *first, *last, *repeated, *repeat_after, *expire_after;
    (void)pebble_notice_first_occurred_ns(notice, &first);
    (void)pebble_notice_last_occurred_ns(notice, &last);
    (void)pebble_notice_last_repeated_ns(notice, &repeated);
    (void)pebble_notice_repeat_after_ns(notice, &repeat_after);
    (void)pebble_notice_expire_after_ns(notice, &expire_after);
    document_begin_map(document);
    document_member_string(document, "id", pebble_notice_id(notice));
    add_user(document, notice);
    document_member_string(document, "type", pebble_notice_type(notice));
    document_member_string(document, "key", pebble_notice_key(notice));
    document_member_time(document, "first-occurred", first);
    document_member_time(document, "last-occurred", last);
    document_member_time(document, "last-repeated", repeated);
    document_member_int(document, "occurrences", pebble_notice_occurrences(notice));
    add_data(document, pebble_notice_data(notice));
    add_duration(document, "repeat-after", repeat_after);
    add_duration(document, "expire-after", expire_after);
    document_end_map(document);
}

void notice_list_print(enum cli_format format, const char *name, const struct pebble_notices *notices) {
    struct document document;
    document_init(&document, format);
    document_begin_map(&document);
    document_key(&document, name);
    document_begin_list(&document);
    for (size_t i = 0; i < pebble_notices_count(notices); i++)
        document_add_notice(&document, pebble_notices_at(notices, i));
    document_end_list(&document);
    document_end_map(&document);
    document_print(&document);
}

bool notice_list_finish(struct pebble_notices *notices, struct state_file *state, enum state_moment moment,
                        const char *socket_path, struct error *err) {
    size_t count = pebble_notices_count(notices);
    const char *repeated = NULL;
    if (count > 0)
        (void)pebble_notice_last_repeated_ns(pebble_notices_at(notices, count - 1), &repeated);
    // What was not written has not been listed. The failure is reported at the end of the program.
    bool is_listed = repeated != NULL && fflush(stdout) == 0 && !ferror(stdout);
    bool is_good =
        !is_listed || !clock_parse(repeated, &state->moments[moment]) || state_file_save(socket_path, state, err);
    pebble_notices_destroy(notices);
    return is_good;
}
