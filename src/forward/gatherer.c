// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in forward/gatherer_internal.h.
#include "forward/gatherer_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "logs/merge_heap.h"

struct source {
    struct list link;
    struct gatherer *gatherer;
    struct ring_reader next;  // the first line that waits
    struct ring_reader after; // the first one after the payload; `next` if there is none
    struct merge_item item;   // of the line at `after`, while lines are merged
    size_t chosen;            // lines that the payload is to take
    struct label_list labels;
    struct listener grown;
    bool is_ending;
};

static struct log_stream stream_of(const struct source *source) {
    return (struct log_stream){.service = ring_service(source->next.ring),
                               .host = source->gatherer->host,
                               .names = &source->labels.names,
                               .values = &source->labels.values};
}

// --- sources ---

static void on_ring_grown(struct listener *listener, void *argument UNUSED) {
    struct gatherer *gatherer = CONTAINER_OF(listener, struct source, grown)->gatherer;
    gatherer->on_grown(gatherer->data);
}

static void source_destroy(struct source *source) {
    event_remove(&source->grown);
    list_remove(&source->link);
    label_list_clear(&source->labels);
    free(source);
}

static struct source *source_find(const struct gatherer *gatherer, const struct ring *ring) {
    struct source *source;
    LIST_FOR_EACH (source, &gatherer->sources, link) {
        if (source->next.ring == ring && !source->is_ending)
            return source;
    }
    return NULL;
}

// The link before which a source of this service belongs.
static struct list *place_of(struct gatherer *gatherer, const char *service) {
    struct source *source;
    LIST_FOR_EACH (source, &gatherer->sources, link) {
        if (strcmp(ring_service(source->next.ring), service) > 0)
            return &source->link;
    }
    return &gatherer->sources;
}

static struct source *source_create(struct gatherer *gatherer, struct ring *ring) {
    struct source *source = memory_new(sizeof *source);
    source->gatherer = gatherer;
    ring_reader_begin(&source->next, ring);
    source->after = source->next;
    list_add(place_of(gatherer, ring_service(ring)), &source->link);
    event_add(ring_grown(ring), &source->grown, on_ring_grown);
    gatherer->on_grown(gatherer->data);
    return source;
}

void gatherer_init(struct gatherer *gatherer, gatherer_grown_fn on_grown, void *data) {
    *gatherer = (struct gatherer){.on_grown = on_grown, .data = data};
    list_init(&gatherer->sources);
}

void gatherer_finish(struct gatherer *gatherer) {
    while (!list_is_empty(&gatherer->sources))
        source_destroy(LIST_ITEM(gatherer->sources.next, struct source, link));
}

void gatherer_follow(struct gatherer *gatherer, struct ring *ring, const struct map *labels,
                     const struct map *environment) {
    struct source *source = source_find(gatherer, ring);
    if (source == NULL)
        source = source_create(gatherer, ring);
    label_list_set(&source->labels, labels, environment);
}

static void source_end(struct source *source) {
    source->is_ending = true;
    event_remove(&source->grown);
    ring_reader_stop(&source->next);
    ring_reader_stop(&source->after);
}

void gatherer_leave(struct gatherer *gatherer, const struct ring *ring) {
    struct source *source = source_find(gatherer, ring);
    if (source != NULL)
        source_end(source);
}

void gatherer_leave_all(struct gatherer *gatherer) {
    struct source *source;
    LIST_FOR_EACH (source, &gatherer->sources, link) {
        if (!source->is_ending)
            source_end(source);
    }
}

// --- counting and dropping ---

size_t gatherer_count(const struct gatherer *gatherer, size_t most) {
    const struct source *source;
    size_t count = 0;
    LIST_FOR_EACH (source, &gatherer->sources, link) {
        struct ring_reader reader = source->next;
        count += (size_t)ring_reader_count(&reader, most - count);
    }
    return count;
}

void gatherer_measure(const struct gatherer *gatherer, struct gatherer_sum *sum) {
    const struct source *source;
    *sum = (struct gatherer_sum){.lost = gatherer->lost};
    LIST_FOR_EACH (source, &gatherer->sources, link) {
        struct ring_reader reader = source->after;
        sum->waiting += ring_reader_count(&reader, UINT64_MAX);
        sum->lost += reader.lost_lines;
    }
}

