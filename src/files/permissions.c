// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/permissions_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

bool permissions_parse(const char *text, mode_t missing, mode_t *mode, struct error *err) {
    if (text_is_empty(text)) {
        *mode = missing;
        return true;
    }
    if (strlen(text) != 3 || strspn(text, "01234567") != 3) {
        AUTO_FREE char *quoted = text_quoted(text);
        return error_set(err, ERROR_BAD_REQUEST, "permissions must be a 3-digit octal string, got %s", quoted);
    }
    *mode = (mode_t)((text[0] - '0') << 6 | (text[1] - '0') << 3 | (text[2] - '0'));
    return true;
}

static char *copy_or_null(const char *text) {
    return text_is_empty(text) ? NULL : memory_string(text);
}

void file_owner_init(struct file_owner *owner, const struct account_request *request) {
    *owner = (struct file_owner){.user = copy_or_null(request->user),
                                 .group = copy_or_null(request->group),
                                 .has_user_id = request->user_id != NULL,
                                 .has_group_id = request->group_id != NULL};
    owner->user_id = owner->has_user_id ? *request->user_id : 0;
    owner->group_id = owner->has_group_id ? *request->group_id : 0;
}

void file_owner_finish(struct file_owner *owner) {
    free(owner->user);
    free(owner->group);
}

bool file_owner_resolve(const struct file_owner *owner, struct account_choice *choice, struct error *err) {
    const struct account_request request = {
        .user = owner->user,
        .group = owner->group,
        .user_id = owner->has_user_id ? &owner->user_id : NULL,
        .group_id = owner->has_group_id ? &owner->group_id : NULL,
    };
    return account_resolve(&request, choice, err) || error_prefix(err, "cannot look up user and group: ");
}
