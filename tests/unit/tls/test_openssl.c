// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdlib.h>

#include "tls/openssl_internal.h"

static int set_up(void **state UNUSED) {
    // A file that is no configuration would make OpenSSL fail.
    (void)setenv("OPENSSL_CONF", "/proc/self/exe", 1);
    openssl_start();
    return 0;
}

static void start(void **state UNUSED) {
    openssl_start();
    assert_int_equal(ERR_peek_error(), 0);
}

static void oldest_error(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    ERR_raise(ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    assert_false(openssl_fail(&err, "cannot try"));
    assert_string_equal(error_text(&err), "cannot try: unsupported protocol");
    assert_int_equal(err.kind, ERROR_INTERNAL);
    assert_int_equal(ERR_peek_error(), 0);
}

static void reasons(void **state UNUSED) {
    ERR_raise(ERR_LIB_SYS, ENOENT);
    assert_string_equal(openssl_reason(ERR_get_error()), "no such file or directory");
    ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
    assert_string_equal(openssl_reason(ERR_get_error()), "cannot allocate memory");
    assert_string_equal(openssl_reason(0), "internal error of OpenSSL");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start),
        cmocka_unit_test(oldest_error),
        cmocka_unit_test(reasons),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
