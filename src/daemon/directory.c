// SPDX-License-Identifier: GPL-3.0-or-later
// Creates, fills, checks and locks $PEBBLE.
// Declared in daemon/daemon_internal.h.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/daemon_internal.h"

#define LOCK_WAIT_MS 5000
#define LOCK_STEP_MS 20
#define LOCK_NOTICE_MS 500

static bool copy_once(const char *source, const char *target, struct error *err) {
    if (text_is_empty(source) || !file_exists(source))
        return true;
    AUTO_TEXT_LIST struct text_list entries = {0};
    if (file_exists(target) && !directory_list(target, &entries, err))
        return false;
    if (entries.count > 0)
        return true;
    return directory_copy(source, target, err) || error_prefix(err, "cannot copy \"%s\" to \"%s\": ", source, target);
}

// Whether anything is written to the directory: with a read-only root, the socket is somewhere else.
static bool is_written(const struct daemon_options *options) {
    const char *slash = strrchr(options->socket_path, '/');
    size_t length = slash != NULL ? (size_t)(slash - options->socket_path) : 0;
    AUTO_FREE char *beside = memory_string_n(options->socket_path, length);
    AUTO_FREE char *own = path_clean(options->directory);
    return options->persists || text_equal(beside, own);
}

bool daemon_prepare_directory(const struct daemon_options *options, struct error *err) {
    const char *directory = options->directory;
    if (options->creates_directory && !directory_create_all(directory, 0700, err))
        return false;
    if (!copy_once(options->copy_source, directory, err))
        return false;
    if (!path_is_absolute(directory))
        return error_set(err, ERROR_INTERNAL, "directory \"%s\" must be absolute", directory);
    if (!directory_exists(directory))
        return error_set(err, ERROR_INTERNAL, "directory \"%s\" does not exist", directory);
    if (is_written(options) && access(directory, W_OK) != 0)
        return error_set(err, ERROR_INTERNAL, "directory \"%s\" not writable", directory);
    return true;
}

// A daemon may be started while the previous one is still ending, so the lock is waited for.
static bool lock_in_time(int fd) {
    for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK)
            return true; // a file system without locks
        if (waited_ms >= LOCK_WAIT_MS)
            return false;
        if (waited_ms == LOCK_NOTICE_MS)
            log_notice("Waiting for another daemon to release the directory.");
        (void)poll(NULL, 0, LOCK_STEP_MS);
    }
    return true;
}

bool daemon_lock_directory(struct daemon *daemon, struct error *err) {
    if (!daemon->options->persists)
        return true;
    daemon->directory_fd = open(daemon->options->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (daemon->directory_fd < 0 || lock_in_time(daemon->directory_fd))
        return true;
    return error_set(err, ERROR_INTERNAL, "directory \"%s\" is in use by another daemon", daemon->options->directory);
}

// A random UUID (RFC 9562, version 4).
static char *random_uuid(void) {
    uint8_t bytes[16] = {0};
    (void)!getrandom(bytes, sizeof bytes, 0);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < sizeof bytes; i++)
        buffer_printf(&text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
    return buffer_take(&text);
}

char *daemon_boot_id(void) {
    // In a container the kernel's boot id is the host's, and does not change when the container is restarted.
    AUTO_BUFFER struct buffer text = BUFFER_INIT(256);
    if (getpid() == 1 || !file_read("/proc/sys/kernel/random/boot_id", &text, NULL))
        return random_uuid();
    return memory_string_n(buffer_text(&text), strcspn(buffer_text(&text), "\n"));
}
