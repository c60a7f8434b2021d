// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "access/pem.h"
#include "base/memory.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----"
// SEQUENCE { SEQUENCE {}, SEQUENCE {}, BIT STRING 00 }
#define SMALLEST "MAcwADAAAwEA"

// openssl req -x509 -newkey ed25519 -nodes -subj /CN=kestrel
static const char real[] = "-----BEGIN CERTIFICATE-----\n"
                           "MIIBODCB66ADAgECAhR3fCsCXeV7AA3Z0xuiyRulsLExajAFBgMrZXAwEjEQMA4G\n"
                           "A1UEAwwHa2VzdHJlbDAeFw0yNjExMjYxNDM1NDZaFw0yNjEyMjYxNDM1NDZaMBIx\n"
                           "EDAOBgNVBAMMB2tlc3RyZWwwKjAFBgMrZXADIQAARrwhmCB1X2sH8U86xRwT1sr4\n"
                           "P8x1zXCFDpdalG+unaNTMFEwHQYDVR0OBBYEFMBVOwmoPhI/fen61PpUlkwjDgMz\n"
                           "MB8GA1UdIwQYMBaAFMBVOwmoPhI/fen61PpUlkwjDgMzMA8GA1UdEwEB/wQFMAMB\n"
                           "Af8wBQYDK2VwA0EA1NDlkWEsTJbNHjQk/Vw5uYibge57O8KVXvmElw4Am47dyFUe\n"
                           "jqAf9whxQNMGKSNoWSoI3/kvdpeyOIeEApjcBw==\n"
                           "-----END CERTIFICATE-----\n";

static void accepts(const char *text, const char *expected) {
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *pem = NULL;
    if (!pem_read_certificate(text, &pem, &err))
        fail_msg("%s: %s", text, error_text(&err));
    assert_string_equal(pem, expected);
}

static void refuses(const char *text, const char *message) {
    AUTO_ERROR struct error err = {0};
    char *pem = NULL;
    if (pem_read_certificate(text, &pem, &err))
        fail_msg("accepted %s", text);
    assert_null(pem);
    assert_string_equal(error_text(&err), message);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
}

static void one_block_is_accepted(void **state UNUSED) {
    static const char plain[] = BEGIN SMALLEST "\n" END "\n";
    accepts(real, real);
    accepts(BEGIN SMALLEST "\n" END, plain);
    accepts(plain, plain);
    accepts("-----BEGIN CERTIFICATE-----\r\n" SMALLEST "\r\n" END "\r\n", plain);
    accepts("Subject: \x01\n-----BEGIN nothing\n\n" BEGIN SMALLEST "\n" END "  \n", plain);
    accepts(BEGIN "MAcw\nADAA\nAwEA\n" END, plain);
    accepts("-----BEGIN X Y-----\n" SMALLEST "\n-----END X Y-----\n", plain);
}

static void text_without_a_block_is_refused(void **state UNUSED) {
    static const char *const texts[] = {
        "",
        "x",
        "-----BEGIN PEAR-----",
        BEGIN,
        BEGIN SMALLEST,
        BEGIN SMALLEST "\n-----END CERT-----\n",
        BEGIN "MAcw!DAAAwEA\n" END,
        BEGIN SMALLEST END,
        " " BEGIN SMALLEST "\n" END,
        "-----BEGIN ",
        "-----BEGIN -----",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        refuses(texts[i], "cert identity must include a PEM-encoded certificate");
}

static void nothing_may_follow(void **state UNUSED) {
    static const char message[] = "cert identity cannot have extra data after the PEM block";
    refuses(BEGIN SMALLEST "\n" END "\n\n", message);
    refuses(BEGIN SMALLEST "\n" END "\nx", message);
    AUTO_FREE char *twice = memory_printf("%s%s", real, real);
    refuses(twice, message);
}

static void another_content_is_refused(void **state UNUSED) {
    static const char message[] = "cannot parse certificate from cert identity: x509: malformed certificate";
    refuses(BEGIN END, message);
    refuses(BEGIN "\n" END, message);
    refuses(BEGIN "MAcwADAAAwIA\n" END, message);     // the bit string is longer than the rest
    refuses(BEGIN "MAcwADAAAwEAAA==\n" END, message); // something behind the certificate
    refuses(BEGIN "MAUwADAAAwA=\n" END, message);     // shorter than it claims to be
    refuses(BEGIN "MIA=\n" END, message);             // indefinite length
    refuses(BEGIN "MIT/////\n" END, message);         // a length that does not fit
    refuses(BEGIN "MIM=\n" END, message);
    refuses(BEGIN "MA==\n" END, message);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_block_is_accepted),
        cmocka_unit_test(text_without_a_block_is_refused),
        cmocka_unit_test(nothing_may_follow),
        cmocka_unit_test(another_content_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
