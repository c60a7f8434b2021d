// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: a change with its tasks, as an object. All strings are owned.
#pragma once

#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pebble_task {
    char *id;
    char *kind;
    char *summary;
    char *status;
    char **log;
    size_t log_count;
    char *progress_label;
    int64_t progress_done;
    int64_t progress_total;
    char *spawn_time_text;
    char *ready_time_text; // NULL while not ready
    int64_t spawn_time;
    int64_t ready_time;
    char *data; // JSON object text, or NULL
};

struct pebble_change {
    char *id;
    char *kind;
    char *summary;
    char *status;
    bool is_ready;
    char *err; // what failed, or NULL
    struct pebble_task *tasks;
    size_t task_count;
    char *spawn_time_text;
    char *ready_time_text; // NULL while not ready
    int64_t spawn_time;
    int64_t ready_time;
    char *data; // JSON object text, or NULL
};

void client_change_finish(struct pebble_change *change); // frees what is in it
