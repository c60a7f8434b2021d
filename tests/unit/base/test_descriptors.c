// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/descriptors.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CONNECTIONS DESCRIPTORS_CONNECTIONS
#define PROCESSES DESCRIPTORS_PROCESSES
#define FILES DESCRIPTORS_FILES

static struct descriptor_budget *budget;

static int destroy_budget(void **state UNUSED) {
    descriptor_budget_destroy(budget);
    budget = NULL;
    return 0;
}

static void expect_left(size_t connections, size_t processes, size_t files) {
    assert_int_equal(descriptor_budget_left(budget, CONNECTIONS), connections);
    assert_int_equal(descriptor_budget_left(budget, PROCESSES), processes);
    assert_int_equal(descriptor_budget_left(budget, FILES), files);
}

static void take(enum descriptor_use use, size_t count) {
    AUTO_ERROR struct error err = {0};
    assert_true(descriptor_budget_take(budget, use, count, &err));
    assert_false(error_is_set(&err));
}

static void expect_refused(enum descriptor_use use, size_t count) {
    AUTO_ERROR struct error err = {0};
    size_t left = descriptor_budget_left(budget, use);
    assert_false(descriptor_budget_take(budget, use, count, &err));
    assert_int_equal(err.kind, ERROR_UNAVAILABLE);
    assert_int_equal(err.errnum, EMFILE);
    assert_string_equal(error_text(&err), "too many open files");
    assert_false(descriptor_budget_take(budget, use, count, NULL));
    assert_int_equal(descriptor_budget_left(budget, use), left);
}

static void one_use_leaves_what_is_reserved(void **state UNUSED) {
    budget = descriptor_budget_create(1024);
    expect_left(896, 896, 896);
    take(CONNECTIONS, 896);
    expect_refused(CONNECTIONS, 1);
    // Half of what is reserved is out of reach for all of them together.
    expect_left(0, 32, 32);
    take(PROCESSES, 32);
    take(FILES, 32);
    expect_left(0, 0, 0);
    expect_refused(PROCESSES, 1);
    expect_refused(FILES, 1);
}

static void takes_all_or_nothing(void **state UNUSED) {
    budget = descriptor_budget_create(1024);
    take(PROCESSES, 890);
    expect_refused(PROCESSES, 7);
    expect_refused(PROCESSES, SIZE_MAX);
    take(PROCESSES, 6);
    take(PROCESSES, 0);
    expect_refused(PROCESSES, 1);
}

static void uses_push_one_another_back_to_their_shares(void **state UNUSED) {
    budget = descriptor_budget_create(1024);
    take(PROCESSES, 20);
    expect_left(896, 876, 896);
    take(PROCESSES, 80);
    expect_left(828, 796, 828);
    take(CONNECTIONS, 828);
    expect_left(0, 0, 32);
    expect_refused(PROCESSES, 1);
    descriptor_budget_give_back(budget, CONNECTIONS, 10);
    expect_left(10, 10, 42);
}

static void what_is_given_back_can_be_taken(void **state UNUSED) {
    budget = descriptor_budget_create(1024);
    take(FILES, 896);
    descriptor_budget_give_back(budget, FILES, 1);
    take(FILES, 1);
    expect_refused(FILES, 1);
    descriptor_budget_give_back(budget, FILES, 896);
    expect_left(896, 896, 896);
}

static void small_limits_are_halved(void **state UNUSED) {
    budget = descriptor_budget_create(256);
    expect_left(128, 128, 128);
    destroy_budget(NULL);
    budget = descriptor_budget_create(257);
    expect_left(129, 129, 129);
    destroy_budget(NULL);
    budget = descriptor_budget_create(100);
    expect_left(50, 50, 50);
    take(PROCESSES, 50);
    expect_left(12, 0, 12);
    destroy_budget(NULL);
    budget = descriptor_budget_create(7);
    expect_left(4, 4, 4);
    destroy_budget(NULL);
    budget = descriptor_budget_create(0);
    expect_left(0, 0, 0);
    expect_refused(FILES, 1);
}

static void connections_are_bounded(void **state UNUSED) {
    budget = descriptor_budget_create(SIZE_MAX);
    take(CONNECTIONS, 16384);
    expect_refused(CONNECTIONS, 1);
    take(PROCESSES, 1000000);
    take(FILES, 1000000);
    expect_left(0, SIZE_MAX - 64 - 2016384, SIZE_MAX - 64 - 2016384);
    destroy_budget(NULL);
    budget = descriptor_budget_create(16384 + 128);
    expect_left(16384, 16384, 16384);
    destroy_budget(NULL);
    descriptor_budget_destroy(NULL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, destroy_budget)
    const struct CMUnitTest tests[] = {
        TEST(one_use_leaves_what_is_reserved),
        TEST(takes_all_or_nothing),
        TEST(uses_push_one_another_back_to_their_shares),
        TEST(what_is_given_back_can_be_taken),
        TEST(small_limits_are_halved),
        TEST(connections_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
