// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/accounts.h"
#include "base/error.h"
#include "base/memory.h"

static void finds_root(void **state UNUSED) {
    AUTO_ACCOUNT struct account by_name = {0};
    AUTO_ACCOUNT struct account by_uid = {0};
    assert_true(account_by_name("root", &by_name, NULL));
    assert_true(account_by_uid(0, &by_uid, NULL));
    assert_int_equal(by_name.uid, 0);
    assert_int_equal(by_name.gid, 0);
    assert_string_equal(by_uid.name, "root");
    assert_string_equal(by_uid.home, by_name.home);
    assert_int_equal(by_uid.home[0], '/');
    gid_t gid = 777;
    assert_true(group_by_name("root", &gid, NULL));
    assert_int_equal(gid, 0);
    AUTO_FREE char *name = NULL;
    assert_true(group_name(0, &name, NULL));
    assert_string_equal(name, "root");
}

static void unknown_ones_are_bad_requests(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    AUTO_ACCOUNT struct account account = {.uid = 777};
    gid_t gid = 777;
    char *name = NULL;
    assert_false(account_by_name("no such \"one\"", &account, &err));
    assert_string_equal(error_text(&err), "user: unknown user no such \"one\"");
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_false(account_by_uid(4000000123, &account, &err));
    assert_string_equal(error_text(&err), "user: unknown userid 4000000123");
    assert_false(group_by_name("nosuchgroup", &gid, &err));
    assert_string_equal(error_text(&err), "group: unknown group nosuchgroup");
    assert_false(group_name(4000000123, &name, &err));
    assert_string_equal(error_text(&err), "group: unknown groupid 4000000123");
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_int_equal(account.uid, 777);
    assert_int_equal(gid, 777);
    assert_null(name);
}

static const int64_t zero = 0, one = 1, nine = 9, stranger = 1999999999;
static const int64_t beyond = (INT64_C(1) << 32); // would be root if it were cut to 32 bits
static const int64_t negative = -1, all_ones = UINT32_MAX;

static void resolves(void **state UNUSED) {
    const struct {
        struct account_request request;
        struct account_choice choice;
    } cases[] = {
        {{0}, {0}},
        {{.user = "", .group = ""}, {0}},
        {{.user = "root"}, {true, true, 0, 0}},
        {{.user = "root", .user_id = &zero}, {true, true, 0, 0}},
        {{.user_id = &zero}, {true, true, 0, 0}},
        {{.user = "daemon", .group = "root"}, {true, true, 1, 0}},
        {{.user = "daemon", .group_id = &nine}, {true, true, 1, 9}},
        {{.user = "daemon"}, {true, true, 1, 1}},
        {{.user_id = &one, .user = "daemon", .group_id = &one, .group = "daemon"}, {true, true, 1, 1}},
        {{.user_id = &stranger, .group_id = &nine}, {true, true, 1999999999, 9}},
        {{.user_id = &stranger, .group = "root"}, {true, true, 1999999999, 0}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_ERROR struct error err = {0};
        struct account_choice choice = {true, true, 7, 7};
        if (!account_resolve(&cases[i].request, &choice, &err))
            fail_msg("case %zu: %s", i, error_text(&err));
        assert_int_equal(choice.has_uid, cases[i].choice.has_uid);
        assert_int_equal(choice.has_gid, cases[i].choice.has_gid);
        assert_int_equal(choice.uid, cases[i].choice.uid);
        assert_int_equal(choice.gid, cases[i].choice.gid);
    }
}

static void refuses_contradictions(void **state UNUSED) {
    const struct {
        struct account_request request;
        const char *message;
    } cases[] = {
        {{.user = "root", .user_id = &nine}, "user \"root\" UID (0) does not match user-id (9)"},
        {{.user_id = &nine, .user = "root", .group_id = &one}, "user \"root\" UID (0) does not match user-id (9)"},
        {{.user = "root", .group = "root", .group_id = &nine}, "group \"root\" GID (0) does not match group-id (9)"},
        {{.group = "root", .group_id = &nine}, "group \"root\" GID (0) does not match group-id (9)"},
        {{.group = "root"}, "must specify user, not just group"},
        {{.group_id = &zero}, "must specify user, not just group"},
        {{.user = "nobody-at-all"}, "user: unknown user nobody-at-all"},
        {{.user = "root", .group = "nogroup-at-all"}, "group: unknown group nogroup-at-all"},
        {{.user_id = &stranger}, "user: unknown userid 1999999999"},
        {{.user_id = &beyond}, "user: unknown userid 4294967296"},
        {{.user_id = &beyond, .group_id = &nine}, "user: unknown userid 4294967296"},
        {{.user_id = &negative, .group_id = &nine}, "user: unknown userid -1"},
        {{.user_id = &all_ones, .group = "root"}, "user: unknown userid 4294967295"},
        {{.user = "root", .group_id = &beyond}, "group: unknown groupid 4294967296"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_ERROR struct error err = {0};
        struct account_choice choice = {true, true, 7, 7};
        assert_false(account_resolve(&cases[i].request, &choice, &err));
        assert_string_equal(error_text(&err), cases[i].message);
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        assert_int_equal(choice.uid, 7);
    }
}

int main(void) {
    accounts_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_root),
        cmocka_unit_test(unknown_ones_are_bad_requests),
        cmocka_unit_test(resolves),
        cmocka_unit_test(refuses_contradictions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
