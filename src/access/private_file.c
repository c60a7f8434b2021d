// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/private_file_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tls/pem.h"

#define DIRECTORY_MODE 0700U
#define FILE_MODE 0600U
#define MODE_BITS 0777U

static bool check_mode(const char *path, unsigned mode, unsigned expected, struct error *err) {
    if ((mode & MODE_BITS) == expected)
        return true;
    AUTO_FREE char *quoted = text_quoted(path);
    return error_set(err, ERROR_INTERNAL, "expected permission 0o%o (got 0o%o) for %s", expected, mode & MODE_BITS,
                     quoted);
}

bool private_directory_prepare(const char *path, struct error *err) {
    struct stat status;
    if (!directory_create_all(path, DIRECTORY_MODE, err))
        return false;
    if (stat(path, &status) != 0)
        return error_set_errno(err, errno, "stat %s", path);
    return check_mode(path, status.st_mode, DIRECTORY_MODE, err);
}

// --- reading ---

static bool check_file(int fd, const char *path, struct error *err) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return error_set_errno(err, errno, "stat %s", path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_INTERNAL, "open %s: not a regular file", path);
    return check_mode(path, status.st_mode, FILE_MODE, err);
}

static bool decode(const struct buffer *text, const char *path, const char *label, struct buffer *content,
                   struct error *err) {
    AUTO_ERROR struct error failure = {0};
    // Growing later would leave bytes of a secret behind.
    if (!buffer_reserve(content, text->length))
        return error_set(err, ERROR_TOO_LARGE, "read %s: file too large", path);
    if (pem_read_only_block(buffer_text(text), text->length, label, content, &failure))
        return true;
    AUTO_FREE char *quoted = text_quoted(path);
    return error_set(err, failure.kind, "%s in %s", error_text(&failure), quoted);
}

bool private_file_read_block(const char *path, const char *label, struct buffer *content, bool *exists,
                             struct error *err) {
    AUTO_SECRET struct buffer text = BUFFER_INIT(PRIVATE_FILE_BYTES_MAX);
    // O_NONBLOCK, because a FIFO would block.
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        *exists = false;
        return true;
    }
    if (fd < 0 && errno == ELOOP)
        return error_set(err, ERROR_INTERNAL, "open %s: must not be a symbolic link", path);
    if (fd < 0)
        return error_set_errno(err, errno, "open %s", path);
    if (!check_file(fd, path, err))
        return false;
    if (!buffer_reserve(&text, PRIVATE_FILE_BYTES_MAX) || !file_read_all(fd, path, &text, err) ||
        !decode(&text, path, label, content, err))
        return false;
    *exists = true;
    return true;
}

// --- writing ---

bool private_file_write(const char *path, const struct buffer *text, struct error *err) {
    const struct iovec piece = {text->data, text->length};
    file_remove_leftovers(path);
    return file_write_atomic(path, &piece, 1, FILE_MODE, err);
}
