// SPDX-License-Identifier: GPL-3.0-or-later
#include "directory_check.h"

#include "plan/plan_store.h"

struct ear {
    struct listener listener;
    struct plan *heard;
    int count;
};

static void hear(struct listener *listener, void *argument) {
    struct ear *ear = CONTAINER_OF(listener, struct ear, listener);
    ear->heard = argument;
    ear->count++;
}

static struct plan_store *store_loaded(const char *directory) {
    struct plan_store *store = plan_store_create(directory);
    AUTO_ERROR struct error err = {0};
    if (!plan_store_load(store, &err))
        fail_msg("%s", error_text(&err));
    return store;
}

enum { COMBINE = 1, INNER = 2 };

static struct plan_placement placement_of(int how) {
    return (struct plan_placement){.combine = (how & COMBINE) != 0, .inner = (how & INNER) != 0};
}

static void add(struct plan_store *store, const char *label, const char *text, int how) {
    AUTO_ERROR struct error err = {0};
    if (!plan_store_add(store, layer_from(label, text), placement_of(how), &err))
        fail_msg("%s", error_text(&err));
}

// Also looks whether everything stayed as it was.
static void assert_add_refused(struct plan_store *store, const char *label, const char *text, int how,
                               const char *message) {
    struct plan *before = plan_store_current(store);
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    plan_write_yaml(before, &shown);
    AUTO_ERROR struct error err = {0};
    assert_false(plan_store_add(store, layer_from(label, text), placement_of(how), &err));
    assert_string_equal(error_text(&err), message);
    assert_ptr_equal(plan_store_current(store), before);
    assert_plan_text(before, buffer_text(&shown));
}

static void assert_after(struct plan_store *store, const char *expected) {
    assert_list(&plan_find_service(plan_store_current(store), "web")->after, expected);
}

static char *web(int number) {
    static char text[128];
    snprintf(text, sizeof text, "services: {web: {override: merge, command: sleep %d, after: [s%d]}}", number, number);
    return text;
}

static void loads_and_announces(void **state) {
    directory_add(*state, "001-base.yaml", "services: {all: {override: replace, command: x}}");
    struct plan_store *store = plan_store_create(*state);
    assert_null(plan_store_current(store));
    struct ear ear = {0};
    event_add(plan_store_changed(store), &ear.listener, hear);
    assert_true(plan_store_load(store, NULL));
    assert_int_equal(ear.count, 1);
    assert_ptr_equal(ear.heard, plan_store_current(store));
    assert_int_equal(plan_store_warnings(store)->count, 1);
    add(store, "more", "services: {all: {override: merge, summary: s}}", 0);
    assert_int_equal(ear.count, 2);
    assert_ptr_equal(ear.heard, plan_store_current(store));
    assert_string_equal(plan_find_service(ear.heard, "all")->summary, "s");
    assert_add_refused(store, "bad", "checks: {up: {override: merge}}", 0,
                       "plan must specify one of \"http\", \"tcp\", or \"exec\" for check \"up\"");
    assert_int_equal(ear.count, 2);
    event_remove(&ear.listener);
    plan_store_destroy(store);
    plan_store_destroy(NULL);
}

static void load_fails_as_a_whole(void **state) {
    directory_add(*state, "001-base.yaml", "services: {web: {override: replace}}");
    struct plan_store *store = plan_store_create(*state);
    AUTO_ERROR struct error err = {0};
    assert_false(plan_store_load(store, &err));
    assert_string_equal(error_text(&err), "plan must define \"command\" for service \"web\"");
    assert_null(plan_store_current(store));
    plan_store_destroy(store);
}

static void new_labels_go_on_top(void **state) {
    directory_add(*state, "001-base.yaml", web(1));
    struct plan_store *store = store_loaded(*state);
    add(store, "upper", web(2), 0);
    assert_after(store, "s1 s2");
    assert_add_refused(store, "upper", web(3), 0, "layer \"upper\" already exists");
    assert_add_refused(store, "base", web(3), INNER, "layer \"base\" already exists");
    add(store, "top", web(4), COMBINE);
    assert_after(store, "s1 s2 s4");
    plan_store_destroy(store);
}

static void directories_are_added_to_with_permission(void **state) {
    struct plan_store *store = store_loaded(*state);
    add(store, "alpha/one", web(1), 0);
    add(store, "alpha/two", web(2), 0);
    add(store, "beta", web(9), 0);
    const char *refusal = "cannot insert sub-directory layer without 'inner' attribute set";
    assert_add_refused(store, "alpha/three", web(3), 0, refusal);
    assert_add_refused(store, "alpha/three", web(3), COMBINE, refusal);
    assert_add_refused(store, "alpha", web(3), 0, refusal);
    add(store, "alpha/three", web(3), INNER);
    assert_after(store, "s1 s2 s3 s9");
    add(store, "alpha/four", web(4), COMBINE | INNER);
    add(store, "alpha/one", web(5), COMBINE);
    add(store, "gamma", web(6), INNER);
    assert_after(store, "s1 s5 s2 s3 s4 s9 s6");
    plan_store_destroy(store);
}

