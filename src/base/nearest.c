// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define LENGTH_MAX 40
#define LETTERS_PER_FAULT 3 // a word of six letters may have two faults
#define BEGINNING_LEAST 3

void nearest_init(struct nearest *nearest, const char *word) {
    *nearest = (struct nearest){.word = word, .distance = SIZE_MAX};
}

static bool letters_equal(char a, char b) {
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

// The distance of Damerau and Levenshtein, in its restricted form. `rows` are those of the last two letters of `a`, and
// the new one.
static size_t distance_of(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t rows[3][LENGTH_MAX + 1];
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            bool is_same = letters_equal(a[i - 1], b[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (is_same ? 0 : 1));
            if (i > 1 && j > 1 && letters_equal(a[i - 1], b[j - 2]) && letters_equal(a[i - 2], b[j - 1]))
                row[j] = least(row[j], second[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

static bool is_beginning(const char *word, size_t length, const char *name) {
    if (length < BEGINNING_LEAST)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!letters_equal(word[i], name[i])) // also at the end of the name
            return false;
    }
    return true;
}

void nearest_try(struct nearest *nearest, const char *name) {
    size_t length = strnlen(nearest->word, LENGTH_MAX + 1), name_length = strnlen(name, LENGTH_MAX + 1);
    if (length == 0 || length > LENGTH_MAX || name_length > LENGTH_MAX)
        return;
    size_t distance = distance_of(nearest->word, length, name, name_length);
    if (is_beginning(nearest->word, length, name))
        distance = least(distance, 1);
    size_t longer = length > name_length ? length : name_length;
    if (distance < nearest->distance && distance <= longer / LETTERS_PER_FAULT) {
        nearest->distance = distance;
        nearest->name = name;
    }
}

bool nearest_advise(const struct nearest *nearest, const char *prefix, struct error *err) {
    return nearest->name == NULL ? false : error_add_advice(err, "Did you mean \"%s%s\"?", prefix, nearest->name);
}
