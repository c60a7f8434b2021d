// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

struct item {
    int value;
    struct list link;
};

static void fill(struct list *list, struct item *items, int count) {
    list_init(list);
    for (int i = 0; i < count; i++) {
        items[i].value = i;
        list_add(list, &items[i].link);
    }
}

static void keeps_order(void **state UNUSED) {
    struct list list;
    struct item items[3];
    struct item first = {.value = -1};
    fill(&list, items, 3);
    list_add_first(&list, &first.link);
    struct item *item;
    int expected = -1;
    LIST_FOR_EACH (item, &list, link)
        assert_int_equal(item->value, expected++);
    assert_int_equal(expected, 3);
    assert_int_equal(list_count(&list), 4);
}

static void empty_list_has_no_items(void **state UNUSED) {
    struct list list;
    list_init(&list);
    assert_true(list_is_empty(&list));
    assert_int_equal(list_count(&list), 0);
    struct item *item;
    LIST_FOR_EACH (item, &list, link)
        fail();
}

static void current_item_may_be_removed(void **state UNUSED) {
    struct list list;
    struct item items[5];
    fill(&list, items, 5);
    struct item *item;
    LIST_FOR_EACH (item, &list, link) {
        if (item->value % 2 == 0) {
            list_remove(&item->link);
            item->link = (struct list){0};
        }
    }
    assert_int_equal(list_count(&list), 2);
    assert_ptr_equal(LIST_ITEM(list.next, struct item, link), &items[1]);
    assert_ptr_equal(LIST_ITEM(list.previous, struct item, link), &items[3]);
}

static void removed_link_can_be_removed_and_added_again(void **state UNUSED) {
    struct list list;
    struct item items[2];
    fill(&list, items, 2);
    list_remove(&items[0].link);
    assert_false(list_is_linked(&items[0].link));
    list_remove(&items[0].link);
    assert_int_equal(list_count(&list), 1);
    list_add(&list, &items[0].link);
    assert_ptr_equal(list.previous, &items[0].link);
    assert_true(list_is_linked(&items[0].link));
}

static void zeroed_link_is_in_no_list(void **state UNUSED) {
    struct list link = {0};
    assert_false(list_is_linked(&link));
    list_remove(&link);
    assert_false(list_is_linked(&link));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order),
        cmocka_unit_test(empty_list_has_no_items),
        cmocka_unit_test(current_item_may_be_removed),
        cmocka_unit_test(removed_link_can_be_removed_and_added_again),
        cmocka_unit_test(zeroed_link_is_in_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