// Returns all sources to their first lines and adds those that have lines to the heap. The caller frees its items.
static void begin_merge(struct gatherer *gatherer, struct merge_heap *heap) {
    struct source *source;
    size_t rank = 0;
    size_t count = list_count(&gatherer->sources);
    *heap = (struct merge_heap){.items = memory_new_array(count, sizeof(struct merge_item *))};
    LIST_FOR_EACH (source, &gatherer->sources, link) {
        source->after = source->next;
        source->chosen = 0;
        source->item.rank = rank++;
        if (ring_reader_look(&source->after, &source->item.order_ns))
            merge_heap_add(heap, &source->item);
    }
}

// Passes the oldest line and returns its source; NULL if there is none.
static struct source *pass_oldest(struct merge_heap *heap) {
    struct merge_item *item = merge_heap_first(heap);
    if (item == NULL)
        return NULL;
    struct source *source = CONTAINER_OF(item, struct source, item);
    struct ring_entry entry;
    if (ring_reader_peek(&source->after, &entry))
        ring_reader_advance(&source->after);
    if (ring_reader_look(&source->after, &item->order_ns))
        merge_heap_sink_first(heap);
    else
        merge_heap_remove_first(heap);
    return source;
}

uint64_t gatherer_drop(struct gatherer *gatherer, size_t most) {
    struct merge_heap heap;
    size_t count = gatherer_count(gatherer, SIZE_MAX);
    uint64_t dropped = 0;
    begin_merge(gatherer, &heap);
    for (; dropped + most < count && pass_oldest(&heap) != NULL; dropped++)
        ;
    free(heap.items);
    gatherer_end_payload(gatherer, true);
    return dropped;
}

// --- encoding ---

// Chooses the lines of a payload in the order of time.
static size_t choose(struct gatherer *gatherer, struct source *order[PAYLOAD_LINES_MAX]) {
    struct merge_heap heap;
    size_t count = 0;
    begin_merge(gatherer, &heap);
    while (count < PAYLOAD_LINES_MAX && (order[count] = pass_oldest(&heap)) != NULL)
        order[count++]->chosen++;
    free(heap.items);
    return count;
}

// One line is always taken, whatever its labels.
static bool is_full(const struct payload *payload) {
    return payload->count > 0 && payload->text.length >= PAYLOAD_TEXT_MAX;
}

static void encode_line(struct source *source, const struct encoder *encoder, struct payload *payload) {
    const struct log_stream stream = stream_of(source);
    struct ring_entry entry;
    if (!ring_reader_peek(&source->after, &entry))
        return; // dropped by the ring for lack of memory
    encoder->add_line(&payload->text, &stream, &entry);
    ring_reader_advance(&source->after);
    payload->ends[payload->count++] = payload->text.length;
}

static void encode_groups(struct gatherer *gatherer, const struct encoder *encoder, struct payload *payload) {
    struct source *source;
    encoder->begin(&payload->text);
    LIST_FOR_EACH (source, &gatherer->sources, link) {
        const struct log_stream stream = stream_of(source);
        if (source->chosen == 0 || is_full(payload))
            continue;
        encoder->begin_stream(&payload->text, &stream);
        for (size_t i = 0; i < source->chosen && !is_full(payload); i++)
            encode_line(source, encoder, payload);
        encoder->end_stream(&payload->text);
    }
    encoder->end(&payload->text);
}

static void read_host(struct gatherer *gatherer) {
    if (gethostname(gatherer->host, sizeof gatherer->host - 1) != 0)
        gatherer->host[0] = '\0';
}

void gatherer_encode(struct gatherer *gatherer, const struct encoder *encoder, struct payload *payload) {
    struct source *order[PAYLOAD_LINES_MAX];
    size_t count = choose(gatherer, order);
    struct source *source;
    LIST_FOR_EACH (source, &gatherer->sources, link)
        source->after = source->next;
    read_host(gatherer);
    buffer_clear(&payload->text);
    payload->count = 0;
    if (encoder->is_grouped)
        encode_groups(gatherer, encoder, payload);
    for (size_t i = 0; !encoder->is_grouped && i < count && !is_full(payload); i++)
        encode_line(order[i], encoder, payload);
}

void gatherer_end_payload(struct gatherer *gatherer, bool is_taken) {
    struct source *source;
    LIST_FOR_EACH (source, &gatherer->sources, link) {
        int64_t order_ns;
        if (is_taken)
            source->next = source->after;
        bool is_empty = !ring_reader_look(&source->next, &order_ns); // also finds what is lost
        gatherer->lost += source->next.lost_lines;
        source->next.lost_lines = 0;
        source->after = source->next;
        if (source->is_ending && is_empty)
            source_destroy(source);
    }
}
