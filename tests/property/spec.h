// SPDX-License-Identifier: GPL-3.0-or-later
// Random configurations of services, as the model sees them, and their text for the plan. Services are numbers. Each
// depends on lower numbers only, so that no two plans contradict each other in their order.
#pragma once

#include "base/buffer.h"
#include "rng.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVICE_COUNT 200
#define CHECK_COUNT 6
#define EDGES_MAX 2
#define LOG_LINE "service is up"

enum ready_way { READY_WAY_NONE, READY_WAY_NOTIFY, READY_WAY_FD, READY_WAY_LOG, READY_WAY_CHECK };
enum wish { WISH_STARTED, WISH_READY, WISH_COMPLETED, WISH_EXITED };
enum reaction { REACTION_UNSET, REACTION_RESTART, REACTION_IGNORE, REACTION_SHUTDOWN, REACTION_EXIT };

struct edges {
    int count;
    int items[EDGES_MAX];
};

struct spec {
    int service;
    int version;          // one for each configuration that has ever been; the plan has it as summary
    uint64_t retired_seq; // when it left the plan; 0: it is in it
    bool is_enabled, is_oneshot;
    int run_timeout_s; // 0: none
    enum ready_way ready;
    int ready_timeout_s; // -1: unset; 0: none
    int ready_check;
    struct edges after, before, requires, waits;
    enum wish wishes[EDGES_MAX]; // of `waits`
    bool waits_in_layer;         // the last wait is set by the upper layer
    bool has_wait_check;
    int wait_check;
    int wait_timeout_s;
    enum reaction on_success, on_failure, on_max_retries;
    enum reaction on_check[CHECK_COUNT];
    int success_code, fatal_code; // 0: none
    int max_retries;              // 0: no limit
    int kill_delay_ms, backoff_delay_ms, backoff_limit_ms;
    const char *stop_signal; // NULL: unset
    bool kills_process_only;
};

void spec_make(struct rng *rng, int service, struct spec *spec);
// Drops the waits for services that `exists` does not have. Returns whether there were any.
bool spec_drop_waits(struct spec *spec, const bool exists[SERVICE_COUNT]);
void spec_write(const struct spec *spec, struct buffer *out);
void spec_write_upper(const struct spec *spec, struct buffer *out); // in the layer on top
bool spec_takes_long(const struct spec *spec);                      // its start ends when it is ready, or has ended
bool spec_sorts_after(const struct spec *spec, const struct spec *earlier);
bool edges_have(const struct edges *edges, int service);
const char *wish_name(enum wish wish);
