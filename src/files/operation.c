// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/operation_internal.h"

#include <errno.h>

#include "files/file_error_internal.h"
#include "files/file_manager_internal.h"

// Above this number of operations each transfers smaller pieces, so that all buffers together are bounded.
#define LARGE_PIECES_MAX 64
#define LARGE_PIECE_BYTES ((size_t)262144)
#define SMALL_PIECE_BYTES ((size_t)32768)

static bool admit(struct file_operation *operation, struct error *err) {
    struct file_manager *manager = operation->manager;
    if (manager->operation_count >= manager->operation_limit)
        return error_set(err, ERROR_UNAVAILABLE, "too many files are being used at once");
    if (!descriptor_budget_take(manager->descriptors, DESCRIPTORS_FILES, operation->type->descriptors, err))
        return false;
    manager->operation_count++;
    return true;
}

void operation_init(struct file_operation *operation, const struct file_operation_type *type,
                    struct file_manager *manager) {
    operation->type = type;
    operation->manager = manager;
    operation->is_admitted = admit(operation, &operation->err);
    if (!operation->is_admitted)
        file_error_classify(&operation->err);
}

static void operation_free(struct file_operation *operation) {
    struct file_manager *manager = operation->manager;
    if (operation->is_admitted) {
        manager->operation_count--;
        descriptor_budget_give_back(manager->descriptors, DESCRIPTORS_FILES, operation->type->descriptors);
    }
    error_clear(&operation->err);
    operation->type->free(operation);
}

// --- the end of an operation that is not wanted any more ---

static void on_cleaning_done(struct work_item *item) {
    operation_free(CONTAINER_OF(item, struct file_operation, item));
}

static void clean_in_worker(struct work_item *item) {
    struct file_operation *operation = CONTAINER_OF(item, struct file_operation, item);
    operation->type->clean(operation);
}

static void dispose(struct file_operation *operation) {
    struct file_manager *manager = operation->manager;
    operation->item = (struct work_item){.work = clean_in_worker, .done = on_cleaning_done};
    if (operation->has_open_files && worker_pool_submit(manager->pool, &operation->item, NULL))
        return;
    // While the manager is being destroyed all workers may hang, and the loop must not join them.
    if (operation->has_open_files && !manager->is_closing)
        operation->type->clean(operation);
    operation_free(operation);
}

void operation_destroy(struct file_operation *operation) {
    atomic_store(&operation->is_abandoned, true);
    loop_defer_cancel(operation->manager->loop, &operation->report);
    if (operation->is_running)
        (void)worker_pool_cancel(operation->manager->pool, &operation->item);
    else
        dispose(operation);
}

// --- running ---

static void run_in_worker(struct work_item *item) {
    struct file_operation *operation = CONTAINER_OF(item, struct file_operation, item);
    operation->type->run(operation);
    if (error_is_set(&operation->err))
        file_error_classify(&operation->err);
}

static void on_work_done(struct work_item *item) {
    struct file_operation *operation = CONTAINER_OF(item, struct file_operation, item);
    operation->is_running = false;
    if (atomic_load(&operation->is_abandoned)) {
        dispose(operation);
        return;
    }
    if (item->was_cancelled)
        error_set(&operation->err, ERROR_CANCELLED, "the daemon is stopping");
    operation->type->on_ran(operation);
}

static void on_report_due(struct deferred *report) {
    struct file_operation *operation = CONTAINER_OF(report, struct file_operation, report);
    operation->type->on_ran(operation);
}

void operation_submit(struct file_operation *operation) {
    operation->item = (struct work_item){.work = run_in_worker, .done = on_work_done};
    if (!error_is_set(&operation->err)) {
        operation->is_running = worker_pool_submit(operation->manager->pool, &operation->item, &operation->err);
        if (operation->is_running)
            return;
        file_error_classify(&operation->err);
    }
    loop_defer(operation->manager->loop, &operation->report, on_report_due);
}

bool operation_is_abandoned(const struct file_operation *operation) {
    return atomic_load_explicit(&operation->is_abandoned, memory_order_relaxed);
}

size_t operation_piece_bytes(const struct file_operation *operation) {
    return operation->manager->operation_count <= LARGE_PIECES_MAX ? LARGE_PIECE_BYTES : SMALL_PIECE_BYTES;
}
