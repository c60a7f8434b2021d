// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/root_apply_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// <sys/mount.h> and <linux/mount.h> of some versions exclude each other.
#define FLAG_NOSUID 2UL
#define FLAG_BIND 4096UL
#define FLAG_REC 16384UL
#define FLAG_PRIVATE (1UL << 18)
#define FLAG_DETACH 2

static bool mount_at(const char *source, const char *target, const char *type, unsigned long flags,
                     const char *options) {
    return syscall(SYS_mount, source, target, type, flags, options) == 0;
}

// --- read-only copies ---

// The copy is read-only before it is attached: a failure leaves nothing writable behind.
static bool bind_read_only(const char *source, const char *target) {
    const struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    int fd = (int)syscall(SYS_open_tree, AT_FDCWD, source,
                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
    if (fd < 0)
        return false;
    bool is_bound =
        syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) == 0 &&
        syscall(SYS_move_mount, fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) == 0;
    int errnum = errno;
    (void)close(fd);
    errno = errnum;
    return is_bound;
}

static bool make_place(const char *path, bool is_directory) {
    if (is_directory)
        return mkdir(path, S_IRWXU) == 0 || errno == EEXIST || errno == EROFS;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0 || errno == EEXIST || errno == EROFS;
}

// --- steps ---

static bool run_step(const struct testing_step *step) {
    switch (step->kind) {
    case TESTING_STEP_OVERLAY:
        return mount_at("overlay", step->target, "overlay", 0, step->options);
    case TESTING_STEP_DIRECTORY:
    case TESTING_STEP_FILE:
        return make_place(step->target, step->kind == TESTING_STEP_DIRECTORY) &&
               bind_read_only(step->source, step->target);
    case TESTING_STEP_LINK:
        return symlink(step->source, step->target) == 0;
    case TESTING_STEP_WRITABLE:
        return mount_at(step->source, step->target, NULL, FLAG_BIND, NULL);
    case TESTING_STEP_MOUNT:
        return mount_at(step->source, step->target, step->source, FLAG_NOSUID, step->options);
    }
    return false;
}

static bool fail(char *text, const char *what) {
    testing_launch_describe(text, what, errno);
    return false;
}

static bool run_steps(const struct testing_root *root, char *text) {
    for (size_t i = 0; i < root->count; i++) {
        const struct testing_step *step = &root->steps[i];
        if (run_step(step))
            i += step->skip;
        else if (step->is_required)
            return fail(text, step->target);
    }
    return true;
}

bool testing_root_apply(const struct testing_root *root, char *text) {
    if (!mount_at(NULL, "/", NULL, FLAG_REC | FLAG_PRIVATE, NULL))
        return fail(text, "make mounts private");
    if (chdir(root->directory) != 0)
        return fail(text, "change directory");
    if (!run_steps(root, text))
        return false;
    // Only now: the directories of an overlay have to be in one mount.
    if (!mount_at(TESTING_ROOT_NAME, TESTING_ROOT_NAME, NULL, FLAG_BIND | FLAG_REC, NULL))
        return fail(text, "bind root directory");
    // The old root is mounted over the new one, pivot_root(2), and removed from there.
    if (chdir(TESTING_ROOT_NAME) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
        syscall(SYS_umount2, ".", FLAG_DETACH) != 0 || chdir("/") != 0)
        return fail(text, "change root directory");
    return true;
}
