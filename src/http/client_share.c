// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/client_share_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/exchange_internal.h"

struct client_share {
    struct exchanges *all;
    struct owners *owners;
    struct owner *owner;
    struct share_call call;
    void (*run)(void *data);
    void *data;
    int64_t begun_ns; // monotonic; when the use that is being counted began
};

struct client_share *client_share_create(struct http_exchange *exchange) {
    if (exchange->connection == NULL)
        return NULL;
    struct client_share *share = memory_new(sizeof *share);
    share->all = exchange->all;
    share->owners = &exchange->connection->all->owners;
    share->owner = exchange->connection->entry.owner;
    owner_hold(share->owner);
    share->all->held_shares++;
    return share;
}

void client_share_destroy(struct client_share *share) {
    if (share == NULL)
        return;
    struct exchanges *all = share->all;
    share_cancel(&share->call);
    owner_release(share->owners, share->owner);
    free(share);
    all->held_shares--;
    all->on_ended(all);
}

bool client_share_begin(struct client_share *share) {
    if (!share_has_time(share->all->shares, &share->owner->share))
        return false;
    share->begun_ns = clock_monotonic_ns();
    return true;
}

void client_share_note_use(struct client_share *share) {
    int64_t now_ns = clock_monotonic_ns();
    share_use(share->all->shares, &share->owner->share, now_ns - share->begun_ns);
    share->begun_ns = now_ns;
}

static void on_call_due(struct share_call *call) {
    struct client_share *share = CONTAINER_OF(call, struct client_share, call);
    share->begun_ns = clock_monotonic_ns();
    share->run(share->data);
}

void client_share_defer(struct client_share *share, void (*run)(void *data), void *data) {
    share->run = run;
    share->data = data;
    share_defer(share->all->shares, &share->owner->share, &share->call, false, on_call_due);
}
