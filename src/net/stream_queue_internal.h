// SPDX-License-Identifier: GPL-3.0-or-later
// Private to net/: a queue of bytes to write, in blocks that are freed when they have been written.
#pragma once

#include "base/compiler.h"
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct stream_queue {
    struct list blocks; // stream_block.link
    size_t bytes;
    size_t held_bytes; // of memory
};

void stream_queue_init(struct stream_queue *queue);
void stream_queue_clear(struct stream_queue *queue);
// Appends a copy of the pieces without their first `skip` bytes. If there is no memory, adds nothing and returns false.
bool stream_queue_add(struct stream_queue *queue, const struct iovec *pieces, size_t count, size_t skip) NODISCARD;
// Sets up to `limit` pieces to the bytes at the front and returns their number.
size_t stream_queue_front(const struct stream_queue *queue, struct iovec *pieces, size_t limit);
// Removes `length` bytes at the front; the queue has at least as many.
void stream_queue_consume(struct stream_queue *queue, size_t length);
