// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/connections_internal.h"

#include <stdint.h>

#include "base/clock.h"

static struct connection_entry *entry_of(struct deadline *deadline) {
    return CONTAINER_OF(deadline, struct connection_entry, deadline);
}

static void on_deadline_due(struct deadline *deadline, void *data) {
    struct connections *all = data;
    all->functions->on_due(entry_of(deadline));
}

void connections_init(struct connections *all, struct loop *loop, const struct http_limits *limits,
                      const struct connection_entry_functions *functions) {
    *all = (struct connections){.loop = loop, .limits = *limits, .functions = functions};
    list_init(&all->open);
    list_init(&all->closed);
    for (int wait = 0; wait < WAIT_KINDS; wait++)
        all->waits[wait] = deadline_list_create(loop, limits->wait_ns[wait], on_deadline_due, all);
}

void connections_finish(struct connections *all) {
    for (int wait = 0; wait < WAIT_KINDS; wait++)
        deadline_list_destroy(all->waits[wait]);
}

// --- what they wait for, and what they hold ---

static void set_entry(struct connections *all, struct connection_entry *entry, enum connection_wait wait,
                      size_t bytes) {
    all->buffered_bytes += bytes - entry->counted_bytes;
    all->busy_bytes -= entry->wait == WAIT_NONE ? entry->counted_bytes : 0;
    all->busy_bytes += wait == WAIT_NONE ? bytes : 0;
    entry->wait = wait;
    entry->counted_bytes = bytes;
}

void connections_wait(struct connections *all, struct connection_entry *entry, enum connection_wait wait) {
    // A head has to be complete in time from its first byte on, however many pieces it comes in.
    bool goes_on = wait == entry->wait && (wait == WAIT_HEAD || wait == WAIT_LINGER || wait == WAIT_NONE);
    set_entry(all, entry, wait, entry->counted_bytes);
    if (wait == WAIT_NONE)
        deadline_stop(&entry->deadline);
    else if (!goes_on)
        deadline_start(all->waits[wait], &entry->deadline);
}

// --- coming and going ---

void connections_add(struct connections *all, struct connection_entry *entry) {
    entry->wait = WAIT_NONE;
    list_add(&all->open, &entry->link);
    all->count++;
}

void connections_remove(struct connections *all, struct connection_entry *entry) {
    connections_wait(all, entry, WAIT_NONE);
    set_entry(all, entry, WAIT_NONE, 0);
    list_remove(&entry->link);
    list_add(&all->closed, &entry->link);
    all->count--;
}

void connections_close_all(struct connections *all) {
    while (!list_is_empty(&all->open))
        all->functions->close(LIST_ITEM(all->open.next, struct connection_entry, link));
}

void connections_close_waiting(struct connections *all, enum connection_wait wait) {
    struct deadline *oldest;
    while ((oldest = deadline_list_oldest(all->waits[wait])) != NULL)
        all->functions->close(entry_of(oldest));
}

// --- when something runs short ---

// Of the first kind that has one that has waited for so long.
static bool close_oldest(struct connections *all, const enum connection_wait waits[], size_t count, int64_t age_ns) {
    for (size_t i = 0; i < count; i++) {
        struct deadline *oldest = deadline_list_oldest(all->waits[waits[i]]);
        if (oldest == NULL || deadline_age_ns(oldest) < age_ns)
            continue;
        all->functions->close(entry_of(oldest));
        return true;
    }
    return false;
}

bool connections_evict(struct connections *all) {
    static const enum connection_wait waits[] = {WAIT_LINGER, WAIT_IDLE, WAIT_HEAD};
    return close_oldest(all, waits, ARRAY_COUNT(waits), all->limits.evict_ns);
}

// Looks at all of them, which is rare: much memory has to be held by requests that are being handled.
static void close_largest_busy(struct connections *all) {
    struct connection_entry *largest = NULL;
    struct connection_entry *entry;
    LIST_FOR_EACH (entry, &all->open, link) {
        if (entry->wait == WAIT_NONE && (largest == NULL || entry->counted_bytes > largest->counted_bytes))
            largest = entry;
    }
    if (largest != NULL)
        all->functions->close(largest);
}

void connections_count(struct connections *all, struct connection_entry *entry, size_t bytes) {
    static const enum connection_wait waits[] = {WAIT_HEAD, WAIT_PROGRESS};
    set_entry(all, entry, entry->wait, bytes);
    while (all->busy_bytes > all->limits.buffered_bytes / 2)
        close_largest_busy(all);
    while (all->buffered_bytes > all->limits.buffered_bytes && close_oldest(all, waits, ARRAY_COUNT(waits), 0)) {
    }
}
