// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/stream_queue_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/buffer.h"

static void add(struct stream_queue *queue, const char *text) {
    struct iovec piece = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    assert_true(stream_queue_add(queue, &piece, 1, 0));
}

// Everything that is queued, in order.
static void gather(const struct stream_queue *queue, struct buffer *out) {
    struct iovec pieces[1000];
    size_t count = stream_queue_front(queue, pieces, 1000);
    for (size_t i = 0; i < count; i++)
        buffer_add(out, pieces[i].iov_base, pieces[i].iov_len);
    assert_int_equal(out->length, queue->bytes);
}

static void keeps_the_order(void **state UNUSED) {
    struct stream_queue queue;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    stream_queue_init(&queue);
    gather(&queue, &text);
    assert_int_equal(text.length, 0);
    add(&queue, "one ");
    add(&queue, "");
    add(&queue, "two ");
    stream_queue_consume(&queue, 2);
    add(&queue, "three");
    gather(&queue, &text);
    assert_string_equal(buffer_text(&text), "e two three");
    stream_queue_consume(&queue, queue.bytes);
    assert_true(list_is_empty(&queue.blocks));
    stream_queue_clear(&queue);
}

static void skips_what_was_written(void **state UNUSED) {
    static const char text[] = "abcdefgh";
    for (size_t skip = 0; skip <= 8; skip++) {
        struct stream_queue queue;
        AUTO_BUFFER struct buffer left = BUFFER_INIT(BUFFER_NO_LIMIT);
        struct iovec pieces[] = {
            {.iov_base = (void *)(uintptr_t)text, .iov_len = 3},
            {.iov_base = NULL, .iov_len = 0},
            {.iov_base = (void *)(uintptr_t)(text + 3), .iov_len = 5},
        };
        stream_queue_init(&queue);
        assert_true(stream_queue_add(&queue, pieces, 3, skip));
        gather(&queue, &left);
        assert_string_equal(buffer_text(&left), text + skip);
        stream_queue_clear(&queue);
        assert_int_equal(queue.bytes, 0);
    }
}

static void cuts_large_writes(void **state UNUSED) {
    static char text[100000];
    struct stream_queue queue;
    stream_queue_init(&queue);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 23);
    add(&queue, "begin");
    struct iovec piece = {.iov_base = text, .iov_len = sizeof text};
    assert_true(stream_queue_add(&queue, &piece, 1, 0));
    assert_true(list_count(&queue.blocks) > 5);
    size_t before = list_count(&queue.blocks);
    stream_queue_consume(&queue, 5 + 50000);
    assert_true(list_count(&queue.blocks) < before); // what has gone out is freed
    AUTO_BUFFER struct buffer rest = BUFFER_INIT(BUFFER_NO_LIMIT);
    gather(&queue, &rest);
    assert_int_equal(rest.length, 50000);
    assert_memory_equal(rest.data, text + 50000, 50000);
    struct iovec few[2];
    assert_int_equal(stream_queue_front(&queue, few, 2), 2);
    stream_queue_clear(&queue);
}

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#define IS_SANITIZED __has_feature(address_sanitizer)
#else
#define IS_SANITIZED false
#endif

// A block is held until all of it has been written.
static void counts_its_memory(void **state UNUSED) {
    static char bytes[40000];
    struct stream_queue queue;
    stream_queue_init(&queue);
    const struct iovec piece = {.iov_base = bytes, .iov_len = sizeof bytes};
    assert_true(stream_queue_add(&queue, &piece, 1, 0));
    size_t all = queue.held_bytes;
    assert_in_range(all, sizeof bytes, sizeof bytes + 1000);
    stream_queue_consume(&queue, 100);
    assert_int_equal(queue.held_bytes, all);
    stream_queue_consume(&queue, sizeof bytes - 101);
    assert_in_range(queue.held_bytes, 7000, 17000);
    stream_queue_consume(&queue, 1);
    assert_int_equal(queue.held_bytes, 0);
    assert_true(stream_queue_add(&queue, &piece, 1, sizeof bytes - 1));
    assert_true(queue.held_bytes > 1);
    stream_queue_clear(&queue);
    assert_int_equal(queue.held_bytes, 0);
}

static void refuses_what_there_is_no_memory_for(void **state UNUSED) {
    static char text[10];
    struct rlimit usual, small = {.rlim_cur = (rlim_t)100 << 20};
    if (IS_SANITIZED || getrlimit(RLIMIT_AS, &usual) != 0)
        skip(); // the sanitizer's own memory would be limited, too
    struct stream_queue queue;
    stream_queue_init(&queue);
    add(&queue, "kept");
    // Not read: there is no memory to copy it to.
    struct iovec huge = {.iov_base = text, .iov_len = (size_t)1 << 30};
    small.rlim_max = usual.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_AS, &small), 0);
    bool is_added = stream_queue_add(&queue, &huge, 1, 0);
    assert_int_equal(setrlimit(RLIMIT_AS, &usual), 0);
    assert_false(is_added);
    AUTO_BUFFER struct buffer left = BUFFER_INIT(BUFFER_NO_LIMIT);
    gather(&queue, &left);
    assert_string_equal(buffer_text(&left), "kept");
    assert_int_equal(list_count(&queue.blocks), 1);
    stream_queue_clear(&queue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order),
        cmocka_unit_test(skips_what_was_written),
        cmocka_unit_test(cuts_large_writes),
        cmocka_unit_test(counts_its_memory),
        cmocka_unit_test(refuses_what_there_is_no_memory_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
