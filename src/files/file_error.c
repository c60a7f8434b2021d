// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/file_error_internal.h"

#include <errno.h>

#include "base/file.h"
#include "base/memory.h"

void file_error_classify(struct error *err) {
    switch (err->errnum) {
    case EACCES:
    case EPERM:
        err->kind = ERROR_FORBIDDEN;
        error_set_code(err, "permission-denied");
        break;
    case ENOENT:
        err->kind = ERROR_NOT_FOUND;
        error_set_code(err, "not-found");
        break;
    default:
        err->kind = ERROR_BAD_REQUEST;
        error_set_code(err, "generic-file-error");
        break;
    }
}

bool file_path_check(const char *path, struct error *err) {
    if (path_is_absolute(path))
        return true;
    AUTO_FREE char *quoted = text_quoted(path);
    return error_set(err, ERROR_BAD_REQUEST, "paths must be absolute, got %s", quoted);
}
