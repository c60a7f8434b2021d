// SPDX-License-Identifier: GPL-3.0-or-later
// Durations and times: what is read and written again reads back as the same.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_duration(const char *text) {
    AUTO_ERROR struct error err = {0};
    int64_t ns = 77;
    if (!duration_parse(text, &ns, &err)) {
        if (ns != 77 || !error_is_set(&err))
            abort();
        return;
    }
    char again[DURATION_TEXT_SIZE];
    duration_format(ns, again);
    int64_t same = ~ns;
    if (!duration_parse(again, &same, NULL) || same != ns)
        abort();
}

static void try_time(const char *text) {
    struct wall_time time;
    if (!clock_parse(text, &time))
        return;
    char again[CLOCK_TEXT_SIZE];
    clock_format(time, again);
    struct wall_time same;
    if (!clock_parse(again, &same) || same.ns != time.ns)
        abort();
    clock_format_millis(time.ns, again);
    clock_format_seconds(time.ns / NS_PER_S, again);
    clock_format_http(time.ns, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    try_duration(text);
    try_time(text);
    free(text);
    return 0;
}
