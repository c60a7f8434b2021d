// SPDX-License-Identifier: GPL-3.0-or-later
// Checks a request and creates the command with its change. Declared in exec/exec_manager.h and exec/exec_internal.h.
#include "exec/exec_internal.h"
#include "exec/exec_manager.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#define CHECK_LIMIT_NS (5 * NS_PER_S)

struct exec_start {
    struct work_item item;
    struct list link;             // in manager.starts
    struct exec_manager *manager; // NULL when it has been reported or cancelled: only the worker uses it
    exec_started_fn on_started;
    void *data;
    struct timer *limit;
    struct exec_options options;
    struct text_list words;
    struct run_as run_as;
    struct error refusal; // of the account or the service context
    bool is_home;         // the directory is HOME, because none was chosen
    // For the worker:
    char *program, *search_path, *directory;
    bool has_program, is_directory;
    int directory_errnum;
};

static void start_free(struct exec_start *start) {
    text_list_clear(&start->words);
    run_as_finish(&start->run_as);
    error_clear(&start->refusal);
    free(start->program);
    free(start->search_path);
    free(start->directory);
    free(start);
}

// --- in the worker ---

static void check(struct work_item *item) {
    struct exec_start *start = CONTAINER_OF(item, struct exec_start, item);
    struct stat status = {0};
    start->has_program = process_exists(start->program, start->search_path);
    if (!start->has_program || start->directory == NULL)
        return;
    start->directory_errnum = stat(start->directory, &status) == 0 ? 0 : errno;
    start->is_directory = start->directory_errnum == 0 && S_ISDIR(status.st_mode);
}

// --- the result ---

static bool check_directory(const struct exec_start *start, struct error *err) {
    if (start->is_directory)
        return true;
    const char *name = start->is_home ? "home directory" : "working directory";
    AUTO_FREE char *quoted = text_quoted(start->directory);
    if (start->directory_errnum == 0)
        return error_set(err, ERROR_INTERNAL, "%s %s not a directory", name, quoted);
    if (start->directory_errnum == ENOENT)
        return error_set(err, ERROR_INTERNAL, "%s %s does not exist", name, quoted);
    return error_set_errno(err, start->directory_errnum, "cannot stat %s %s: stat %s", name, quoted, start->directory);
}

static bool check_room(const struct exec_start *start, struct error *err) {
    const struct exec_manager *manager = start->manager;
    if (manager->is_stopping)
        return error_set(err, ERROR_UNAVAILABLE, "daemon is stopping");
    if (manager->execs.count >= EXECS_MAX)
        return error_set(err, ERROR_UNAVAILABLE, "too many commands are running (%zu)", EXECS_MAX);
    return exec_streams_take_descriptors(manager, &start->options, err);
}

static bool check_result(struct exec_start *start, struct error *err) {
    if (start->item.was_cancelled)
        return error_set(err, ERROR_CANCELLED, "request cancelled");
    if (!start->has_program) {
        AUTO_FREE char *quoted = text_quoted(start->program);
        return error_set(err, ERROR_BAD_REQUEST, "cannot find executable %s", quoted);
    }
    if (error_is_set(&start->refusal))
        return error_move(err, &start->refusal);
    bool is_sound = !start->options.is_interactive || start->options.is_terminal ||
                    error_set(err, ERROR_INTERNAL, "cannot use interactive mode without a terminal");
    return (is_sound && check_directory(start, err) && check_room(start, err)) ||
           error_prefix(err, "cannot call exec: ");
}

static struct exec *create_exec(struct exec_start *start) {
    AUTO_FREE char *quoted = text_quoted(start->words.items[0]);
    AUTO_FREE char *summary = memory_printf("Execute command %s", quoted);
    struct change *change = change_create(start->manager->spec.state, "exec", summary);
    struct exec *exec = exec_create(start->manager, task_create(change, "exec", summary), &start->options);
    exec->words = start->words;
    exec->run_as = start->run_as;
    start->words = (struct text_list){0};
    start->run_as = (struct run_as){0};
    return exec;
}

// Detaches the start from its manager. The worker may still use it.
static void detach(struct exec_start *start) {
    start->manager = NULL;
    list_remove(&start->link);
    timer_destroy(TAKE(start->limit));
}

