// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/owners_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct loop *loop;
static struct shares *shares;
static struct share heir;
static struct owners owners;

static int open_owners(void **state UNUSED) {
    if (!loop_create(&loop, NULL))
        return -1;
    shares = shares_create(loop);
    share_init(&heir, true);
    owners_init(&owners, shares, &heir);
    return 0;
}

static int close_owners(void **state UNUSED) {
    owners_finish(&owners);
    shares_destroy(shares);
    loop_destroy(loop);
    return 0;
}

static struct owner *add(const char *key, size_t connections) {
    struct owner *owner = owners_get(&owners, key, false);
    for (size_t i = 0; i < connections; i++)
        owner_add_connection(&owners, owner);
    return owner;
}

static void remove_connections(struct owner *owner, size_t connections) {
    for (size_t i = 0; i < connections; i++)
        owner_remove_connection(&owners, owner);
}

static void an_owner_has_one_key(void **state UNUSED) {
    struct owner *owner = add("user 7", 1);
    assert_ptr_equal(add("user 7", 1), owner);
    assert_int_equal(owner->connections, 2);
    assert_ptr_not_equal(add("user 8", 1), owner);
    assert_int_equal(owners.by_key.count, 2);
    remove_connections(owner, 2);
    assert_int_equal(owners.by_key.count, 1);
    remove_connections(owners_get(&owners, "user 8", false), 1);
    assert_int_equal(owners.by_key.count, 0);
}

static void finds_who_has_most_connections(void **state UNUSED) {
    assert_null(owners_with_most_connections(&owners, false));
    struct owner *one = add("one", 1);
    struct owner *many = add("many", 100);
    struct owner *some = add("some", 10);
    assert_ptr_equal(owners_with_most_connections(&owners, false), many);
    remove_connections(many, 95);
    assert_ptr_equal(owners_with_most_connections(&owners, false), some);
    remove_connections(some, 10);
    remove_connections(many, 4);
    remove_connections(many, 1);
    assert_ptr_equal(owners_with_most_connections(&owners, false), one);
    assert_null(owners_with_most_connections(&owners, true));
    remove_connections(one, 1);
    assert_null(owners_with_most_connections(&owners, false));
}

static void finds_who_has_most_bytes(void **state UNUSED) {
    struct owner *one = add("one", 1);
    struct owner *other = add("other", 1);
    assert_null(owners_with_most_bytes(&owners, false));
    owner_set_bytes(&owners, one, 1);
    assert_ptr_equal(owners_with_most_bytes(&owners, false), one);
    owner_set_bytes(&owners, other, SIZE_MAX);
    assert_ptr_equal(owners_with_most_bytes(&owners, false), other);
    owner_set_bytes(&owners, other, 0);
    assert_ptr_equal(owners_with_most_bytes(&owners, false), one);
    remove_connections(one, 1);
    assert_null(owners_with_most_bytes(&owners, false));
    remove_connections(other, 1);
}

static void administrators_are_apart(void **state UNUSED) {
    struct owner *root = owners_get(&owners, "user 0", true);
    owner_add_connection(&owners, root);
    owner_set_bytes(&owners, root, 5);
    assert_true(root->share.is_privileged);
    assert_null(owners_with_most_connections(&owners, false));
    assert_null(owners_with_most_bytes(&owners, false));
    assert_ptr_equal(owners_with_most_connections(&owners, true), root);
    assert_ptr_equal(owners_with_most_bytes(&owners, true), root);
    remove_connections(root, 1);
}

static int called;

static void on_share_called(struct share_call *call UNUSED) {
    called++;
}

// A response may wait for its turn when the last connection of its client is closed.
static void calls_outlive_their_owner(void **state UNUSED) {
    struct owner *owner = add("user 7", 1);
    struct share_call call = {0};
    share_defer(shares, &owner->share, &call, false, on_share_called);
    remove_connections(owner, 1);
    assert_ptr_equal(call.share, &heir);
    loop_run_pending(loop);
    assert_int_equal(called, 1);
}

static void an_owner_that_is_held_stays(void **state UNUSED) {
    struct owner *owner = add("user 7", 1);
    struct share_call call = {0};
    owner_hold(owner);
    owner_hold(owner);
    share_defer(shares, &owner->share, &call, false, on_share_called);
    remove_connections(owner, 1);
    assert_ptr_equal(call.share, &owner->share);
    assert_null(owners_with_most_connections(&owners, false));
    assert_ptr_equal(add("user 7", 1), owner);
    owner_release(&owners, owner);
    owner_release(&owners, owner);
    assert_int_equal(owners.by_key.count, 1);
    owner_hold(owner);
    remove_connections(owner, 1);
    assert_int_equal(owners.by_key.count, 1);
    owner_release(&owners, owner);
    assert_int_equal(owners.by_key.count, 0);
    assert_ptr_equal(call.share, &heir);
    share_cancel(&call);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_owners, close_owners)
    const struct CMUnitTest tests[] = {
        TEST(an_owner_has_one_key),     TEST(finds_who_has_most_connections), TEST(finds_who_has_most_bytes),
        TEST(administrators_are_apart), TEST(calls_outlive_their_owner),      TEST(an_owner_that_is_held_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
