// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const struct exec_request plain = {0};

// Starts a command of one word, and checks the failure.
static void refuses(struct fixture *fixture, const char *program, const struct exec_request *request,
                    enum error_kind kind, const char *message) {
    AUTO_TEXT_LIST struct text_list command = {0};
    text_list_add(&command, program);
    struct exec_request whole = *request;
    whole.command = &command;
    AUTO_START_RESULT struct start_result started;
    fixture_start(fixture, "", &whole, &started);
    assert_null(started.id);
    assert_string_equal(error_text(&started.err), message);
    assert_int_equal(started.err.kind, kind);
    assert_null(state_find_change(fixture->state, "1"));
    assert_false(exec_manager_is_busy(fixture->manager));
}

static void refuses_missing_programs(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    refuses(&fixture, "no-such-program", &plain, ERROR_BAD_REQUEST, "cannot find executable \"no-such-program\"");
    refuses(&fixture, "/etc/passwd", &plain, ERROR_BAD_REQUEST, "cannot find executable \"/etc/passwd\"");
    refuses(&fixture, "/etc", &plain, ERROR_BAD_REQUEST, "cannot find executable \"/etc\"");
    refuses(&fixture, "", &plain, ERROR_BAD_REQUEST, "cannot find executable \"\"");
    // It is checked before everything else.
    refuses(&fixture, "x\ny", &(const struct exec_request){.service_context = "ghost", .is_interactive = true},
            ERROR_BAD_REQUEST, "cannot find executable \"x\\ny\"");
    fixture_end(&fixture);
}

static void refuses_wrong_contexts_and_accounts(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    refuses(&fixture, "/bin/sh", &(const struct exec_request){.service_context = "ghost", .is_interactive = true},
            ERROR_BAD_REQUEST, "context service \"ghost\" not found");
    struct run_context group = {.group = memory_string("bin"), .environment = MAP_INIT(free)};
    refuses(&fixture, "/bin/sh", &(const struct exec_request){.overrides = &group}, ERROR_BAD_REQUEST,
            "must specify user, not just group");
    run_context_finish(&group);
    refuses(&fixture, "/bin/sh", &(const struct exec_request){.is_interactive = true}, ERROR_INTERNAL,
            "cannot call exec: cannot use interactive mode without a terminal");
    fixture_end(&fixture);
}

static void refuses_directory(struct fixture *fixture, const char *directory, const char *message) {
    struct run_context overrides = {.working_dir = memory_string(directory), .environment = MAP_INIT(free)};
    refuses(fixture, "/bin/sh", &(const struct exec_request){.overrides = &overrides}, ERROR_INTERNAL, message);
    run_context_finish(&overrides);
}

static void refuses_home(struct fixture *fixture, const char *home, const char *message) {
    struct run_context overrides = {.environment = MAP_INIT(free)};
    map_set(&overrides.environment, "HOME", memory_string(home));
    refuses(fixture, "/bin/sh", &(const struct exec_request){.overrides = &overrides}, ERROR_INTERNAL, message);
    run_context_finish(&overrides);
}

static void refuses_wrong_directories(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    refuses_directory(&fixture, "/no/where", "cannot call exec: working directory \"/no/where\" does not exist");
    refuses_directory(&fixture, "/etc/passwd", "cannot call exec: working directory \"/etc/passwd\" not a directory");
    refuses_directory(&fixture, "/etc/passwd/x",
                      "cannot call exec: cannot stat working directory \"/etc/passwd/x\": stat /etc/passwd/x: "
                      "not a directory");
    refuses_home(&fixture, "/no/where", "cannot call exec: home directory \"/no/where\" does not exist");
    refuses_home(&fixture, "/etc/passwd", "cannot call exec: home directory \"/etc/passwd\" not a directory");
    fixture_end(&fixture);
}

