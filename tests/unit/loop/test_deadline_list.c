// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/deadline_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#define FAR (1000 * NS_PER_S)

static struct loop *loop;
static struct deadline_list *list;
static struct deadline deadline, one, two, three, stopped, waits;
static struct {
    struct deadline *due[8];
    int count;
    struct deadline *stops, *starts; // from within on_deadline_due
} seen;

static void on_deadline_due(struct deadline *due, void *data) {
    assert_ptr_equal(data, &seen);
    assert_false(deadline_is_running(due));
    seen.due[seen.count++] = due;
    if (seen.stops != NULL)
        deadline_stop(seen.stops);
    if (seen.starts != NULL)
        deadline_start(list, seen.starts);
    seen.starts = NULL;
}

static int open_loop(void **state UNUSED) {
    deadline = one = two = three = stopped = waits = (struct deadline){0};
    seen.count = 0;
    seen.stops = seen.starts = NULL;
    return loop_create(&loop, NULL) ? 0 : -1;
}

static int close_loop(void **state UNUSED) {
    deadline_list_destroy(list);
    loop_destroy(loop);
    return 0;
}

static void open_list(int64_t duration_ns) {
    list = deadline_list_create(loop, duration_ns, on_deadline_due, &seen);
}

static void wait_for(int count) {
    while (seen.count < count)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void is_due_after_its_duration(void **state UNUSED) {
    open_list(5 * NS_PER_MS);
    int64_t began_ns = clock_monotonic_ns();
    deadline_start(list, &deadline);
    assert_true(deadline_is_running(&deadline));
    assert_ptr_equal(deadline_list_oldest(list), &deadline);
    wait_for(1);
    assert_true(clock_monotonic_ns() - began_ns >= 5 * NS_PER_MS);
    assert_ptr_equal(seen.due[0], &deadline);
    assert_null(deadline_list_oldest(list));
    deadline_start(list, &deadline);
    wait_for(2);
}

static void keeps_the_order(void **state UNUSED) {
    open_list(5 * NS_PER_MS);
    deadline_start(list, &one);
    deadline_start(list, &two);
    deadline_start(list, &three);
    deadline_start(list, &one); // anew, and so the last
    wait_for(3);
    assert_ptr_equal(seen.due[0], &two);
    assert_ptr_equal(seen.due[1], &three);
    assert_ptr_equal(seen.due[2], &one);
}

// The timer of the stopped one fires, finds nothing due, and is set again.
static void is_not_due_once_stopped(void **state UNUSED) {
    open_list(5 * NS_PER_MS);
    deadline_stop(&stopped);
    deadline_start(list, &stopped);
    deadline_start(list, &waits);
    waits.since_ns += 3 * NS_PER_MS;
    int64_t due_ns = waits.since_ns + 5 * NS_PER_MS;
    deadline_stop(&stopped);
    assert_false(deadline_is_running(&stopped));
    wait_for(1);
    assert_ptr_equal(seen.due[0], &waits);
    assert_true(clock_monotonic_ns() >= due_ns);
    loop_run_pending(loop);
    assert_int_equal(seen.count, 1);
}

// All three are due when the timer fires. One that is started again waits for its whole duration.
static void may_be_changed_while_one_is_due(void **state UNUSED) {
    open_list(5 * NS_PER_MS);
    deadline_start(list, &one);
    deadline_start(list, &stopped);
    deadline_start(list, &three);
    stopped.since_ns = three.since_ns = one.since_ns;
    seen.stops = &stopped;
    seen.starts = &one;
    wait_for(2);
    assert_ptr_equal(seen.due[0], &one);
    assert_ptr_equal(seen.due[1], &three);
    assert_false(deadline_is_running(&stopped));
    assert_true(deadline_is_running(&one));
    wait_for(3);
    assert_ptr_equal(seen.due[2], &one);
}

static void may_only_keep_the_order(void **state UNUSED) {
    open_list(DEADLINE_NEVER);
    deadline_start(list, &one);
    deadline_start(list, &two);
    one.since_ns -= FAR;
    loop_run_pending(loop);
    assert_int_equal(uv_backend_timeout(loop_uv(loop)), -1); // nothing wakes the loop up
    assert_ptr_equal(deadline_list_oldest(list), &one);
    assert_true(deadline_age_ns(&one) >= FAR);
    assert_true(deadline_age_ns(&two) < FAR);
}

static void changes_lists(void **state UNUSED) {
    struct deadline_list *other = deadline_list_create(loop, FAR, on_deadline_due, &seen);
    open_list(NS_PER_MS);
    deadline_start(other, &deadline);
    deadline_start(list, &deadline);
    assert_null(deadline_list_oldest(other));
    wait_for(1);
    deadline_start(other, &deadline);
    deadline_list_destroy(other);
    assert_false(deadline_is_running(&deadline));
    deadline_list_destroy(NULL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)
    const struct CMUnitTest tests[] = {
        TEST(is_due_after_its_duration),       TEST(keeps_the_order),         TEST(is_not_due_once_stopped),
        TEST(may_be_changed_while_one_is_due), TEST(may_only_keep_the_order), TEST(changes_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
