// SPDX-License-Identifier: GPL-3.0-or-later
#include "exec/exec_manager.h"

#include <stdlib.h>

#include "base/memory.h"
#include "exec/exec_internal.h"
#include "exec/exec_machine_internal.h"

#define WORKERS 4
#define WORK_END_NS NS_PER_S

static const char *const stream_names[EXEC_STREAMS] = {
    [EXEC_STDIO] = "stdio", [EXEC_STDERR] = "stderr", [EXEC_CONTROL] = "control"};

static void on_idle_due(struct deferred *deferred) {
    struct exec_manager *manager = CONTAINER_OF(deferred, struct exec_manager, idle_emission);
    if (!exec_manager_is_busy(manager))
        event_emit(&manager->idle, NULL);
}

struct exec_manager *exec_manager_create(const struct exec_manager_spec *spec) {
    struct exec_manager *manager = memory_new(sizeof *manager);
    manager->spec = *spec;
    map_init(&manager->execs, NULL);
    list_init(&manager->starts);
    list_init(&manager->over);
    list_init(&manager->closing);
    event_init(&manager->idle);
    manager->on_idle_due = on_idle_due;
    manager->workers = worker_pool_create(spec->loop, "exec", WORKERS, EXECS_MAX);
    exec_tasks_register(manager);
    return manager;
}

void exec_manager_destroy(struct exec_manager *manager) {
    if (manager == NULL)
        return;
    (void)worker_pool_destroy_within(manager->workers, WORK_END_NS);
    exec_starts_fail(manager);
    while (manager->execs.count > 0)
        exec_destroy(map_first(&manager->execs)->value);
    struct exec *exec;
    LIST_FOR_EACH (exec, &manager->over, link)
        exec_destroy(exec);
    exec_streams_destroy_closing(manager);
    loop_defer_cancel(manager->spec.loop, &manager->idle_emission);
    event_remove(&manager->on_change_ready);
    map_finish(&manager->execs);
    free(manager);
}

// --- sessions ---

static struct exec_stream *find_stream(const struct exec_manager *manager, const char *task_id, const char *name) {
    const struct exec *exec = map_get(&manager->execs, task_id);
    for (size_t i = 0; i < EXEC_STREAMS && exec != NULL; i++) {
        if (text_equal(stream_names[i], name))
            return exec->streams[i];
    }
    return NULL;
}

bool exec_reserve_stream(struct exec_manager *manager, const char *task_id, const char *name,
                         struct exec_stream **stream, struct error *err) {
    struct exec_stream *found = find_stream(manager, task_id, name);
    if (found == NULL) {
        AUTO_FREE char *quoted = text_quoted(task_id);
        return error_set(err, ERROR_NOT_FOUND, "cannot find %s websocket for task %s", name, quoted);
    }
    if (found->state != EXEC_STREAM_FREE)
        return error_set(err, ERROR_INTERNAL, "%s websocket already connected", name);
    found->state = EXEC_STREAM_RESERVED;
    *stream = found;
    return true;
}

// --- shutdown ---

void exec_manager_stop_all(struct exec_manager *manager) {
    manager->is_stopping = true;
    for (struct map_entry *entry = map_first(&manager->execs); entry != NULL; entry = map_next(&manager->execs, entry))
        exec_handle(entry->value, EVENT_STOP);
}

bool exec_manager_is_busy(const struct exec_manager *manager) {
    return manager->execs.count > 0;
}

struct event *exec_manager_idle(struct exec_manager *manager) {
    return &manager->idle;
}
