// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/accounts.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <nss.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"

#define SPACE_BYTES_START 1024
#define SPACE_BYTES_MAX (1 << 20) // includes the members of a group

void accounts_init(void) {
    static const char *const databases[] = {"passwd", "group", "initgroups", "shadow"};
    for (size_t i = 0; i < ARRAY_COUNT(databases); i++)
        __nss_configure_lookup(databases[i], "files");
    __nss_configure_lookup("hosts", "files dns");
}

void account_finish(struct account *account) {
    free(account->name);
    free(account->home);
    *account = (struct account){0};
}

// Memory for the strings of a lookup. The needed size is found by trying.
struct space {
    char *bytes;
    size_t size;
};

static struct space space_new(void) {
    return (struct space){memory_new(SPACE_BYTES_START), SPACE_BYTES_START};
}

static void space_finish(struct space *space) {
    free(space->bytes);
}
#define AUTO_SPACE CLEANUP(space_finish)

// Whether to repeat the lookup that returned `code`. Grows the space if it was too small.
static bool space_retry(struct space *space, int code) {
    if (code == EINTR)
        return true;
    if (code != ERANGE || space->size >= SPACE_BYTES_MAX)
        return false;
    space->size *= 2;
    space->bytes = memory_resize(space->bytes, space->size);
    return true;
}

// The errors by which getpwnam(3) may report a missing entry. ENOENT is a missing file.
static bool means_unknown(int code) {
    return code == 0 || code == ENOENT || code == ESRCH || code == EBADF || code == EPERM;
}

static void take_account(const struct passwd *entry, struct account *account) {
    *account = (struct account){
        .name = memory_string(entry->pw_name),
        .home = memory_string(entry->pw_dir),
        .uid = entry->pw_uid,
        .gid = entry->pw_gid,
    };
}

bool account_by_name(const char *name, struct account *account, struct error *err) {
    AUTO_SPACE struct space space = space_new();
    struct passwd entry;
    struct passwd *found = NULL;
    int code;
    do {
        code = getpwnam_r(name, &entry, space.bytes, space.size, &found);
    } while (space_retry(&space, code));
    if (found != NULL) {
        take_account(found, account);
        return true;
    }
    return means_unknown(code) ? error_set(err, ERROR_BAD_REQUEST, "user: unknown user %s", name)
                               : error_set_errno(err, code, "user: lookup username %s", name);
}

static bool unknown_uid(int64_t uid, struct error *err) {
    return error_set(err, ERROR_BAD_REQUEST, "user: unknown userid %" PRId64, uid);
}

bool account_by_uid(uid_t uid, struct account *account, struct error *err) {
    AUTO_SPACE struct space space = space_new();
    struct passwd entry;
    struct passwd *found = NULL;
    int code;
    do {
        code = getpwuid_r(uid, &entry, space.bytes, space.size, &found);
    } while (space_retry(&space, code));
    if (found != NULL) {
        take_account(found, account);
        return true;
    }
    return means_unknown(code) ? unknown_uid(uid, err) : error_set_errno(err, code, "user: lookup userid %u", uid);
}

bool group_by_name(const char *name, gid_t *gid, struct error *err) {
    AUTO_SPACE struct space space = space_new();
    struct group entry;
    struct group *found = NULL;
    int code;
    do {
        code = getgrnam_r(name, &entry, space.bytes, space.size, &found);
    } while (space_retry(&space, code));
    if (found != NULL) {
        *gid = found->gr_gid;
        return true;
    }
    return means_unknown(code) ? error_set(err, ERROR_BAD_REQUEST, "group: unknown group %s", name)
                               : error_set_errno(err, code, "user: lookup groupname %s", name);
}

static bool unknown_gid(int64_t gid, struct error *err) {
    return error_set(err, ERROR_BAD_REQUEST, "group: unknown groupid %" PRId64, gid);
}

bool group_name(gid_t gid, char **name, struct error *err) {
    AUTO_SPACE struct space space = space_new();
    struct group entry;
    struct group *found = NULL;
    int code;
    do {
        code = getgrgid_r(gid, &entry, space.bytes, space.size, &found);
    } while (space_retry(&space, code));
    if (found != NULL) {
        *name = memory_string(found->gr_name);
        return true;
    }
    return means_unknown(code) ? error_set(err, ERROR_BAD_REQUEST, "group: unknown groupid %u", gid)
                               : error_set_errno(err, code, "user: lookup groupid %u", gid);
}

// Whether the number is a valid ID. All ones is not (setreuid(2)). Larger numbers must not be truncated to the ID of an
// account.
static bool is_id(int64_t number) {
    return number >= 0 && number < UINT32_MAX;
}

static bool choose_user(const struct account_request *request, struct account_choice *choice, struct error *err) {
    AUTO_ACCOUNT struct account account = {0};
    if (text_is_empty(request->user)) {
        if (request->user_id != NULL && !is_id(*request->user_id))
            return unknown_uid(*request->user_id, err);
        choice->has_uid = request->user_id != NULL;
        choice->uid = choice->has_uid ? (uid_t)*request->user_id : 0;
        return true;
    }
    if (!account_by_name(request->user, &account, err))
        return false;
    if (request->user_id != NULL && *request->user_id != (int64_t)account.uid) {
        AUTO_FREE char *quoted = text_quoted(request->user);
        return error_set(err, ERROR_BAD_REQUEST, "user %s UID (%u) does not match user-id (%" PRId64 ")", quoted,
                         account.uid, *request->user_id);
    }
    choice->has_uid = true;
    choice->uid = account.uid;
    return true;
}

static bool choose_group(const struct account_request *request, struct account_choice *choice, struct error *err) {
    if (text_is_empty(request->group)) {
        if (request->group_id != NULL && !is_id(*request->group_id))
            return unknown_gid(*request->group_id, err);
        choice->has_gid = request->group_id != NULL;
        choice->gid = choice->has_gid ? (gid_t)*request->group_id : 0;
        return true;
    }
    gid_t gid = 0;
    if (!group_by_name(request->group, &gid, err))
        return false;
    if (request->group_id != NULL && *request->group_id != (int64_t)gid) {
        AUTO_FREE char *quoted = text_quoted(request->group);
        return error_set(err, ERROR_BAD_REQUEST, "group %s GID (%u) does not match group-id (%" PRId64 ")", quoted, gid,
                         *request->group_id);
    }
    choice->has_gid = true;
    choice->gid = gid;
    return true;
}

static bool choose_primary_group(struct account_choice *choice, struct error *err) {
    AUTO_ACCOUNT struct account account = {0};
    if (!account_by_uid(choice->uid, &account, err))
        return false;
    choice->has_gid = true;
    choice->gid = account.gid;
    return true;
}

bool account_resolve(const struct account_request *request, struct account_choice *choice, struct error *err) {
    struct account_choice made = {0};
    if (!choose_user(request, &made, err) || !choose_group(request, &made, err))
        return false;
    if (made.has_gid && !made.has_uid)
        return error_set(err, ERROR_BAD_REQUEST, "must specify user, not just group");
    if (made.has_uid && !made.has_gid && !choose_primary_group(&made, err))
        return false;
    *choice = made;
    return true;
}
