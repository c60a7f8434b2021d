// SPDX-License-Identifier: GPL-3.0-or-later
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "logs/log_store.h"

#define LOG_MAX_BYTES ((size_t)1 << 16)
#define LOG_SHOWN_BYTES ((size_t)8192)

// --- the log ---

static void add_to_log(void *data, const char *line, size_t length) {
    struct world *world = data;
    if (world->log.length + length > LOG_MAX_BYTES)
        buffer_consume(&world->log, LOG_MAX_BYTES / 2);
    const char *text = memchr(line, ']', length); // without the time
    size_t skipped = text != NULL ? (size_t)(text - line) + 2 : 0;
    buffer_add(&world->log, line + skipped, length - skipped);
}

void world_note(struct world *world, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    AUTO_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    AUTO_FREE char *line =
        memory_printf("] -- %d, %.6f s: %s\n", world->step, (double)loop_now_ns(world->loop) / 1e9, text);
    add_to_log(world, line, strlen(line));
}

void world_fail(const struct world *world, const char *format, ...) {
    size_t shown = world->log.length < LOG_SHOWN_BYTES ? world->log.length : LOG_SHOWN_BYTES;
    va_list arguments;
    va_start(arguments, format);
    AUTO_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    (void)fwrite(world->log.data + world->log.length - shown, 1, shown, stderr);
    (void)fprintf(stderr, "\nFAILED: %s\nat step %d, %.6f s; repeat with PEBBLE_PROPERTY_SEED=%llu\n", text,
                  world->step, (double)loop_now_ns(world->loop) / 1e9, (unsigned long long)world->seed);
    abort();
}

// --- the plan ---

static void add_spec(struct world *world, struct spec *spec) {
    if (world->planned[spec->service] != NULL)
        world->planned[spec->service]->retired_seq = ++world->seq;
    spec->version = (int)world->spec_count;
    spec->retired_seq = 0;
    world->specs = memory_grow(world->specs, &world->spec_capacity, world->spec_count + 1, sizeof *world->specs);
    world->specs[world->spec_count++] = memory_copy(spec, sizeof *spec);
    world->planned[spec->service] = world->specs[spec->version];
}

static void drop_lost_waits(struct world *world) {
    bool exists[SERVICE_COUNT];
    for (int i = 0; i < SERVICE_COUNT; i++)
        exists[i] = world->planned[i] != NULL;
    for (int i = 0; i < SERVICE_COUNT; i++) {
        if (!exists[i])
            continue;
        struct spec spec = *world->planned[i];
        if (spec_drop_waits(&spec, exists))
            add_spec(world, &spec);
    }
}

static struct layer *parse_layer(const struct world *world, int order, const struct buffer *text) {
    AUTO_ERROR struct error err = {0};
    struct layer *layer = NULL;
    if (!layer_parse(order, order == 1 ? "base" : "top", text->data, text->length, &layer, &err))
        world_fail(world, "layer: %s\n%s", error_text(&err), buffer_text(text));
    return layer;
}

static struct plan *make_plan(const struct world *world) {
    AUTO_BUFFER struct buffer base = BUFFER_INIT(BUFFER_NO_LIMIT), upper = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_ERROR struct error err = {0};
    struct layer_list layers = {.items = memory_new_array(2, sizeof(struct layer *)), .count = 2, .capacity = 2};
    struct plan *plan = NULL;
    buffer_add_string(&base, "checks:\n");
    for (int i = 0; i < CHECK_COUNT; i++)
        buffer_printf(&base, "  c%d: {override: replace, tcp: {port: 1}, period: %dms, timeout: 100ms}\n", i,
                      300 * (i + 1));
    buffer_add_string(&base, "services:\n");
    buffer_add_string(&upper, "services:\n");
    for (int i = 0; i < SERVICE_COUNT; i++) {
        if (world->planned[i] != NULL) {
            spec_write(world->planned[i], &base);
            spec_write_upper(world->planned[i], &upper);
        }
    }
    layers.items[0] = parse_layer(world, 1, &base);
    layers.items[1] = parse_layer(world, 2, &upper);
    if (!plan_combine(&layers, &plan, &err))
        world_fail(world, "plan: %s", error_text(&err));
    layers_clear(&layers);
    return plan;
}

static void exchange_plan(struct world *world) {
    drop_lost_waits(world);
    plan_release(world->plan);
    world->plan = make_plan(world);
    service_manager_set_plan(world->manager, world->plan);
}

static void add_random_spec(struct world *world, int service) {
    struct spec spec;
    spec_make(&world->rng, service, &spec);
    add_spec(world, &spec);
}

void world_complete_plan(struct world *world) {
    for (int i = 0; i < SERVICE_COUNT; i++) {
        if (world->planned[i] == NULL)
            add_random_spec(world, i);
    }
    exchange_plan(world);
}

void world_change_plan(struct world *world, int count) {
    for (int i = 0; i < count; i++) {
        int number = count == SERVICE_COUNT ? i : rng_below(&world->rng, SERVICE_COUNT);
        if (world->planned[number] != NULL && count < SERVICE_COUNT && rng_chance(&world->rng, 20)) {
            world->planned[number]->retired_seq = ++world->seq;
            world->planned[number] = NULL;
            continue;
        }
        add_random_spec(world, number);
    }
    exchange_plan(world);
}

struct service *world_service(const struct world *world, int service) {
    const struct actor *actor = &world->actors[service];
    return actor->object != NULL ? actor->object : map_get(&world->manager->services, actor->name);
}

const struct spec *world_config(const struct world *world, int service) {
    const struct service *object = world_service(world, service);
    int64_t version = 0;
    if (object == NULL || object->config == NULL)
        return NULL;
    if (!text_to_int64(object->config->summary, 0, INT32_MAX, &version))
        abort();
    return world->specs[version];
}

// --- the world ---

void world_begin(struct world *world, uint64_t seed) {
    *world = (struct world){.seed = seed, .rng = {seed}};
    buffer_init(&world->log, BUFFER_NO_LIMIT);
    log_set_sink(add_to_log, world);
    if (!loop_create(&world->loop, NULL))
        abort();
    loop_use_test_clock(world->loop);
    list_init(&world->processes);
    list_init(&world->probes);
    world->state = state_create();
    world->runner = runner_create(world->loop, world->state);
    world->logs = log_store_create();
    for (int i = 0; i < SERVICE_COUNT; i++) {
        world->actors[i].service = i;
        (void)snprintf(world->actors[i].name, sizeof world->actors[i].name, "s%03d", i);
    }
    world->manager = service_manager_create(&(const struct service_manager_spec){.loop = world->loop,
                                                                                 .state = world->state,
                                                                                 .runner = world->runner,
                                                                                 .logs = world->logs,
                                                                                 .launcher = processes_launcher(world),
                                                                                 .prober = processes_prober(world)});
    records_begin(world);
    world_change_plan(world, SERVICE_COUNT);
}

void world_end(struct world *world) {
    records_end(world);
    service_manager_destroy(world->manager);
    if (!list_is_empty(&world->processes) || !list_is_empty(&world->probes))
        world_fail(world, "a process or a probe is left");
    runner_destroy(world->runner);
    log_store_destroy(world->logs);
    state_destroy(world->state);
    plan_release(world->plan);
    loop_destroy(world->loop);
    processes_finish(world);
    for (size_t i = 0; i < world->spec_count; i++)
        free(world->specs[i]);
    free(world->specs);
    log_set_sink(NULL, NULL);
    buffer_finish(&world->log);
}
