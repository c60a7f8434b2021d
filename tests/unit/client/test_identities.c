// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

static void identities_are_read(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "{\"ann\":{\"access\":\"admin\",\"local\":{\"user-id\":4294967295}},"
                   "\"bob\":{\"access\":\"read\",\"basic\":{\"password\":\"*****\"},\"cert\":{\"pem\":\"+++++\"},"
                   "\"new\":5}}"},
        {.result = "{}"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct pebble_identities *identities = NULL;
    uint32_t user_id = 7;
    assert_true(pebble_get_identities(with.client, &identities, &with.error));
    assert_int_equal(pebble_identities_count(identities), 2);
    const struct pebble_identity *identity = pebble_identities_at(identities, 1);
    assert_string_equal(pebble_identity_name(identity), "bob");
    assert_string_equal(pebble_identity_access(identity), "read");
    assert_string_equal(pebble_identity_password(identity), "*****");
    assert_string_equal(pebble_identity_certificate(identity), "+++++");
    assert_false(pebble_identity_user_id(identity, &user_id));
    assert_int_equal(user_id, 7);
    identity = pebble_identities_at(identities, 0);
    assert_string_equal(pebble_identity_name(identity), "ann");
    assert_true(pebble_identity_user_id(identity, NULL));
    assert_true(pebble_identity_user_id(identity, &user_id));
    assert_int_equal(user_id, UINT32_MAX);
    assert_null(pebble_identity_password(identity));
    assert_null(pebble_identity_certificate(identity));
    assert_null(pebble_identities_at(identities, 2));
    pebble_identities_destroy(identities);
    pebble_identities_destroy(NULL);
    assert_true(pebble_get_identities(with.client, &identities, &with.error));
    assert_int_equal(pebble_identities_count(identities), 0);
    pebble_identities_destroy(identities);
    with_daemon_assert_request(&with, 0, "1 GET /v1/identities HTTP/1.1", "");
    with_daemon_end(&with);
}

static void identities_of_the_wrong_form_are_refused(void **state UNUSED) {
    static const struct {
        const char *result, *message;
    } cases[] = {
        {"[]", "cannot unmarshal: not an object where one is due"},
        {"null", "cannot unmarshal: not an object where one is due"},
        {"{\"a\":{\"access\":\"read\"},\"b\":null}", "cannot unmarshal: not an object where one is due"},
        {"{\"a\":{\"access\":3}}", "cannot unmarshal: \"access\" is not a string"},
        {"{\"a\":{\"local\":{\"user-id\":-1}}}", "cannot unmarshal: \"user-id\" is out of range"},
        {"{\"a\":{\"local\":{\"user-id\":4294967296}}}", "cannot unmarshal: \"user-id\" is out of range"},
        {"{\"a\":{\"basic\":\"x\"}}", "cannot unmarshal: not an object where one is due"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct fake_response script[] = {{.result = cases[i].result}};
        struct with_daemon with;
        with_daemon_begin(&with, script, 1);
        struct pebble_identities *identities = NULL;
        assert_false(pebble_get_identities(with.client, &identities, &with.error));
        with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, cases[i].message);
        assert_null(identities);
        with_daemon_end(&with);
    }
}

static void identities_are_modified(void **state UNUSED) {
    const struct fake_response script[] = {
        {.json = "{\"type\":\"sync\",\"status-code\":200,\"status\":\"OK\"}"},
        {.json = "{\"type\":\"error\",\"status-code\":400,\"result\":{\"message\":\"identities already exist: a\"}}",
         .status = 400},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    assert_true(pebble_modify_identities(with.client, "remove", " {\"a\": null} ", &with.error));
    assert_false(pebble_modify_identities(with.client, "add", "{}", &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "identities already exist: a");
    with_daemon_assert_request(&with, 0, "1 POST /v1/identities HTTP/1.1",
                               "{\"action\":\"remove\",\"identities\":{\"a\":null}}");
    with_daemon_end(&with);
}

static void other_text_is_not_sent(void **state UNUSED) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "cannot read identities: EOF"},
        {"{", "cannot read identities: unexpected EOF"},
        {"{},{}", "cannot read identities: invalid character ',' after top-level value"},
        {"[]", "cannot read identities: not a JSON object"},
        {"null", "cannot read identities: not a JSON object"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_false(pebble_modify_identities(with.client, "add", cases[i].text, &with.error));
        with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, cases[i].message);
    }
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_read),
        cmocka_unit_test(identities_of_the_wrong_form_are_refused),
        cmocka_unit_test(identities_are_modified),
        cmocka_unit_test(other_text_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
