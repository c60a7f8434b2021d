// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/shares.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

// Of a turn of the loop; without privileges and with.
static const int64_t at_once_ns[2] = {3 * NS_PER_MS, 20 * NS_PER_MS};     // by one share
static const int64_t all_at_once_ns[2] = {6 * NS_PER_MS, 40 * NS_PER_MS}; // by all of them
static const int64_t waiting_ns[2] = {10 * NS_PER_MS, 20 * NS_PER_MS};    // by calls that have waited
#define BY_TURNS_NS (2 * NS_PER_MS) // by waiting calls of one share, before it is the turn of the next one

struct shares {
    struct loop *loop;
    struct deferred turn;
    struct list ready[2];  // share.link: shares with waiting calls; without privileges and with
    uint64_t at_once_turn; // of the loop, to which `at_once_used_ns` belongs
    int64_t at_once_used_ns[2];
};

struct shares *shares_create(struct loop *loop) {
    struct shares *shares = memory_new(sizeof *shares);
    shares->loop = loop;
    list_init(&shares->ready[false]);
    list_init(&shares->ready[true]);
    return shares;
}

void shares_destroy(struct shares *shares) {
    if (shares == NULL)
        return;
    loop_defer_cancel(shares->loop, &shares->turn);
    free(shares);
}

// --- time ---

void share_init(struct share *share, bool is_privileged) {
    *share = (struct share){.is_privileged = is_privileged};
    list_init(&share->link);
    list_init(&share->waiting[false]);
    list_init(&share->waiting[true]);
}

static bool has_waiting(const struct share *share) {
    return !list_is_empty(&share->waiting[false]) || !list_is_empty(&share->waiting[true]);
}

static void begin_turn(struct shares *shares, struct share *share) {
    uint64_t turn = loop_turn(shares->loop);
    if (shares->at_once_turn != turn) {
        shares->at_once_turn = turn;
        shares->at_once_used_ns[false] = shares->at_once_used_ns[true] = 0;
    }
    if (share->turn != turn) {
        share->turn = turn;
        share->used_ns = 0;
    }
}

bool share_has_time(struct shares *shares, struct share *share) {
    begin_turn(shares, share);
    return !has_waiting(share) && share->used_ns < at_once_ns[share->is_privileged] &&
           shares->at_once_used_ns[share->is_privileged] < all_at_once_ns[share->is_privileged];
}

void share_use(struct shares *shares, struct share *share, int64_t duration_ns) {
    begin_turn(shares, share);
    share->used_ns += duration_ns;
    shares->at_once_used_ns[share->is_privileged] += duration_ns;
}

// --- waiting calls ---

static struct share_call *take_call(struct share *share) {
    struct list *waiting = &share->waiting[!list_is_empty(&share->waiting[true])];
    struct share_call *call = LIST_ITEM(waiting->next, struct share_call, link);
    list_remove(&call->link);
    call->share = NULL;
    if (!has_waiting(share))
        list_remove(&share->link);
    return call;
}

// Runs calls of the first share that waits, which is the last one afterwards if calls of it are left. Returns the time
// at the end.
static int64_t run_share(struct list *ready, int64_t now_ns, int64_t end_ns) {
    struct share *share = LIST_ITEM(ready->next, struct share, link);
    int64_t share_end_ns = now_ns + BY_TURNS_NS < end_ns ? now_ns + BY_TURNS_NS : end_ns;
    list_remove(&share->link);
    list_add(ready, &share->link);
    // A call may end the share. While it is the last one in the list, it has not ended, and calls of it wait.
    do {
        struct share_call *call = take_call(share);
        call->run(call);
        now_ns = clock_monotonic_ns();
    } while (now_ns < share_end_ns && ready->previous == &share->link);
    return now_ns;
}

static void run_waiting(struct deferred *turn) {
    struct shares *shares = CONTAINER_OF(turn, struct shares, turn);
    int64_t now_ns = clock_monotonic_ns();
    for (int privileged = 1; privileged >= 0; privileged--) {
        struct list *ready = &shares->ready[privileged];
        int64_t end_ns = now_ns + waiting_ns[privileged];
        while (!list_is_empty(ready) && now_ns < end_ns)
            now_ns = run_share(ready, now_ns, end_ns);
    }
    if (!list_is_empty(&shares->ready[false]) || !list_is_empty(&shares->ready[true]))
        loop_defer(shares->loop, &shares->turn, run_waiting);
}

static void make_ready(struct shares *shares, struct share *share) {
    if (!list_is_linked(&share->link))
        list_add(&shares->ready[share->is_privileged], &share->link);
    loop_defer(shares->loop, &shares->turn, run_waiting);
}

void share_defer(struct shares *shares, struct share *share, struct share_call *call, bool is_first, share_fn run) {
    if (share_call_is_waiting(call))
        return;
    call->share = share;
    call->run = run;
    list_init(&call->link);
    list_add(&share->waiting[is_first], &call->link);
    make_ready(shares, share);
}

void share_cancel(struct share_call *call) {
    struct share *share = call->share;
    if (share == NULL)
        return;
    list_remove(&call->link);
    call->share = NULL;
    if (!has_waiting(share))
        list_remove(&share->link);
}

bool share_call_is_waiting(const struct share_call *call) {
    return call->share != NULL;
}

void share_finish(struct shares *shares, struct share *share, struct share *heir) {
    for (int is_first = 0; is_first <= 1; is_first++) {
        while (!list_is_empty(&share->waiting[is_first])) {
            struct share_call *call = LIST_ITEM(share->waiting[is_first].next, struct share_call, link);
            list_remove(&call->link);
            list_add(&heir->waiting[is_first], &call->link);
            call->share = heir;
            make_ready(shares, heir);
        }
    }
    list_remove(&share->link);
}
