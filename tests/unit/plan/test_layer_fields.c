// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

static void assert_service_refused(const char *fields, const char *fault) {
    AUTO_FREE char *text = memory_printf("services:\n  web:\n    override: merge\n    %s\n", fields);
    AUTO_FREE char *message = memory_printf("cannot parse layer \"try\" section \"services\": %s", fault);
    assert_layer_refused("try", text, message);
}

static const struct plan_service *only_service(const struct layer *layer) {
    return map_get(&layer->content.services, "web");
}

static void scalars_of_any_type_are_strings(void **state UNUSED) {
    AUTO_LAYER struct layer *layer =
        layer_from("x", "services: {web: {summary: 12, command: true, after: [1.50, ~, 'a'], environment: {1: 0x1F,\n"
                        "  yes: no, N: ~, E: ''}}}");
    const struct plan_service *service = only_service(layer);
    assert_string_equal(service->summary, "12");
    assert_string_equal(service->command, "true");
    assert_list(&service->after, "1.50 a");
    assert_int_equal(service->environment.count, 4);
    assert_string_equal(map_get(&service->environment, "1"), "0x1F");
    assert_string_equal(map_get(&service->environment, "yes"), "no");
    assert_string_equal(map_get(&service->environment, "N"), "");
}

static void null_leaves_fields_unset(void **state UNUSED) {
    AUTO_LAYER struct layer *layer =
        layer_from("x", "services:\n  web:\n    summary: ~\n    after: ~\n    environment:\n    user-id: null\n"
                        "    kill-delay:\n    backoff-factor: ~\n    on-success: ~\n"
                        "checks: {up: {http: ~, threshold: ~}}");
    const struct plan_service *service = only_service(layer);
    assert_true(text_is_empty(service->summary));
    assert_false(service->user_id.is_set);
    assert_false(service->kill_delay.is_set);
    assert_false(service->backoff_factor.is_set);
    assert_int_equal(service->on_success, ACTION_UNSET);
    const struct plan_check *check = map_get(&layer->content.checks, "up");
    assert_null(check->http);
    assert_int_equal(check->threshold, 0);
}

static void numbers_are_read(void **state UNUSED) {
    AUTO_LAYER struct layer *layer = layer_from(
        "x", "services: {web: {user-id: 0x10, group-id: 1_000, backoff-factor: 1.5e1, backoff-delay: 1h0m0.5s}}\n"
             "checks: {up: {threshold: 2.7, tcp: {port: 080}}}");
    const struct plan_service *service = only_service(layer);
    assert_int_equal(service->user_id.value, 16);
    assert_int_equal(service->group_id.value, 1000);
    assert_true(service->backoff_factor.value == 15);
    assert_int_equal(service->backoff_delay.ns, INT64_C(3600500000000));
    const struct plan_check *check = map_get(&layer->content.checks, "up");
    assert_int_equal(check->threshold, 2);
    assert_int_equal(check->tcp->port, 80);
}

static void wrong_types_are_reported_with_their_lines(void **state UNUSED) {
    assert_service_refused("user-id: root",
                           "yaml: unmarshal errors:\n  line 4: cannot unmarshal !!str `root` into int");
    assert_service_refused("after: db", "yaml: unmarshal errors:\n  line 4: cannot unmarshal !!str `db` into []string");
    assert_service_refused("environment: [A=1]",
                           "yaml: unmarshal errors:\n  line 4: cannot unmarshal !!seq into map[string]string");
    assert_service_refused("summary: {a: b}\n    startup: []\n    colour: red\n    on-failure: {}",
                           "yaml: unmarshal errors:\n  line 4: cannot unmarshal !!map into string\n"
                           "  line 5: cannot unmarshal !!seq into plan.ServiceStartup\n"
                           "  line 6: field colour not found in type plan.Service\n"
                           "  line 7: cannot unmarshal !!map into plan.ServiceAction");
    assert_service_refused("after: [a, [b]]\n    environment: {A: [1]}\n    on-check-failure: {up: {}}",
                           "yaml: unmarshal errors:\n  line 4: cannot unmarshal !!seq into string\n"
                           "  line 5: cannot unmarshal !!seq into string\n"
                           "  line 6: cannot unmarshal !!map into plan.ServiceAction");
}

static void durations_and_numbers_have_words_of_their_own(void **state UNUSED) {
    assert_service_refused("kill-delay: 5", "invalid duration \"5\"");
    assert_service_refused("kill-delay: \"\"", "invalid duration \"\"");
    assert_service_refused("kill-delay: [5s]", "duration must be a YAML string");
    assert_service_refused("backoff-factor: many", "invalid floating-point number \"many\"");
    assert_service_refused("backoff-factor: .inf", "invalid floating-point number \".inf\"");
    assert_service_refused("backoff-factor: nan", "invalid floating-point number \"nan\"");
    assert_service_refused("backoff-factor: 1e999", "invalid floating-point number \"1e999\"");
    assert_service_refused("backoff-factor: [2]", "value must be a YAML number");
}

static void bad_values_come_before_wrong_types(void **state UNUSED) {
    assert_service_refused("colour: red\n    kill-delay: 5\n    backoff-delay: x",
                           "invalid duration \"5\"\n"
                           "- also: cannot parse layer \"try\" section \"services\": invalid duration \"x\"\n"
                           "- also: cannot parse layer \"try\" section \"services\": yaml: unmarshal errors:\n"
                           "  line 4: field colour not found in type plan.Service");
}

static void very_many_type_faults_are_counted(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "services:\n  web:\n");
    for (int i = 0; i < 60; i++)
        buffer_printf(&text, "    unknown-%d: 1\n", i);
    AUTO_ERROR struct error err = {0};
    struct layer *layer = NULL;
    assert_false(layer_parse(0, "x", buffer_text(&text), text.length, &layer, &err));
    assert_non_null(strstr(error_text(&err), "field unknown-49 not found in type plan.Service\n  and 10 more"));
    assert_null(strstr(error_text(&err), "unknown-50"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_of_any_type_are_strings),
        cmocka_unit_test(null_leaves_fields_unset),
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(wrong_types_are_reported_with_their_lines),
        cmocka_unit_test(durations_and_numbers_have_words_of_their_own),
        cmocka_unit_test(bad_values_come_before_wrong_types),
        cmocka_unit_test(very_many_type_faults_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
