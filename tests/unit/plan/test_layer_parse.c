// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

static void empty_layers_are_fine(void **state UNUSED) {
    const char *const texts[] = {"",
                                 "# words\n",
                                 "---\n",
                                 "~",
                                 "services: ~\nchecks: null\nlog-targets: {}\n",
                                 "summary: null\ndescription: ~\nworkloads: ~\npairing:\n"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO_LAYER struct layer *layer = layer_from("x", texts[i]);
        assert_int_equal(layer->content.services.count, 0);
        assert_int_equal(layer->content.pairing, PAIRING_UNSET);
    }
}

static void everything_is_kept(void **state UNUSED) {
    struct layer *layer = NULL;
    const char *text = "summary: S\ndescription: D\nservices: {a: {}}\nchecks: {b: {}}\nlog-targets: {c: {}}\n"
                       "workloads: {d: {}}\npairing: {mode: single}\n---\nmore: documents\n";
    assert_true(layer_parse(7, "dir/name", text, strlen(text), &layer, NULL));
    assert_int_equal(layer->order, 7);
    assert_string_equal(layer->label, "dir/name");
    assert_string_equal(layer->summary, "S");
    assert_string_equal(layer->description, "D");
    assert_string_equal(((struct plan_service *)map_get(&layer->content.services, "a"))->name, "a");
    assert_string_equal(((struct plan_check *)map_get(&layer->content.checks, "b"))->name, "b");
    assert_string_equal(((struct plan_log_target *)map_get(&layer->content.log_targets, "c"))->name, "c");
    assert_string_equal(((struct plan_workload *)map_get(&layer->content.workloads, "d"))->name, "d");
    assert_int_equal(layer->content.pairing, PAIRING_SINGLE);
    layer_destroy(layer);
}

static void faults_have_their_place(void **state UNUSED) {
    assert_layer_refused("x", "- services\n",
                         "cannot parse layer \"x\": yaml: unmarshal errors:\n"
                         "  line 1: cannot unmarshal !!seq into map[string]yaml.Node");
    assert_layer_refused("x", "hello",
                         "cannot parse layer \"x\": yaml: unmarshal errors:\n"
                         "  line 1: cannot unmarshal !!str `hello` into map[string]yaml.Node");
    assert_layer_refused("x", "service: {}", "cannot parse layer \"x\": unknown section \"service\"");
    assert_layer_refused("x", "checks: [one]",
                         "cannot parse layer \"x\" section \"checks\": yaml: unmarshal errors:\n"
                         "  line 1: cannot unmarshal !!seq into map[string]*plan.Check");
    assert_layer_refused("x", "summary: [a]",
                         "cannot parse layer \"x\" section \"summary\": yaml: unmarshal errors:\n"
                         "  line 1: cannot unmarshal !!seq into string");
    assert_layer_refused("x", "workloads:\n  box: {override: merge, command: x}",
                         "cannot parse the \"workloads\" section: yaml: unmarshal errors:\n"
                         "  line 2: field command not found in type workloads.Workload");
    assert_layer_refused("x", "pairing:\n  colour: red",
                         "cannot parse the pairing section: yaml: unmarshal errors:\n"
                         "  line 2: field colour not found in type pairingstate.pairingConfig");
}

static void sections_without_value_are_refused(void **state UNUSED) {
    const char *const names[] = {"summary", "description", "services", "checks", "log-targets"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        AUTO_FREE char *text = memory_printf("%s:\n", names[i]);
        AUTO_FREE char *message = memory_printf("cannot parse layer \"x\" section \"%s\": EOF", names[i]);
        assert_layer_refused("x", text, message);
    }
    assert_layer_refused("x", "workloads:\n", "cannot parse the \"workloads\" section: EOF");
}

static void repeated_keys_are_refused(void **state UNUSED) {
    assert_layer_refused("x", "services:\n  web: {override: merge}\n  web: {override: merge}\n",
                         "cannot parse layer \"x\" section \"services\": yaml: unmarshal errors:\n"
                         "  line 3: mapping key \"web\" already defined at line 2");
    assert_layer_refused("x", "services: {}\nservices: {}\n",
                         "cannot parse layer \"x\": yaml: unmarshal errors:\n"
                         "  line 2: mapping key \"services\" already defined at line 1");
    assert_layer_refused("x", "workloads: {box: {override: [a], override: b}}",
                         "cannot parse the \"workloads\" section: yaml: unmarshal errors:\n"
                         "  line 1: mapping key \"override\" already defined at line 1\n"
                         "- also: cannot parse the \"workloads\" section: yaml: unmarshal errors:\n"
                         "  line 1: cannot unmarshal !!seq into plan.Override");
}

static void faults_of_all_sections_are_reported(void **state UNUSED) {
    assert_layer_refused("x", "services: {web: {kill-delay: x}}\nchecks: {up: {level: high}}\nother: 1\n",
                         "cannot parse layer \"x\" section \"services\": invalid duration \"x\"\n"
                         "- also: cannot parse layer \"x\": unknown section \"other\"\n"
                         "- also: plan check \"up\" level must be \"alive\" or \"ready\"");
}

static void keywords_as_names_are_warned_of(void **state UNUSED) {
    AUTO_LAYER struct layer *layer = layer_from("x", "services: {none: {}, web: {}, all: {}}");
    assert_int_equal(layer->warnings.count, 2);
    assert_string_equal(layer->warnings.items[0], "Using keyword \"all\" as a service name is deprecated");
    assert_string_equal(layer->warnings.items[1], "Using keyword \"none\" as a service name is deprecated");
}

static void further_documents_are_warned_of(void **state UNUSED) {
    AUTO_LAYER struct layer *layer = layer_from("x", "services: {web: {}}\n---\nservices: {db: {}}\n");
    assert_int_equal(layer->warnings.count, 1);
    assert_string_equal(layer->warnings.items[0], "Ignoring line 3 of layer \"x\" and what follows it: only the first "
                                                  "YAML document of a layer is read");
}

static void faults_of_syntax_have_hints(void **state UNUSED) {
    static const char tab[] = "line %d: YAML is indented with spaces, not with tabs";
    AUTO_FREE char *second = memory_printf(tab, 2), *fourth = memory_printf(tab, 4);
    assert_layer_advice("services:\n\tweb:\n", second);
    assert_layer_advice("services:\n  web:\n    override: replace\n\tcommand: x\n", fourth);
    assert_layer_advice("services:\n  command: @x\n", "line 2: a value that begins with %, @ or ` needs quotes");
    assert_layer_advice("services:\n  command: echo a: b\n",
                        "line 2: a value with a colon and a space needs quotes, or a key above has no colon");
    assert_layer_advice("services: *x\n", "a value that begins with * is an alias unless it is in quotes");
    assert_layer_advice("services: {web: {kill-delay: 5}}\n",
                        "line 1: section \"services\", service \"web\", key \"kill-delay\"; did you mean \"5s\"?");
    assert_layer_advice("a:\n - [\n", "line 2");
    assert_layer_advice("\"serv\\\"ices\": {}\n", "line 1: section \"serv\\\"ices\"; did you mean \"services\"?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_layers_are_fine),           cmocka_unit_test(everything_is_kept),
        cmocka_unit_test(faults_have_their_place),         cmocka_unit_test(sections_without_value_are_refused),
        cmocka_unit_test(repeated_keys_are_refused),       cmocka_unit_test(faults_of_all_sections_are_reported),
        cmocka_unit_test(keywords_as_names_are_warned_of), cmocka_unit_test(further_documents_are_warned_of),
        cmocka_unit_test(faults_of_syntax_have_hints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
