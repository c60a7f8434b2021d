// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#define TIME_1 "2026-01-02T03:04:05Z"
#define TIME_2 "2026-01-02T03:04:06.25+02:00"

static struct wall_time time_of(const char *text) {
    struct wall_time time;
    assert_true(clock_parse(text, &time));
    return time;
}

static struct state *new_state(void) {
    struct state *state = state_create();
    state_set_data(state, "start-of-operation-time", json_string(TIME_1));
    return state;
}

#define HEAD "{\"data\":{\"patch-level\":2,\"patch-sublevel\":0,\"start-of-operation-time\":\"" TIME_1 "\"},"

static void an_empty_state(void **unused UNUSED) {
    struct state *state = new_state();
    AUTO_FREE char *text = state_text(state);
    assert_string_equal(text, HEAD "\"changes\":{},\"tasks\":{},\"last-change-id\":0,\"last-task-id\":0,"
                                   "\"last-lane-id\":0,\"last-notice-id\":0}");
    state_destroy(state);
}

static void empty_members_are_left_out(void **unused UNUSED) {
    struct state *state = new_state();
    struct change *change = change_create(state, "start", "a \"b\" <c>");
    struct task *task = task_create(change, "start", "first");
    change->spawn_time = task->spawn_time = time_of(TIME_1);
    notice_remove(state, notice_find(state, &(struct notice_spec){.type = "change-update", .key = "1"}));
    AUTO_FREE char *text = state_text(state);
    assert_string_equal(
        text, HEAD "\"changes\":{\"1\":{\"id\":\"1\",\"kind\":\"start\",\"summary\":\"a \\\"b\\\" <c>\",\"status\":0,"
                   "\"task-ids\":[\"1\"],\"spawn-time\":\"" TIME_1 "\"}},"
                   "\"tasks\":{\"1\":{\"id\":\"1\",\"kind\":\"start\",\"summary\":\"first\",\"status\":0,"
                   "\"waited-status\":0,\"change\":\"1\",\"spawn-time\":\"" TIME_1 "\"}},"
                   "\"last-change-id\":1,\"last-task-id\":1,\"last-lane-id\":0,\"last-notice-id\":1}");
    state_destroy(state);
}

static struct change *fill(struct state *state) {
    struct change *change = change_create(state, "start", "s");
    struct task *a = task_create(change, "start", "a");
    struct task *b = task_create(change, "start", "b");
    task_wait_for(b, a);
    task_join_lane(a, state_new_lane(state));
    task_set_status(a, STATUS_DONE);
    task_set_data(a, "k", json_integer(1));
    task_set_progress(a, "bytes", 1, 2);
    a->doing_ns = 17;
    text_list_add(&a->log, TIME_1 " INFO hello");
    change->spawn_time = a->spawn_time = b->spawn_time = time_of(TIME_1);
    a->ready_time = time_of(TIME_2);
    change_set_data(change, "names", json_pack("[s]", "x"));
    change_set_status(change, STATUS_DONE);
    change->ready_time = time_of(TIME_2);
    return change;
}

static void all_members_of_changes_and_tasks(void **unused UNUSED) {
    struct state *state = new_state();
    struct change *change = fill(state);
    notice_remove(state, notice_find(state, &(struct notice_spec){.type = "change-update", .key = change->id}));
    AUTO_FREE char *text = state_text(state);
    assert_string_equal(
        text,
        HEAD "\"changes\":{\"1\":{\"id\":\"1\",\"kind\":\"start\",\"summary\":\"s\",\"status\":4,\"data\":{\"names\":["
             "\"x\"]},"
             "\"task-ids\":[\"1\",\"2\"],\"spawn-time\":\"" TIME_1 "\",\"ready-time\":\"" TIME_2 "\","
             "\"last-recorded-notice-status\":4}},"
             "\"tasks\":{\"1\":{\"id\":\"1\",\"kind\":\"start\",\"summary\":\"a\",\"status\":4,\"waited-status\":0,"
             "\"progress\":{\"label\":\"bytes\",\"done\":1,\"total\":2},\"data\":{\"k\":1},\"halt-tasks\":[\"2\"],"
             "\"lanes\":[1],\"log\":[\"" TIME_1 " INFO hello\"],\"change\":\"1\",\"spawn-time\":\"" TIME_1 "\","
             "\"ready-time\":\"" TIME_2 "\",\"doing-time\":17},"
             "\"2\":{\"id\":\"2\",\"kind\":\"start\",\"summary\":\"b\",\"status\":0,\"waited-status\":0,"
             "\"wait-tasks\":[\"1\"],\"change\":\"1\",\"spawn-time\":\"" TIME_1 "\"}},"
             "\"last-change-id\":1,\"last-task-id\":2,\"last-lane-id\":1,\"last-notice-id\":1}");
    state_destroy(state);
}

