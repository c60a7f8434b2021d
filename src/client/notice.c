// SPDX-License-Identifier: LGPL-3.0-or-later
// A notice and its members. Declared in pebble.h.
#include "client/notice_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/fields_internal.h"

void client_notice_finish(struct pebble_notice *notice) {
    free(notice->id);
    free(notice->type);
    free(notice->key);
    free(notice->first_occurred_text);
    free(notice->last_occurred_text);
    free(notice->last_repeated_text);
    free(notice->data);
    free(notice->repeat_after_text);
    free(notice->expire_after_text);
}

void pebble_notice_destroy(struct pebble_notice *notice) {
    if (notice == NULL)
        return;
    client_notice_finish(notice);
    free(notice);
}

// --- what a notice is ---

static int64_t with_text(int64_t value, const char *own, const char **text) {
    if (text != NULL)
        *text = own;
    return value;
}

const char *pebble_notice_id(const struct pebble_notice *notice) {
    return notice->id;
}

bool pebble_notice_user_id(const struct pebble_notice *notice, uint32_t *user_id) {
    if (notice->has_user_id)
        *user_id = notice->user_id;
    return notice->has_user_id;
}

const char *pebble_notice_type(const struct pebble_notice *notice) {
    return notice->type;
}

const char *pebble_notice_key(const struct pebble_notice *notice) {
    return notice->key;
}

int64_t pebble_notice_first_occurred_ns(const struct pebble_notice *notice, const char **text) {
    return with_text(notice->first_occurred, notice->first_occurred_text, text);
}

int64_t pebble_notice_last_occurred_ns(const struct pebble_notice *notice, const char **text) {
    return with_text(notice->last_occurred, notice->last_occurred_text, text);
}

int64_t pebble_notice_last_repeated_ns(const struct pebble_notice *notice, const char **text) {
    return with_text(notice->last_repeated, notice->last_repeated_text, text);
}

int64_t pebble_notice_occurrences(const struct pebble_notice *notice) {
    return notice->occurrences;
}

const char *pebble_notice_data(const struct pebble_notice *notice) {
    return notice->data;
}

int64_t pebble_notice_repeat_after_ns(const struct pebble_notice *notice, const char **text) {
    return with_text(notice->repeat_after, notice->repeat_after_text, text);
}

int64_t pebble_notice_expire_after_ns(const struct pebble_notice *notice, const char **text) {
    return with_text(notice->expire_after, notice->expire_after_text, text);
}

// --- reading ---

static void read_user_id(struct client_fields *fields, struct pebble_notice *notice) {
    int64_t user_id = client_fields_int(fields, "user-id");
    notice->has_user_id = json_member(fields->object, "user-id") != NULL;
    if ((user_id < 0 || user_id > UINT32_MAX) && !error_is_set(fields->err))
        error_set(fields->err, ERROR_INTERNAL, "cannot unmarshal: \"user-id\" is not a user ID");
    notice->user_id = (uint32_t)user_id;
}

static int64_t read_duration(struct client_fields *fields, const char *name, char **text) {
    AUTO_FREE char *given = client_fields_text_or_null(fields, name);
    int64_t duration_ns = 0;
    *text = NULL;
    if (given == NULL)
        return 0;
    if (!duration_parse(given, &duration_ns, NULL)) {
        if (!error_is_set(fields->err))
            error_set(fields->err, ERROR_INTERNAL, "cannot unmarshal: \"%s\" is not a duration", name);
        return 0;
    }
    *text = TAKE(given);
    return duration_ns;
}

void client_notice_read(const json_t *value, void *item, struct error *err) {
    struct pebble_notice *notice = item;
    struct client_fields fields;
    if (!client_fields_init(&fields, value, err))
        return;
    notice->id = client_fields_text(&fields, "id");
    read_user_id(&fields, notice);
    notice->type = client_fields_text(&fields, "type");
    notice->key = client_fields_text(&fields, "key");
    notice->first_occurred = client_fields_time(&fields, "first-occurred", &notice->first_occurred_text);
    notice->last_occurred = client_fields_time(&fields, "last-occurred", &notice->last_occurred_text);
    notice->last_repeated = client_fields_time(&fields, "last-repeated", &notice->last_repeated_text);
    notice->occurrences = client_fields_int(&fields, "occurrences");
    notice->data = client_fields_object_text(&fields, "last-data");
    notice->repeat_after = read_duration(&fields, "repeat-after", &notice->repeat_after_text);
    notice->expire_after = read_duration(&fields, "expire-after", &notice->expire_after_text);
}
