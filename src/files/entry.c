// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in files/entry_internal.h.
#include "files/entry_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/accounts.h"
#include "base/clock.h"
#include "base/memory.h"

#define ID_TEXT_SIZE 16
#define TIME_TEXT_SIZE 64

void entry_writer_init(struct entry_writer *writer, struct json_writer *json) {
    writer->json = json;
    map_init(&writer->users, free);
    map_init(&writer->groups, free);
}

void entry_writer_finish(struct entry_writer *writer) {
    map_finish(&writer->users);
    map_finish(&writer->groups);
}

static char *look_up_user(uid_t uid) {
    AUTO_ACCOUNT struct account account = {0};
    bool is_known = account_by_uid(uid, &account, NULL);
    return is_known ? TAKE(account.name) : memory_string("");
}

static char *look_up_group(gid_t gid) {
    char *name = NULL;
    return group_name(gid, &name, NULL) ? name : memory_string("");
}

static const char *name_of(struct map *names, uint32_t id, char *(*look_up)(uint32_t id)) {
    char key[ID_TEXT_SIZE];
    (void)snprintf(key, sizeof key, "%" PRIu32, id);
    if (!map_has(names, key))
        map_set(names, key, look_up(id));
    return map_get(names, key);
}

static const char *type_of(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "file";
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "symlink";
    case S_IFSOCK:
        return "socket";
    case S_IFIFO:
        return "named-pipe";
    case S_IFCHR:
    case S_IFBLK:
        return "device";
    default:
        return "unknown";
    }
}

// RFC 3339 with whole seconds, in the local zone. The time may be one that does not fit in nanoseconds.
static void format_time(time_t seconds, char out[TIME_TEXT_SIZE]) {
    struct tm tm = {0};
    if (!clock_local(seconds, &tm))
        tm = (struct tm){.tm_year = 70, .tm_mday = 1};
    long minutes = tm.tm_gmtoff / 60;
    int length = snprintf(out, TIME_TEXT_SIZE, "%04ld-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900L, tm.tm_mon + 1,
                          tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    size_t left = TIME_TEXT_SIZE - (size_t)length;
    if (tm.tm_gmtoff == 0)
        (void)snprintf(out + length, left, "Z");
    else
        (void)snprintf(out + length, left, "%c%02ld:%02ld", minutes < 0 ? '-' : '+', labs(minutes) / 60,
                       labs(minutes) % 60);
}

static const char *name_in(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

void entry_write(struct entry_writer *writer, const char *path, const struct stat *status) {
    char permissions[8], time[TIME_TEXT_SIZE];
    (void)snprintf(permissions, sizeof permissions, "%03o", (unsigned)status->st_mode & 0777);
    format_time(status->st_mtime, time);
    struct json_writer *json = writer->json;
    json_writer_begin_object(json);
    json_writer_member_string(json, "path", path);
    json_writer_member_string(json, "name", name_in(path));
    json_writer_member_string(json, "type", type_of(status->st_mode));
    if (S_ISREG(status->st_mode))
        json_writer_member_int(json, "size", status->st_size);
    json_writer_member_string(json, "permissions", permissions);
    json_writer_member_string(json, "last-modified", time);
    json_writer_member_int(json, "user-id", status->st_uid);
    json_writer_member_string(json, "user", name_of(&writer->users, status->st_uid, look_up_user));
    json_writer_member_int(json, "group-id", status->st_gid);
    json_writer_member_string(json, "group", name_of(&writer->groups, status->st_gid, look_up_group));
    json_writer_end_object(json);
}
