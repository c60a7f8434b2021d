// SPDX-License-Identifier: GPL-3.0-or-later
// Shared by the tests of plan/: layers and plans from short texts, and their content.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "plan/plan.h"

static inline struct layer *layer_from(const char *label, const char *text) {
    struct layer *layer = NULL;
    AUTO_ERROR struct error err = {0};
    if (!layer_parse(0, label, text, strlen(text), &layer, &err))
        fail_msg("layer refused: %s", error_text(&err));
    return layer;
}

static inline void assert_layer_refused(const char *label, const char *text, const char *message) {
    struct layer *layer = NULL;
    AUTO_ERROR struct error err = {0};
    assert_false(layer_parse(0, label, text, strlen(text), &layer, &err));
    assert_null(layer);
    assert_string_equal(error_text(&err), message);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
}

static inline void assert_layer_advice(const char *text, const char *advice) {
    AUTO_ERROR struct error err = {0};
    struct layer *layer = NULL;
    assert_false(layer_parse(0, "x", text, strlen(text), &layer, &err));
    assert_string_equal(err.advice == NULL ? "" : err.advice, advice);
}

// The texts (up to the first NULL) as layers "l0", "l1", …
static inline void layers_from(const char *const *texts, struct layer_list *layers) {
    for (int i = 0; texts[i] != NULL; i++) {
        char label[16];
        snprintf(label, sizeof label, "l%d", i);
        layers_add(layers, layer_from(label, texts[i]));
    }
}

static inline struct plan *plan_from(const char *const *texts) {
    AUTO_LAYERS struct layer_list layers = {0};
    layers_from(texts, &layers);
    struct plan *plan = NULL;
    AUTO_ERROR struct error err = {0};
    if (!plan_combine(&layers, &plan, &err))
        fail_msg("plan refused: %s", error_text(&err));
    return plan;
}
#define PLAN(...) plan_from((const char *const[]){__VA_ARGS__, NULL})

static inline void plan_refused(const char *const *texts, const char *message) {
    AUTO_LAYERS struct layer_list layers = {0};
    layers_from(texts, &layers);
    struct plan *plan = NULL;
    AUTO_ERROR struct error err = {0};
    assert_false(plan_combine(&layers, &plan, &err));
    assert_null(plan);
    assert_string_equal(error_text(&err), message);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
}
#define assert_plan_refused(message, ...) plan_refused((const char *const[]){__VA_ARGS__, NULL}, message)

static inline void plan_advice(const char *const *texts, const char *advice) {
    AUTO_LAYERS struct layer_list layers = {0};
    layers_from(texts, &layers);
    struct plan *plan = NULL;
    AUTO_ERROR struct error err = {0};
    assert_false(plan_combine(&layers, &plan, &err));
    assert_string_equal(err.advice == NULL ? "" : err.advice, advice);
}
#define assert_plan_advice(advice, ...) plan_advice((const char *const[]){__VA_ARGS__, NULL}, advice)

static inline void assert_plan_text(const struct plan *plan, const char *yaml) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    plan_write_yaml(plan, &text);
    assert_string_equal(buffer_text(&text), yaml);
}

static inline void assert_list(const struct text_list *list, const char *joined) {
    AUTO_FREE char *text = text_list_join(list, " ");
    assert_string_equal(text, joined);
}