static void combining_keeps_the_place_and_bakes_defaults(void **state) {
    struct plan_store *store = store_loaded(*state);
    add(store, "low", "checks: {up: {override: replace, threshold: 8, tcp: {port: 1}}}", 0);
    add(store, "top", "checks: {up: {override: merge, level: alive}}", 0);
    assert_int_equal(plan_find_check(plan_store_current(store), "up")->threshold, 8);
    add(store, "top", "summary: nothing new", COMBINE);
    assert_int_equal(plan_find_check(plan_store_current(store), "up")->threshold, 3);
    plan_store_destroy(store);
}

static void refused_combination_leaves_no_trace(void **state) {
    struct plan_store *store = store_loaded(*state);
    add(store, "base", web(1), 0);
    add(store, "top", web(2), 0);
    assert_add_refused(store, "base", "services: {web: {override: merge, after: [x]}, db: {}}", COMBINE,
                       "layer \"base\" must define \"override\" for service \"db\"");
    assert_add_refused(store, "base", "services: {web: {override: merge, after: [x]}, db: {override: merge}}", COMBINE,
                       "plan must define \"command\" for service \"db\"");
    assert_add_refused(store, "base/x", "services: {web: {override: merge, requires: [no]}}", INNER,
                       "service \"no\" does not exist");
    add(store, "base", "services: {web: {override: merge, after: [y]}}", COMBINE);
    assert_after(store, "s1 y s2");
    plan_store_destroy(store);
}

static void workloads_freeze(void **state) {
    directory_add(*state, "001-base.yaml", "workloads: {box: {override: replace, environment: {A: 1}}}");
    struct plan_store *store = store_loaded(*state);
    add(store, "early", "workloads: {box: {override: merge, environment: {B: 2}}}", 0);
    plan_store_freeze(store);
    const char *refusal = "cannot change immutable section \"workloads\"";
    assert_add_refused(store, "new", "workloads: {tin: {override: replace}}", 0, refusal);
    assert_add_refused(store, "changed", "workloads: {box: {override: merge, environment: {A: 3}}}", 0, refusal);
    add(store, "same", "workloads: {box: {override: merge, environment: {A: 1}}}", 0);
    plan_store_destroy(store);
}

static void set_arguments(struct map *map, const char *name, const char *argument) {
    struct text_list *list = memory_new(sizeof *list);
    if (argument != NULL)
        text_list_add(list, argument);
    map_set(map, name, list);
}

static void free_arguments(void *arguments) {
    text_list_clear(arguments);
    free(arguments);
}

static void arguments_make_a_layer_on_top(void **state) {
    struct plan_store *store = store_loaded(*state);
    add(store, "base",
        "services: {web: {override: replace, command: 'sleep 1 [ 2 ]'},\n"
        "  db: {override: replace, command: 'sleep 5 [ 6 ]', summary: s}}",
        0);
    AUTO_MAP struct map arguments = MAP_INIT(free_arguments);
    set_arguments(&arguments, "web", "nine ten");
    set_arguments(&arguments, "db", NULL);
    assert_true(plan_store_set_arguments(store, &arguments, NULL));
    assert_string_equal(plan_find_service(plan_store_current(store), "web")->command, "sleep 1 [ 'nine ten' ]");
    assert_string_equal(plan_find_service(plan_store_current(store), "db")->command, "sleep 5");
    assert_string_equal(plan_find_service(plan_store_current(store), "db")->summary, "s");
    add(store, "base", "services: {web: {override: merge, command: sleep 13}}", COMBINE);
    assert_string_equal(plan_find_service(plan_store_current(store), "web")->command, "sleep 1 [ 'nine ten' ]");
    add(store, "later", "services: {web: {override: merge, command: sleep 14}}", 0);
    assert_string_equal(plan_find_service(plan_store_current(store), "web")->command, "sleep 14");
    plan_store_destroy(store);
}

static void arguments_need_a_service(void **state) {
    struct plan_store *store = store_loaded(*state);
    AUTO_MAP struct map arguments = MAP_INIT(free_arguments);
    set_arguments(&arguments, "nope", "1");
    AUTO_ERROR struct error err = {0};
    assert_false(plan_store_set_arguments(store, &arguments, &err));
    assert_string_equal(error_text(&err), "service \"nope\" not found in plan");
    plan_store_destroy(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        directory_test(loads_and_announces),
        directory_test(load_fails_as_a_whole),
        directory_test(new_labels_go_on_top),
        directory_test(directories_are_added_to_with_permission),
        directory_test(combining_keeps_the_place_and_bakes_defaults),
        directory_test(refused_combination_leaves_no_trace),
        directory_test(workloads_freeze),
        directory_test(arguments_make_a_layer_on_top),
        directory_test(arguments_need_a_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
