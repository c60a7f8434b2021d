// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

#include "plan/record_internal.h"

static const char *const everything =
    "services:\n"
    "  web: {override: replace, summary: s, description: d, startup: enabled, command: c, after: [a], before: [b],\n"
    "        requires: [r], workload: w, environment: {K: v}, user-id: 1, user: u, group-id: 2, group: g,\n"
    "        working-dir: /x, on-success: ignore, on-failure: shutdown, on-check-failure: {up: restart},\n"
    "        backoff-delay: 1s, backoff-factor: 2, backoff-limit: 3s, kill-delay: 4s,\n"
    "        type: service, run-timeout: 5s, ready: {fd: 3}, wait-for: {db: ready}, wait-for-checks: [up],\n"
    "        wait-timeout: 6s, success-exit-codes: [1], fatal-exit-codes: [2], max-start-retries: 3,\n"
    "        on-max-start-retries: exit, stop-signal: SIGINT, kill-mode: group}\n";

static struct layer *with_service(const char *text) {
    return layer_from("x", text);
}

static void copies_are_equal_and_apart(void **state UNUSED) {
    AUTO_LAYER struct layer *layer = with_service(everything);
    const struct plan_service *service = map_get(&layer->content.services, "web");
    struct plan_service *copy = record_copy(&record_service, service);
    assert_true(record_equal(&record_service, service, copy));
    text_list_add(&copy->after, "more");
    number_list_add(&copy->success_exit_codes, 9);
    assert_int_equal(service->success_exit_codes.count, 1);
    assert_int_equal(service->after.count, 1);
    assert_false(record_equal(&record_service, service, copy));
    record_destroy(&record_service, copy);
}

// Changes one field at a time, so that none is forgotten in comparing, copying and merging.
static void every_field_counts(void **state UNUSED) {
    AUTO_LAYER struct layer *layer = with_service(everything);
    const struct plan_service *service = map_get(&layer->content.services, "web");
    struct plan_service *none = record_create(&record_service);
    for (size_t i = 0; i < record_service.field_count; i++) {
        const struct field *field = &record_service.fields[i];
        assert_true(field_is_set(field, field_of_const(service, field)));
        assert_false(field_is_set(field, field_of(none, field)));
        if (field->key != NULL)
            assert_ptr_equal(record_find_field(&record_service, field->key), field);
    }
    struct plan_service *merged = record_copy(&record_service, none);
    record_merge(&record_service, merged, service);
    for (size_t i = 0; i < record_service.field_count; i++) {
        const struct field *field = &record_service.fields[i];
        bool is_merged = field_is_set(field, field_of(merged, field));
        assert_int_equal(is_merged, field->kind != FIELD_NAME && !field->is_kept);
    }
    record_destroy(&record_service, merged);
    record_destroy(&record_service, none);
}

static void null_is_equal_to_null_only(void **state UNUSED) {
    struct plan_service *service = record_create(&record_service);
    assert_true(record_equal(&record_service, NULL, NULL));
    assert_false(record_equal(&record_service, service, NULL));
    assert_null(record_copy(&record_service, NULL));
    record_destroy(&record_service, service);
    record_destroy(&record_service, NULL);
}

static void unset_text_equals_empty_text(void **state UNUSED) {
    struct plan_service *a = record_create(&record_service), *b = record_create(&record_service);
    b->summary = memory_string("");
    assert_true(record_equal(&record_service, a, b));
    record_destroy(&record_service, a);
    record_destroy(&record_service, b);
}

static void words_have_names(void **state UNUSED) {
    assert_int_equal(words_find(&words_pairing_mode, "single"), PAIRING_SINGLE);
    assert_int_equal(words_find(&words_pairing_mode, "Single"), WORD_INVALID);
    assert_string_equal(words_name(&words_pairing_mode, PAIRING_MULTIPLE), "multiple");
    assert_string_equal(words_name(&words_pairing_mode, WORD_INVALID), "");
    assert_string_equal(action_name(ACTION_SUCCESS_SHUTDOWN), "success-shutdown");
    assert_string_equal(action_name(ACTION_UNSET), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_equal_and_apart), cmocka_unit_test(every_field_counts),
        cmocka_unit_test(null_is_equal_to_null_only), cmocka_unit_test(unset_text_equals_empty_text),
        cmocka_unit_test(words_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
