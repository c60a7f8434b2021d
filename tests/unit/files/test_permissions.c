// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "files/permissions_internal.h"

static void reads_three_octal_digits(void **state UNUSED) {
    mode_t mode = 1;
    assert_true(permissions_parse("750", 0644, &mode, NULL));
    assert_int_equal(mode, 0750);
    assert_true(permissions_parse("000", 0644, &mode, NULL));
    assert_int_equal(mode, 0);
    assert_true(permissions_parse("", 0644, &mode, NULL));
    assert_int_equal(mode, 0644);
    assert_true(permissions_parse(NULL, 0755, &mode, NULL));
    assert_int_equal(mode, 0755);
    static const char *const bad[] = {"0644", "64", "8", "888", "-44", " 44", "+44", "0o7", "7 5", "1777"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        AUTO_ERROR struct error err = {0};
        assert_false(permissions_parse(bad[i], 0644, &mode, &err));
        assert_non_null(strstr(error_text(&err), "permissions must be a 3-digit octal string, got \""));
    }
    assert_int_equal(mode, 0755); // untouched
}

static void owners_are_copied_and_resolved(void **state UNUSED) {
    int64_t uid = 12, gid = 34;
    char user[] = "no-such-user";
    struct file_owner owner;
    struct account_choice choice = {0};
    AUTO_ERROR struct error err = {0};
    file_owner_init(&owner, &(const struct account_request){.user_id = &uid, .group_id = &gid});
    uid = gid = 0;
    assert_true(file_owner_resolve(&owner, &choice, NULL));
    assert_true(choice.has_uid && choice.has_gid);
    assert_int_equal(choice.uid, 12);
    assert_int_equal(choice.gid, 34);
    file_owner_finish(&owner);
    file_owner_init(&owner, &(const struct account_request){.user = user});
    user[0] = 'X';
    assert_false(file_owner_resolve(&owner, &choice, &err));
    assert_string_equal(error_text(&err), "cannot look up user and group: user: unknown user no-such-user");
    file_owner_finish(&owner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_three_octal_digits),
        cmocka_unit_test(owners_are_copied_and_resolved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
