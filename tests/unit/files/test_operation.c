// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "files/operation_internal.h"

struct probe {
    struct file_operation operation;
    int *reports, *cleanings, *frees;
    bool opens, fails;
};

static struct probe *probe_of(struct file_operation *operation) {
    return CONTAINER_OF(operation, struct probe, operation);
}

static void probe_run(struct file_operation *operation) {
    struct probe *probe = probe_of(operation);
    operation->has_open_files = probe->opens;
    if (probe->fails)
        error_set_errno(&operation->err, ENOENT, "open /x");
}

static void probe_on_ran(struct file_operation *operation) {
    ++*probe_of(operation)->reports;
}

static void probe_clean(struct file_operation *operation) {
    ++*probe_of(operation)->cleanings;
    operation->has_open_files = false;
}

static void probe_free(struct file_operation *operation) {
    ++*probe_of(operation)->frees;
    free(probe_of(operation));
}

static const struct file_operation_type probe_type = {
    .descriptors = 4, .run = probe_run, .on_ran = probe_on_ran, .clean = probe_clean, .free = probe_free};

static int reports, cleanings, frees;

static struct probe *probe_create(const struct fixture *fixture) {
    struct probe *probe = memory_new(sizeof *probe);
    *probe = (struct probe){.reports = &reports, .cleanings = &cleanings, .frees = &frees};
    operation_init(&probe->operation, &probe_type, fixture->manager);
    return probe;
}

static int set_up(void **state) {
    reports = cleanings = frees = 0;
    return fixture_set_up(state);
}

static void run_one(const struct fixture *fixture) {
    for (int before = reports; reports == before;)
        (void)uv_run(loop_uv(fixture->loop), UV_RUN_ONCE);
}

static void it_runs_and_reports(void **state) {
    const struct fixture *fixture = *state;
    struct probe *probe = probe_create(fixture);
    probe->fails = true;
    operation_submit(&probe->operation);
    assert_int_equal(reports, 0);
    run_one(fixture);
    assert_string_equal(probe->operation.err.code, "not-found");
    operation_submit(&probe->operation); // after a failure it only reports
    assert_int_equal(reports, 1);
    run_one(fixture);
    operation_destroy(&probe->operation);
    assert_int_equal(frees, 1);
    assert_int_equal(cleanings, 0);
}

static void what_is_open_is_cleaned_by_a_worker(void **state) {
    const struct fixture *fixture = *state;
    struct probe *probe = probe_create(fixture);
    probe->opens = true;
    operation_submit(&probe->operation);
    run_one(fixture);
    operation_destroy(&probe->operation);
    assert_int_equal(frees, 0);
    while (frees == 0)
        (void)uv_run(loop_uv(fixture->loop), UV_RUN_ONCE);
    assert_int_equal(cleanings, 1);
}

static void a_running_one_can_be_destroyed(void **state) {
    const struct fixture *fixture = *state;
    for (int i = 0; i < 50; i++) {
        struct probe *probe = probe_create(fixture);
        probe->opens = true;
        operation_submit(&probe->operation);
        operation_destroy(&probe->operation);
    }
    while (frees < 50)
        (void)uv_run(loop_uv(fixture->loop), UV_RUN_ONCE);
    assert_int_equal(reports, 0);
}

static void a_report_that_is_due_can_be_cancelled(void **state) {
    const struct fixture *fixture = *state;
    struct probe *probe = probe_create(fixture);
    probe->opens = true;
    operation_submit(&probe->operation);
    run_one(fixture);
    error_set_errno(&probe->operation.err, ENOSPC, "write /x");
    operation_submit(&probe->operation);
    operation_destroy(&probe->operation);
    while (frees == 0)
        (void)uv_run(loop_uv(fixture->loop), UV_RUN_ONCE);
    assert_int_equal(reports, 1);
    assert_int_equal(cleanings, 1);
}

static void destroying_the_manager_cleans(void **state) {
    struct fixture *fixture = *state;
    struct probe *probe = probe_create(fixture);
    probe->opens = true;
    operation_submit(&probe->operation);
    run_one(fixture);
    operation_destroy(&probe->operation);
    assert_true(file_manager_destroy(fixture->manager));
    fixture->manager = file_manager_create(fixture->loop, fixture->descriptors);
    assert_int_equal(cleanings, 1);
    assert_int_equal(frees, 1);
}

// Half of the descriptors that files could take, with four for each operation.
static void there_is_a_limit(void **state) {
    const struct fixture *fixture = *state;
    struct probe *probes[DESCRIPTORS / 8];
    size_t count = 0;
    do {
        probes[count] = probe_create(fixture);
    } while (!error_is_set(&probes[count++]->operation.err));
    struct probe *last = probes[count - 1];
    assert_string_equal(error_text(&last->operation.err), "too many files are being used at once");
    assert_in_range(count, 50, DESCRIPTORS / 8);
    operation_submit(&last->operation);
    run_one(fixture);
    while (count > 0)
        operation_destroy(&probes[--count]->operation);
}

static void descriptors_are_taken_from_the_budget(void **state) {
    const struct fixture *fixture = *state;
    size_t left = descriptor_budget_left(fixture->descriptors, DESCRIPTORS_FILES);
    assert_true(descriptor_budget_take(fixture->descriptors, DESCRIPTORS_FILES, left - 3, NULL));
    struct probe *probe = probe_create(fixture);
    assert_string_equal(error_text(&probe->operation.err), "too many open files");
    operation_destroy(&probe->operation);
    descriptor_budget_give_back(fixture->descriptors, DESCRIPTORS_FILES, left - 3);
    probe = probe_create(fixture);
    assert_false(error_is_set(&probe->operation.err));
    assert_int_equal(descriptor_budget_left(fixture->descriptors, DESCRIPTORS_FILES), left - 4);
    operation_destroy(&probe->operation);
}

static void pieces_become_small(void **state) {
    const struct fixture *fixture = *state;
    struct probe *probes[70];
    for (size_t i = 0; i < ARRAY_COUNT(probes); i++)
        probes[i] = probe_create(fixture);
    assert_int_equal(operation_piece_bytes(&probes[0]->operation), 32768);
    for (size_t i = 1; i < ARRAY_COUNT(probes); i++)
        operation_destroy(&probes[i]->operation);
    assert_int_equal(operation_piece_bytes(&probes[0]->operation), 262144);
    operation_destroy(&probes[0]->operation);
}

#define PROBE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, fixture_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        PROBE_TEST(it_runs_and_reports),
        PROBE_TEST(what_is_open_is_cleaned_by_a_worker),
        PROBE_TEST(a_running_one_can_be_destroyed),
        PROBE_TEST(a_report_that_is_due_can_be_cancelled),
        PROBE_TEST(destroying_the_manager_cleans),
        PROBE_TEST(there_is_a_limit),
        PROBE_TEST(descriptors_are_taken_from_the_budget),
        PROBE_TEST(pieces_become_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
