// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define CHUNK_BYTES 16384

void file_close_at(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void file_wake(int event_fd) {
    const uint64_t one = 1;
    // EAGAIN: its counter is full, so it is readable.
    while (write(event_fd, &one, sizeof one) < 0 && errno != EAGAIN && errno != EBADF)
        continue;
}

char *path_join(const char *directory, const char *name) {
    size_t length = strlen(directory);
    if (length == 0 || *name == '\0')
        return memory_string(length == 0 ? name : directory);
    while (length > 0 && directory[length - 1] == '/')
        length--;
    while (*name == '/')
        name++;
    return memory_printf("%.*s/%s", (int)length, directory, name);
}

// Adds one element; ".." removes the preceding one, if any.
static void clean_element(struct buffer *out, const char *element, size_t length, size_t *fixed) {
    bool is_parent = length == 2 && memcmp(element, "..", 2) == 0;
    if (length == 0 || (length == 1 && *element == '.'))
        return;
    if (is_parent && out->length > *fixed) {
        size_t cut = out->length;
        while (cut > *fixed && out->data[cut - 1] != '/')
            cut--;
        buffer_truncate(out, cut > *fixed ? cut - 1 : *fixed);
        return;
    }
    bool is_rooted = out->length > 0 && out->data[0] == '/';
    if (is_parent && is_rooted)
        return;
    if (out->length > (is_rooted ? 1U : 0U))
        buffer_add_char(out, '/');
    buffer_add(out, element, length);
    if (is_parent)
        *fixed = out->length;
}

char *path_clean(const char *path) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (path_is_absolute(path))
        buffer_add_char(&out, '/');
    size_t fixed = out.length; // not removed by "..": the root, leading ".."s
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        clean_element(&out, path, length, &fixed);
        path += length + (path[length] == '/');
    }
    if (out.length == 0)
        buffer_add_char(&out, '.');
    return buffer_take(&out);
}

char *path_base(const char *path) {
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    if (begin < end)
        return memory_string_n(path + begin, end - begin);
    return memory_string(end == 0 ? "." : "/");
}

bool path_is_absolute(const char *path) {
    return *path == '/';
}

bool file_read_all(int fd, const char *path, struct buffer *out, struct error *err) {
    char chunk[CHUNK_BYTES];
    ssize_t count;
    do {
        count = read(fd, chunk, sizeof chunk);
        if (count > 0)
            buffer_add(out, chunk, (size_t)count);
    } while ((count > 0 && buffer_is_whole(out)) || (count < 0 && errno == EINTR));
    int errnum = errno;
    explicit_bzero(chunk, sizeof chunk); // it may be a secret
    if (count < 0)
        return error_set_errno(err, errnum, "read %s", path);
    return buffer_is_whole(out) || error_set(err, ERROR_TOO_LARGE, "read %s: file too large", path);
}

static int open_retrying(const char *path, int flags, mode_t mode) {
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

// A device such as /dev/null does not block.
static bool may_be_read(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISCHR(status.st_mode));
}

static bool read_file(const char *path, int flags, struct buffer *out, struct error *err) {
    AUTO_CLOSE int fd = open_retrying(path, O_RDONLY | flags, 0);
    if (fd < 0)
        return error_set_errno(err, errno, "open %s", path);
    if ((flags & O_NONBLOCK) != 0 && !may_be_read(fd))
        return error_set(err, ERROR_BAD_REQUEST, "open %s: not a regular file", path);
    size_t before = out->length;
    if (!file_read_all(fd, path, out, err)) {
        buffer_truncate(out, before);
        out->has_overflowed = false;
        return false;
    }
    return true;
}

bool file_read(const char *path, struct buffer *out, struct error *err) {
    return read_file(path, O_NONBLOCK, out, err);
}

bool file_read_stream(const char *path, struct buffer *out, struct error *err) {
    return read_file(path, 0, out, err);
}

