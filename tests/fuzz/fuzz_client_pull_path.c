// SPDX-License-Identifier: GPL-3.0-or-later
// What a daemon sends to a client that copies a tree to local files: lists of files, and their contents. Nothing may be
// written outside of the target directory.
#include "client_peer.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "base/text.h"

#define DEPTH_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[] = "/dev/shm/fuzz-XXXXXX"; // in memory: a copy is flushed to its disk
static int root_fd = -1;

static bool is_entry(const struct dirent *entry) {
    return !text_equal(entry->d_name, ".") && !text_equal(entry->d_name, "..");
}

// Removes what is below the directory. Closes the descriptor. There are only plain files and directories.
static void remove_all(int fd, int depth) {
    struct stat status;
    DIR *directory = fdopendir(fd);
    check(directory != NULL && depth < DEPTH_MAX);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (!is_entry(entry))
            continue;
        check(fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0);
        check(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
        check((status.st_mode & (S_ISUID | S_ISGID | S_ISVTX)) == 0);
        if (S_ISDIR(status.st_mode))
            remove_all(openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), depth + 1);
        check(unlinkat(fd, entry->d_name, S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0) == 0);
    }
    (void)closedir(directory);
}

// Only the target is in the root, and only what the source is called in the target.
static void check_names(int fd, const char *name) {
    DIR *directory = fdopendir(fd);
    check(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        check(!is_entry(entry) || text_equal(entry->d_name, name));
    (void)closedir(directory);
}

static int open_below(const char *path) {
    return openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_root(void) {
    (void)rmdir(root);
}

static void make_root(void) {
    if (root_fd >= 0)
        return;
    check(mkdtemp(root) != NULL);
    root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(root_fd >= 0 && atexit(remove_root) == 0);
}

static bool on_copy_failed(const char *path, const struct pebble_error *error, void *data UNUSED) {
    check(path != NULL);
    peer_check_error(error);
    return true;
}

static void copy(struct pebble_client *client) {
    static const char *const sources[] = {"/tree"};
    char target[sizeof root + 8];
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    (void)snprintf(target, sizeof target, "%s/a/b", root);
    const struct pebble_copy_options options = {.size = sizeof options,
                                                .sources = sources,
                                                .source_count = 1,
                                                .directory = target,
                                                .on_failed = on_copy_failed};
    if (!pebble_pull_path(client, &options, &error))
        peer_check_error(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    make_root();
    struct pebble_client *client = peer_begin((const char *)data + 1, size - 1, (data[0] & 1) != 0);
    copy(client);
    peer_end(client);
    check_names(open_below("."), "a");
    check_names(open_below("a"), "b");
    check_names(open_below("a/b"), "tree");
    remove_all(open_below("."), 0);
    return 0;
}
