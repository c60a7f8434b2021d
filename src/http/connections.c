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
    for (int wait = 0; wait < WAIT_KINDS; wait++) {
        all->waits[false][wait] = deadline_list_create(loop, limits->wait_ns[wait], on_deadline_due, all);
        all->waits[true][wait] = deadline_list_create(loop, limits->wait_ns[wait], on_deadline_due, all);
    }
}

void connections_finish(struct connections *all) {
    for (int wait = 0; wait < WAIT_KINDS; wait++) {
        deadline_list_destroy(all->waits[false][wait]);
        deadline_list_destroy(all->waits[true][wait]);
    }
}

// --- waits and memory ---

static void set_entry(struct connections *all, struct connection_entry *entry, enum connection_wait wait,
                      size_t bytes) {
    all->buffered_bytes += bytes - entry->counted_bytes;
    all->busy_bytes -= entry->wait == WAIT_NONE ? entry->counted_bytes : 0;
    all->busy_bytes += wait == WAIT_NONE ? bytes : 0;
    all->handshakes -= entry->wait == WAIT_HANDSHAKE;
    all->handshakes += wait == WAIT_HANDSHAKE;
    entry->wait = wait;
    entry->counted_bytes = bytes;
}

void connections_wait(struct connections *all, struct connection_entry *entry, enum connection_wait wait) {
    // The time limit of a head starts with its first byte, in however many pieces it arrives.
    bool goes_on = wait == entry->wait && (wait == WAIT_HEAD || wait == WAIT_LINGER || wait == WAIT_NONE);
    set_entry(all, entry, wait, entry->counted_bytes);
    if (wait == WAIT_NONE)
        deadline_stop(&entry->deadline);
    else if (!goes_on)
        deadline_start(all->waits[entry->is_administrator][wait], &entry->deadline);
}

// --- adding and removing ---

void connections_add(struct connections *all, struct connection_entry *entry) {
    entry->wait = WAIT_NONE;
    list_add(&all->open, &entry->link);
    all->count++;
    all->administrators += entry->is_administrator;
    all->tls += entry->is_tls;
}

void connections_remove(struct connections *all, struct connection_entry *entry) {
    connections_wait(all, entry, WAIT_NONE);
    set_entry(all, entry, WAIT_NONE, 0);
    list_remove(&entry->link);
    list_add(&all->closed, &entry->link);
    all->count--;
    all->administrators -= entry->is_administrator;
    all->tls -= entry->is_tls;
}

void connections_close_all(struct connections *all) {
    while (!list_is_empty(&all->open))
        all->functions->close(LIST_ITEM(all->open.next, struct connection_entry, link));
}

static bool close_oldest(struct connections *all, bool is_administrator, enum connection_wait wait, int64_t age_ns) {
    struct deadline *oldest = deadline_list_oldest(all->waits[is_administrator][wait]);
    if (oldest == NULL || deadline_age_ns(oldest) < age_ns)
        return false;
    all->functions->close(entry_of(oldest));
    return true;
}

void connections_close_waiting(struct connections *all, enum connection_wait wait) {
    while (close_oldest(all, false, wait, 0) || close_oldest(all, true, wait, 0)) {
    }
}

// --- shortage ---

bool connections_reserve_is_used(const struct connections *all) {
    return all->administrators >= all->limits.reserved;
}

// Connections that wait for this are closed to make room, in this order.
static const enum connection_wait least_first[] = {WAIT_LINGER, WAIT_HANDSHAKE, WAIT_IDLE, WAIT_HEAD, WAIT_REST};

// Closes the oldest connection of the first kind with one that has waited long enough.
static bool close_least(struct connections *all, bool is_administrator) {
    for (size_t i = 0; i < ARRAY_COUNT(least_first); i++) {
        if (close_oldest(all, is_administrator, least_first[i], all->limits.evict_ns))
            return true;
    }
    return false;
}

bool connections_evict(struct connections *all, bool for_administrator) {
    bool is_beyond_reserve = all->administrators > all->limits.reserved;
    return close_least(all, false) || ((for_administrator || is_beyond_reserve) && close_least(all, true));
}

static size_t rank(const struct connection_entry *entry) {
    size_t i = 0;
    while (i < ARRAY_COUNT(least_first) && entry->wait != least_first[i])
        i++;
    return i;
}

static bool is_less(const struct connection_entry *a, const struct connection_entry *b) {
    size_t rank_a = rank(a), rank_b = rank(b);
    return rank_a < rank_b || (rank_a == rank_b && a->deadline.since_ns < b->deadline.since_ns);
}

// Examines all connections, which takes much less time than the handshake for which this is done.
bool connections_evict_tls(struct connections *all) {
    struct connection_entry *least = NULL;
    struct connection_entry *entry;
    LIST_FOR_EACH (entry, &all->open, link) {
        bool may_be_closed = entry->is_tls && rank(entry) < ARRAY_COUNT(least_first) &&
                             deadline_age_ns(&entry->deadline) >= all->limits.evict_ns;
        if (may_be_closed && (least == NULL || is_less(entry, least)))
            least = entry;
    }
    if (least == NULL)
        return false;
    all->functions->close(least);
    return true;
}

bool connections_evict_handshake(struct connections *all) {
    return close_oldest(all, false, WAIT_HANDSHAKE, all->limits.handshake_evict_ns);
}

// Closes a connection whose client keeps memory in use.
static bool close_slowest(struct connections *all) {
    static const enum connection_wait waits[] = {WAIT_HANDSHAKE, WAIT_HEAD, WAIT_REST, WAIT_PROGRESS};
    for (size_t i = 0; i < 2 * ARRAY_COUNT(waits); i++) {
        if (close_oldest(all, i >= ARRAY_COUNT(waits), waits[i % ARRAY_COUNT(waits)], 0))
            return true;
    }
    return false;
}

// Examines all connections. This is rare: requests being handled must hold much memory.
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
    set_entry(all, entry, entry->wait, bytes);
    while (all->busy_bytes > all->limits.buffered_bytes / 2)
        close_largest_busy(all);
    while (all->buffered_bytes > all->limits.buffered_bytes && close_slowest(all)) {
    }
}
