// SPDX-License-Identifier: GPL-3.0-or-later
// Fills $PEBBLE from PEBBLE_COPY_ONCE, whole or not at all. The tree is copied to a directory in $PEBBLE, which gets
// its final name when the copy is complete; its entries are then moved up. An interrupted copy begins anew, and an
// interrupted move goes on, at the next start. $PEBBLE itself cannot be replaced, as it may be a mount point.
// Declared in daemon/daemon_internal.h.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "daemon/daemon_internal.h"

#define PARTIAL_COPY ".pebble.copy-partial"
#define COMPLETE_COPY ".pebble.copy"

static bool move_up(const char *complete, const char *target, struct error *err) {
    AUTO_TEXT_LIST struct text_list names = {0};
    if (!directory_list(complete, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_FREE char *from = path_join(complete, names.items[i]);
        AUTO_FREE char *to = path_join(target, names.items[i]);
        if (rename(from, to) != 0)
            return error_set_errno(err, errno, "rename %s", from);
    }
    return rmdir(complete) == 0 || error_set_errno(err, errno, "remove %s", complete);
}

// The name must not reach the disk before the content.
static bool write_to_disk(const char *directory, struct error *err) {
    AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (fd >= 0 && syncfs(fd) == 0) || error_set_errno(err, errno, "sync %s", directory);
}

static bool copy_whole(const char *source, const char *target, struct error *err) {
    AUTO_FREE char *partial = path_join(target, PARTIAL_COPY);
    AUTO_FREE char *complete = path_join(target, COMPLETE_COPY);
    AUTO_TEXT_LIST struct text_list entries = {0};
    if (directory_exists(complete))
        return move_up(complete, target, err);
    if (!directory_remove_tree(partial, err) || !directory_list(target, &entries, err))
        return false;
    if (!file_exists(source) || entries.count > 0)
        return true;
    if (!directory_copy(source, partial, err)) {
        (void)!directory_remove_tree(partial, NULL);
        return false;
    }
    if (!write_to_disk(partial, err))
        return false;
    if (rename(partial, complete) != 0)
        return error_set_errno(err, errno, "rename %s", partial);
    return move_up(complete, target, err);
}

bool daemon_copy_once(const struct daemon_options *options, struct error *err) {
    const char *source = options->copy_source;
    if (text_is_empty(source))
        return true;
    return copy_whole(source, options->directory, err) ||
           error_prefix(err, "cannot copy \"%s\" to \"%s\": ", source, options->directory);
}
