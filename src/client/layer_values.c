// SPDX-License-Identifier: LGPL-3.0-or-later
// Values of a layer that are words, numbers, durations and commands. Declared in client/layer_internal.h.
#include "client/layer_internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "data/real.h"
#include "data/shell.h"

static bool is_word(const char *value, const char *const *words) {
    while (*words != NULL && !text_equal(*words, value))
        words++;
    return *words != NULL;
}

static bool check_word(struct pebble_layer *layer, const struct layer_place *place, const char *value,
                       const char *const *words) {
    if (is_word(value, words))
        return true;
    AUTO_FREE char *quoted = client_quoted(value == NULL ? "" : value);
    layer_fail(layer, place, "unknown word %s", quoted);
    return false;
}

void layer_set_word(struct pebble_layer *layer, const struct layer_place *place, const char *value,
                    const char *const *words) {
    if (check_word(layer, place, value, words))
        layer_set_text(layer, place, value);
}

void layer_set_word_entry(struct pebble_layer *layer, const struct layer_place *place, const char *name,
                          const char *value, const char *const *words) {
    if (check_word(layer, place, value, words))
        layer_set_entry(layer, place, name, value);
}

static bool check_int(struct pebble_layer *layer, const struct layer_place *place, int64_t value, int64_t min,
                      int64_t max) {
    if (value >= min && value <= max)
        return true;
    layer_fail(layer, place, "%" PRId64 " is not from %" PRId64 " to %" PRId64, value, min, max);
    return false;
}

void layer_set_int(struct pebble_layer *layer, const struct layer_place *place, int64_t value, int64_t min,
                   int64_t max) {
    if (!check_int(layer, place, value, min, max))
        return;
    AUTO_FREE char *text = memory_printf("%" PRId64, value);
    layer_set_plain(layer, place, text);
}

void layer_set_exit_codes(struct pebble_layer *layer, const struct layer_place *place, const int *codes, size_t count) {
    AUTO_TEXT_LIST struct text_list texts = {0};
    for (size_t i = 0; i < count; i++) {
        if (codes == NULL) {
            layer_fail(layer, place, "no numbers");
            return;
        }
        if (!check_int(layer, place, codes[i], 0, UINT8_MAX))
            return;
        text_list_add_owned(&texts, memory_printf("%d", codes[i]));
    }
    layer_set_plain_list(layer, place, &texts);
}

void layer_set_duration(struct pebble_layer *layer, const struct layer_place *place, int64_t value_ns, int64_t min_ns) {
    char text[DURATION_TEXT_SIZE];
    duration_format(value_ns, text);
    if (value_ns < min_ns)
        layer_fail(layer, place, "duration %s is too short", text);
    else
        layer_set_plain(layer, place, text);
}

void layer_set_factor(struct pebble_layer *layer, const struct layer_place *place, double value) {
    if (!isfinite(value) || value < 1) {
        layer_fail(layer, place, "a factor must be 1 or greater");
        return;
    }
    char text[REAL_TEXT_SIZE];
    real_format(value, -4, 21, 2, text);
    layer_set_plain(layer, place, text);
}

void layer_set_words(struct pebble_layer *layer, const struct layer_place *place, const char *const *words,
                     size_t count) {
    AUTO_TEXT_LIST struct text_list list = {0};
    for (size_t i = 0; i < count; i++) {
        if (words == NULL || words[i] == NULL || (i == 0 && words[i][0] == '\0')) {
            layer_fail(layer, place, "word %zu is missing", i + 1);
            return;
        }
        // The daemon takes brackets that stand alone for those of default arguments, also if they are quoted.
        if (text_equal(place->section, "services") && (strcmp(words[i], "[") == 0 || strcmp(words[i], "]") == 0)) {
            layer_fail(layer, place, "\"%s\" cannot be a word of it", words[i]);
            return;
        }
        text_list_add(&list, words[i]);
    }
    if (count == 0)
        layer_fail(layer, place, "no words");
    AUTO_FREE char *command = shell_join(&list);
    layer_set_text(layer, place, command);
}
