// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: the details of a service.
#pragma once

#include "base/error.h"
#include "pebble.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_service_details { // all zero: none
    char *state;
    bool has_ready, is_ready;
    char **awaited;
    size_t awaited_count;
    char *status_text;
    int64_t pid;
    bool has_exit_code;
    int64_t exit_code;
    char *ended_text;
    int64_t ended;
    int64_t restarts;
    bool has_retries;
    int64_t retries_left;
    char *next_restart_text;
    int64_t next_restart;
    char *note;
};

struct pebble_service {
    char *name;
    char *startup;
    char *current;
    char *current_since_text;
    int64_t current_since;
    struct client_service_details details;
};

// `value` may be NULL. What is wrong is noted in `err`.
void client_service_details_read(struct client_service_details *details, const json_t *value, struct error *err);
void client_service_details_finish(struct client_service_details *details);
