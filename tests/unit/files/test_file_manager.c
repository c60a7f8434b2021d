// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <sched.h>

#include "files/operation_internal.h"

// An operation whose worker hangs until it is let go.
struct hanging {
    struct file_operation operation;
};

static atomic_bool has_begun, is_let_go;

static void hang(struct file_operation *operation UNUSED) {
    atomic_store(&has_begun, true);
    while (!atomic_load(&is_let_go))
        (void)usleep(1000);
}

static void never(struct file_operation *operation UNUSED) {
    fail_msg("called for an operation that hangs");
}

static const struct file_operation_type hanging_type = {.descriptors = 1, .run = hang, .on_ran = never, .free = never};

static void a_worker_that_hangs_does_not_hang_the_end(void **state) {
    struct fixture *fixture = *state;
    static struct hanging hanging; // the worker keeps it
    operation_init(&hanging.operation, &hanging_type, fixture->manager);
    operation_submit(&hanging.operation);
    while (!atomic_load(&has_begun))
        (void)sched_yield();
    operation_destroy(&hanging.operation);
    assert_false(file_manager_destroy(fixture->manager));
    atomic_store(&is_let_go, true);
    fixture->manager = NULL;
    descriptor_budget_give_back(fixture->descriptors, DESCRIPTORS_FILES, 1);
}

static void it_may_be_unused(void **state UNUSED) {
    assert_true(file_manager_destroy(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_worker_that_hangs_does_not_hang_the_end),
        cmocka_unit_test(it_may_be_unused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
