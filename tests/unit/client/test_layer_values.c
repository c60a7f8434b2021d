// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layer_check_yaml.h"

#include "data/shell.h"

static const struct layer_place place = {.section = "services", .name = "web", .key = "command"};

// Words from a fixed sequence of pseudo-random numbers.
static void words_split_into_the_same(void **state UNUSED) {
    static const char alphabet[] = "ab '\"\\#\n\t$[]*~;\x01";
    uint32_t random = 1;
    for (int round = 0; round < 300; round++) {
        AUTO_TEXT_LIST struct text_list words = {0}, split = {0};
        text_list_add(&words, "program");
        for (int i = 0; i < 4; i++) {
            char word[6] = "";
            for (size_t k = 0; k < (random >> 16) % 6; k++) {
                random = random * 1103515245 + 12345;
                word[k] = alphabet[(random >> 16) % (sizeof alphabet - 1)];
            }
            random = random * 1103515245 + 12345;
            if (strcmp(word, "[") != 0 && strcmp(word, "]") != 0)
                text_list_add(&words, word);
        }
        struct pebble_layer *layer = pebble_layer_create();
        layer_set_words(layer, &place, (const char *const *)words.items, words.count);
        AUTO_YAML struct yaml_document *document = layer_parsed(layer);
        const struct yaml_node *web = yaml_member(yaml_member(yaml_root(document), "services"), "web");
        assert_true(shell_split(yaml_text(yaml_member(web, "command")), &split, NULL));
        assert_true(text_list_equal(&words, &split));
    }
}

static void wrong_words_are_refused(void **state UNUSED) {
    static const char *const bracket[] = {"a", "["};
    static const char *const missing[] = {"a", NULL};
    static const char *const empty[] = {""};
    struct pebble_layer *layer = pebble_layer_create();
    layer_set_words(layer, &place, bracket, 2);
    layer_assert_failed(layer, "cannot set command of service \"web\": \"[\" cannot be a word of it");
    layer = pebble_layer_create();
    layer_set_words(layer, &place, missing, 2);
    layer_assert_failed(layer, "cannot set command of service \"web\": word 2 is missing");
    layer = pebble_layer_create();
    layer_set_words(layer, &place, empty, 1);
    layer_assert_failed(layer, "cannot set command of service \"web\": word 1 is missing");
    layer = pebble_layer_create();
    layer_set_words(layer, &place, NULL, 0);
    layer_assert_failed(layer, "cannot set command of service \"web\": no words");
}

static void factors_are_finite(void **state UNUSED) {
    static const double factors[] = {0.5, -1, 1.0 / 0.0, 0.0 / 0.0};
    for (size_t i = 0; i < ARRAY_COUNT(factors); i++) {
        struct pebble_layer *layer = pebble_layer_create();
        layer_set_factor(layer, &place, factors[i]);
        layer_assert_failed(layer, "cannot set command of service \"web\": a factor must be 1 or greater");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_split_into_the_same),
        cmocka_unit_test(wrong_words_are_refused),
        cmocka_unit_test(factors_are_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
