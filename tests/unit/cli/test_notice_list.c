// SPDX-License-Identifier: GPL-3.0-or-later
#include "caught.h"

#include "cli/notice_list.h"
#include "cli/session.h"
#include "notice_fixture.h"

// Gets what the daemon responds with and finishes it. Returns the moment that was saved.
static struct wall_time listed_after(struct notice_fixture *fixture, const char *kept) {
    struct cli_session session;
    struct state_file state = {0};
    const struct pebble_notice_options options = {.size = sizeof options};
    AUTO_ERROR struct error err = {0};
    if (kept != NULL)
        assert_true(clock_parse(kept, &state.moments[NOTICES_LISTED]));
    session_init(&session);
    struct pebble_notices *notices = NULL;
    assert_true(pebble_get_notices(session_client(&session, &err), &options, &notices, NULL));
    assert_true(notice_list_finish(notices, &state, NOTICES_LISTED, fixture->socket_path, &err));
    session_finish(&session);
    return state.moments[NOTICES_LISTED];
}

static void the_last_one_decides_what_is_listed(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[{\"last-repeated\":\"1970-01-01T00:00:01Z\"},{\"last-repeated\":\"1970-01-01T00:00:02Z\"}]"}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 1);
    assert_int_equal(listed_after(&fixture, NULL).ns, 2 * NS_PER_S);
    assert_listed("notices-last-listed", "1970-01-01T00:00:02Z");
    notice_fixture_end(&fixture);
}

static void an_empty_list_changes_nothing(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[]"}};
    struct notice_fixture fixture;
    notice_fixture_begin(&fixture, script, 1);
    assert_int_equal(listed_after(&fixture, "1970-01-01T00:00:07Z").ns, 7 * NS_PER_S);
    AUTO_FREE char *file = path_join(fixture.folder, "pebble/cli.json");
    assert_int_equal(access(file, F_OK), -1);
    notice_fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_one_decides_what_is_listed),
        cmocka_unit_test(an_empty_list_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
