// SPDX-License-Identifier: LGPL-3.0-or-later
// Users and groups, from /etc/passwd and /etc/group only; no NSS module is loaded.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Configures glibc to use files only (for hosts, files and DNS). Call once, before any thread starts.
void accounts_init(void);

struct account {
    char *name;
    char *home;
    uid_t uid;
    gid_t gid;
};
void account_finish(struct account *account);
#define AUTO_ACCOUNT CLEANUP(account_finish)

// An unknown name or ID is an ERROR_BAD_REQUEST: `user: unknown user NAME`, `user: unknown userid 12`,
// `group: unknown group NAME`, `group: unknown groupid 12`.
bool account_by_name(const char *name, struct account *account, struct error *err) NODISCARD;
bool account_by_uid(uid_t uid, struct account *account, struct error *err) NODISCARD;
bool group_by_name(const char *name, gid_t *gid, struct error *err) NODISCARD;
bool group_name(gid_t gid, char **name, struct error *err) NODISCARD; // owned

// User and group as given in a plan or request. Absent members are NULL.
struct account_request {
    const int64_t *user_id; // any number; one that is not a valid ID is an unknown userid
    const char *user;       // NULL or "" if absent
    const int64_t *group_id;
    const char *group;
};
struct account_choice {
    bool has_uid, has_gid;
    uid_t uid;
    gid_t gid;
};
// Determines uid and gid by the reference's rules. Names are looked up. An ID and a name must agree
// (`user "x" UID (1) does not match user-id (9)`, `group "x" GID (1) does not match group-id (9)`). If only a user is
// given, its primary group is used; a uid without an account needs a gid. A group needs a user
// (`must specify user, not just group`). If nothing is given, neither member is set.
bool account_resolve(const struct account_request *request, struct account_choice *choice, struct error *err) NODISCARD;
