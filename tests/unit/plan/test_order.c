// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan_check.h"

#include <stdbool.h>

// Services as `name: fields`, separated by newlines.
static struct plan *plan_of(const char *services) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "services:\n");
    for (const char *line = services; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *colon = memchr(line, ':', length);
        buffer_printf(&text, "  %.*s: {override: replace, command: x%.*s}\n", (int)(colon - line), line,
                      (int)(line + length - colon - 1), colon + 1);
        line += length + (line[length] == '\n');
    }
    return PLAN(buffer_text(&text));
}

static void words_of(const char *words, struct text_list *list) {
    for (const char *word = words; *word != '\0';) {
        size_t length = strcspn(word, " ");
        text_list_add_owned(list, memory_string_n(word, length));
        word += length + (word[length] == ' ');
    }
}

typedef bool (*order_fn)(const struct plan *plan, const struct text_list *names, struct plan_lanes *lanes,
                         struct error *err);

static bool start_order(const struct plan *plan, const struct text_list *names, struct plan_lanes *lanes,
                        struct error *err) {
    return plan_start_order(plan, names, NULL, lanes, err);
}

static void assert_order(order_fn order, const struct plan *plan, const char *names, const char *expected) {
    AUTO_TEXT_LIST struct text_list list = {0};
    words_of(names, &list);
    struct plan_lanes lanes = {0};
    assert_true(order(plan, &list, &lanes, NULL));
    AUTO_BUFFER struct buffer found = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < lanes.count; i++) {
        AUTO_FREE char *lane = text_list_join(&lanes.items[i], " ");
        buffer_printf(&found, "%s%s", i == 0 ? "" : " | ", lane);
    }
    assert_string_equal(buffer_text(&found), expected);
    plan_lanes_clear(&lanes);
    assert_int_equal(lanes.count, 0);
}

static void starting_brings_what_is_required(void **state UNUSED) {
    struct plan *plan = plan_of("app:, requires: [db]\ndb:\nui:, requires: [app]\nother:, after: [app]");
    assert_order(start_order, plan, "app", "app db");
    assert_order(start_order, plan, "ui", "app db ui");
    assert_order(start_order, plan, "other", "other");
    assert_order(start_order, plan, "db db", "db");
    assert_order(start_order, plan, "", "");
    plan_release(plan);
}

static void after_and_before_sort_what_takes_part(void **state UNUSED) {
    struct plan *plan = plan_of("alpha:, requires: [delta], after: [delta]\nbeta:\n"
                                "delta:, requires: [gamma], after: [gamma]\ngamma:, before: [beta]\n"
                                "omega:, requires: [alpha, beta], after: [beta]");
    assert_order(start_order, plan, "omega", "gamma delta alpha beta omega");
    assert_order(start_order, plan, "alpha", "gamma delta alpha");
    assert_order(start_order, plan, "beta", "beta");
    assert_order(start_order, plan, "beta gamma", "gamma | beta");
    plan_release(plan);
}

static void stopping_brings_the_dependants_first(void **state UNUSED) {
    struct plan *plan = plan_of("app:, requires: [db], after: [db]\ndb:, requires: [disk], after: [disk]\ndisk:\n"
                                "log:, after: [db]");
    assert_order(plan_stop_order, plan, "db", "app db");
    assert_order(plan_stop_order, plan, "disk", "app db disk");
    assert_order(plan_stop_order, plan, "db log", "app db | log");
    plan_release(plan);
}

static void lanes_follow_requires(void **state UNUSED) {
    struct plan *plan = plan_of("a:\nb:\nc:, requires: [a]\nd:\ne:");
    assert_order(start_order, plan, "a b c d e", "a c | b d | e");
    plan_release(plan);
    plan = plan_of("a:\nb:\nc:, requires: [b]\nx:, requires: [a, b]");
    assert_order(start_order, plan, "c x", "a b x | c");
    plan_release(plan);
}

static void lanes_depend_on_services_that_do_not_participate(void **state UNUSED) {
    struct plan *plan = plan_of("a:, requires: [base]\nb:, requires: [base]\nbase:\nc:");
    assert_order(plan_stop_order, plan, "a b c", "a b | c");
    plan_release(plan);
}

static void empty_lanes_are_dropped(void **state UNUSED) {
    struct plan *plan = plan_of("a:\nb:\nc:, requires: [b]\nd:, requires: [c, a]");
    assert_order(start_order, plan, "a c", "a | b c");
    // 'd' moves 'a' to the lane of 'c': the first lane is empty.
    assert_order(start_order, plan, "d", "a b c d");
    plan_release(plan);
}

static void unknown_names_are_refused(void **state UNUSED) {
    struct plan *plan = plan_of("web:, after: [ghost]");
    const order_fn orders[] = {start_order, plan_stop_order};
    for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
        AUTO_TEXT_LIST struct text_list names = {0};
        words_of("web ghost", &names);
        struct plan_lanes lanes = {.count = 77};
        AUTO_ERROR struct error err = {0};
        assert_false(orders[i](plan, &names, &lanes, &err));
        assert_string_equal(error_text(&err), "service \"ghost\" does not exist");
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        assert_int_equal(lanes.count, 77);
    }
    plan_release(plan);
}

