// SPDX-License-Identifier: GPL-3.0-or-later
// 200 services and 10,000 random requests and events. The argument is the seed; PEBBLE_PROPERTY_SEED replaces it, and
// PEBBLE_PROPERTY_STEPS the number of steps.
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#define STEPS 10000
#define PARTS 5

static int64_t number_of(const char *text, int64_t otherwise) {
    int64_t number = 0;
    return text != NULL && text_to_int64(text, 0, INT64_MAX, &number) ? number : otherwise;
}

// Everything is at rest, and the state is full of changes by the second part. 0 with a sanitizer.
static void check_memory(const struct world *world, int part, size_t *early_bytes) {
    size_t bytes = mallinfo2().uordblks;
    if (part == 1)
        *early_bytes = bytes;
    if (part > 1 && bytes > *early_bytes + *early_bytes / 2)
        world_fail(world, "%zu bytes are in use instead of %zu", bytes, *early_bytes);
}

static void run(uint64_t seed, int steps) {
    struct world *world = memory_new(sizeof *world);
    size_t early_bytes = 0;
    world_begin(world, seed);
    for (int part = 0; part < PARTS; part++) {
        for (int i = 0; i < steps / PARTS; i++)
            step_random(world);
        if (part < PARTS - 1) {
            step_stop_for_now(world);
            check_memory(world, part, &early_bytes);
        }
    }
    step_stop_all(world);
    (void)printf("seed %llu: %d launches (%d after conditions), %d restarts, %zu configurations\n",
                 (unsigned long long)seed, world->launch_count, world->wait_count, world->relaunch_count,
                 world->spec_count);
    (void)fflush(stdout);
    world_end(world);
    free(world);
}

static void services_follow_the_rules(void **state) {
    const char *seed = *state;
    run((uint64_t)number_of(getenv("PEBBLE_PROPERTY_SEED"), number_of(seed, 1)),
        (int)number_of(getenv("PEBBLE_PROPERTY_STEPS"), STEPS));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(services_follow_the_rules, argc > 1 ? argv[1] : NULL),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
