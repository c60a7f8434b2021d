// SPDX-License-Identifier: GPL-3.0-or-later
// Account files and a request for a user and a group. The parts are separated by the byte 0x1E: passwd, group, user,
// group, and flags of which IDs are given. The files are read by glibc's own reader of such files, one entry after the
// other, and what is chosen is compared with them.
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/accounts.h"
#include "base/memory.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *passwd_text, *group_text;

static void require(bool condition) {
    if (!condition)
        abort();
}

// --- the files, in place of those in /etc ---

static FILE *open_text(char *text) {
    FILE *file = text[0] != '\0' ? fmemopen(text, strlen(text), "r") : fopen("/dev/null", "r");
    require(file != NULL);
    return file;
}

// As of NIS; getpwnam(3) does not return them.
static bool is_special(const char *name) {
    return name[0] == '+' || name[0] == '-';
}

// An entry with the name, or the ID if there is no name.
static int find_passwd(const char *name, uid_t uid, struct passwd *entry, char *bytes, size_t size,
                       struct passwd **found) {
    FILE *file = open_text(passwd_text);
    int code;
    while ((code = fgetpwent_r(file, entry, bytes, size, found)) == 0) {
        if (!is_special(entry->pw_name) && (name != NULL ? text_equal(entry->pw_name, name) : entry->pw_uid == uid))
            break;
    }
    (void)fclose(file);
    if (code != 0)
        *found = NULL;
    return code == ERANGE ? ERANGE : 0;
}

static int find_group(const char *name, gid_t gid, struct group *entry, char *bytes, size_t size,
                      struct group **found) {
    FILE *file = open_text(group_text);
    int code;
    while ((code = fgetgrent_r(file, entry, bytes, size, found)) == 0) {
        if (!is_special(entry->gr_name) && (name != NULL ? text_equal(entry->gr_name, name) : entry->gr_gid == gid))
            break;
    }
    (void)fclose(file);
    if (code != 0)
        *found = NULL;
    return code == ERANGE ? ERANGE : 0;
}

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *bytes, size_t size, struct passwd **found) {
    return find_passwd(name, 0, entry, bytes, size, found);
}

int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *bytes, size_t size, struct passwd **found) {
    return find_passwd(NULL, uid, entry, bytes, size, found);
}

int __wrap_getgrnam_r(const char *name, struct group *entry, char *bytes, size_t size, struct group **found) {
    return find_group(name, 0, entry, bytes, size, found);
}

int __wrap_getgrgid_r(gid_t gid, struct group *entry, char *bytes, size_t size, struct group **found) {
    return find_group(NULL, gid, entry, bytes, size, found);
}

// --- requests ---

static void check_choice(const struct account_request *request) {
    struct account_choice choice = {0};
    AUTO_ERROR struct error err = {0};
    if (!account_resolve(request, &choice, &err)) {
        require(!choice.has_uid && !choice.has_gid && error_text(&err)[0] != '\0');
        return;
    }
    require(choice.has_uid == choice.has_gid);
    require(choice.has_uid || (request->user_id == NULL && text_is_empty(request->user)));
    require(request->user_id == NULL || *request->user_id == (int64_t)choice.uid);
    require(request->group_id == NULL || *request->group_id == (int64_t)choice.gid);
    AUTO_ACCOUNT struct account account = {0};
    if (!text_is_empty(request->user))
        require(account_by_name(request->user, &account, NULL) && account.uid == choice.uid);
    gid_t gid;
    if (!text_is_empty(request->group))
        require(group_by_name(request->group, &gid, NULL) && gid == choice.gid);
    AUTO_FREE char *name = NULL;
    if (!text_is_empty(request->group))
        require(group_name(choice.gid, &name, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FREE char *text = memory_string_n((const char *)data, size);
    static char empty[] = "";
    char *parts[5] = {empty, empty, empty, empty, empty};
    char *rest = text;
    for (size_t i = 0; i < ARRAY_COUNT(parts) && rest != NULL; i++)
        parts[i] = strsep(&rest, "\x1e");
    passwd_text = parts[0];
    group_text = parts[1];
    int64_t ids[] = {0, -1, 1000, UINT32_MAX, INT64_MAX, 4294968296};
    unsigned flags = (unsigned char)parts[4][0];
    struct account_request request = {
        .user_id = flags & 1 ? &ids[flags / 4 % 6] : NULL,
        .user = parts[2],
        .group_id = flags & 2 ? &ids[flags / 24 % 6] : NULL,
        .group = parts[3],
    };
    check_choice(&request);
    return 0;
}
