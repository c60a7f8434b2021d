// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/tree_scan_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "process/tree_signal_internal.h"

enum {
    PROCESSES_MAX = 1 << 17,
    ENVIRONMENT_BYTES = 1 << 20, // of one process; a mark behind them is not found
    TRIES_MAX = 8,               // of reading an empty one
    PAUSE_MS = 3,                // before the next
};

enum verdict { VERDICT_OPEN, VERDICT_IN, VERDICT_OUT };

struct scanned {
    pid_t pid;
    struct process_stat stat;
    char mark[TREE_MARK_SIZE]; // of children of the daemon; "" without one
    unsigned query;            // to which the verdict belongs
    enum verdict verdict;
    bool is_claimed; // by any query
};

struct tree_snapshot {
    pid_t daemon;
    struct scanned *items;
    size_t count, capacity;
    uint32_t *index; // by PID, open addressing; index of `items` + 1, or 0
    size_t index_size;
    unsigned query; // the number of the present one
};

// --- lists ---

void tree_process_list_clear(struct tree_process_list *list) {
    free(list->items);
    *list = (struct tree_process_list){0};
}

// Doubles the array when it is full.
static void *grow(void *items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity)
        return items;
    size_t wanted = *capacity < 16 ? 16 : *capacity * 2;
    void *grown = memory_try_resize(items, wanted * size);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}

bool tree_process_list_add(struct tree_process_list *list, const struct tree_process *process) {
    struct tree_process *items = grow(list->items, list->count, &list->capacity, sizeof *items);
    if (items == NULL)
        return false;
    list->items = items;
    list->items[list->count++] = *process;
    return true;
}

bool tree_process_list_copy(struct tree_process_list *to, const struct tree_process_list *from) {
    struct tree_process *items = memory_try(from->count * sizeof *items);
    if (items == NULL)
        return false;
    if (from->count > 0)
        memcpy(items, from->items, from->count * sizeof *items);
    *to = (struct tree_process_list){.items = items, .count = from->count, .capacity = from->count};
    return true;
}

bool tree_process_list_has(const struct tree_process_list *list, const struct tree_process *process) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].pid == process->pid && list->items[i].start == process->start)
            return true;
    }
    return false;
}

// --- reading processes ---

static bool copy_mark(const char *environment, size_t length, char mark[TREE_MARK_SIZE]) {
    static const char prefix[] = TREE_VARIABLE "=";
    for (size_t at = 0; at < length; at += strnlen(environment + at, length - at) + 1) {
        if (length - at < sizeof prefix - 1 || memcmp(environment + at, prefix, sizeof prefix - 1) != 0)
            continue;
        const char *value = environment + at + sizeof prefix - 1;
        size_t value_length = strnlen(value, length - at - (sizeof prefix - 1));
        if (value_length != TREE_MARK_SIZE - 1)
            return false;
        memcpy(mark, value, value_length);
        mark[value_length] = '\0';
        return true;
    }
    return false;
}

// Returns its length, 0 if it cannot be read.
static size_t read_environment(int proc_fd, pid_t pid, char *environment) {
    char path[64];
    (void)snprintf(path, sizeof path, "%d/environ", (int)pid);
    AUTO_CLOSE int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t got;
    while (fd >= 0 && length < ENVIRONMENT_BYTES &&
           (got = read(fd, environment + length, ENVIRONMENT_BYTES - length)) > 0)
        length += (size_t)got;
    return length;
}

// While a process executes another program, its environment is empty for a moment.
static void read_mark(int proc_fd, struct scanned *item) {
    AUTO_FREE char *environment = memory_try(ENVIRONMENT_BYTES);
    for (int tries = 0; environment != NULL && tries < TRIES_MAX; tries++) {
        size_t length = read_environment(proc_fd, item->pid, environment);
        if (length > 0) {
            (void)copy_mark(environment, length, item->mark);
            return;
        }
        (void)poll(NULL, 0, PAUSE_MS);
    }
}

static bool is_hung(const struct tree_scan *scan, const struct scanned *item) {
    const struct tree_process process = {.pid = item->pid, .start = item->stat.start};
    return scan->hung != NULL && tree_process_list_has(scan->hung, &process);
}

