// SPDX-License-Identifier: LGPL-3.0-or-later
// The trailing error object. A function that can fail returns false and describes the failure in its last parameter, a
// `struct error *`, which may be NULL if the caller does not need it. On failure all other outputs are untouched.
// Callers pass an empty error (`AUTO_ERROR struct error err = {0};`) and handle it, pass it on, or add a prefix.
// Setting an error replaces the previous one.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>

// The kind of a failure. api/response.c maps each kind to an HTTP status.
enum error_kind {
    ERROR_NONE,
    ERROR_INTERNAL,           // an error of this program or of the system: 500
    ERROR_BAD_REQUEST,        // the request or input is wrong: 400
    ERROR_NOT_FOUND,          // 404
    ERROR_FORBIDDEN,          // 403
    ERROR_UNAUTHORIZED,       // 401
    ERROR_METHOD_NOT_ALLOWED, // 405
    ERROR_CONFLICT,           // the present state forbids it: 409
    ERROR_TIMEOUT,            // 504
    ERROR_TOO_LARGE,          // a limit was exceeded: 413
    ERROR_UNAVAILABLE,        // shutting down or overloaded: 503
    ERROR_CANCELLED,          // the operation was cancelled, by an abort or because its client disconnected
    ERROR_NOT_IMPLEMENTED,    // 501
    ERROR_CONNECTION,         // client side: the daemon cannot be reached
};

struct error {
    enum error_kind kind;
    int errnum;       // the errno that caused the failure, or 0
    const char *code; // the API's code, a constant string such as "not-found"; NULL for most failures
    char *message;    // owned; NULL only with ERROR_NONE
    char *advice;     // owned; further lines for people, which are not part of the message; NULL for most failures
};

bool error_is_set(const struct error *err);
// The message, never NULL.
const char *error_text(const struct error *err);
// Both return false, so that a function can end with `return error_set(...)`.
bool error_set(struct error *err, enum error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);
// Like error_set() with ERROR_INTERNAL; appends ": " and the message of errnum with its first letter in lower case, as
// in the reference ("no such file or directory").
bool error_set_errno(struct error *err, int errnum, const char *format, ...) PRINTF_LIKE(3, 4);
// Adds the API's code, a constant string, to an error that is set. error_set() clears it. Returns false.
bool error_set_code(struct error *err, const char *code);
// Whether an error is set and has this code.
bool error_has_code(const struct error *err, const char *code);
// Prepends text to the message: error_prefix(err, "cannot %s: ", x) gives "cannot X: MESSAGE". Keeps kind, errnum and
// code. Does nothing if no error is set. Returns false.
bool error_prefix(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);
// Adds a line of advice for people to an error that is set: where the fault is, or what to do. Setting an error clears
// it, a prefix does not. Returns false.
bool error_add_advice(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);
// Moves the error to `target`; `source` is empty afterwards. Returns false.
bool error_move(struct error *target, struct error *source);
// Copies the error; NULL or an empty one empties `target`. Returns false.
bool error_copy(struct error *target, const struct error *source);
void error_clear(struct error *err);
// The message of an errno as error_set_errno() writes it; a constant string.
const char *error_errno_text(int errnum);

#define AUTO_ERROR CLEANUP(error_clear)
