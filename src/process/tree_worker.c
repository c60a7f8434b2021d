// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/tree_worker_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/worker_pool.h"
#include "process/tree_signal_internal.h"

enum {
    HUNG_MAX = 3,     // batches that hang; then /proc is not read any more
    NOTED_MAX = 1024, // strays that have been noted
    NOTES_AT_ONCE = 16,
};
#define BATCH_LIMIT_NS (2 * NS_PER_S) // without progress
#define DESTROY_LIMIT_NS NS_PER_S

struct tree_request {
    struct list link; // in worker.waiting, then in batch.requests
    char *cgroup;
    char mark[TREE_MARK_SIZE];
    struct tree_request_spec spec; // its pointers are not used
    struct tree_process_list known;
    bool has_forgotten;           // `known` could not be copied
    tree_request_done_fn on_done; // NULL once released or called
    void *data;
    struct tree_result result;
    int errnum; // why the signal was not sent
};

// Used by a thread while it is submitted.
struct tree_batch {
    struct work_item work;
    struct tree_worker *worker;
    struct list requests; // tree_request.link
    struct tree_scan scan;
    struct tree_process_list hung;
    struct tree_process_list strays;
    struct tree_marks living; // marks of the trees that there were at its begin
    bool needs_scan, notes_strays;
    size_t seen_count;    // of processes that were read when the limit was looked at
    int errnum;           // of the scan
    _Atomic bool is_hung; // the requests have been responded to
};

struct tree_worker {
    struct tree_worker_spec spec;
    struct tree_cgroups *cgroups;
    struct worker_pool *pool;
    struct list waiting; // tree_request.link
    struct deferred dispatch;
    struct tree_batch *batch; // under way, without hung ones; NULL
    struct timer *limit;      // of the batch
    unsigned hung_count;
    struct tree_process_list hung;  // whose environment cannot be read
    struct tree_process_list noted; // strays
    struct list known;              // tree_known.link
    bool has_noted_failure, has_noted_cgroup;
};

// --- requests ---

static void request_free(struct tree_request *request) {
    list_remove(&request->link);
    tree_process_list_clear(&request->known);
    tree_process_list_clear(&request->result.members);
    free(request->cgroup);
    free(request);
}

static void respond(struct tree_request *request, struct tree_result *result) {
    tree_request_done_fn on_done = request->on_done;
    request->on_done = NULL;
    if (on_done != NULL)
        on_done(result, request->data);
}

// --- in a thread ---

static int signal_members(const struct tree_request *request, const struct tree_process_list *members) {
    int first = 0;
    bool is_group_spared = request->spec.is_group_spared && request->spec.signal_number != SIGKILL;
    for (size_t i = 0; i < members->count; i++) {
        if (members->items[i].is_in_group && is_group_spared)
            continue;
        int errnum = tree_signal_process(members->items[i].pid, members->items[i].start, request->spec.signal_number);
        if (errnum != 0 && errnum != ESRCH && first == 0)
            first = errnum;
    }
    return first;
}

// Without /proc a tree has no processes but those in the group of the main process.
static bool has_no_proc(int errnum) {
    return errnum == ENOENT || errnum == EACCES;
}

static void work_in_proc(const struct tree_batch *batch, struct tree_snapshot *snapshot, struct tree_request *request) {
    const struct tree_query query = {.main_pid = request->spec.main_pid,
                                     .main_start = request->spec.main_start,
                                     .mark = request->mark,
                                     .known = &request->known};
    struct tree_result *result = &request->result;
    bool is_found = snapshot != NULL && tree_snapshot_find(snapshot, &query, &result->members);
    result->is_failed = request->has_forgotten || (!is_found && !has_no_proc(batch->errnum));
    // Those that are known are signalled in any case.
    if (request->spec.signal_number > 0)
        request->errnum = signal_members(request, is_found ? &result->members : &request->known);
}

static void work_in_cgroup(struct tree_cgroups *cgroups, struct tree_request *request) {
    const struct tree_request_spec *spec = &request->spec;
    const struct tree_cgroup cgroup = {.directory = request->cgroup, .inode = spec->cgroup_inode};
    if (spec->signal_number > 0)
        request->errnum =
            tree_cgroup_signal(cgroups, &cgroup, spec->signal_number, spec->is_group_spared ? spec->main_pid : 0);
    if (spec->removes_cgroup)
        request->result.is_removed = tree_cgroup_remove(cgroups, &cgroup);
}

