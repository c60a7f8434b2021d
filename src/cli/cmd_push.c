// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/file_options.h"
#include "cli/session.h"
#include "cli/transfer.h"

// The local file.
struct push_source {
    const char *path;
    int fd;
    mode_t mode;
    int64_t size; // -1: unknown
};

// What is no regular file, such as a pipe, is read to its end.
static bool open_source(const char *path, struct push_source *source, struct error *err) {
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0)
        return error_set_errno(err, errno, "open %s", path);
    if (fstat(fd, &status) != 0)
        return error_set_errno(err, errno, "stat %s", path);
    if (S_ISDIR(status.st_mode))
        return error_set_errno(err, EISDIR, "read %s", path);
    bool has_size = S_ISREG(status.st_mode) && status.st_size > 0; // not those of /proc
    *source = (struct push_source){path, fd, status.st_mode & 0777U, has_size ? status.st_size : -1};
    fd = -1;
    return true;
}

static int push(const struct cli_call *call, struct pebble_client *client, const struct push_source *source,
                struct error *err) {
    struct transfer transfer;
    struct file_options given;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (!file_options_read(call, &given, err))
        return 1;
    const struct pebble_push_options options = {
        .size = sizeof options,
        .path = cli_argument(call, 1),
        .fd = &source->fd,
        .on_transferred = on_transfer_progress,
        .data = &transfer,
        .flags = cli_is_given(call, "p") ? PEBBLE_PUSH_MAKE_DIRECTORIES : 0,
        .permissions = text_is_empty(cli_text(call, "m")) ? source->mode : given.mode,
        .user_id = given.user_id,
        .user = given.user,
        .group_id = given.group_id,
        .group = given.group,
    };
    transfer_begin(&transfer, client, source->path, source->size);
    bool is_good = pebble_push_file(client, &options, &failure);
    int signal_number = transfer_end(&transfer, &failure);
    if (is_good)
        return 0;
    int status = transfer_fail(signal_number, &failure, err);
    transfer_add_advice("remote", options.path, source->path, err);
    return status;
}

static int run_push(struct cli_call *call, struct error *err) {
    struct push_source source;
    struct pebble_client *client = session_client(call->session, err);
    if (client == NULL || !open_source(cli_argument(call, 0), &source, err))
        return 1;
    int status = push(call, client, &source, err);
    file_close_at(&source.fd);
    return status;
}

const struct cli_command cmd_push = {
    .name = "push",
    .summary = "Copy a local file to the daemon",
    .description = "Copies a local file to the daemon's file system. An existing file is replaced atomically. The copy "
                   "has the permissions of the local file, unless -m is given, and the owner of the daemon, unless an "
                   "owner is given. The remote path names the file itself, not a directory; the local path may be "
                   "/dev/stdin.",
    .options = (const struct cli_option[]){{.short_name = 'p', .help = "Create missing parent directories"},
                                           FILE_OPTIONS,
                                           {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<local-path>", .help = "Local file", .values = VALUES_LOCAL_FILES, .is_required = true},
            {.name = "<remote-path>",
             .help = "Absolute path of the copy",
             .values = VALUES_REMOTE_FILES,
             .is_required = true},
            {0}},
    .run = run_push,
};
