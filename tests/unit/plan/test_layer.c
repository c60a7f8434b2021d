// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

#include "plan/content_internal.h"

static void sections_are_found_by_name(void **state UNUSED) {
    assert_ptr_equal(section_find("log-targets"), &sections[SECTION_LOG_TARGETS]);
    assert_null(section_find("log_targets"));
    struct plan_content content;
    content_init(&content);
    assert_ptr_equal(section_map(&content, &sections[SECTION_WORKLOADS]), &content.workloads);
    content_finish(&content);
}

static void content_owns_its_entries(void **state UNUSED) {
    struct plan_content content;
    content_init(&content);
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        void *entry = record_create(sections[i].record);
        map_set(section_map(&content, &sections[i]), "x", entry);
        map_set(section_map(&content, &sections[i]), "null", NULL);
    }
    content_finish(&content); // AddressSanitizer reports what is not freed
    assert_int_equal(content.services.count, 0);
}

static void lists_own_their_layers(void **state UNUSED) {
    struct layer_list layers = {0};
    layers_add(&layers, layer_from("a", "summary: one\n"));
    layers_add(&layers, layer_from("b", ""));
    assert_int_equal(layers.count, 2);
    assert_string_equal(layers.items[1]->label, "b");
    layers_clear(&layers);
    assert_int_equal(layers.count, 0);
    layers_clear(&layers);
    layer_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_are_found_by_name),
        cmocka_unit_test(content_owns_its_entries),
        cmocka_unit_test(lists_own_their_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
