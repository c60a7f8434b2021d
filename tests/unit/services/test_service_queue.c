// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static char *many(int count) {
    struct buffer yaml = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&yaml, "services:\n");
    for (int i = 0; i < count; i++)
        buffer_printf(&yaml, "  s%02d: {override: replace, command: sleep 1000, startup: enabled}\n", i);
    return buffer_take(&yaml);
}

static size_t up_count(struct fixture *fixture) {
    size_t count = 0;
    for (struct map_entry *e = map_first(&fixture->manager->services); e != NULL;
         e = map_next(&fixture->manager->services, e))
        count += service_is_up(e->value) ? 1 : 0;
    return count;
}

static void starts_are_spread_over_turns(void **unused UNUSED) {
    AUTO_FREE char *yaml = many(40);
    struct fixture fixture;
    fixture_begin(&fixture, yaml);
    struct change *change = fixture_ask(&fixture, SERVICE_AUTOSTART, "");
    size_t most_in_a_turn = 0, before = 0;
    while (up_count(&fixture) < 40) {
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
        size_t now = up_count(&fixture);
        most_in_a_turn = now - before > most_in_a_turn ? now - before : most_in_a_turn;
        before = now;
    }
    assert_in_range(most_in_a_turn, 1, 16);
    RUN_UNTIL(&fixture, change_is_ready(change));
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
}

static void what_waits_in_the_queue_can_be_stopped(void **unused UNUSED) {
    AUTO_FREE char *yaml = many(40);
    struct fixture fixture;
    fixture_begin(&fixture, yaml);
    struct change *start = fixture_ask(&fixture, SERVICE_AUTOSTART, "");
    RUN_UNTIL(&fixture, map_has(&fixture.manager->services, "s39"));
    struct service *last = fixture_service(&fixture, "s39");
    assert_true(list_is_linked(&last->queue_link));
    struct change *stop = fixture_do(&fixture, SERVICE_STOP, "s39");
    assert_int_equal(change_status(stop), STATUS_DONE);
    RUN_UNTIL(&fixture, change_is_ready(start));
    assert_int_equal(change_status(start), STATUS_ERROR);
    assert_null(last->process);
    assert_int_equal(last->start_count, 0);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_are_spread_over_turns),
        cmocka_unit_test(what_waits_in_the_queue_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
