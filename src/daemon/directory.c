// SPDX-License-Identifier: GPL-3.0-or-later
// Creates, checks, locks and fills $PEBBLE.
// Declared in daemon/daemon_internal.h.
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/daemon_internal.h"
#include "net/listen.h"

#define LOCK_WAIT_MS 5000
#define LOCK_STEP_MS 20
#define LOCK_NOTICE_MS 500

bool daemon_has_own_socket(const struct daemon_options *options) {
    const char *slash = strrchr(options->socket_path, '/');
    AUTO_FREE char *beside =
        memory_string_n(options->socket_path, slash != NULL ? (size_t)(slash + 1 - options->socket_path) : 0);
    struct stat own, other;
    return stat(options->directory, &own) == 0 && stat(beside, &other) == 0 && own.st_dev == other.st_dev &&
           own.st_ino == other.st_ino;
}

// A missing directory that is to be filled is created with the mode of its source.
static bool create_to_fill(const char *source, const char *directory, struct error *err) {
    struct stat status;
    if (text_is_empty(source) || stat(source, &status) != 0 || !path_is_absolute(directory))
        return true;
    if (mkdir(directory, 0700) != 0)
        return errno == EEXIST ||
               error_set_errno(err, errno, "cannot copy \"%s\" to \"%s\": mkdir %s", source, directory, directory);
    (void)chmod(directory, status.st_mode & 0777);
    return true;
}

bool daemon_prepare_directory(const struct daemon_options *options, struct error *err) {
    const char *directory = options->directory;
    if (options->creates_directory && !directory_create_all(directory, 0700, err))
        return false;
    if (!create_to_fill(options->copy_source, directory, err))
        return false;
    if (!path_is_absolute(directory))
        return error_set(err, ERROR_INTERNAL, "directory \"%s\" must be absolute", directory);
    if (!directory_exists(directory)) {
        (void)error_set(err, ERROR_INTERNAL, "directory \"%s\" does not exist", directory);
        return error_set_code(err, file_exists(directory) ? "not-a-directory" : "no-directory");
    }
    // With a read-only root, nothing is written: the socket is somewhere else.
    if ((options->persists || daemon_has_own_socket(options)) && access(directory, W_OK) != 0) {
        (void)error_set(err, ERROR_INTERNAL, "directory \"%s\" not writable", directory);
        return error_set_code(err, "directory-not-writable");
    }
    return true;
}

// --- the lock ---

bool daemon_check_socket(const struct daemon_options *options, struct error *err) {
    return listen_unix_check(options->socket_path, err) ||
           error_prefix(err, "when trying to listen on %s: ", options->socket_path);
}

// Whether the directory is free: tries to take it. Returns false with *is_busy if another daemon has it now.
typedef bool (*take_fn)(struct daemon *daemon, bool *is_busy, struct error *err);

// A daemon may be started while the previous one is still ending, so what it has is waited for, unless the other one
// listens.
static bool take_in_time(struct daemon *daemon, take_fn take, struct error *err) {
    bool is_busy = false;
    for (int waited_ms = 0; !take(daemon, &is_busy, err); waited_ms += LOCK_STEP_MS) {
        if (!is_busy)
            return false;
        error_clear(err);
        if (!daemon_check_socket(daemon->options, err))
            return false;
        if (error_is_set(&daemon->http_error))
            return error_move(err, &daemon->http_error);
        if (waited_ms >= LOCK_WAIT_MS) {
            (void)error_set(err, ERROR_INTERNAL, "directory \"%s\" is in use by another daemon",
                            daemon->options->directory);
            return error_set_code(err, "directory-in-use");
        }
        if (waited_ms == LOCK_NOTICE_MS)
            log_notice("Waiting for another daemon to release the directory.");
        (void)poll(NULL, 0, LOCK_STEP_MS);
    }
    return true;
}

static bool copy_once(struct daemon *daemon, bool *is_busy, struct error *err) {
    return daemon_copy_once(daemon->options, is_busy, err);
}

static bool lock_state(struct daemon *daemon, bool *is_busy, struct error *err UNUSED) {
    AUTO_FREE char *path = path_join(daemon->options->directory, DAEMON_STATE_FILE);
    enum state_lock lock = state_lock_try(path, &daemon->lock_fd);
    daemon->is_locked = lock == STATE_LOCKED;
    *is_busy = lock == STATE_IS_IN_USE;
    return !*is_busy;
}

bool daemon_take_directory(struct daemon *daemon, struct error *err) {
    return take_in_time(daemon, copy_once, err) &&
           (!daemon->options->persists || take_in_time(daemon, lock_state, err));
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
