// SPDX-License-Identifier: GPL-3.0-or-later
// Shares of the time of the loop. Work that clients can cause without a limit is done for their share: at once while
// the share has time left in the present turn of the loop, and otherwise in calls that wait. Waiting calls run in every
// turn, for a bounded time: privileged shares first, then the others by turns.
#pragma once

#include "base/list.h"
#include "loop/loop.h"

struct shares;

// Of one user or client. Embedded; see share_init().
struct share {
    struct list link;       // in the list of shares with waiting calls
    struct list waiting[2]; // share_call.link: the first ones, and the others
    uint64_t turn;          // of the loop, to which `used_ns` belongs
    int64_t used_ns;
    bool is_privileged;
};

// A call that waits. Embedded; zeroed initially.
struct share_call;
typedef void (*share_fn)(struct share_call *call);
struct share_call {
    struct list link;
    struct share *share; // NULL: it does not wait
    share_fn run;
};

struct shares *shares_create(struct loop *loop) __attribute__((returns_nonnull));
void shares_destroy(struct shares *shares); // no call waits; NULL is allowed

void share_init(struct share *share, bool is_privileged);
// Moves calls that wait to another share. The first one may be freed then.
void share_finish(struct shares *shares, struct share *share, struct share *heir);

// Whether work may be done at once: the share has time left in this turn, and none of its calls waits.
bool share_has_time(struct shares *shares, struct share *share);
// Records time that has been used. All shares without privileges have a limit in common, too.
void share_use(struct shares *shares, struct share *share, int64_t duration_ns);
// The function is called once, after this has returned. Calls of a share run in order, those with `is_first` before the
// others. No effect if the call is waiting.
void share_defer(struct shares *shares, struct share *share, struct share_call *call, bool is_first, share_fn run);
void share_cancel(struct share_call *call); // no effect if it is not waiting
bool share_call_is_waiting(const struct share_call *call);