static bool add_process(struct tree_snapshot *snapshot, int proc_fd, pid_t pid, struct tree_scan *scan) {
    struct scanned item = {.pid = pid};
    if (!process_stat_read(proc_fd, pid, &item.stat))
        return true; // it has ended
    if (item.stat.parent == snapshot->daemon && !item.stat.is_dead && !is_hung(scan, &item)) {
        scan->reading_start = item.stat.start;
        scan->reading = pid;
        read_mark(proc_fd, &item);
        scan->reading = 0;
        // One that has ended meanwhile has no environment any more.
        if (item.mark[0] == '\0' && !process_stat_read(proc_fd, pid, &item.stat))
            return true;
    }
    struct scanned *items = grow(snapshot->items, snapshot->count, &snapshot->capacity, sizeof *items);
    if (items == NULL)
        return false;
    snapshot->items = items;
    snapshot->items[snapshot->count++] = item;
    return true;
}

static int read_processes(struct tree_snapshot *snapshot, struct tree_scan *scan) {
    AUTO_DIRECTORY DIR *directory = opendir(scan->proc);
    if (directory == NULL)
        return errno;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        int64_t pid;
        if (!text_to_int64(entry->d_name, 1, INT32_MAX, &pid))
            continue;
        if (snapshot->count == PROCESSES_MAX)
            return E2BIG;
        if (!add_process(snapshot, dirfd(directory), (pid_t)pid, scan))
            return ENOMEM;
        scan->read_count++;
    }
    return 0;
}

// --- processes by PID ---

static size_t slot_of(const struct tree_snapshot *snapshot, pid_t pid) {
    size_t slot = (size_t)pid & (snapshot->index_size - 1);
    while (snapshot->index[slot] != 0 && snapshot->items[snapshot->index[slot] - 1].pid != pid)
        slot = (slot + 1) & (snapshot->index_size - 1);
    return slot;
}

static struct scanned *find(const struct tree_snapshot *snapshot, pid_t pid) {
    uint32_t number = snapshot->index[slot_of(snapshot, pid)];
    return number != 0 ? &snapshot->items[number - 1] : NULL;
}

static bool make_index(struct tree_snapshot *snapshot) {
    snapshot->index_size = 64;
    while (snapshot->index_size < 2 * snapshot->count)
        snapshot->index_size *= 2;
    snapshot->index = memory_try(snapshot->index_size * sizeof *snapshot->index);
    for (size_t i = 0; snapshot->index != NULL && i < snapshot->count; i++)
        snapshot->index[slot_of(snapshot, snapshot->items[i].pid)] = (uint32_t)i + 1;
    return snapshot->index != NULL;
}

struct tree_snapshot *tree_snapshot_take(struct tree_scan *scan, int *errnum) {
    struct tree_snapshot *snapshot = memory_try(sizeof *snapshot);
    *errnum = ENOMEM;
    if (snapshot == NULL)
        return NULL;
    snapshot->daemon = scan->daemon;
    *errnum = read_processes(snapshot, scan);
    if (*errnum == 0 && !make_index(snapshot))
        *errnum = ENOMEM;
    // A /proc of another PID namespace has other numbers.
    if (*errnum == 0 && find(snapshot, scan->daemon) == NULL)
        *errnum = ENOENT;
    if (*errnum == 0)
        return snapshot;
    tree_snapshot_destroy(snapshot);
    return NULL;
}

void tree_snapshot_destroy(struct tree_snapshot *snapshot) {
    if (snapshot == NULL)
        return;
    free(snapshot->items);
    free(snapshot->index);
    free(snapshot);
}

// --- what belongs to a tree ---

static enum verdict *verdict_of(const struct tree_snapshot *snapshot, struct scanned *item) {
    if (item->query != snapshot->query) {
        item->query = snapshot->query;
        item->verdict = VERDICT_OPEN;
    }
    return &item->verdict;
}

// The parent, unless its PID has been reused meanwhile: parents are older.
static struct scanned *parent_of(const struct tree_snapshot *snapshot, const struct scanned *item) {
    if (item->stat.parent == snapshot->daemon || item->pid == snapshot->daemon)
        return NULL;
    struct scanned *parent = find(snapshot, item->stat.parent);
    return parent != NULL && parent != item && parent->stat.start <= item->stat.start ? parent : NULL;
}

