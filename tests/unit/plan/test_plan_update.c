// SPDX-License-Identifier: GPL-3.0-or-later
#include "directory_check.h"

#include "loop/loop.h"
#include "plan/plan_update.h"

#define RESULTS_MAX 128

struct fixture {
    struct loop *loop;
    struct plan_store *store;
    struct plan_updater *updater;
    char *errors[RESULTS_MAX]; // in the order of the callbacks; NULL for success
    enum error_kind kinds[RESULTS_MAX];
    bool parsed[RESULTS_MAX];
    size_t result_count;
    size_t wanted;
    bool adds_another; // from within the callback
};

static void on_plan_updated(const struct plan_update_result *result, void *data);

static void add(struct fixture *fixture, const char *label, const char *text) {
    const struct plan_update_request request = {.label = label, .text = text, .length = strlen(text)};
    assert_true(plan_updater_add_layer(fixture->updater, &request, on_plan_updated, fixture, NULL));
}

static void on_plan_updated(const struct plan_update_result *result, void *data) {
    struct fixture *fixture = data;
    size_t index = fixture->result_count++;
    if (result->err != NULL) {
        fixture->errors[index] = memory_string(error_text(result->err));
        fixture->kinds[index] = result->err->kind;
    }
    fixture->parsed[index] = result->warnings != NULL;
    if (fixture->adds_another) {
        fixture->adds_another = false;
        add(fixture, "from-callback", "services: {late: {override: replace, command: x}}");
    }
    if (fixture->result_count == fixture->wanted)
        loop_stop(fixture->loop);
}

static void fixture_begin(struct fixture *fixture) {
    *fixture = (struct fixture){0};
    assert_true(loop_create(&fixture->loop, NULL));
    fixture->store = plan_store_create("/no/such/folder");
    assert_true(plan_store_load(fixture->store, NULL));
    fixture->updater = plan_updater_create(fixture->loop, fixture->store);
}

static void fixture_await(struct fixture *fixture, size_t wanted) {
    fixture->wanted = wanted;
    if (fixture->result_count < wanted)
        loop_run(fixture->loop);
}

static void fixture_end(struct fixture *fixture) {
    plan_updater_destroy(fixture->updater);
    plan_store_destroy(fixture->store);
    loop_destroy(fixture->loop);
    for (size_t i = 0; i < fixture->result_count; i++)
        free(fixture->errors[i]);
}

static const struct plan_service *find(const struct fixture *fixture, const char *name) {
    return plan_find_service(plan_store_current(fixture->store), name);
}

static void updates_run_in_order(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    add(&fixture, "one", "services: {web: {override: replace, command: first}}");
    assert_int_equal(fixture.result_count, 0); // never before the call has returned
    assert_null(find(&fixture, "web"));
    add(&fixture, "two", "services: {web: {override: replace, command: second}}");
    add(&fixture, "one", "services: {}");
    add(&fixture, "three", "services: {web: {override: merge, summary: s}}");
    fixture_await(&fixture, 4);
    assert_null(fixture.errors[0]);
    assert_null(fixture.errors[1]);
    assert_string_equal(fixture.errors[2], "layer \"one\" already exists");
    assert_null(fixture.errors[3]);
    assert_string_equal(find(&fixture, "web")->command, "second");
    assert_string_equal(find(&fixture, "web")->summary, "s");
    fixture_end(&fixture);
}

static void a_refused_layer_changes_nothing(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    const struct plan *before = plan_store_current(fixture.store);
    add(&fixture, "text", "services: [");
    add(&fixture, "rule", "services: {web: {override: replace}}");
    fixture_await(&fixture, 2);
    assert_int_equal(strncmp(fixture.errors[0], "cannot parse layer YAML: ", 25), 0);
    assert_int_equal(fixture.kinds[0], ERROR_BAD_REQUEST);
    assert_false(fixture.parsed[0]);
    assert_string_equal(fixture.errors[1], "plan must define \"command\" for service \"web\"");
    assert_true(fixture.parsed[1]);
    assert_ptr_equal(plan_store_current(fixture.store), before);
    fixture_end(&fixture);
}

static void an_update_may_be_added_from_a_callback(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture.adds_another = true;
    add(&fixture, "one", "services: {a: {override: replace, command: x}}");
    add(&fixture, "two", "services: {b: {override: replace, command: x}}");
    fixture_await(&fixture, 3);
    for (size_t i = 0; i < 3; i++)
        assert_null(fixture.errors[i]);
    assert_non_null(find(&fixture, "late"));
    fixture_end(&fixture);
}

static void too_many_are_refused(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    const struct plan_update_request request = {.label = "x", .text = "services: {}", .length = 12};
    size_t accepted = 0;
    AUTO_ERROR struct error err = {0};
    while (plan_updater_add_layer(fixture.updater, &request, on_plan_updated, &fixture, &err))
        accepted++;
    assert_int_equal(err.kind, ERROR_UNAVAILABLE);
    assert_int_equal(fixture.result_count, 0);
    fixture_await(&fixture, accepted);
    fixture_end(&fixture);
}

static void destroying_reports_all_that_wait(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    const struct plan *before = plan_store_current(fixture.store);
    for (int i = 0; i < 3; i++)
        add(&fixture, "x", "services: {}");
    plan_updater_destroy(TAKE(fixture.updater));
    assert_int_equal(fixture.result_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(fixture.kinds[i], ERROR_CANCELLED);
    assert_ptr_equal(plan_store_current(fixture.store), before);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_run_in_order),
        cmocka_unit_test(a_refused_layer_changes_nothing),
        cmocka_unit_test(an_update_may_be_added_from_a_callback),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(destroying_reports_all_that_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
