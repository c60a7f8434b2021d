// SPDX-License-Identifier: LGPL-3.0-or-later
// Users and groups, from the files /etc/passwd and /etc/group only (no NSS module is ever opened).
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Tells glibc to look only in files (and DNS for hosts). Call once, before any thread.
void accounts_init(void);

struct account {
    char *name;
    char *home;
    uid_t uid;
    gid_t gid;
};
void account_finish(struct account *account);
#define AUTO_ACCOUNT CLEANUP(account_finish)

// An unknown name or id is an ERROR_BAD_REQUEST: `user: unknown user NAME`, `user: unknown userid 12`,
// `group: unknown group NAME`, `group: unknown groupid 12`.
bool account_by_name(const char *name, struct account *account, struct error *err) NODISCARD;
bool account_by_uid(uid_t uid, struct account *account, struct error *err) NODISCARD;
bool group_by_name(const char *name, gid_t *gid, struct error *err) NODISCARD;
bool group_name(gid_t gid, char **name, struct error *err) NODISCARD; // owned

// What a plan or request says of a user and group; absent members are NULL.
struct account_request {
    const int64_t *user_id; // NULL, or as a client wrote it: what no account can have is an unknown userid
    const char *user;       // NULL or "" when absent
    const int64_t *group_id;
    const char *group;
};
struct account_choice {
    bool has_uid, has_gid;
    uid_t uid;
    gid_t gid;
};
// Works out uid and gid by the reference's rules: names are looked up, an id and a name must agree
// (`user "x" UID (1) does not match user-id (9)`, `group "x" GID (1) does not match group-id (9)`), a user
// brings its own group when no group is given, a uid without an account needs a gid,
// `must specify user, not just group`. Nothing given: neither member set.
bool account_resolve(const struct account_request *request, struct account_choice *choice, struct error *err) NODISCARD;
