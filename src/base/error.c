// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

// The messages of strerror(3) in the C locale, with the first letter in lower case unless it begins an acronym. A
// table, because scripts match these messages and C libraries differ.
static const char *const errno_texts[] = {
    [EPERM] = "operation not permitted",
    [ENOENT] = "no such file or directory",
    [ESRCH] = "no such process",
    [EINTR] = "interrupted system call",
    [EIO] = "input/output error",
    [ENXIO] = "no such device or address",
    [E2BIG] = "argument list too long",
    [ENOEXEC] = "exec format error",
    [EBADF] = "bad file descriptor",
    [ECHILD] = "no child processes",
    [EAGAIN] = "resource temporarily unavailable",
    [ENOMEM] = "cannot allocate memory",
    [EACCES] = "permission denied",
    [EFAULT] = "bad address",
    [ENOTBLK] = "block device required",
    [EBUSY] = "device or resource busy",
    [EEXIST] = "file exists",
    [EXDEV] = "invalid cross-device link",
    [ENODEV] = "no such device",
    [ENOTDIR] = "not a directory",
    [EISDIR] = "is a directory",
    [EINVAL] = "invalid argument",
    [ENFILE] = "too many open files in system",
    [EMFILE] = "too many open files",
    [ENOTTY] = "inappropriate ioctl for device",
    [ETXTBSY] = "text file busy",
    [EFBIG] = "file too large",
    [ENOSPC] = "no space left on device",
    [ESPIPE] = "illegal seek",
    [EROFS] = "read-only file system",
    [EMLINK] = "too many links",
    [EPIPE] = "broken pipe",
    [EDOM] = "numerical argument out of domain",
    [ERANGE] = "numerical result out of range",
    [EDEADLK] = "resource deadlock avoided",
    [ENAMETOOLONG] = "file name too long",
    [ENOLCK] = "no locks available",
    [ENOSYS] = "function not implemented",
    [ENOTEMPTY] = "directory not empty",
    [ELOOP] = "too many levels of symbolic links",
    [ENOMSG] = "no message of desired type",
    [EIDRM] = "identifier removed",
    [ECHRNG] = "channel number out of range",
    [EL2NSYNC] = "level 2 not synchronized",
    [EL3HLT] = "level 3 halted",
    [EL3RST] = "level 3 reset",
    [ELNRNG] = "link number out of range",
    [EUNATCH] = "protocol driver not attached",
    [ENOCSI] = "no CSI structure available",
    [EL2HLT] = "level 2 halted",
    [EBADE] = "invalid exchange",
    [EBADR] = "invalid request descriptor",
    [EXFULL] = "exchange full",
    [ENOANO] = "no anode",
    [EBADRQC] = "invalid request code",
    [EBADSLT] = "invalid slot",
    [EBFONT] = "bad font file format",
    [ENOSTR] = "device not a stream",
    [ENODATA] = "no data available",
    [ETIME] = "timer expired",
    [ENOSR] = "out of streams resources",
    [ENONET] = "machine is not on the network",
    [ENOPKG] = "package not installed",
    [EREMOTE] = "object is remote",
    [ENOLINK] = "link has been severed",
    [EADV] = "advertise error",
    [ESRMNT] = "srmount error",
    [ECOMM] = "communication error on send",
    [EPROTO] = "protocol error",
    [EMULTIHOP] = "multihop attempted",
    [EDOTDOT] = "RFS specific error",
    [EBADMSG] = "bad message",
    [EOVERFLOW] = "value too large for defined data type",
    [ENOTUNIQ] = "name not unique on network",
    [EBADFD] = "file descriptor in bad state",
    [EREMCHG] = "remote address changed",
    [ELIBACC] = "can not access a needed shared library",
    [ELIBBAD] = "accessing a corrupted shared library",
    [ELIBSCN] = ".lib section in a.out corrupted",
    [ELIBMAX] = "attempting to link in too many shared libraries",
    [ELIBEXEC] = "cannot exec a shared library directly",
    [EILSEQ] = "invalid or incomplete multibyte or wide character",
    [ERESTART] = "interrupted system call should be restarted",
    [ESTRPIPE] = "streams pipe error",
    [EUSERS] = "too many users",
    [ENOTSOCK] = "socket operation on non-socket",
    [EDESTADDRREQ] = "destination address required",
    [EMSGSIZE] = "message too long",
    [EPROTOTYPE] = "protocol wrong type for socket",
    [ENOPROTOOPT] = "protocol not available",
    [EPROTONOSUPPORT] = "protocol not supported",
    [ESOCKTNOSUPPORT] = "socket type not supported",
    [EOPNOTSUPP] = "operation not supported",
    [EPFNOSUPPORT] = "protocol family not supported",
    [EAFNOSUPPORT] = "address family not supported by protocol",
    [EADDRINUSE] = "address already in use",
    [EADDRNOTAVAIL] = "cannot assign requested address",
    [ENETDOWN] = "network is down",
    [ENETUNREACH] = "network is unreachable",
    [ENETRESET] = "network dropped connection on reset",
    [ECONNABORTED] = "software caused connection abort",
    [ECONNRESET] = "connection reset by peer",
    [ENOBUFS] = "no buffer space available",
    [EISCONN] = "transport endpoint is already connected",
    [ENOTCONN] = "transport endpoint is not connected",
    [ESHUTDOWN] = "cannot send after transport endpoint shutdown",
    [ETOOMANYREFS] = "too many references: cannot splice",
    [ETIMEDOUT] = "connection timed out",
    [ECONNREFUSED] = "connection refused",
    [EHOSTDOWN] = "host is down",
    [EHOSTUNREACH] = "no route to host",
    [EALREADY] = "operation already in progress",
    [EINPROGRESS] = "operation now in progress",
    [ESTALE] = "stale file handle",
    [EUCLEAN] = "structure needs cleaning",
    [ENOTNAM] = "not a XENIX named type file",
    [ENAVAIL] = "no XENIX semaphores available",
    [EISNAM] = "is a named type file",
    [EREMOTEIO] = "remote I/O error",
    [EDQUOT] = "disk quota exceeded",
    [ENOMEDIUM] = "no medium found",
    [EMEDIUMTYPE] = "wrong medium type",
    [ECANCELED] = "operation canceled",
    [ENOKEY] = "required key not available",
    [EKEYEXPIRED] = "key has expired",
    [EKEYREVOKED] = "key has been revoked",
    [EKEYREJECTED] = "key was rejected by service",
    [EOWNERDEAD] = "owner died",
    [ENOTRECOVERABLE] = "state not recoverable",
    [ERFKILL] = "operation not possible due to RF-kill",
    [EHWPOISON] = "memory page has hardware error",
};