static void members_of_notices(void **unused UNUSED) {
    struct state *state = new_state();
    AUTO_TEXT_LIST struct text_list names = {0};
    text_list_add(&names, "k");
    struct notice_spec spec = {.has_user_id = true,
                               .user_id = 4294967295,
                               .type = "custom",
                               .key = "a.b/c",
                               .data_names = &names,
                               .data_values = &names,
                               .repeat_after_ns = 5400 * NS_PER_S};
    state_add_notice(state, &spec);
    state_add_notice(state, &(struct notice_spec){.type = "warning", .key = "w"});
    struct notice *notice = notice_find(state, &spec);
    char now[CLOCK_TEXT_SIZE], later[CLOCK_TEXT_SIZE];
    clock_format(notice->last_repeated, now);
    clock_format(state_latest_warning(state), later);
    AUTO_FREE char *expected = memory_printf(
        "\"tasks\":{},\"notices\":[{\"id\":\"1\",\"user-id\":4294967295,\"type\":\"custom\",\"key\":\"a.b/c\","
        "\"first-occurred\":\"%s\",\"last-occurred\":\"%s\",\"last-repeated\":\"%s\",\"occurrences\":1,"
        "\"last-data\":{\"k\":\"k\"},\"repeat-after\":\"1h30m0s\",\"expire-after\":\"168h0m0s\"},"
        "{\"id\":\"2\",\"user-id\":null,\"type\":\"warning\",\"key\":\"w\",\"first-occurred\":\"%s\","
        "\"last-occurred\":\"%s\",\"last-repeated\":\"%s\",\"occurrences\":1,\"expire-after\":\"168h0m0s\"}],"
        "\"last-change-id\":0",
        now, now, now, later, later, later);
    AUTO_FREE char *text = state_text(state);
    assert_non_null(strstr(text, expected));
    notice->expire_after_ns = -1;
    AUTO_FREE char *without = state_text(state);
    assert_null(strstr(without, "a.b/c"));
    state_destroy(state);
}

static void only_what_was_altered_is_written_anew(void **unused UNUSED) {
    struct state *state = new_state();
    struct change *change = fill(state);
    struct task *a = change_task(change, 0), *b = change_task(change, 1);
    struct snapshot first;
    snapshot_take(state, &first);
    const struct shared_text *change_text = change->text, *b_text = b->text, *data_text = state->data_text;
    struct shared_text *a_text = a->text;
    AUTO_FREE char *kept = memory_string_n(a_text->text, a_text->length);
    task_log_info(a, "more");
    assert_null(a->text);
    struct snapshot second;
    snapshot_take(state, &second);
    assert_ptr_equal(change->text, change_text);
    assert_ptr_equal(b->text, b_text);
    assert_ptr_equal(state->data_text, data_text);
    assert_ptr_not_equal(a->text, a_text);
    // The first snapshot still has what it took, also when the objects are gone.
    state_destroy(state);
    assert_memory_equal(a_text->text, kept, a_text->length);
    assert_int_equal(a_text->references, 1);
    snapshot_finish(&first);
    snapshot_finish(&second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_state),
        cmocka_unit_test(empty_members_are_left_out),
        cmocka_unit_test(all_members_of_changes_and_tasks),
        cmocka_unit_test(members_of_notices),
        cmocka_unit_test(only_what_was_altered_is_written_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
