// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/connections_internal.h"

#include <stdint.h>

#include "base/clock.h"
#include "base/memory.h"

#define TRIM_BYTES ((size_t)16 << 20) // of memory held at once, from which on it is returned to the system

static struct connection_entry *entry_of(struct deadline *deadline) {
    return CONTAINER_OF(deadline, struct connection_entry, deadline);
}

static void on_deadline_due(struct deadline *deadline, void *data) {
    struct connections *all = data;
    all->functions->on_due(entry_of(deadline));
}

static void return_memory(struct deferred *trim UNUSED) {
    memory_trim();
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
    owners_finish(&all->owners);
    loop_defer_cancel(all->loop, &all->trim);
}

// --- waits and memory ---

static const enum hold holds[WAIT_KINDS + 1] = {
    [WAIT_HANDSHAKE] = HOLD_HANDSHAKE, [WAIT_IDLE] = HOLD_IDLE, [WAIT_HEAD] = HOLD_HEAD,
    [WAIT_PROGRESS] = HOLD_REQUEST,    [WAIT_REST] = HOLD_REST, [WAIT_LINGER] = HOLD_LINGER,
    [WAIT_NONE] = HOLD_REQUEST,
};

// What has been freed, or is about to be, is returned to the system if it is much.
static void check_peak(struct connections *all) {
    if (all->buffered_bytes > all->peak_bytes) {
        all->peak_bytes = all->buffered_bytes;
    } else if (all->peak_bytes >= TRIM_BYTES && all->buffered_bytes < all->peak_bytes / 4) {
        all->peak_bytes = all->buffered_bytes;
        loop_defer(all->loop, &all->trim, return_memory);
    }
}

static void set_entry(struct connections *all, struct connection_entry *entry, enum connection_wait wait,
                      size_t bytes) {
    size_t growth = bytes - entry->counted_bytes; // modulo SIZE_MAX + 1
    all->buffered_bytes += growth;
    all->strangers_bytes += entry->is_administrator ? 0 : growth;
    all->busy_bytes -= entry->wait == WAIT_NONE ? entry->counted_bytes : 0;
    all->busy_bytes += wait == WAIT_NONE ? bytes : 0;
    all->handshakes -= entry->wait == WAIT_HANDSHAKE;
    all->handshakes += wait == WAIT_HANDSHAKE;
    entry->wait = wait;
    entry->counted_bytes = bytes;
    if (growth != 0) {
        owner_set_bytes(&all->owners, entry->owner, entry->owner->bytes + growth);
        check_peak(all);
    }
}

static void set_hold(struct connection_entry *entry, enum hold hold) {
    if (hold == entry->hold && list_is_linked(&entry->in_owner))
        return;
    entry->hold = hold;
    entry->held_since_ns = clock_monotonic_ns();
    list_remove(&entry->in_owner);
    list_add(&entry->owner->held[hold], &entry->in_owner);
}

bool connections_wait(struct connections *all, struct connection_entry *entry, enum connection_wait wait) {
    // The time limit of a head starts with its first byte, in however many pieces it arrives.
    bool goes_on = wait == entry->wait && wait != WAIT_IDLE && wait != WAIT_HANDSHAKE;
    if (entry->owner == NULL)
        return false;
    set_entry(all, entry, wait, entry->counted_bytes);
    set_hold(entry, holds[wait]);
    if (wait == WAIT_NONE)
        deadline_stop(&entry->deadline);
    else if (!goes_on)
        deadline_start(all->waits[wait], &entry->deadline);
    return !goes_on;
}

void connections_wait_again(struct connections *all, struct connection_entry *entry) {
    deadline_start(all->waits[entry->wait], &entry->deadline);
}

// --- adding and removing ---

void connections_add(struct connections *all, struct connection_entry *entry) {
    entry->wait = WAIT_NONE;
    entry->is_administrator = entry->owner->is_administrator;
    list_add(&all->open, &entry->link);
    owner_add_connection(&all->owners, entry->owner);
    set_hold(entry, holds[WAIT_NONE]);
    all->count++;
    all->administrators += entry->is_administrator;
    all->tls += entry->is_tls;
}

void connections_remove(struct connections *all, struct connection_entry *entry) {
    deadline_stop(&entry->deadline);
    set_entry(all, entry, WAIT_NONE, 0);
    list_remove(&entry->link);
    list_add(&all->closed, &entry->link);
    list_remove(&entry->in_owner);
    owner_remove_connection(&all->owners, TAKE(entry->owner));
    all->count--;
    all->administrators -= entry->is_administrator;
    all->tls -= entry->is_tls;
}

void connections_close_all(struct connections *all) {
    while (!list_is_empty(&all->open))
        all->functions->close(LIST_ITEM(all->open.next, struct connection_entry, link));
}

static bool close_oldest(struct connections *all, enum connection_wait wait, int64_t age_ns) {
    struct deadline *oldest = deadline_list_oldest(all->waits[wait]);
    if (oldest == NULL || deadline_age_ns(oldest) < age_ns)
        return false;
    all->functions->close(entry_of(oldest));
    return true;
}

