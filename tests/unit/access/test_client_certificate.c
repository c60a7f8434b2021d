// SPDX-License-Identifier: GPL-3.0-or-later
#include "../tls/certificate_fixture.h"

#include "access/client_certificate_internal.h"

static void validity_and_usage_are_checked(void **state UNUSED) {
    static const struct {
        struct certificate_fixture_spec spec;
        const char *beginning, *part; // of the message
    } cases[] = {
        {{.name = "plain"}, NULL, NULL},
        {{.name = "client", .usage = "clientAuth"}, NULL, NULL},
        {{.name = "any", .usage = "serverAuth,anyExtendedKeyUsage"}, NULL, NULL},
        {{.name = "server", .usage = "serverAuth"}, "x509: certificate specifies an incompatible key usage", ""},
        {{.name = "old", .to_s = -3600},
         "x509: certificate has expired or is not yet valid: current time 20",
         "Z is after 20"},
        {{.name = "new", .from_s = 3600},
         "x509: certificate has expired or is not yet valid: current time 20",
         "Z is before 20"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct certificate_fixture fixture = fixture_make(cases[i].spec);
        AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(&fixture);
        AUTO_ERROR struct error err = {0};
        bool is_good = client_certificate_check(certificate, &err);
        assert_int_equal(is_good, cases[i].beginning == NULL);
        if (!is_good) {
            assert_ptr_equal(strstr(error_text(&err), cases[i].beginning), error_text(&err));
            assert_non_null(strstr(error_text(&err), cases[i].part));
            assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        }
        fixture_finish(&fixture);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validity_and_usage_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
