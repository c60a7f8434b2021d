// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"

static int numbers[2000];

static void key_of(int number, char out[16]) {
    snprintf(out, 16, "key-%d", number);
}

static void fill(struct map *map, int count) {
    for (int i = 0; i < count; i++) {
        char key[16];
        key_of(i, key);
        numbers[i] = i;
        map_set(map, key, &numbers[i]);
    }
}

static void empty_map_has_nothing(void **state UNUSED) {
    AUTO_MAP struct map map = MAP_INIT(NULL);
    assert_null(map_get(&map, "x"));
    assert_false(map_has(&map, "x"));
    assert_false(map_remove(&map, "x"));
    assert_null(map_first(&map));
    AUTO_FREE struct map_entry **sorted = map_sorted(&map);
    assert_null(sorted[0]);
}

static void finds_all_after_growing(void **state UNUSED) {
    AUTO_MAP struct map map = MAP_INIT(NULL);
    fill(&map, 2000);
    assert_int_equal(map.count, 2000);
    assert_true(map.bucket_count >= 2000);
    for (int i = 0; i < 2000; i++) {
        char key[16];
        key_of(i, key);
        assert_ptr_equal(map_get(&map, key), &numbers[i]);
    }
    assert_null(map_get(&map, "key-2000"));
    assert_null(map_get(&map, ""));
}

static void finds_a_part_of_a_text(void **state UNUSED) {
    AUTO_MAP struct map map = MAP_INIT(NULL);
    fill(&map, 20);
    assert_ptr_equal(map_get_n(&map, "key-1,key-2", 5), &numbers[1]);
    assert_ptr_equal(map_get_n(&map, "key-17", 6), &numbers[17]);
    assert_null(map_get_n(&map, "key-1,key-2", 6));
    assert_null(map_get_n(&map, "key-1,key-2", 4));
    assert_null(map_get_n(&map, "key-1\0key-2", 11));
    assert_null(map_get_n(&map, "key-1", 0));
}

static void chains_stay_short(void **state UNUSED) {
    AUTO_MAP struct map map = MAP_INIT(NULL);
    fill(&map, 2000);
    for (size_t i = 0; i < map.bucket_count; i++) {
        size_t length = 0;
        for (struct map_entry *entry = map.buckets[i]; entry != NULL; entry = entry->next)
            length++;
        assert_in_range(length, 0, 20);
    }
}

static void shrinks_when_added_to(void **state UNUSED) {
    AUTO_MAP struct map map = MAP_INIT(NULL);
    fill(&map, 2000);
    for (int i = 10; i < 2000; i++) {
        char key[16];
        key_of(i, key);
        assert_true(map_remove(&map, key));
    }
    for (int i = 10; i < 20; i++) {
        char key[16];
        key_of(i, key);
        map_set(&map, key, &numbers[i]);
    }
    assert_true(map.bucket_count < 500);
    assert_int_equal(map.count, 20);
    assert_ptr_equal(map_get(&map, "key-3"), &numbers[3]);
}

static int frees;

static void count_free(void *value) {
    frees++;
    free(value);
}

static void owned_values_are_freed(void **state UNUSED) {
    frees = 0;
    struct map map = MAP_INIT(count_free);
    map_set(&map, "a", memory_string("1"));
    map_set(&map, "a", memory_string("2"));
    assert_int_equal(frees, 1);
    map_set(&map, "a", map_get(&map, "a"));
    assert_int_equal(frees, 1);
    map_set(&map, "b", memory_string("3"));
    map_set(&map, "nothing", NULL);
    assert_true(map_has(&map, "nothing"));
    assert_true(map_remove(&map, "a"));
    assert_int_equal(frees, 2);
    map_set(&map, "c", memory_string("4"));
    map_finish(&map);
    assert_int_equal(frees, 4);
    assert_int_equal(map.count, 0);
    assert_null(map_get(&map, "c"));
}

static void keys_are_copied(void **state UNUSED) {
    AUTO_MAP struct map map = MAP_INIT(NULL);
    char key[] = "abc";
    map_set(&map, key, key);
    key[0] = 'x';
    assert_ptr_equal(map_get(&map, "abc"), key);
    assert_null(map_get(&map, "xbc"));
}

static void walks_each_entry_once(void **state UNUSED) {
    AUTO_MAP struct map map = MAP_INIT(NULL);
    fill(&map, 100);
    int seen[100] = {0};
    for (struct map_entry *entry = map_first(&map); entry != NULL; entry = map_next(&map, entry))
        seen[*(int *)entry->value]++;
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
}

static void current_entry_may_be_removed(void **state UNUSED) {
    AUTO_MAP struct map map = MAP_INIT(NULL);
    fill(&map, 1000);
    int seen = 0;
    for (struct map_entry *entry = map_first(&map); entry != NULL; entry = map_next(&map, entry)) {
        seen++;
        int number = *(int *)entry->value;
        if (number % 3 == 0)
            assert_true(map_remove(&map, entry->key));
    }
    assert_int_equal(seen, 1000);
    assert_int_equal(map.count, 666);
}

static void sorted_by_bytes(void **state UNUSED) {
    AUTO_MAP struct map map = MAP_INIT(NULL);
    const char *const expected[] = {"", "A", "a", "a-", "aa", "b", "\xC3\xA9"};
    for (size_t i = ARRAY_COUNT(expected); i-- > 0;)
        map_set(&map, expected[i], NULL);
    AUTO_FREE struct map_entry **sorted = map_sorted(&map);
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        assert_string_equal(sorted[i]->key, expected[i]);
    assert_null(sorted[ARRAY_COUNT(expected)]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_map_has_nothing),  cmocka_unit_test(finds_all_after_growing),
        cmocka_unit_test(chains_stay_short),      cmocka_unit_test(shrinks_when_added_to),
        cmocka_unit_test(owned_values_are_freed), cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(walks_each_entry_once),  cmocka_unit_test(current_entry_may_be_removed),
        cmocka_unit_test(sorted_by_bytes),        cmocka_unit_test(finds_a_part_of_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
