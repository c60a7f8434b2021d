// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/transfer.h"

// --- the local file ---

static bool is_standard_output(const char *path) {
    return text_equal(path, "/dev/stdout");
}

// Standard output is not opened again: that would empty a file that it appends to.
static int open_target(const char *path) {
    if (is_standard_output(path))
        return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

static bool close_target(const char *path, int *fd, struct error *err) {
    int result = close(*fd);
    *fd = -1;
    return result == 0 || error_set_errno(err, errno, "close %s", path);
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
static bool transfer_content(struct pebble_client *client, const char *path, const char *local_path, const int *fd,
                             int *signal_number, struct pebble_error *error) {
    struct transfer transfer;
    const struct pebble_pull_options options = {
        .size = sizeof options, .path = path, .fd = fd, .on_transferred = on_transfer_progress, .data = &transfer};
    bool has_bar = progress_bar_has_terminal() && !isatty(*fd);
    int64_t size = -1;
    transfer_begin(&transfer, client, path, size);
    transfer.bar.has_terminal = has_bar;
    bool is_good = !has_bar || find_size(client, path, &size, error);
    transfer.bar.total = size;
    is_good = is_good && pebble_pull_file(client, &options, NULL, error);
    if (!is_good && !is_standard_output(local_path))
        file_discard(local_path, *fd);
    *signal_number = transfer_end(&transfer, error);
    return is_good;
}

static int run_pull(struct cli_call *call, struct error *err) {
    const char *remote_path = cli_argument(call, 0), *local_path = cli_argument(call, 1);
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    struct pebble_client *client = session_client(call->session, err);
    int signal_number = 0;
    if (client == NULL)
        return 1;
    AUTO_CLOSE int fd = open_target(local_path);
    if (fd < 0) {
        (void)error_set_errno(err, errno, "open %s", local_path);
        return 1;
    }
    if (transfer_content(client, remote_path, local_path, &fd, &signal_number, &failure))
        return close_target(local_path, &fd, err) ? 0 : 1;
    return transfer_fail(signal_number, &failure, err);
}

const struct cli_command cmd_pull = {
    .name = "pull",
    .summary = "Copy a file from the daemon",
    .description = "Copies a file from the daemon's file system to a local file. If that fails, the local file is "
                   "removed. The local path may be /dev/stdout.",
    .positionals =
        (const struct cli_positional[]){
            {.name = "<remote-path>", .help = "Absolute path of the file", .is_required = true},
            {.name = "<local-path>", .help = "Local path of the copy", .is_required = true},
            {0}},
    .run = run_pull,
};
