// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sslerr.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tls/openssl_internal.h"

static char configuration[] = "/tmp/test_openssl_XXXXXX";

// With this configuration no algorithm would be found.
static int set_up(void **state UNUSED) {
    int fd = mkstemp(configuration);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "openssl_conf = all\n[all]\nalg_section = evp\n[evp]\ndefault_properties = x=y\n") > 0);
    close(fd);
    (void)setenv("OPENSSL_CONF", configuration, 1);
    openssl_start();
    return 0;
}

static int tear_down(void **state UNUSED) {
    return unlink(configuration);
}

static void start(void **state UNUSED) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    openssl_start();
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, "x", 1, digest, NULL), 1);
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
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