bool file_write_all(int fd, const void *data, size_t length, struct error *err) {
    const char *at = data;
    while (length > 0) {
        ssize_t count = write(fd, at, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_set_errno(err, errno, "write");
        at += count;
        length -= (size_t)count;
    }
    return true;
}

// The part after the last slash.
static const char *name_in(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static char *directory_of(const char *path) {
    size_t length = (size_t)(name_in(path) - path);
    return length == 0 ? memory_string(".") : memory_string_n(path, length);
}

static const char temporary_letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#define TEMPORARY_LETTERS 12
_Static_assert(FILE_TEMPORARY_SUFFIX_BYTES == TEMPORARY_LETTERS + 2, "a dot, the letters, a tilde");

static void fill_random(unsigned char *bytes, size_t size, unsigned attempt) {
    if (getrandom(bytes, size, GRND_NONBLOCK) != (ssize_t)size) {
        // The name need not be secret, only new, which O_EXCL ensures.
        uint64_t value = (uint64_t)clock_monotonic_ns() + attempt;
        for (size_t i = 0; i < size; i++)
            bytes[i] = (unsigned char)(value >> (i % sizeof value) * 8);
    }
}

char *file_temporary_name(const char *path, unsigned attempt) {
    unsigned char bytes[TEMPORARY_LETTERS];
    char letters[TEMPORARY_LETTERS + 1] = "";
    fill_random(bytes, sizeof bytes, attempt);
    for (size_t i = 0; i < TEMPORARY_LETTERS; i++)
        letters[i] = temporary_letters[bytes[i] % (sizeof temporary_letters - 1)];
    return memory_printf("%s.%s~", path, letters);
}

int file_open_temporary(const char *path, mode_t mode, char **name) {
    errno = EEXIST;
    for (unsigned attempt = 0; errno == EEXIST && attempt < FILE_TEMPORARY_TRIES; attempt++) {
        AUTO_FREE char *tried = file_temporary_name(path, attempt);
        int fd = open_retrying(tried, O_WRONLY | O_CREAT | O_EXCL, mode);
        if (fd >= 0) {
            *name = TAKE(tried);
            return fd;
        }
    }
    return -1;
}

static bool is_temporary_of(const char *name, const char *base) {
    size_t length = strlen(base);
    if (strlen(name) != length + TEMPORARY_LETTERS + 2 || strncmp(name, base, length) != 0)
        return false;
    const char *letters = name + length + 1;
    return letters[-1] == '.' && strspn(letters, temporary_letters) == TEMPORARY_LETTERS &&
           letters[TEMPORARY_LETTERS] == '~';
}

void file_remove_leftovers(const char *path) {
    AUTO_FREE char *directory = directory_of(path);
    AUTO_TEXT_LIST struct text_list names = {0};
    if (!directory_list(directory, &names, NULL))
        return;
    for (size_t i = 0; i < names.count; i++) {
        if (is_temporary_of(names.items[i], name_in(path))) {
            AUTO_FREE char *leftover = path_join(directory, names.items[i]);
            unlink(leftover);
        }
    }
}

static bool sync_fd(int fd, const char *path, struct error *err) {
    return fsync(fd) == 0 || error_set_errno(err, errno, "fsync %s", path);
}

// On some file systems, fsync() of a directory fails with EINVAL.
static bool sync_directory(int fd, const char *path, struct error *err) {
    return fsync(fd) == 0 || errno == EINVAL || error_set_errno(err, errno, "fsync %s", path);
}

struct write_request {
    const char *path;
    const struct iovec *pieces;
    size_t count;
    mode_t mode;
    bool locks;
};

// Small pieces are combined first: there may be many thousands.
static bool write_pieces(int fd, const struct write_request *request, struct error *err) {
    char block[16 * 1024];
    size_t filled = 0;
    for (size_t i = 0; i < request->count; i++) {
        const struct iovec *piece = &request->pieces[i];
        if (filled + piece->iov_len > sizeof block) {
            if (!file_write_all(fd, block, filled, err))
                return false;
            filled = 0;
        }
        if (piece->iov_len > sizeof block) {
            if (!file_write_all(fd, piece->iov_base, piece->iov_len, err))
                return false;
        } else if (piece->iov_len > 0) {
            memcpy(block + filled, piece->iov_base, piece->iov_len);
            filled += piece->iov_len;
        }
    }
    return file_write_all(fd, block, filled, err);
}

static bool fill_temporary(int fd, const struct write_request *request, struct error *err) {
    AUTO_ERROR struct error failure = {0};
    if (!write_pieces(fd, request, &failure))
        return error_set_errno(err, failure.errnum, "write %s", request->path);
    if (fchmod(fd, request->mode) != 0)
        return error_set_errno(err, errno, "chmod %s", request->path);
    return sync_fd(fd, request->path, err);
}

int file_open_locked(const char *path) {
    int fd = open_retrying(path, O_RDONLY, 0);
    if (fd >= 0)
        (void)flock(fd, LOCK_EX | LOCK_NB);
    return fd;
}

// Writes a temporary file and gives it the name `path`. With a lock, sets *fd to the new file if it has got the name.
static bool replace_file(const struct write_request *request, int *fd, struct error *err) {
    AUTO_FREE char *temporary = NULL;
    AUTO_CLOSE int new_fd = file_open_temporary(request->path, 0600, &temporary);
    if (new_fd < 0)
        return error_set_errno(err, errno, "open %s", request->path);
    bool is_filled = fill_temporary(new_fd, request, err);
    AUTO_CLOSE int locked_fd = is_filled && request->locks ? file_open_locked(temporary) : -1;
    if (is_filled && rename(temporary, request->path) == 0) {
        file_close_at(fd);
        *fd = locked_fd;
        locked_fd = -1;
        return true;
    }
    if (is_filled)
        error_set_errno(err, errno, "rename %s", request->path);
    unlink(temporary);
    return false;
}

static bool write_atomic(const struct write_request *request, int *fd, struct error *err) {
    AUTO_FREE char *directory = directory_of(request->path);
    // Opened first: if that fails, nothing has changed.
    AUTO_CLOSE int directory_fd = open_retrying(directory, O_RDONLY | O_DIRECTORY, 0);
    if (directory_fd < 0)
        return error_set_errno(err, errno, "open %s", directory);
    return replace_file(request, fd, err) && sync_directory(directory_fd, directory, err);
}

bool file_write_atomic(const char *path, const struct iovec *pieces, size_t count, mode_t mode, struct error *err) {
    AUTO_CLOSE int fd = -1;
    return write_atomic(&(const struct write_request){path, pieces, count, mode, .locks = false}, &fd, err);
}

bool file_write_locked(const char *path, const struct iovec *pieces, size_t count, int *fd, struct error *err) {
    return write_atomic(&(const struct write_request){path, pieces, count, 0600, .locks = true}, fd, err);
}

void file_discard(const char *path, int fd) {
    struct stat opened, named;
    if (fstat(fd, &opened) != 0 || !S_ISREG(opened.st_mode))
        return;
    (void)!ftruncate(fd, 0);
    if (lstat(path, &named) == 0 && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino)
        (void)unlink(path);
}