static void circles_of_requires_are_fine(void **state UNUSED) {
    struct plan *plan = plan_of("one:, requires: [two]\ntwo:, requires: [three]\nthree:, requires: [one]");
    assert_order(start_order, plan, "two", "one three two");
    assert_order(plan_stop_order, plan, "two", "one three two");
    plan_release(plan);
}

static void all_loops_are_reported(void **state UNUSED) {
    assert_plan_refused("services in before/after loop: a, b, c\n- also: services in before/after loop: x, y",
                        "services: {a: {override: merge, command: x, after: [c]}, b: {override: merge, command: x,\n"
                        "  after: [a], before: [c]}, c: {override: merge, command: x},\n"
                        "  x: {override: merge, command: x, after: [y, x]}, y: {override: merge, command: x,\n"
                        "  after: [x]}, z: {override: merge, command: x, after: [a, x]}}");
}

static void long_chains_do_not_recurse(void **state UNUSED) {
    enum { LENGTH = 20000 };
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "services:\n");
    for (int i = 0; i < LENGTH; i++)
        buffer_printf(&text, "  s%05d: {override: replace, command: x, requires: [s%05d], after: [s%05d]}\n", i,
                      (i + 1) % LENGTH, i + 1);
    struct plan *plan = PLAN(buffer_text(&text));
    AUTO_TEXT_LIST struct text_list names = {0};
    words_of("s00000", &names);
    struct plan_lanes lanes = {0};
    assert_true(plan_start_order(plan, &names, NULL, &lanes, NULL));
    assert_int_equal(lanes.count, 1);
    assert_int_equal(lanes.items[0].count, LENGTH);
    assert_string_equal(lanes.items[0].items[0], "s19999");
    plan_lanes_clear(&lanes);
    assert_true(plan_stop_order(plan, &names, &lanes, NULL));
    assert_int_equal(lanes.items[0].count, LENGTH);
    assert_string_equal(lanes.items[0].items[0], "s00000");
    plan_lanes_clear(&lanes);
    plan_release(plan);
}

static bool is_ready_db(const char *service, enum condition condition, void *data UNUSED) {
    return strcmp(service, "db") == 0 && condition == CONDITION_READY;
}

static bool order_with_ready_db(const struct plan *plan, const struct text_list *names, struct plan_lanes *lanes,
                                struct error *err) {
    const struct plan_conditions conditions = {.holds = is_ready_db};
    return plan_start_order(plan, names, &conditions, lanes, err);
}

static void starting_brings_what_is_waited_for(void **state UNUSED) {
    struct plan *plan = plan_of("web:, wait-for: {db: ready, old: none}\ndb:, wait-for: {init: completed}\n"
                                "init:, type: oneshot\nold:\nother:, wait-for: {db: started}");
    assert_order(start_order, plan, "web", "init | db | web");
    assert_order(order_with_ready_db, plan, "web", "web");
    assert_order(order_with_ready_db, plan, "other", "init | db | other");
    // A stop takes nothing along, but the order is the reverse.
    assert_order(plan_stop_order, plan, "db", "db");
    assert_order(plan_stop_order, plan, "init db web", "web | db | init");
    plan_release(plan);
}

static void long_starts_have_lanes_of_their_own(void **state UNUSED) {
    struct plan *plan = plan_of("a:, requires: [b]\nb:\nc:, requires: [b], ready: {fd: 3}\nd:, requires: [e]\n"
                                "e:, type: oneshot\nf:, requires: [a], ready: {notify: false}");
    assert_order(start_order, plan, "f", "a b f");
    assert_order(start_order, plan, "c a", "a | b | c");
    assert_order(start_order, plan, "d", "d | e");
    assert_order(plan_stop_order, plan, "e", "d e");
    AUTO_TEXT_LIST struct text_list names = {0};
    struct plan_lanes lanes = {0};
    words_of("a", &names);
    assert_true(start_order(plan, &names, &lanes, NULL));
    assert_false(lanes.are_single);
    plan_lanes_clear(&lanes);
    text_list_clear(&names);
    words_of("d", &names);
    assert_true(start_order(plan, &names, &lanes, NULL));
    assert_true(lanes.are_single);
    plan_lanes_clear(&lanes);
    plan_release(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starting_brings_what_is_required),
        cmocka_unit_test(after_and_before_sort_what_takes_part),
        cmocka_unit_test(stopping_brings_the_dependants_first),
        cmocka_unit_test(lanes_follow_requires),
        cmocka_unit_test(lanes_depend_on_services_that_do_not_participate),
        cmocka_unit_test(empty_lanes_are_dropped),
        cmocka_unit_test(unknown_names_are_refused),
        cmocka_unit_test(circles_of_requires_are_fine),
        cmocka_unit_test(all_loops_are_reported),
        cmocka_unit_test(long_chains_do_not_recurse),
        cmocka_unit_test(starting_brings_what_is_waited_for),
        cmocka_unit_test(long_starts_have_lanes_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