static void merges_the_service_context(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct run_context overrides = {.environment = MAP_INIT(free)};
    map_set(&overrides.environment, "B", memory_string("2=x"));
    AUTO_START_RESULT struct start_result started;
    fixture_start(&fixture, "run", &(const struct exec_request){.service_context = "web", .overrides = &overrides},
                  &started);
    run_context_finish(&overrides);
    assert_string_equal(started.id, "1");
    assert_string_equal(started.directory, "/");
    assert_non_null(strstr(started.environment, "A=1\n"));
    assert_non_null(strstr(started.environment, "B=2=x\n"));
    assert_non_null(strstr(started.environment, "LANG="));
    fixture_end(&fixture);
}

static void finds_names_in_the_daemons_path(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_TEXT_LIST struct text_list command = {0};
    text_list_add(&command, "sh");
    AUTO_START_RESULT struct start_result started;
    fixture_start(&fixture, "", &(const struct exec_request){.command = &command}, &started);
    assert_non_null(started.id);
    assert_string_equal(change_summary(started.change), "Execute command \"sh\"");
    fixture_end(&fixture);
}

static void limits_the_number_of_commands(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    size_t left = descriptor_budget_left(fixture.descriptors, DESCRIPTORS_PROCESSES);
    assert_true(descriptor_budget_take(fixture.descriptors, DESCRIPTORS_PROCESSES, left - 2, NULL));
    AUTO_START_RESULT struct start_result first, second;
    fixture_start(&fixture, "run", &(const struct exec_request){.splits_errors = true}, &first);
    assert_string_equal(error_text(&first.err), "cannot call exec: too many open files");
    assert_int_equal(first.err.kind, ERROR_UNAVAILABLE);
    fixture_start(&fixture, "run", &plain, &second); // needs two
    assert_non_null(second.id);
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_true(change_is_ready(second.change));
    assert_int_equal(descriptor_budget_left(fixture.descriptors, DESCRIPTORS_PROCESSES), 2);
    descriptor_budget_give_back(fixture.descriptors, DESCRIPTORS_PROCESSES, left - 2);
    for (size_t i = 0; i < EXECS_MAX; i++) {
        AUTO_START_RESULT struct start_result started;
        fixture_start(&fixture, "run", &plain, &started);
        assert_non_null(started.id);
    }
    AUTO_START_RESULT struct start_result last;
    fixture_start(&fixture, "run", &plain, &last);
    assert_string_equal(error_text(&last.err), "cannot call exec: too many commands are running (1000)");
    assert_int_equal(last.err.kind, ERROR_UNAVAILABLE);
    fixture_end(&fixture);
}

// --- cancelling ---

static struct exec_start *begin(struct fixture *fixture, struct start_result *result) {
    struct run_context none = {.environment = MAP_INIT(free)};
    AUTO_TEXT_LIST struct text_list command = {0};
    text_list_add(&command, "/bin/sh");
    struct exec_start *start = NULL;
    *result = (struct start_result){0};
    const struct exec_request request = {.command = &command, .overrides = &none};
    assert_true(exec_start(fixture->manager, fixture->plan, &request, on_start_reported, result, &start, NULL));
    return start;
}

static void cancelled_start_is_not_reported(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result cancelled, other;
    exec_start_cancel(begin(&fixture, &cancelled));
    fixture_start(&fixture, "run", &plain, &other);
    assert_false(cancelled.is_reported);
    assert_string_equal(other.id, "1");
    start_result_finish(&other);
    fixture_end(&fixture);
    assert_false(cancelled.is_reported);
}

static void start_fails_with_its_manager(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result started;
    (void)begin(&fixture, &started);
    fixture_end(&fixture);
    assert_true(started.is_reported);
    start_result_finish(&started);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_missing_programs),        cmocka_unit_test(refuses_wrong_contexts_and_accounts),
        cmocka_unit_test(refuses_wrong_directories),       cmocka_unit_test(merges_the_service_context),
        cmocka_unit_test(finds_names_in_the_daemons_path), cmocka_unit_test(limits_the_number_of_commands),
        cmocka_unit_test(cancelled_start_is_not_reported), cmocka_unit_test(start_fails_with_its_manager),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
