// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/shares.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

enum { CALLS_MAX = 64 };

static struct loop *loop;
static struct shares *shares;
static struct share alice, bob, root;

struct call {
    struct share_call call;
    char name;
    int64_t lasts_ns;
    struct share *again; // deferred once more for this share
};
static struct call calls[CALLS_MAX];
static char ran[CALLS_MAX * 2]; // names, in order
static struct deferred marker;  // runs once in a turn, and adds '|' to `ran`

static void note(char name) {
    size_t length = strlen(ran);
    assert_true(length + 1 < sizeof ran);
    ran[length] = name;
}

static void on_share_called(struct share_call *share_call) {
    struct call *call = CONTAINER_OF(share_call, struct call, call);
    assert_false(share_call_is_waiting(share_call));
    note(call->name);
    for (int64_t end_ns = clock_monotonic_ns() + call->lasts_ns; clock_monotonic_ns() < end_ns;) {
    }
    if (call->again != NULL)
        share_defer(shares, call->again, &call->call, false, on_share_called);
    call->again = NULL;
}

static void on_turn_begun(struct deferred *deferred) {
    note('|');
    loop_defer(loop, deferred, on_turn_begun);
}

static struct call *add(struct share *share, char name, bool is_first, int64_t lasts_ns) {
    static size_t count;
    struct call *call = &calls[count++ % CALLS_MAX];
    *call = (struct call){.name = name, .lasts_ns = lasts_ns};
    share_defer(shares, share, &call->call, is_first, on_share_called);
    return call;
}

static int open_shares(void **state UNUSED) {
    memset(ran, 0, sizeof ran);
    marker = (struct deferred){0};
    if (!loop_create(&loop, NULL))
        return -1;
    shares = shares_create(loop);
    share_init(&alice, false);
    share_init(&bob, false);
    share_init(&root, true);
    return 0;
}

static int close_shares(void **state UNUSED) {
    shares_destroy(shares);
    loop_destroy(loop);
    return 0;
}

// --- at once ---

static void has_time_until_it_is_used(void **state UNUSED) {
    assert_true(share_has_time(shares, &alice));
    share_use(shares, &alice, NS_PER_MS);
    assert_true(share_has_time(shares, &alice));
    share_use(shares, &alice, 3 * NS_PER_MS);
    assert_false(share_has_time(shares, &alice));
    assert_true(share_has_time(shares, &bob));
    loop_run_pending(loop); // another turn
    assert_true(share_has_time(shares, &alice));
}

// However many they are.
static void shares_without_privileges_have_a_limit_in_common(void **state UNUSED) {
    enum { MANY = 100 };
    static struct share many[MANY];
    int with_time = 0;
    for (int i = 0; i < MANY; i++) {
        share_init(&many[i], false);
        with_time += share_has_time(shares, &many[i]);
        share_use(shares, &many[i], NS_PER_MS);
    }
    assert_in_range(with_time, 2, 20);
    assert_false(share_has_time(shares, &alice));
    assert_true(share_has_time(shares, &root));
}

static void has_no_time_while_calls_wait(void **state UNUSED) {
    struct call *call = add(&alice, 'a', false, 0);
    assert_false(share_has_time(shares, &alice));
    assert_true(share_has_time(shares, &bob));
    share_cancel(&call->call);
    assert_true(share_has_time(shares, &alice));
}

// --- waiting ---

static void runs_in_order_first_ones_first(void **state UNUSED) {
    add(&alice, 'c', false, 0);
    add(&alice, 'd', false, 0);
    add(&alice, 'a', true, 0);
    add(&alice, 'b', true, 0);
    assert_string_equal(ran, "");
    loop_run_pending(loop);
    assert_string_equal(ran, "abcd");
}

static void runs_once_however_often_it_is_deferred(void **state UNUSED) {
    struct call *call = add(&alice, 'a', false, 0);
    share_defer(shares, &bob, &call->call, true, on_share_called);
    assert_true(share_call_is_waiting(&call->call));
    loop_run_pending(loop);
    assert_string_equal(ran, "a");
    assert_false(share_call_is_waiting(&call->call));
}

static void may_be_deferred_from_its_function(void **state UNUSED) {
    add(&alice, 'a', false, 0)->again = &alice;
    add(&alice, 'b', false, 0);
    loop_run_pending(loop);
    assert_string_equal(ran, "aba");
}

static void is_cancelled(void **state UNUSED) {
    struct call *call = add(&alice, 'a', false, 0);
    share_cancel(&call->call);
    share_cancel(&call->call);
    assert_false(share_call_is_waiting(&call->call));
    loop_run_pending(loop);
    assert_string_equal(ran, "");
}

static void privileged_shares_run_first(void **state UNUSED) {
    add(&alice, 'a', true, 0);
    add(&root, 'r', false, 0);
    loop_run_pending(loop);
    assert_string_equal(ran, "ra");
}

// A share with many slow calls does not keep another one waiting for more than one of them.
static void shares_run_by_turns(void **state UNUSED) {
    for (int i = 0; i < 10; i++)
        add(&alice, 'a', false, 3 * NS_PER_MS);
    add(&bob, 'b', false, 0);
    loop_run_pending(loop);
    assert_string_equal(ran, "abaaaaaaaaa");
}

// Slow calls do not keep the rest of the loop waiting.
static void a_turn_is_bounded(void **state UNUSED) {
    for (int i = 0; i < 30; i++)
        add(i % 2 == 0 ? &alice : &bob, i % 2 == 0 ? 'a' : 'b', false, 2 * NS_PER_MS);
    loop_defer(loop, &marker, on_turn_begun);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    loop_defer_cancel(loop, &marker);
    const char *first = strchr(ran, '|');
    assert_non_null(first);
    const char *second = strchr(first + 1, '|');
    assert_non_null(second);
    assert_in_range(second - first, 2, 7); // 10 ms, and one call that was begun before
    loop_run_pending(loop);
    assert_int_equal(strlen(ran), 30 + 3);
}

static void a_share_may_end_with_its_last_call(void **state UNUSED) {
    struct call *call = add(&alice, 'a', false, 0);
    call->again = &bob;
    loop_run_pending(loop);
    assert_string_equal(ran, "aa");
}

static void an_heir_gets_what_waits(void **state UNUSED) {
    add(&alice, 'b', false, 0);
    struct call *call = add(&alice, 'a', true, 0);
    share_finish(shares, &alice, &root);
    memset(&alice, 0xff, sizeof alice);
    assert_ptr_equal(call->call.share, &root);
    loop_run_pending(loop);
    assert_string_equal(ran, "ab");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_shares, close_shares)
    const struct CMUnitTest tests[] = {
        TEST(has_time_until_it_is_used),
        TEST(shares_without_privileges_have_a_limit_in_common),
        TEST(has_no_time_while_calls_wait),
        TEST(runs_in_order_first_ones_first),
        TEST(runs_once_however_often_it_is_deferred),
        TEST(may_be_deferred_from_its_function),
        TEST(is_cancelled),
        TEST(privileged_shares_run_first),
        TEST(shares_run_by_turns),
        TEST(a_turn_is_bounded),
        TEST(a_share_may_end_with_its_last_call),
        TEST(an_heir_gets_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
