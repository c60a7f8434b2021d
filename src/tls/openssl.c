// SPDX-License-Identifier: LGPL-3.0-or-later
#include "tls/openssl_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void) {
    // A failure shows in the functions called next.
    (void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS,
                           NULL);
}

void openssl_start(void) {
    (void)pthread_once(&once, start);
}

const char *openssl_reason(unsigned long code) {
    if (ERR_SYSTEM_ERROR(code))
        return error_errno_text(ERR_GET_REASON(code));
    if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
        return error_errno_text(ENOMEM);
    // The messages about connections, about 15 KB, are loaded when the first one is needed.
    (void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL);
    const char *reason = ERR_reason_error_string(code);
    return reason != NULL ? reason : "internal error of OpenSSL";
}

bool openssl_fail(struct error *err, const char *what) {
    (void)error_set(err, ERROR_INTERNAL, "%s: %s", what, openssl_reason(ERR_get_error()));
    ERR_clear_error();
    return false;
}
