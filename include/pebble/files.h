/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: files on the file system of the daemon. Part of pebble.h, which includes it.
 *
 * Paths of the daemon are absolute. If the daemon cannot do what it is asked for with a path, the error is
 * PEBBLE_ERROR_PATH with the api_kind "not-found", "permission-denied" or "generic-file-error". To a list of files it
 * responds with PEBBLE_ERROR_API, the same api_kind, and a status.
 */
#ifndef PEBBLE_FILES_H
#define PEBBLE_FILES_H

#include "../pebble.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pebble_file;
struct pebble_files;
enum pebble_list_flags {
    PEBBLE_LIST_ITSELF = 1 /* a directory itself, not its entries */
};
struct pebble_list_options {
    size_t size; /* sizeof(struct pebble_list_options) */
    /* Only entries whose name matches, such as "*.txt", by the rules of Go's path.Match; NULL: all. */
    const char *pattern;
    uint64_t flags; /* of enum pebble_list_flags */
};
/* The entries of a directory in the order of their names, or the one file. `options` may be NULL. */
bool pebble_list_files(struct pebble_client *client, const char *path, const struct pebble_list_options *options,
                       struct pebble_files **files, struct pebble_error *error);
bool pebble_call_list_files(struct pebble_client *client, const char *path, const struct pebble_list_options *options,
                            struct pebble_call **call, struct pebble_error *error);
struct pebble_files *pebble_call_take_files(struct pebble_call *call);
size_t pebble_files_count(const struct pebble_files *files);
/* Part of the list; NULL if `index` is not below the count. */
const struct pebble_file *pebble_files_at(const struct pebble_files *files, size_t index);
void pebble_files_destroy(struct pebble_files *files);

const char *pebble_file_path(const struct pebble_file *file); /* absolute */
const char *pebble_file_name(const struct pebble_file *file); /* the last element of the path */
/* "file", "directory", "symlink", "socket", "named-pipe", "device" or "unknown". */
const char *pebble_file_type(const struct pebble_file *file);
/* Whether it has one, which only plain files do. Bytes; `size` may be NULL. */
bool pebble_file_size(const struct pebble_file *file, int64_t *size);
uint32_t pebble_file_permissions(const struct pebble_file *file); /* 0 to 0777 */
/* When its content was last modified. */
int64_t pebble_file_last_modified_ns(const struct pebble_file *file, const char **text);
/* Whether the daemon has given the owner, or the group. `user_id` and `group_id` may be NULL. */
bool pebble_file_user_id(const struct pebble_file *file, uint32_t *user_id);
bool pebble_file_group_id(const struct pebble_file *file, uint32_t *group_id);
/* NULL: the daemon knows no name for it. */
const char *pebble_file_user(const struct pebble_file *file);
const char *pebble_file_group(const struct pebble_file *file);

/* Whether there is anything at the path. */
bool pebble_file_exists(struct pebble_client *client, const char *path, bool *exists, struct pebble_error *error);
/* Whether there is a directory, or a symbolic link to one. */
bool pebble_is_directory(struct pebble_client *client, const char *path, bool *is_directory,
                         struct pebble_error *error);

/* Gets the bytes of the content that were transferred so far. If it returns false, the transfer fails with
 * PEBBLE_ERROR_CANCELLED. */
typedef bool (*pebble_transferred_fn)(uint64_t bytes, void *data);

enum pebble_push_flags {
    PEBBLE_PUSH_MAKE_DIRECTORIES = 1 /* make missing parents, with permissions 0755 and the owner of the file */
};
/* The content is one of three, or empty. It is read with constant memory, and borrowed until the call has ended.
 * Callbacks are called by the function, or by pebble_call_step(). They may use the client, but not the call. */
struct pebble_push_options {
    size_t size;       /* sizeof(struct pebble_push_options) */
    const char *path;  /* required */
    const void *bytes; /* in memory; NULL: none */
    size_t length;     /* of `bytes` */
    const int *fd;     /* a descriptor, read from its position to its end; NULL: none */
    pebble_read_fn on_read;
    pebble_transferred_fn on_transferred; /* may be NULL */
    void *data;                           /* for both callbacks */
    uint64_t flags;                       /* of enum pebble_push_flags */
    uint32_t permissions;                 /* up to 0777; 0: 0644 */
    const int64_t *user_id;               /* owner; NULL: that of the daemon, or see `user` */
    const char *user;                     /* its name; NULL: none */
    const int64_t *group_id;              /* only with a user; NULL: see `group`, or that of the user */
    const char *group;
};
/* Creates the file, or replaces it at once when the whole content has arrived. */
bool pebble_push_file(struct pebble_client *client, const struct pebble_push_options *options,
                      struct pebble_error *error);
