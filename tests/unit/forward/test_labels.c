// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/memory.h"
#include "forward/labels_internal.h"

static struct map environment;

static int fill_environment(void **state UNUSED) {
    map_init(&environment, free);
    map_set(&environment, "WING", memory_string("left"));
    map_set(&environment, "TAIL", memory_string("$WING"));
    map_set(&environment, "1", memory_string("one"));
    map_set(&environment, "a b", memory_string("blank"));
    return 0;
}

static int finish_environment(void **state UNUSED) {
    map_finish(&environment);
    return 0;
}

static void variables_are_replaced(void **state UNUSED) {
    static const struct {
        const char *text, *expanded;
    } cases[] = {
        {"just text", "just text"},
        {"$WING", "left"},
        {"${WING}-$WING!", "left-left!"},
        {"$WINGS-$NOTHING-${NOTHING}", "--"},
        {"$TAIL", "$WING"}, // once only
        {"$12", "one2"},
        {"${a b}", "blank"},
        {"a$", "a$"},
        {"$ A", "$ A"},
        {"$\xc3\xb6", "$\xc3\xb6"},
        {"$$WING", "WING"}, // of the variable "$"
        {"x${}y", "xy"},
        {"x${WING", "xWING"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
        label_expand(&out, cases[i].text, &environment);
        assert_string_equal(buffer_text(&out), cases[i].expanded);
    }
}

static void lists_are_sorted(void **state UNUSED) {
    AUTO_MAP struct map labels = MAP_INIT(free);
    struct label_list list = {0};
    map_set(&labels, "zone", memory_string("north"));
    map_set(&labels, "band", memory_string("$WING"));
    for (int i = 0; i < 2; i++) { // replaced, not added to
        label_list_set(&list, &labels, &environment);
        AUTO_FREE char *names = text_list_join(&list.names, ",");
        AUTO_FREE char *values = text_list_join(&list.values, ",");
        assert_string_equal(names, "band,zone");
        assert_string_equal(values, "left,north");
    }
    label_list_clear(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_replaced),
        cmocka_unit_test(lists_are_sorted),
    };
    return cmocka_run_group_tests(tests, fill_environment, finish_environment);
}
