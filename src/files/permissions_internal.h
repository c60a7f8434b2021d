// SPDX-License-Identifier: GPL-3.0-or-later
// Private to files/: permissions and owners, as given in requests.
#pragma once

#include "base/accounts.h"
#include "base/error.h"

#include <sys/types.h>

// Reads exactly three octal digits; `missing` for NULL or "". ERROR_BAD_REQUEST otherwise.
bool permissions_parse(const char *text, mode_t missing, mode_t *mode, struct error *err) NODISCARD;

// User and group of a request, copied.
struct file_owner {
    char *user, *group;
    int64_t user_id, group_id;
    bool has_user_id, has_group_id;
};
void file_owner_init(struct file_owner *owner, const struct account_request *request);
void file_owner_finish(struct file_owner *owner);
// account_resolve(), with `cannot look up user and group: ` before its messages.
bool file_owner_resolve(const struct file_owner *owner, struct account_choice *choice, struct error *err) NODISCARD;
