// SPDX-License-Identifier: GPL-3.0-or-later
// Private to forward/: the lines that a target has still to get. They stay in the rings of the services; a gatherer has
// a position in each ring, and copies nothing until lines are encoded.
#pragma once

#include "base/event.h"
#include "forward/labels_internal.h"
#include "forward/sender_internal.h"
#include "logs/ring.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_NAME_SIZE 256
#define PAYLOAD_TEXT_MAX ((size_t)1048576) // a payload ends with the line that reaches it

typedef void (*gatherer_grown_fn)(void *data);

struct gatherer {
    struct list sources;        // source.link, sorted by service
    gatherer_grown_fn on_grown; // there are new lines: called from within ring_append() and gatherer_follow()
    void *data;
    char host[HOST_NAME_SIZE]; // the name of this machine, read for each payload
    uint64_t lost;             // lines that rings have dropped before they were taken, as far as that is known
};

void gatherer_init(struct gatherer *gatherer, gatherer_grown_fn on_grown, void *data);
void gatherer_finish(struct gatherer *gatherer);

// Adds a ring, from its oldest line, unless it is there and not ending; sets the labels of its lines.
void gatherer_follow(struct gatherer *gatherer, struct ring *ring, const struct map *labels,
                     const struct map *environment);
// Takes no lines of the ring that come after this.
void gatherer_leave(struct gatherer *gatherer, const struct ring *ring);
void gatherer_leave_all(struct gatherer *gatherer);

// The number of lines that wait, at most `most`. Not while there is a payload.
size_t gatherer_count(const struct gatherer *gatherer, size_t most);
struct gatherer_sum {
    uint64_t waiting; // lines, without those of the payload
    uint64_t lost;    // `lost`, with what rings have dropped since that was counted
};
void gatherer_measure(const struct gatherer *gatherer, struct gatherer_sum *sum);
// Drops the oldest lines until at most `most` wait, and returns how many. Not while there is a payload.
uint64_t gatherer_drop(struct gatherer *gatherer, size_t most);

// Encodes the oldest lines, at most PAYLOAD_LINES_MAX. They wait until the payload ends.
void gatherer_encode(struct gatherer *gatherer, const struct encoder *encoder, struct payload *payload);
// Its lines wait no more, or wait as before.
void gatherer_end_payload(struct gatherer *gatherer, bool is_taken);