// By itself, whatever its parent. Orphans are children of the daemon.
static bool is_in(const struct tree_snapshot *snapshot, const struct scanned *item, const struct tree_query *query,
                  bool has_group) {
    return (has_group && item->stat.group == query->main_pid) ||
           (item->stat.parent == snapshot->daemon && text_equal(item->mark, query->mark));
}

// Open, if the parent decides.
static enum verdict own_verdict(const struct tree_snapshot *snapshot, struct scanned *item,
                                const struct tree_query *query, bool has_group) {
    enum verdict *verdict = verdict_of(snapshot, item);
    if (*verdict == VERDICT_OPEN && is_in(snapshot, item, query, has_group))
        *verdict = VERDICT_IN;
    return *verdict;
}

// Walks up until a verdict is known, and gives it to all on the way: linear for all processes together.
static enum verdict judge(const struct tree_snapshot *snapshot, struct scanned *item, const struct tree_query *query,
                          bool has_group) {
    struct scanned *top = item;
    for (size_t steps = 0; own_verdict(snapshot, top, query, has_group) == VERDICT_OPEN; steps++) {
        struct scanned *parent = parent_of(snapshot, top);
        // PIDs that were reused in the meantime could make a circle.
        if (parent == NULL || steps == snapshot->count) {
            top->verdict = VERDICT_OUT;
            break;
        }
        top = parent;
    }
    for (struct scanned *at = item; at != top; at = parent_of(snapshot, at))
        at->verdict = top->verdict;
    return top->verdict;
}

// Returns whether the main process is there, ended or not: its process group has no strangers as long.
static bool begin_query(struct tree_snapshot *snapshot, const struct tree_query *query) {
    snapshot->query++;
    for (size_t i = 0; i < query->known->count; i++) {
        struct scanned *item = find(snapshot, query->known->items[i].pid);
        if (item != NULL && item->stat.start == query->known->items[i].start)
            *verdict_of(snapshot, item) = VERDICT_IN;
    }
    struct scanned *daemon = find(snapshot, snapshot->daemon);
    *verdict_of(snapshot, daemon) = VERDICT_OUT;
    struct scanned *first = query->main_pid > 0 ? find(snapshot, query->main_pid) : NULL;
    bool is_other = first != NULL && query->main_start != 0 && first->stat.start != query->main_start;
    if (first == NULL || is_other || first->stat.parent != snapshot->daemon)
        return false;
    *verdict_of(snapshot, first) = VERDICT_IN;
    return true;
}

bool tree_snapshot_find(struct tree_snapshot *snapshot, const struct tree_query *query,
                        struct tree_process_list *found) {
    bool has_group = begin_query(snapshot, query);
    for (size_t i = 0; i < snapshot->count; i++) {
        struct scanned *item = &snapshot->items[i];
        if (judge(snapshot, item, query, has_group) != VERDICT_IN)
            continue;
        item->is_claimed = true;
        bool is_in_group = has_group && item->stat.group == query->main_pid;
        if (!item->stat.is_dead &&
            !tree_process_list_add(found, &(const struct tree_process){
                                              .pid = item->pid, .start = item->stat.start, .is_in_group = is_in_group}))
            return false;
    }
    return true;
}

static bool is_living_mark(const struct tree_marks *marks, const char *mark) {
    for (size_t i = 0; i < marks->count; i++) {
        if (text_equal(marks->items[i], mark))
            return true;
    }
    return false;
}

bool tree_snapshot_list_strays(const struct tree_snapshot *snapshot, const struct tree_marks *living,
                               struct tree_process_list *found) {
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct scanned *item = &snapshot->items[i];
        bool is_orphan = item->stat.parent == snapshot->daemon && !item->stat.is_dead && !item->is_claimed;
        if (is_orphan && !is_living_mark(living, item->mark) &&
            !tree_process_list_add(found, &(const struct tree_process){.pid = item->pid, .start = item->stat.start}))
            return false;
    }
    return true;
}
