// SPDX-License-Identifier: GPL-3.0-or-later
// Reproducible random numbers: SplitMix64 (https://doi.org/10.1145/2714064.2660195).
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng) {
    rng->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t value = rng->state;
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

// From 0 to count - 1.
static inline int rng_below(struct rng *rng, int count) {
    return (int)(rng_next(rng) % (uint64_t)count);
}

static inline bool rng_chance(struct rng *rng, int percent) {
    return rng_below(rng, 100) < percent;
}
