// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#define TIME_1 "2026-01-02T03:04:05Z"
#define CHANGE(id, more)                                                                                               \
    "\"" id "\":{\"id\":\"" id "\",\"kind\":\"start\",\"summary\":\"c" id "\",\"status\":0" more "}"
#define TASK(id, more) "\"" id "\":{\"id\":\"" id "\",\"kind\":\"start\",\"summary\":\"t" id "\"" more "}"
#define STATE(changes, tasks, more)                                                                                    \
    "{\"data\":{\"patch-level\":2,\"patch-sublevel\":0,\"start-of-operation-time\":\"" TIME_1                          \
    "\"},\"changes\":{" changes "},\"tasks\":{" tasks                                                                  \
    "},\"last-change-id\":0,\"last-task-id\":0,\"last-lane-id\":0,\"last-notice-id\":0" more "}"

static void assert_same_again(const char *text) {
    struct state *state = state_of(text);
    AUTO_FREE char *written = state_text(state);
    assert_string_equal(written, text);
    state_destroy(state);
}

static void what_it_wrote_is_the_same_again(void **unused UNUSED) {
    assert_same_again(STATE("", "", ""));
    struct state *state = state_create();
    struct change *change = change_create_with_notice_data(state, "start", "s", json_pack("{s:s}", "a", "b"));
    struct task *a = task_create(change, "start", "a");
    struct task *b = task_create(change, "start", "b");
    struct task *c = task_create(change, "start", "c");
    task_wait_for(b, c);
    task_wait_for(b, a);
    task_wait_for(c, a);
    task_join_lane(a, state_new_lane(state));
    task_set_progress(a, "label", 1, 3);
    task_set_status(a, STATUS_ERROR);
    task_log_error(a, "no");
    change_create(state, "replan", "Replan");
    state_add_warning(state, "wet");
    AUTO_FREE char *text = state_text(state);
    state_destroy(state);
    assert_same_again(text);
}

static void the_reference_s_file(void **unused UNUSED) {
    struct state *state = state_of(STATE(
        CHANGE("41", ",\"data\":{\"service-names\":[\"old\"]},\"task-ids\":[\"90\",\"91\"],"
                     "\"spawn-time\":\"" TIME_1
                     "\",\"ready-time\":\"2026-01-02T03:04:08.123457Z\"") "," CHANGE("5", ",\"clean\":true"),
        TASK("90", ",\"status\":9,\"waited-status\":0,\"lanes\":[3],\"halt-tasks\":[\"91\"],"
                   "\"log\":[\"" TIME_1
                   " ERROR it did not work\"],\"change\":\"41\"") "," TASK("91", ",\"status\":1,\"lanes\":[3],\"wait-"
                                                                                 "tasks\":[\"90\"],\"change\":\"41\""),
        ""));
    struct change *change = state_find_change(state, "41");
    assert_int_equal(change_status(change), STATUS_ERROR);
    assert_true(change_is_ready(change));
    AUTO_FREE char *message = change_error(change);
    assert_string_equal(message, "cannot perform the following tasks:\n- t90 (it did not work)");
    assert_string_equal(json_string_value(json_array_get(change_data(change, "service-names"), 0)), "old");
    char time[CLOCK_TEXT_SIZE];
    clock_format(change_ready_time(change), time);
    assert_string_equal(time, "2026-01-02T03:04:08.123457Z");
    assert_int_equal(task_status(state_find_task(state, "91")), STATUS_HOLD);
    // A change without tasks is over, once it has been written.
    assert_true(change_is_ready(state_find_change(state, "5")));
    // Numbers go on from the highest there is.
    assert_string_equal(change_id(change_create(state, "start", "next")), "42");
    state_destroy(state);
}

static bool append_id(struct change *change, void *data) {
    buffer_printf(data, "%s ", change_id(change));
    return true;
}

static void changes_come_by_number(void **unused UNUSED) {
    struct state *state = state_of(STATE(CHANGE("10", "") "," CHANGE("9", "") "," CHANGE("1", ""), "", ""));
    AUTO_BUFFER struct buffer ids = BUFFER_INIT(100);
    state_each_change(state, append_id, &ids);
    assert_string_equal(buffer_text(&ids), "1 9 10 ");
    state_destroy(state);
}