void connections_close_waiting(struct connections *all, enum connection_wait wait) {
    while (close_oldest(all, wait, 0)) {
    }
}

// --- want of connections ---

bool connections_reserve_is_used(const struct connections *all) {
    return all->administrators >= all->limits.reserved;
}

// A request of an administrator is not interrupted.
static bool may_be_closed(const struct connections *all, const struct connection_entry *entry, int64_t now_ns) {
    return (entry->hold != HOLD_REQUEST || !entry->is_administrator) &&
           now_ns - entry->held_since_ns >= all->limits.evict_ns;
}

static bool close_longest_held(struct connections *all, struct owner *owner) {
    int64_t now_ns = clock_monotonic_ns();
    for (int hold = 0; hold < HOLD_KINDS; hold++) {
        struct connection_entry *longest = LIST_ITEM(owner->held[hold].next, struct connection_entry, in_owner);
        if (list_is_empty(&owner->held[hold]) || !may_be_closed(all, longest, now_ns))
            continue;
        all->functions->close(longest);
        return true;
    }
    return false;
}

static bool evict_from(struct connections *all, bool is_administrator) {
    struct owner *owner = owners_with_most_connections(&all->owners, is_administrator);
    return owner != NULL && close_longest_held(all, owner);
}

bool connections_evict(struct connections *all, bool for_administrator) {
    bool is_beyond_reserve = all->administrators > all->limits.reserved;
    return evict_from(all, false) || ((for_administrator || is_beyond_reserve) && evict_from(all, true));
}

static bool is_less(const struct connection_entry *a, const struct connection_entry *b) {
    return a->hold < b->hold || (a->hold == b->hold && a->held_since_ns < b->held_since_ns);
}

// Examines all connections, which takes much less time than the handshake for which this is done.
bool connections_evict_tls(struct connections *all) {
    int64_t now_ns = clock_monotonic_ns();
    struct connection_entry *least = NULL;
    struct connection_entry *entry;
    LIST_FOR_EACH (entry, &all->open, link) {
        if (entry->is_tls && may_be_closed(all, entry, now_ns) && (least == NULL || is_less(entry, least)))
            least = entry;
    }
    if (least == NULL)
        return false;
    all->functions->close(least);
    return true;
}

bool connections_evict_handshake(struct connections *all) {
    return close_oldest(all, WAIT_HANDSHAKE, all->limits.handshake_evict_ns);
}

// --- want of memory ---

static struct connection_entry *larger(struct connection_entry *a, struct connection_entry *b) {
    return a == NULL || b->counted_bytes > a->counted_bytes ? b : a;
}

// Examines all connections of an owner. This is rare: a client must hold much memory.
static struct connection_entry *largest_of(const struct owner *owner) {
    struct connection_entry *largest = NULL;
    struct connection_entry *entry;
    for (int hold = 0; hold < HOLD_KINDS; hold++) {
        LIST_FOR_EACH (entry, &owner->held[hold], in_owner)
            largest = larger(largest, entry);
    }
    return largest;
}

static bool close_largest_of_strangers(struct connections *all) {
    struct owner *owner = owners_with_most_bytes(&all->owners, false);
    if (owner == NULL)
        return false;
    all->functions->close(largest_of(owner));
    return true;
}

// Examines all connections. This is rare as well.
static void close_largest_busy(struct connections *all) {
    struct connection_entry *largest = NULL;
    struct connection_entry *entry;
    LIST_FOR_EACH (entry, &all->open, link) {
        if (entry->wait == WAIT_NONE)
            largest = larger(largest, entry);
    }
    if (largest != NULL)
        all->functions->close(largest);
}

static bool refuse_largest_body(struct connections *all) {
    struct connection_entry *entry;
    struct connection_entry *largest = NULL;
    LIST_FOR_EACH (entry, &all->open, link) {
        if (entry->is_administrator && entry->wait == WAIT_PROGRESS)
            largest = larger(largest, entry);
    }
    size_t bytes;
    if (largest == NULL || !all->functions->refuse_body(largest, &bytes))
        return false;
    set_entry(all, largest, largest->wait, bytes);
    return true;
}

// Closes a connection whose client keeps memory in use.
static bool close_slowest(struct connections *all) {
    static const enum connection_wait waits[] = {WAIT_HANDSHAKE, WAIT_HEAD, WAIT_REST, WAIT_PROGRESS};
    for (size_t i = 0; i < ARRAY_COUNT(waits); i++) {
        if (close_oldest(all, waits[i], 0))
            return true;
    }
    return false;
}

void connections_count(struct connections *all, struct connection_entry *entry, size_t bytes) {
    set_entry(all, entry, entry->wait, bytes);
    while (all->strangers_bytes > all->limits.buffered_bytes / 2 && close_largest_of_strangers(all)) {
    }
    while (all->busy_bytes > all->limits.buffered_bytes / 2)
        close_largest_busy(all);
    while (all->buffered_bytes > all->limits.buffered_bytes && (refuse_largest_body(all) || close_slowest(all))) {
    }
}