// Those with a cgroup do not wait for the scan.
static void run_batch(struct work_item *work) {
    struct tree_batch *batch = CONTAINER_OF(work, struct tree_batch, work);
    struct tree_request *request;
    LIST_FOR_EACH (request, &batch->requests, link) {
        if (request->cgroup != NULL)
            work_in_cgroup(batch->worker->cgroups, request);
    }
    struct tree_snapshot *snapshot = batch->needs_scan ? tree_snapshot_take(&batch->scan, &batch->errnum) : NULL;
    LIST_FOR_EACH (request, &batch->requests, link) {
        if (batch->is_hung)
            break; // a signal would come too late
        if (request->cgroup == NULL)
            work_in_proc(batch, snapshot, request);
    }
    if (snapshot != NULL && batch->notes_strays)
        (void)!tree_snapshot_list_strays(snapshot, &batch->living, &batch->strays);
    tree_snapshot_destroy(snapshot);
}

// --- notes ---

PRINTF_LIKE(2, 3) static void note(const struct tree_worker *worker, const char *format, ...) {
    if (worker->spec.on_note == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    AUTO_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    worker->spec.on_note(text, worker->spec.data);
}

void tree_worker_note_no_cgroup(struct tree_worker *worker, int errnum) {
    if (!worker->has_noted_cgroup)
        note(worker, "Cannot use a cgroup for the processes of services, they are looked for in /proc: %s",
             strerror(errnum));
    worker->has_noted_cgroup = true;
}

static bool is_known(const struct tree_worker *worker, const struct tree_process *process) {
    const struct tree_known *known;
    LIST_FOR_EACH (known, &worker->known, link) {
        if (tree_process_list_has(&known->processes, process))
            return true;
    }
    return false;
}

static void note_strays(struct tree_worker *worker, const struct tree_process_list *strays) {
    unsigned notes = 0;
    for (size_t i = 0; i < strays->count && notes < NOTES_AT_ONCE; i++) {
        const struct tree_process *stray = &strays->items[i];
        if (reaper_has_child(worker->spec.reaper, stray->pid) || is_known(worker, stray) ||
            tree_process_list_has(&worker->noted, stray))
            continue;
        if (worker->noted.count >= NOTED_MAX)
            tree_process_list_clear(&worker->noted);
        if (!tree_process_list_add(&worker->noted, stray))
            return;
        note(worker, "Cannot attribute process %d to a service, it is left running", (int)stray->pid);
        notes++;
    }
}

static void note_failures(struct tree_worker *worker, const struct tree_batch *batch) {
    if (batch->errnum != 0 && !worker->has_noted_failure) {
        worker->has_noted_failure = true;
        note(worker, "Cannot find the processes of services in /proc, only known ones are signalled: %s",
             strerror(batch->errnum));
    }
    const struct tree_request *request;
    LIST_FOR_EACH (request, &batch->requests, link) {
        if (request->errnum != 0)
            note(worker, "Cannot send signal %d to all processes of a service: %s", request->spec.signal_number,
                 strerror(request->errnum));
    }
}

// --- batches ---

static void dispatch_batch(struct deferred *dispatch);

static void batch_free(struct tree_batch *batch) {
    while (!list_is_empty(&batch->requests))
        request_free(LIST_ITEM(batch->requests.next, struct tree_request, link));
    tree_process_list_clear(&batch->hung);
    tree_process_list_clear(&batch->strays);
    free(batch->living.items);
    free(batch);
}

static void on_batch_done(struct work_item *work) {
    struct tree_batch *batch = CONTAINER_OF(work, struct tree_batch, work);
    struct tree_worker *worker = batch->worker;
    if (batch->is_hung) {
        worker->hung_count--;
    } else {
        timer_stop(worker->limit);
        worker->batch = NULL;
        note_failures(worker, batch);
        note_strays(worker, &batch->strays);
        struct tree_request *request;
        LIST_FOR_EACH (request, &batch->requests, link)
            respond(request, &request->result);
    }
    batch_free(batch);
    loop_defer(worker->spec.loop, &worker->dispatch, dispatch_batch);
}

static bool has_progress(struct tree_batch *batch) {
    bool has_more = batch->scan.read_count > batch->seen_count;
    batch->seen_count = batch->scan.read_count;
    return has_more;
}

// The thread is left alone with the batch.
static void on_limit_expired(void *data) {
    struct tree_worker *worker = data;
    struct tree_batch *batch = worker->batch;
    const struct tree_process reading = {.pid = batch->scan.reading, .start = batch->scan.reading_start};
    if (has_progress(batch) || reading.pid == 0) {
        timer_start(worker->limit, BATCH_LIMIT_NS);
        return;
    }
    worker->batch = NULL;
    worker->hung_count++;
    batch->is_hung = true;
    (void)!tree_process_list_add(&worker->hung, &reading);
    note(worker, "Cannot read the environment of process %d, which is left out from now on", (int)reading.pid);
    struct tree_request *request;
    LIST_FOR_EACH (request, &batch->requests, link) {
        struct tree_result late = {.is_failed = true, .is_unsent = true};
        respond(request, &late);
    }
    loop_defer(worker->spec.loop, &worker->dispatch, dispatch_batch);
}

static void copy_marks(const struct tree_worker *worker, struct tree_marks *marks) {
    const struct tree_known *known;
    marks->items = memory_new_array(list_count(&worker->known) + 1, sizeof *marks->items);
    LIST_FOR_EACH (known, &worker->known, link)
        memcpy(marks->items[marks->count++], known->mark, TREE_MARK_SIZE);
}

static void begin_batch(struct tree_worker *worker) {
    struct tree_batch *batch = memory_new(sizeof *batch);
    batch->worker = worker;
    batch->work.work = run_batch;
    batch->work.done = on_batch_done;
    list_init(&batch->requests);
    (void)!tree_process_list_copy(&batch->hung, &worker->hung);
    batch->scan.proc = worker->spec.proc != NULL ? worker->spec.proc : "/proc";
    batch->scan.daemon = getpid();
    batch->scan.hung = &batch->hung;
    while (!list_is_empty(&worker->waiting)) {
        struct tree_request *request = LIST_ITEM(worker->waiting.next, struct tree_request, link);
        list_remove(&request->link);
        list_add(&batch->requests, &request->link);
        batch->needs_scan |= request->cgroup == NULL;
        batch->notes_strays |= request->spec.notes_strays;
    }
    if (worker->hung_count >= HUNG_MAX) {
        batch->needs_scan = false;
        batch->errnum = EAGAIN;
    }
    if (batch->needs_scan && batch->notes_strays)
        copy_marks(worker, &batch->living);
    worker->batch = batch;
    if (worker_pool_submit(worker->pool, &batch->work, NULL)) {
        timer_start(worker->limit, BATCH_LIMIT_NS);
        return;
    }
    // No thread can be created: it is tried again when the trees ask again.
    batch->errnum = EAGAIN;
    struct tree_request *request;
    LIST_FOR_EACH (request, &batch->requests, link)
        request->result = (struct tree_result){.is_failed = true, .is_unsent = true};
    on_batch_done(&batch->work);
}

static void dispatch_batch(struct deferred *dispatch) {
    struct tree_worker *worker = CONTAINER_OF(dispatch, struct tree_worker, dispatch);
    if (worker->batch == NULL && !list_is_empty(&worker->waiting))
        begin_batch(worker);
}

struct tree_request *tree_request_start(struct tree_worker *worker, const struct tree_request_spec *spec,
                                        tree_request_done_fn on_done, void *data) {
    struct tree_request *request = memory_new(sizeof *request);
    request->spec = *spec;
    if (spec->cgroup != NULL)
        request->cgroup = memory_string(spec->cgroup);
    memcpy(request->mark, spec->mark, sizeof request->mark);
    request->has_forgotten = !tree_process_list_copy(&request->known, &spec->known->processes);
    request->on_done = on_done;
    request->data = data;
    list_add(&worker->waiting, &request->link);
    loop_defer(worker->spec.loop, &worker->dispatch, dispatch_batch);
    return request;
}

void tree_request_release(struct tree_request *request) {
    if (request != NULL)
        request->on_done = NULL;
}

// --- the worker ---

struct tree_worker *tree_worker_create(const struct tree_worker_spec *spec) {
    struct tree_worker *worker = memory_new(sizeof *worker);
    worker->spec = *spec;
    worker->cgroups = tree_cgroups_create();
    worker->pool = worker_pool_create(spec->loop, "trees", HUNG_MAX + 1, 1);
    worker->limit = timer_create_in(spec->loop, on_limit_expired, worker);
    list_init(&worker->waiting);
    list_init(&worker->known);
    return worker;
}

bool tree_worker_destroy(struct tree_worker *worker) {
    if (worker == NULL)
        return true;
    // Signals of trees that were released are still sent.
    (void)worker_pool_wait(worker->pool, DESTROY_LIMIT_NS);
    dispatch_batch(&worker->dispatch);
    (void)worker_pool_wait(worker->pool, DESTROY_LIMIT_NS);
    loop_defer_cancel(worker->spec.loop, &worker->dispatch);
    timer_destroy(worker->limit);
    if (!worker_pool_destroy_within(worker->pool, 0))
        return false; // the thread uses it
    while (!list_is_empty(&worker->waiting))
        request_free(LIST_ITEM(worker->waiting.next, struct tree_request, link));
    tree_cgroups_destroy(worker->cgroups);
    tree_process_list_clear(&worker->hung);
    tree_process_list_clear(&worker->noted);
    free(worker);
    return true;
}

void tree_worker_add_known(struct tree_worker *worker, struct tree_known *known) {
    list_add(&worker->known, &known->link);
}

struct loop *tree_worker_loop(const struct tree_worker *worker) {
    return worker->spec.loop;
}

struct reaper *tree_worker_reaper(const struct tree_worker *worker) {
    return worker->spec.reaper;
}

struct tree_cgroups *tree_worker_cgroups(const struct tree_worker *worker) {
    return worker->cgroups;
}