static void unknown_members_are_kept(void **unused UNUSED) {
    struct state *state =
        state_of("{\"data\":{\"patch-level\":2,\"later\":{\"x\":[1.5,null]}},\"future\":\"yes\",\"changes\":"
                 "{" CHANGE("1", ",\"task-ids\":[\"1\"],\"clean\":true,\"colour\":\"red\"") "},\"tasks\":{" TASK(
                     "1", ",\"status\":4,\"waited-status\":4,\"at-time\":\"" TIME_1 "\",\"size\":3") "}}");
    AUTO_FREE char *text = state_text(state);
    assert_non_null(strstr(text, "\"later\":{\"x\":[1.5,null]}"));
    assert_non_null(strstr(text, ",\"last-notice-id\":0,\"future\":\"yes\"}"));
    assert_non_null(strstr(text, ",\"clean\":true,\"colour\":\"red\"}"));
    assert_non_null(strstr(text, ",\"at-time\":\"" TIME_1 "\",\"size\":3}"));
    assert_non_null(strstr(text, "\"status\":4,\"waited-status\":4,"));
    state_destroy(state);
}

static void expired_notices_are_left_out_and_others_sorted(void **unused UNUSED) {
    char old[CLOCK_TEXT_SIZE], middle[CLOCK_TEXT_SIZE], new[CLOCK_TEXT_SIZE];
    static const char form[] = "{\"id\":\"%d\",\"user-id\":%s,\"type\":\"%s\",\"key\":\"k\",\"first-occurred\":\"%s\","
                               "\"last-occurred\":\"%s\",\"last-repeated\":\"%s\",\"occurrences\":2,"
                               "\"repeat-after\":\"90m\",\"expire-after\":\"168h0m0s\",\"mood\":\"good\"}";
    const char *o = ago(169 * 3600, old), *m = ago(100, middle), *n = ago(10, new);
    AUTO_FREE char *a = memory_printf(form, 7, "null", "warning", n, n, n);
    AUTO_FREE char *b = memory_printf(form, 8, "12", "custom", o, o, o);
    AUTO_FREE char *c = memory_printf(form, 9, "13", "custom", m, m, m);
    AUTO_FREE char *text = memory_printf("{\"notices\":[%s,%s,%s]}", a, b, c);
    struct state *state = state_of(text);
    assert_null(state_find_notice(state, "8"));
    const struct notice *warning = state_find_notice(state, "7");
    assert_false(warning->has_user_id);
    assert_int_equal(warning->repeat_after_ns, 5400 * NS_PER_S);
    assert_int_equal(state_latest_warning(state).ns, warning->last_repeated.ns);
    assert_ptr_equal(LIST_ITEM(state->notices.previous, struct notice, link), warning);
    assert_int_equal(state_find_notice(state, "9")->user_id, 13);
    AUTO_FREE char *written = state_text(state);
    assert_non_null(strstr(written, "\"expire-after\":\"168h0m0s\",\"mood\":\"good\"}"));
    state_add_notice(state, &(struct notice_spec){.type = "custom", .key = "new"});
    assert_non_null(state_find_notice(state, "10"));
    state_destroy(state);
}

static void an_older_level_is_brought_up(void **unused UNUSED) {
    struct state *state = state_of("{\"data\":{\"patch-level\":1,\"patch-sublevel\":3},\"identities\":{\"bob\":{}}}");
    assert_non_null(json_object_get(state_data(state, "identities"), "bob"));
    assert_int_equal(json_integer_value(state_data(state, "patch-level")), 2);
    assert_int_equal(json_integer_value(state_data(state, "patch-sublevel")), 0);
    assert_true(state->generation > 0);
    assert_null(state->extra);
    state_destroy(state);
    state = state_of("{\"data\":{\"identities\":{\"ann\":{}}},\"identities\":{\"bob\":{}}}");
    assert_non_null(json_object_get(state_data(state, "identities"), "ann"));
    state_destroy(state);
}

static void strays_are_dropped_and_their_numbers_not_used_again(void **unused UNUSED) {
    struct state *state = state_of(STATE("", TASK("3", ",\"change\":\"\""), ""));
    assert_null(state_find_task(state, "3"));
    assert_string_equal(task_id(task_create(change_create(state, "start", "s"), "start", "t")), "4");
    state_destroy(state);
}

static void assert_refused(const char *text, const char *message) {
    struct state *state = state_create();
    AUTO_ERROR struct error err = {0};
    assert_false(state_read(state, text, strlen(text), &err));
    assert_string_equal(error_text(&err), message);
    assert_int_equal(state->changes_by_id.count + state->tasks_by_id.count + state->notices_by_key.count, 0);
    assert_string_equal(change_id(change_create(state, "start", "s")), "1");
    state_destroy(state);
}

