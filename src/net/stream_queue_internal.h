// SPDX-License-Identifier: GPL-3.0-or-later
// Private to net/: bytes that wait to be written, in blocks that are freed as soon as they have gone out.
#pragma once

#include "base/compiler.h"
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct stream_queue {
    struct list blocks; // stream_block.link
    size_t bytes;
};

void stream_queue_init(struct stream_queue *queue);
void stream_queue_clear(struct stream_queue *queue);
// Copies the pieces without their first `skip` bytes to the end. False, with nothing added, if there is no memory.
bool stream_queue_add(struct stream_queue *queue, const struct iovec *pieces, size_t count, size_t skip) NODISCARD;
// Fills `pieces` with what is at the front, at most `limit` pieces, and returns how many.
size_t stream_queue_front(const struct stream_queue *queue, struct iovec *pieces, size_t limit);
// Drops `length` bytes, which are there, at the front.
void stream_queue_consume(struct stream_queue *queue, size_t length);
