// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy_target.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/transfer.h"

// --- the local file ---

static bool is_standard_output(const char *path) {
    return text_equal(path, "/dev/stdout");
}

// Standard output is not opened again: that would empty a file that it appends to.
static bool open_target(const char *path, struct copy_target *target, struct error *err) {
    if (!is_standard_output(path))
        return copy_target_open(target, path, 0, 0666, err);
    target->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return target->fd >= 0 || error_set_errno(err, errno, "open %s", path);
}

static bool close_target(const char *path, struct copy_target *target, struct error *err) {
    if (!is_standard_output(path))
        return copy_target_commit(target, err);
    int result = close(target->fd);
    target->fd = -1;
    return result == 0 || error_set_errno(err, errno, "close %s", path);
}

// A local file that is there shows that the pull has succeeded, as with the reference: an old one goes too, but not a
// link to it.
static void discard_target(const char *path, struct copy_target *target) {
    struct stat status;
    if (is_standard_output(path)) {
        file_close_at(&target->fd);
        return;
    }
    copy_target_discard(target);
    if (lstat(path, &status) == 0 && S_ISREG(status.st_mode))
        (void)unlink(path);
}

// --- the transfer ---

// For the progress bar only. *size is -1 if the daemon does not know it.
static bool find_size(struct pebble_client *client, const char *path, int64_t *size, struct pebble_error *error) {
    const struct pebble_list_options options = {.size = sizeof options, .flags = PEBBLE_LIST_ITSELF};
    struct pebble_files *files = NULL;
    *size = -1;
    if (!pebble_list_files(client, path, &options, &files, error)) {
        bool is_refused = error->kind == PEBBLE_ERROR_API; // then the transfer reports why
        if (is_refused)
            pebble_error_clear(error);
        return is_refused;
    }
    const struct pebble_file *file = pebble_files_at(files, 0);
    if (file != NULL && (!pebble_file_size(file, size) || *size == 0)) // those of /proc have none
        *size = -1;
    pebble_files_destroy(files);
    return true;
}

// What was written of a file that cannot be pulled is discarded before signals end the program again.
static bool transfer_content(const struct cli_call *call, struct pebble_client *client, struct copy_target *target,
                             int *signal_number, struct pebble_error *error) {
    const char *path = cli_argument(call, 0);
    struct transfer transfer;
    const struct pebble_pull_options options = {.size = sizeof options,
                                                .path = path,
                                                .fd = &target->fd,
                                                .on_transferred = on_transfer_progress,
                                                .data = &transfer};
    bool has_bar = progress_bar_has_terminal() && !isatty(target->fd);
    int64_t size = -1;
    transfer_begin(&transfer, client, path, size);
    transfer.bar.has_terminal = has_bar;
    bool is_good = !has_bar || find_size(client, path, &size, error);
    transfer.bar.total = size;
    is_good = is_good && pebble_pull_file(client, &options, NULL, error);
    if (!is_good)
        discard_target(cli_argument(call, 1), target);
    *signal_number = transfer_end(&transfer, error);
    return is_good;
}

static int run_pull(struct cli_call *call, struct error *err) {
    const char *local_path = cli_argument(call, 1);
    struct copy_target target = {.fd = -1};
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    struct pebble_client *client = session_client(call->session, err);
    int signal_number = 0;
    if (client == NULL)
        return 1;
    if (!open_target(local_path, &target, err)) {
        transfer_add_advice("local", local_path, cli_argument(call, 0), err);
        return 1;
    }
    if (transfer_content(call, client, &target, &signal_number, &failure))
        return close_target(local_path, &target, err) ? 0 : 1;
    return transfer_fail(signal_number, &failure, err);
}

const struct cli_command cmd_pull = {
    .name = "pull",
    .summary = "Copy a file from the daemon",
    .description = "Copies a file from the daemon's file system to a local file, which is replaced when the copy is "
                   "complete. If the copy fails, no local file is left, not even an earlier one. The local path names "
                   "the file itself, "
                   "not a directory; /dev/stdout is standard output. Mode and owner are not copied.",
    .positionals = (const struct cli_positional[]){{.name = "<remote-path>",
                                                    .help = "Absolute path of the file",
                                                    .values = VALUES_REMOTE_FILES,
                                                    .is_required = true},
                                                   {.name = "<local-path>",
                                                    .help = "Local path of the copy",
                                                    .values = VALUES_LOCAL_FILES,
                                                    .is_required = true},
                                                   {0}},
    .run = run_pull,
};