static void what_is_broken_is_refused(void **unused UNUSED) {
    assert_refused("", "cannot read state: EOF");
    assert_refused("{\"data\":{\"patch-level\":3}}",
                   "cannot downgrade: software version is too old for the current system state (patch level 3)");
    assert_refused("[]", "cannot read state: the state: it is not an object");
    assert_refused("{\"changes\":[]}", "cannot read state: the state: changes is not an object");
    assert_refused("{\"data\":{\"patch-level\":\"2\"}}",
                   "cannot read state: member data: patch-level is not a number in range");
    assert_refused(STATE("\"1\":null", "", ""), "cannot read state: changes 1: it is not an object");
    assert_refused(STATE("\"1\":{\"id\":\"2\"}", "", ""),
                   "cannot read state: changes 1: id is not the name it is kept under");
    assert_refused(STATE("\"01\":{\"id\":\"01\"}", "", ""), "cannot read state: changes 01: id is not a number");
    assert_refused(STATE(CHANGE("1", ",\"task-ids\":[\"9\"]"), "", ""),
                   "cannot read state: changes 1: task-ids has one that is missing or taken");
    assert_refused(STATE(CHANGE("1", ",\"task-ids\":[\"1\",\"1\"]"), TASK("1", ""), ""),
                   "cannot read state: changes 1: task-ids has one that is missing or taken");
    assert_refused(
        STATE(CHANGE("1", ",\"task-ids\":[\"1\"]"), TASK("1", ",\"wait-tasks\":[\"2\"]") "," TASK("2", ""), ""),
        "cannot read state: tasks 1: wait-tasks has one that is not in its change");
    assert_refused(STATE("", TASK("1", ",\"status\":11"), ""),
                   "cannot read state: tasks 1: status is not a number in range");
    assert_refused(STATE("", TASK("1", ",\"lanes\":[\"x\"]"), ""),
                   "cannot read state: tasks 1: lanes has something else than numbers");
    assert_refused(STATE("", TASK("1", ",\"spawn-time\":\"soon\""), ""),
                   "cannot read state: tasks 1: spawn-time is not a time");
    assert_refused("{\"notices\":[{}]}", "cannot read state: notices : id is missing");
    assert_refused("{\"notices\":[{\"id\":\"1\",\"repeat-after\":\"often\"}]}",
                   "cannot read state: notices 1: repeat-after is not a duration");
}

static void a_notice_twice_is_refused(void **unused UNUSED) {
    char stamp[CLOCK_TEXT_SIZE];
    static const char form[] = "{\"id\":\"%d\",\"type\":\"custom\",\"key\":\"%s\",\"last-occurred\":\"%s\","
                               "\"expire-after\":\"1h\"}";
    AUTO_FREE char *a = memory_printf(form, 1, "k", ago(5, stamp));
    AUTO_FREE char *b = memory_printf(form, 1, "l", ago(5, stamp));
    AUTO_FREE char *c = memory_printf(form, 2, "k", ago(5, stamp));
    AUTO_FREE char *same_id = memory_printf("{\"notices\":[%s,%s]}", a, b);
    AUTO_FREE char *same_key = memory_printf("{\"notices\":[%s,%s]}", a, c);
    assert_refused(same_id, "cannot read state: notices 1: it is there twice");
    assert_refused(same_key, "cannot read state: notices 2: it is there twice");
}

static void a_deep_file_is_refused(void **unused UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "{\"data\":");
    for (int i = 0; i < 100000; i++)
        buffer_add_char(&text, '[');
    struct state *state = state_create();
    AUTO_ERROR struct error err = {0};
    assert_false(state_read(state, text.data, text.length, &err));
    assert_true(text_has_prefix(error_text(&err), "cannot read state: "));
    state_destroy(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_wrote_is_the_same_again),
        cmocka_unit_test(the_reference_s_file),
        cmocka_unit_test(changes_come_by_number),
        cmocka_unit_test(unknown_members_are_kept),
        cmocka_unit_test(expired_notices_are_left_out_and_others_sorted),
        cmocka_unit_test(an_older_level_is_brought_up),
        cmocka_unit_test(strays_are_dropped_and_their_numbers_not_used_again),
        cmocka_unit_test(what_is_broken_is_refused),
        cmocka_unit_test(a_notice_twice_is_refused),
        cmocka_unit_test(a_deep_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
