// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/file_items_internal.h"

bool file_item_read(const json_t *value, const char *what, struct file_item *item, struct error *err) {
    *item = (struct file_item){.path = ""};
    if (!json_is_object_or_null(value, what, err) || !json_get_string(value, what, "path", &item->path, err) ||
        !json_get_text(value, what, "permissions", &item->permissions, err) ||
        !json_get_int(value, what, "user-id", &item->user_id, err) ||
        !json_get_string(value, what, "user", &item->owner.user, err) ||
        !json_get_int(value, what, "group-id", &item->group_id, err) ||
        !json_get_string(value, what, "group", &item->owner.group, err))
        return false;
    if (json_member(value, "user-id") != NULL)
        item->owner.user_id = &item->user_id;
    if (json_member(value, "group-id") != NULL)
        item->owner.group_id = &item->group_id;
    return true;
}

bool file_items_check_count(size_t count, struct error *err) {
    return count <= FILE_ITEMS_MAX ||
           error_set(err, ERROR_BAD_REQUEST, "cannot handle more than %zu paths in a request", FILE_ITEMS_MAX);
}

void file_item_write_result(struct json_writer *writer, const char *path, const struct error *err) {
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "path", path);
    if (err != NULL) {
        json_writer_key(writer, "error");
        json_writer_begin_object(writer);
        json_writer_member_string(writer, "message", error_text(err));
        json_writer_member_string(writer, "kind", err->code != NULL ? err->code : "generic-file-error");
        json_writer_end_object(writer);
    }
    json_writer_end_object(writer);
}