/* The call has no result to take. */
bool pebble_call_push_file(struct pebble_client *client, const struct pebble_push_options *options,
                           struct pebble_call **call, struct pebble_error *error);

struct pebble_content;
/* The content goes to one of two, or is kept in memory as the result. On failure, the first part of it may have been
 * written. Callbacks are called by the function, or by pebble_call_step(). They may use the client, but not the call.
 */
struct pebble_pull_options {
    size_t size;      /* sizeof(struct pebble_pull_options) */
    const char *path; /* required */
    const int *fd;    /* a descriptor, borrowed until the call has ended; NULL: none */
    pebble_write_fn on_write;
    pebble_transferred_fn on_transferred; /* may be NULL */
    void *data;                           /* for both callbacks */
    size_t limit_bytes;                   /* of what is kept in memory; beyond, the call fails; 0: 64 MiB */
};
/* Reads a regular file. *content (`content` may be NULL) is set to NULL if it has gone elsewhere. */
bool pebble_pull_file(struct pebble_client *client, const struct pebble_pull_options *options,
                      struct pebble_content **content, struct pebble_error *error);
bool pebble_call_pull_file(struct pebble_client *client, const struct pebble_pull_options *options,
                           struct pebble_call **call, struct pebble_error *error);
struct pebble_content *pebble_call_take_content(struct pebble_call *call);
/* *length (may be NULL) does not count the NUL at the end. */
const char *pebble_content_bytes(const struct pebble_content *content, size_t *length);
void pebble_content_destroy(struct pebble_content *content);

enum pebble_directory_flags {
    PEBBLE_DIRECTORY_MAKE_PARENTS = 1 /* also missing parents; and it is fine if the directory exists */
};
struct pebble_directory_options {
    size_t size;            /* sizeof(struct pebble_directory_options) */
    const char *path;       /* required */
    uint64_t flags;         /* of enum pebble_directory_flags */
    uint32_t permissions;   /* up to 0777; 0: 0755 */
    const int64_t *user_id; /* owner and group as in struct pebble_push_options */
    const char *user;
    const int64_t *group_id;
    const char *group;
};
/* Makes a directory. Without PEBBLE_DIRECTORY_MAKE_PARENTS it fails if there is something at the path. */
bool pebble_make_directory(struct pebble_client *client, const struct pebble_directory_options *options,
                           struct pebble_error *error);
bool pebble_call_make_directory(struct pebble_client *client, const struct pebble_directory_options *options,
                                struct pebble_call **call, struct pebble_error *error);

enum pebble_remove_flags {
    PEBBLE_REMOVE_RECURSIVE = 1 /* a directory with all below it; and it is fine if there is nothing */
};
/* Removes a file or an empty directory. `flags`: of enum pebble_remove_flags. */
bool pebble_remove_path(struct pebble_client *client, const char *path, uint64_t flags, struct pebble_error *error);
bool pebble_call_remove_path(struct pebble_client *client, const char *path, uint64_t flags, struct pebble_call **call,
                             struct pebble_error *error);

/* Gets a path of the source that could not be copied, and why; both are borrowed until it returns. If it returns false,
 * nothing more is copied. It may use the client. */
typedef bool (*pebble_copy_failed_fn)(const char *path, const struct pebble_error *error, void *data);
/* A source is a file, a directory, or a directory with a slash and an asterisk behind it, for all that is in it. To the
 * directory "/b" are copied:
 *
 *     "/a/file"               as "/b/file"
 *     "/a/tree"               as "/b/tree", with all below it
 *     "/a/tree", slash, "*"   all below "/a/tree", as "/b/..."
 *
 * Source paths of the daemon are absolute, local ones may be relative. Missing directories are made. A symbolic link to
 * a file is copied as that file; one to a directory, below a source, is a failure. Sockets, pipes and devices are left
 * out. */
struct pebble_copy_options {
    size_t size;                /* sizeof(struct pebble_copy_options) */
    const char *const *sources; /* required, with their count */
    size_t source_count;
    const char *directory;           /* the target; required */
    pebble_copy_failed_fn on_failed; /* may be NULL */
    void *data;                      /* for `on_failed` */
};
/* Copies local files and directories to the daemon, with permissions and owners (numbers), or those of the daemon to
 * local ones, with permissions as far as the umask allows. The owner may read and write new files and directories, and
 * enter the latter; a local file that is copied from a link is for the owner only. A local file is replaced when its
 * copy is complete, and keeps its permissions, as does a directory that is there. The target directory, if it is
 * missing, has the default permissions. What can be copied is copied; the error is that of the first path that could
 * not be. */
bool pebble_push_path(struct pebble_client *client, const struct pebble_copy_options *options,
                      struct pebble_error *error);
bool pebble_pull_path(struct pebble_client *client, const struct pebble_copy_options *options,
                      struct pebble_error *error);

#ifdef __cplusplus
}
#endif

#endif