bool error_is_set(const struct error *err) {
    return err != NULL && err->kind != ERROR_NONE;
}

const char *error_text(const struct error *err) {
    return err != NULL && err->message != NULL ? err->message : "";
}

// The old message is freed last: the new one may have been built from it.
static bool replace(struct error *err, enum error_kind kind, int errnum, char *message) {
    free(err->message);
    free(err->advice);
    *err = (struct error){.kind = kind, .errnum = errnum, .message = message};
    return false;
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...) {
    if (err == NULL)
        return false;
    va_list arguments;
    va_start(arguments, format);
    char *message = memory_vprintf(format, arguments);
    va_end(arguments);
    return replace(err, kind, 0, message);
}

bool error_set_errno(struct error *err, int errnum, const char *format, ...) {
    if (err == NULL)
        return false;
    va_list arguments;
    va_start(arguments, format);
    AUTO_FREE char *words = memory_vprintf(format, arguments);
    va_end(arguments);
    return replace(err, ERROR_INTERNAL, errnum, memory_printf("%s: %s", words, error_errno_text(errnum)));
}

bool error_set_code(struct error *err, const char *code) {
    if (error_is_set(err))
        err->code = code;
    return false;
}

bool error_has_code(const struct error *err, const char *code) {
    return error_is_set(err) && err->code != NULL && strcmp(err->code, code) == 0;
}

bool error_prefix(struct error *err, const char *format, ...) {
    if (!error_is_set(err))
        return false;
    va_list arguments;
    va_start(arguments, format);
    AUTO_FREE char *words = memory_vprintf(format, arguments);
    va_end(arguments);
    char *message = memory_printf("%s%s", words, error_text(err));
    free(err->message);
    err->message = message;
    return false;
}

bool error_add_advice(struct error *err, const char *format, ...) {
    if (!error_is_set(err))
        return false;
    va_list arguments;
    va_start(arguments, format);
    AUTO_FREE char *line = memory_vprintf(format, arguments);
    va_end(arguments);
    char *advice = err->advice == NULL ? memory_string(line) : memory_printf("%s\n%s", err->advice, line);
    free(err->advice);
    err->advice = advice;
    return false;
}

bool error_move(struct error *target, struct error *source) {
    if (target == source)
        return false;
    if (target == NULL) {
        error_clear(source);
        return false;
    }
    error_clear(target);
    *target = *source;
    *source = (struct error){0};
    return false;
}

bool error_copy(struct error *target, const struct error *source) {
    if (target == NULL || target == source)
        return false;
    if (!error_is_set(source)) {
        error_clear(target);
        return false;
    }
    (void)replace(target, source->kind, source->errnum, memory_string(error_text(source)));
    target->code = source->code;
    target->advice = source->advice != NULL ? memory_string(source->advice) : NULL;
    return false;
}

void error_clear(struct error *err) {
    if (err != NULL) {
        free(err->message);
        free(err->advice);
        *err = (struct error){0};
    }
}

const char *error_errno_text(int errnum) {
    if (errnum <= 0 || (size_t)errnum >= ARRAY_COUNT(errno_texts) || errno_texts[errnum] == NULL)
        return "unknown error";
    return errno_texts[errnum];
}
