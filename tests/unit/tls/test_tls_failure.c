// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/compiler.h"
#include "tls/openssl_internal.h"
#include "tls/tls_failure_internal.h"

static void assert_text(int library, int reason, bool is_server, const char *expected) {
    AUTO_ERROR struct error err = {0};
    assert_false(tls_failure_set(&err, ERR_PACK((unsigned)library, 0, (unsigned)reason), is_server));
    assert_string_equal(error_text(&err), expected);
    assert_int_equal(err.kind, ERROR_CONNECTION);
}

static void alerts(void **state UNUSED) {
    assert_text(ERR_LIB_SSL, SSL_R_TLSV1_ALERT_UNKNOWN_CA, true, "remote error: tls: unknown certificate authority");
    assert_text(ERR_LIB_SSL, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, true, "remote error: tls: bad certificate");
    assert_text(ERR_LIB_SSL, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, false, "remote error: tls: certificate required");
    assert_text(ERR_LIB_SSL, SSL_AD_REASON_OFFSET + 99, false, "remote error: tls: alert(99)");
    assert_text(ERR_LIB_SSL, SSL_AD_REASON_OFFSET + 255, false, "remote error: tls: alert(255)");
}

static void known(void **state UNUSED) {
    assert_text(ERR_LIB_SSL, SSL_R_UNEXPECTED_EOF_WHILE_READING, true, "unexpected EOF");
    assert_text(ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL, true, "tls: client offered only unsupported versions");
    assert_text(ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL, false, "tls: server selected unsupported protocol version");
}

static void http(void **state UNUSED) {
    static const char *const requests[] = {"GET /x", "HEAD /", "POST /", "PUT /x", "OPTIONS"};
    AUTO_ERROR struct error err = {0};
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        assert_false(tls_failure_set_http(&err, requests[i], false));
        assert_false(error_is_set(&err));
        assert_true(tls_failure_set_http(&err, requests[i], true));
        assert_string_equal(error_text(&err), "client sent an HTTP request to an HTTPS server");
        error_clear(&err);
    }
    assert_false(tls_failure_set_http(&err, "HTTP/1.1", true));
    assert_false(tls_failure_set_http(&err, "HTTP\0", false));
    assert_true(tls_failure_set_http(&err, "HTTP/1.1", false));
    assert_string_equal(error_text(&err), "http: server gave HTTP response to HTTPS client");
    assert_int_equal(err.kind, ERROR_CONNECTION);
}

static void others(void **state UNUSED) {
    openssl_start();
    assert_text(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER, true, "tls: no shared cipher");
    assert_text(ERR_LIB_X509, SSL_R_UNSUPPORTED_PROTOCOL, true, "tls: internal error of OpenSSL");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alerts),
        cmocka_unit_test(known),
        cmocka_unit_test(http),
        cmocka_unit_test(others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