static void report_failure(struct exec_start *start, const struct error *err) {
    detach(start);
    start->on_started(NULL, err, start->data);
}

static void report(struct exec_start *start) {
    AUTO_ERROR struct error err = {0};
    if (!check_result(start, &err)) {
        report_failure(start, &err);
        return;
    }
    const struct exec *exec = create_exec(start);
    const struct exec_started started = {
        .change = task_change(exec->task),
        .task = exec->task,
        .program = exec->words.items[0],
        .environment = environment_list(exec->run_as.environment),
        .directory = exec->run_as.directory,
    };
    detach(start);
    start->on_started(&started, NULL, start->data);
}

static void on_check_done(struct work_item *item) {
    struct exec_start *start = CONTAINER_OF(item, struct exec_start, item);
    if (start->manager != NULL)
        report(start);
    start_free(start);
}

static void on_limit_expired(void *data) {
    struct exec_start *start = data;
    AUTO_FREE char *quoted = text_quoted(start->program);
    AUTO_ERROR struct error err = {0};
    error_set(&err, ERROR_INTERNAL, "cannot call exec: looking for executable %s timed out", quoted);
    (void)worker_pool_cancel(start->manager->workers, &start->item);
    report_failure(start, &err);
}

void exec_starts_fail(struct exec_manager *manager) {
    struct exec_start *start;
    LIST_FOR_EACH (start, &manager->starts, link) {
        AUTO_ERROR struct error err = {0};
        error_set(&err, ERROR_CANCELLED, "request cancelled");
        report_failure(start, &err);
    }
}

// --- the request ---

static const int64_t *id_of(const struct optional_id *id) {
    return id->is_set ? &id->value : NULL;
}

static bool resolve(struct exec_start *start, const struct plan *plan, const struct exec_request *request,
                    struct error *err) {
    struct run_context context;
    if (!plan_merge_context(plan, request->service_context, request->overrides, &context, err))
        return false;
    const struct run_as_layer layer = {
        .user_id = id_of(&context.user_id),
        .user = context.user,
        .group_id = id_of(&context.group_id),
        .group = context.group,
        .environment = &context.environment,
        .directory = context.working_dir,
    };
    bool is_resolved = run_as_resolve(&layer, 1, RUN_AS_EXEC, &start->run_as, err);
    start->is_home = text_is_empty(context.working_dir);
    run_context_finish(&context);
    if (is_resolved && start->run_as.warning != NULL)
        log_notice("%s", start->run_as.warning);
    return is_resolved;
}

static struct exec_start *prepare(struct exec_manager *manager, const struct plan *plan,
                                  const struct exec_request *request) {
    struct exec_start *start = memory_new(sizeof *start);
    start->item = (struct work_item){.work = check, .done = on_check_done};
    start->manager = manager;
    list_init(&start->link);
    start->options = (struct exec_options){
        .timeout_ns = request->timeout_ns,
        .is_terminal = request->is_terminal,
        .is_interactive = request->is_interactive,
        .splits_errors = request->splits_errors,
        .columns = exec_terminal_size(request->width),
        .rows = exec_terminal_size(request->height),
    };
    text_list_copy(&start->words, request->command);
    const char *search_path = getenv("PATH");
    start->program = memory_string(request->command->items[0]);
    start->search_path = memory_string(search_path != NULL ? search_path : "");
    if (resolve(start, plan, request, &start->refusal))
        start->directory = memory_string(start->run_as.directory);
    return start;
}

bool exec_start(struct exec_manager *manager, const struct plan *plan, const struct exec_request *request,
                exec_started_fn on_started, void *data, struct exec_start **out, struct error *err) {
    struct exec_start *start = prepare(manager, plan, request);
    start->on_started = on_started;
    start->data = data;
    if (!worker_pool_submit(manager->workers, &start->item, err)) {
        start_free(start);
        return error_prefix(err, "cannot call exec: ");
    }
    list_add(&manager->starts, &start->link);
    start->limit = timer_create_in(manager->spec.loop, on_limit_expired, start);
    timer_start(start->limit, CHECK_LIMIT_NS);
    *out = start;
    return true;
}

void exec_start_cancel(struct exec_start *start) {
    struct exec_manager *manager = start->manager;
    detach(start);
    (void)worker_pool_cancel(manager->workers, &start->item);
}
