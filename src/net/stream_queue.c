// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/stream_queue_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

// Large writes are split into blocks, so that a few unread bytes do not keep all of the memory.
#define BLOCK_BYTES_MAX ((size_t)16384)
#define BLOCK_BYTES_MIN ((size_t)1024)

struct stream_block {
    struct list link;
    size_t begin, end; // of the queued bytes
    size_t capacity;
    char bytes[];
};

void stream_queue_init(struct stream_queue *queue) {
    list_init(&queue->blocks);
    queue->bytes = 0;
    queue->held_bytes = 0;
}

static bool block_add(struct stream_queue *queue, size_t capacity) {
    struct stream_block *block = memory_try(sizeof *block + capacity);
    if (block == NULL)
        return false;
    block->capacity = capacity;
    list_add(&queue->blocks, &block->link);
    queue->held_bytes += sizeof *block + capacity;
    return true;
}

static void block_destroy(struct stream_queue *queue, struct stream_block *block) {
    queue->held_bytes -= sizeof *block + block->capacity;
    list_remove(&block->link);
    free(block);
}

void stream_queue_clear(struct stream_queue *queue) {
    struct stream_block *block;
    LIST_FOR_EACH (block, &queue->blocks, link)
        block_destroy(queue, block);
    queue->bytes = 0;
}

static struct stream_block *last_block(const struct stream_queue *queue) {
    return list_is_empty(&queue->blocks) ? NULL : LIST_ITEM(queue->blocks.previous, struct stream_block, link);
}

static size_t space_left(const struct stream_block *block) {
    return block == NULL ? 0 : block->capacity - block->end;
}

static bool add_blocks(struct stream_queue *queue, size_t length) {
    while (length > 0) {
        size_t used = length < BLOCK_BYTES_MAX ? length : BLOCK_BYTES_MAX;
        if (!block_add(queue, used < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : used))
            return false;
        length -= used;
    }
    return true;
}

// Allocates room for `length` bytes at the end. Returns the block where it begins, NULL if there is no memory.
static struct stream_block *make_room(struct stream_queue *queue, size_t length) {
    struct stream_block *last = last_block(queue);
    size_t space = space_left(last);
    struct list *end = queue->blocks.previous;
    if (length > space && !add_blocks(queue, length - space)) {
        while (queue->blocks.previous != end)
            block_destroy(queue, last_block(queue));
        return NULL;
    }
    return space > 0 ? last : LIST_ITEM(end->next, struct stream_block, link);
}

static struct stream_block *next_block(struct stream_block *block) {
    return LIST_ITEM(block->link.next, struct stream_block, link);
}

// Returns the block for the next bytes.
static struct stream_block *copy(struct stream_block *block, const char *bytes, size_t length) {
    while (length > 0) {
        if (space_left(block) == 0)
            block = next_block(block);
        size_t part = length < space_left(block) ? length : space_left(block);
        memcpy(block->bytes + block->end, bytes, part);
        block->end += part;
        bytes += part;
        length -= part;
    }
    return block;
}

bool stream_queue_add(struct stream_queue *queue, const struct iovec *pieces, size_t count, size_t skip) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += pieces[i].iov_len;
    if (total <= skip)
        return true;
    struct stream_block *block = make_room(queue, total - skip);
    if (block == NULL)
        return false;
    queue->bytes += total - skip;
    for (size_t i = 0; i < count; i++) {
        size_t skipped = skip < pieces[i].iov_len ? skip : pieces[i].iov_len;
        skip -= skipped;
        if (skipped < pieces[i].iov_len)
            block = copy(block, (const char *)pieces[i].iov_base + skipped, pieces[i].iov_len - skipped);
    }
    return true;
}

size_t stream_queue_front(const struct stream_queue *queue, struct iovec *pieces, size_t limit) {
    size_t count = 0;
    struct stream_block *block;
    LIST_FOR_EACH (block, &queue->blocks, link) {
        if (count == limit)
            break;
        pieces[count++] = (struct iovec){.iov_base = block->bytes + block->begin, .iov_len = block->end - block->begin};
    }
    return count;
}

void stream_queue_consume(struct stream_queue *queue, size_t length) {
    queue->bytes -= length;
    while (length > 0) {
        struct stream_block *block = LIST_ITEM(queue->blocks.next, struct stream_block, link);
        size_t there = block->end - block->begin;
        size_t part = length < there ? length : there;
        block->begin += part;
        length -= part;
        if (block->begin == block->end)
            block_destroy(queue, block);
    }
}
