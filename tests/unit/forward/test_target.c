// SPDX-License-Identifier: GPL-3.0-or-later
// Targets with a sender that ends a payload when the test asks for it.
#include "lines_fixture.h"

#include <stdlib.h>

#include "base/log.h"
#include "forward/target_internal.h"
#include "plain_encoder.h"

static struct loop *loop;
static struct forward_spec spec;
static struct ring *lark;
static struct target *target;
static struct buffer log_text;
static struct {
    struct sender sender;
    struct text_list payloads; // texts
    bool is_busy;
} fake;
static int ended;

// --- the sender ---

static void fake_start(struct sender *sender UNUSED, const struct payload *payload) {
    assert_false(fake.is_busy);
    fake.is_busy = true;
    text_list_add(&fake.payloads, buffer_text(&payload->text));
}

static void fake_destroy(struct sender *sender) {
    sender_finish(sender);
}

static const struct sender_class fake_class = {.encoder = &plain_encoder, .start = fake_start, .destroy = fake_destroy};

static void finish_as(enum send_outcome outcome, int status, int64_t retry_after_ns, const char *message) {
    assert_true(fake.is_busy);
    fake.is_busy = false;
    fake.sender.result.status = status;
    fake.sender.result.retry_after_ns = retry_after_ns;
    sender_end(&fake.sender, outcome, message);
    loop_run_pending(loop);
}

static void succeed(void) {
    finish_as(SEND_DONE, 200, 0, NULL);
}

static void fail_once(void) {
    finish_as(SEND_FAILED, 500, 0, "no luck");
}

static void assert_sent(size_t count, const char *last) {
    assert_int_equal(fake.payloads.count, count);
    if (last != NULL)
        assert_string_equal(fake.payloads.items[count - 1], last);
}

// --- the fixture ---

static void take_log(void *data UNUSED, const char *line, size_t length) {
    buffer_add(&log_text, line, length);
}

static int set_up(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    assert_true(loop_create(&loop, &err));
    loop_use_test_clock(loop);
    buffer_init(&log_text, BUFFER_NO_LIMIT);
    log_set_sink(take_log, NULL);
    spec = (struct forward_spec){.loop = loop};
    lark = ring_create("lark", RING_LIMIT_BYTES);
    char name[] = "t";
    char location[] = "udp://127.0.0.1:9";
    const struct plan_log_target config = {.name = name, .type = LOG_TARGET_SYSLOG, .location = location};
    target = target_create(&spec, &config);
    memset(&fake, 0, sizeof fake);
    sender_init(&fake.sender, &fake_class, &spec);
    sender_on_done(&fake.sender, target->sender->on_done, target->sender->data);
    sender_destroy(target->sender);
    target->sender = &fake.sender;
    ended = 0;
    return 0;
}

static int tear_down(void **state UNUSED) {
    target_destroy(target);
    text_list_clear(&fake.payloads);
    ring_destroy(lark);
    loop_destroy(loop);
    log_set_sink(NULL, NULL);
    buffer_finish(&log_text);
    return 0;
}

static void follow(void) {
    gatherer_follow(&target->gatherer, lark, &nothing, &nothing);
}

static void add(const char *line) {
    append(lark, line, 1);
    loop_run_pending(loop);
}

// --- gathering ---

static void lines_wait_a_second_from_the_first(void **state UNUSED) {
    follow();
    add("a\n");
    loop_advance(loop, 600 * NS_PER_MS);
    add("b\n");
    loop_advance(loop, 399 * NS_PER_MS);
    assert_sent(0, NULL);
    loop_advance(loop, NS_PER_MS);
    assert_sent(1, "lark:a|lark:b|");
    succeed();
    assert_int_equal(target->sent, 2);
    loop_advance(loop, 60 * NS_PER_S);
    assert_sent(1, NULL);
}

static void a_hundred_lines_are_sent_at_once(void **state UNUSED) {
    follow();
    append_numbers(lark, 250);
    loop_run_pending(loop);
    assert_sent(1, NULL);
    succeed();
    assert_sent(2, NULL);
    succeed();
    assert_sent(2, NULL); // fifty wait
    loop_advance(loop, NS_PER_S);
    assert_sent(3, NULL);
    succeed();
    assert_int_equal(target->sent, 250);
}

static void lines_that_come_meanwhile_are_not_forgotten(void **state UNUSED) {
    follow();
    add("a\n");
    loop_advance(loop, NS_PER_S);
    add("b\n");
    loop_advance(loop, 5 * NS_PER_S);
    assert_sent(1, "lark:a|");
    succeed();
    loop_advance(loop, NS_PER_S);
    assert_sent(2, "lark:b|");
    succeed();
}

static void flush_does_not_wait(void **state UNUSED) {
    follow();
    target_flush(target);
    assert_sent(0, NULL);
    add("a\n");
    target_flush(target);
    assert_sent(1, "lark:a|");
    target_flush(target);
    succeed();
}

// --- failures ---

static void failures_are_retried_with_a_backoff(void **state UNUSED) {
    static const int64_t delays_s[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    follow();
    add("a\n");
    loop_advance(loop, NS_PER_S);
    for (size_t i = 0; i < ARRAY_COUNT(delays_s); i++) {
        fail_once();
        assert_true(target->retry_at_ns > 0);
        loop_advance(loop, delays_s[i] * NS_PER_S - NS_PER_MS);
        assert_sent(i + 1, "lark:a|");
        loop_advance(loop, NS_PER_MS);
        assert_sent(i + 2, "lark:a|");
    }
    assert_string_equal(target->last_error, "no luck");
    succeed();
    assert_null(target->last_error);
    assert_int_equal(target->retry_at_ns, 0);
    add("b\n");
    loop_advance(loop, NS_PER_S);
    fail_once();
    loop_advance(loop, NS_PER_S); // the backoff has begun anew
    assert_sent(ARRAY_COUNT(delays_s) + 3, "lark:b|");
    succeed();
}

static void a_new_line_is_not_delayed_by_a_backoff(void **state UNUSED) {
    follow();
    add("a\n");
    loop_advance(loop, NS_PER_S);
    for (int i = 0; i < 6; i++) {
        fail_once();
        loop_advance(loop, 32 * NS_PER_S);
    }
    fail_once();
    size_t before = fake.payloads.count;
    add("b\n");
    loop_advance(loop, 999 * NS_PER_MS);
    assert_sent(before, NULL);
    loop_advance(loop, NS_PER_MS);
    assert_sent(before + 1, "lark:a|lark:b|");
    succeed();
}

static void retry_after_holds_new_lines_too(void **state UNUSED) {
    follow();
    add("a\n");
    loop_advance(loop, NS_PER_S);
    finish_as(SEND_FAILED, 429, 20 * NS_PER_S, "slower");
    add("b\n");
    loop_advance(loop, 20 * NS_PER_S - NS_PER_MS);
    assert_sent(1, NULL);
    loop_advance(loop, NS_PER_MS);
    assert_sent(2, "lark:a|lark:b|");
    succeed();
}

static void assert_counts(uint64_t pending, uint64_t sent, uint64_t dropped) {
    uint64_t found_pending;
    uint64_t found_dropped;
    target_count(target, &found_pending, &found_dropped);
    assert_int_equal(found_pending, pending);
    assert_int_equal(target->sent, sent);
    assert_int_equal(found_dropped, dropped);
}

// The rings have dropped the lines for lack of memory, so that there is nothing to send again.
static void nothing_is_sent_without_lines(void **state UNUSED) {
    follow();
    add("a\n");
    loop_advance(loop, NS_PER_S);
    fail_once();
    while (ring_shrink(lark))
        ;
    loop_advance(loop, NS_PER_S);
    assert_sent(1, "lark:a|");
    assert_int_equal(target->state, TARGET_GATHERING);
    add("b\n");
    loop_advance(loop, NS_PER_S);
    assert_sent(2, NULL);
    succeed();
    assert_counts(0, 1, 1);
}

static void kept_lines_are_bounded(void **state UNUSED) {
    follow();
    append_numbers(lark, 130);
    loop_run_pending(loop);
    assert_counts(130, 0, 0);
    fail_once();
    assert_counts(100, 0, 30);
    add("back\n");
    assert_counts(100, 0, 31);
    loop_advance(loop, NS_PER_S);
    assert_sent(2, NULL);
    assert_true(text_has_prefix(fake.payloads.items[1], "lark:31|"));
    assert_true(text_has_suffix(fake.payloads.items[1], "lark:back|"));
    assert_non_null(strstr(buffer_text(&log_text), "Cannot flush logs to target \"t\": no luck\n"));
    succeed();
    assert_non_null(strstr(buffer_text(&log_text), "Log target \"t\" accepts logs, 31 were dropped before\n"));
}

// Appends lines that fill the ring `times` over. Returns how many.
static uint64_t flood(unsigned times) {
    static const char line[] = "0123456789012345678901234567890123456789012345678901234567\n";
    uint64_t count = times * RING_LIMIT_BYTES / (sizeof line - 1);
    for (uint64_t i = 0; i < count; i++)
        append(lark, line, 2);
    loop_run_pending(loop);
    return count;
}

// Whatever rings drop while a payload is being sent, each line is counted once.
static void counts_are_exact_at_any_time(void **state UNUSED) {
    follow();
    append_numbers(lark, 100);
    loop_run_pending(loop);
    assert_counts(100, 0, 0);
    uint64_t all = 100 + flood(2); // all of the payload, and more
    uint64_t pending;
    uint64_t dropped;
    target_count(target, &pending, &dropped);
    assert_true(pending > 100 && dropped > 0);
    assert_int_equal(pending + dropped, all);
    succeed(); // the next payload
    assert_counts(pending - 100, 100, dropped);
    uint64_t shown = dropped;
    all += flood(1);
    fail_once();
    target_count(target, &pending, &dropped);
    assert_int_equal(pending, 100);
    assert_int_equal(100 + dropped + 100, all);
    assert_int_equal(target_unsent(target), pending + dropped - shown);
}

static void lines_that_can_never_be_sent_are_dropped(void **state UNUSED) {
    follow();
    add("a\nb\nc\n");
    loop_advance(loop, NS_PER_S);
    fake.sender.result.dropped = 1;
    succeed();
    assert_counts(0, 2, 1);
    assert_non_null(strstr(buffer_text(&log_text), "Cannot send 1 logs to target \"t\": too large for a datagram\n"));
    assert_null(strstr(buffer_text(&log_text), "accepts"));
}

static void refused_lines_are_dropped(void **state UNUSED) {
    follow();
    add("a\nb\n");
    loop_advance(loop, NS_PER_S);
    finish_as(SEND_REFUSED, 400, 0, "server returned HTTP 400 Bad Request");
    const char *first =
        strstr(buffer_text(&log_text), "Target \"t\": request failed with status 400, dropping 2 logs\n");
    assert_non_null(first);
    assert_non_null(strstr(first, "Cannot flush logs to target \"t\": server returned HTTP 400 Bad Request\n"));
    assert_counts(0, 0, 2);
    add("c\n");
    loop_advance(loop, NS_PER_S);
    assert_sent(2, "lark:c|");
    succeed();
    assert_null(strstr(buffer_text(&log_text), "accepts"));
}

// --- the end ---

static void on_target_ended(struct target *which, void *data) {
    assert_ptr_equal(which, target);
    assert_ptr_equal(data, &ended);
    ended++;
}

static void what_was_gathered_is_sent_at_the_end(void **state UNUSED) {
    follow();
    append_numbers(lark, 150);
    target_end(target, on_target_ended, &ended);
    assert_sent(0, NULL);
    loop_run_pending(loop);
    append(lark, "late\n", 2);
    succeed();
    assert_sent(2, NULL);
    assert_int_equal(ended, 0);
    succeed();
    assert_int_equal(ended, 1);
    assert_true(text_has_suffix(fake.payloads.items[1], "lark:149|"));
    loop_advance(loop, 60 * NS_PER_S);
    assert_int_equal(ended, 1);
}

static void nothing_is_sent_at_the_end_of_an_idle_target(void **state UNUSED) {
    follow();
    loop_run_pending(loop);
    target_end(target, on_target_ended, &ended);
    assert_int_equal(ended, 0);
    loop_run_pending(loop);
    assert_int_equal(ended, 1);
    assert_sent(0, NULL);
}

static void the_last_attempt_of_a_failing_target_may_fail(void **state UNUSED) {
    follow();
    add("a\n");
    loop_advance(loop, NS_PER_S);
    fail_once();
    target_end(target, on_target_ended, &ended);
    assert_sent(2, "lark:a|");
    assert_int_equal(ended, 0);
    fail_once();
    assert_int_equal(ended, 1);
}

// --- services ---

static void the_last_entry_that_fits_decides(void **state UNUSED) {
    static const struct {
        const char *entries[4];
        bool is_selected; // "lark"
    } cases[] = {
        {{"all"}, true},
        {{"lark"}, true},
        {{"finch"}, false},
        {{"all", "-lark"}, false},
        {{"all", "-all", "finch"}, false},
        {{"-lark", "all"}, true},
        {{NULL}, false},
        {{"lark", "finch", "-all"}, false},
        {{"-all", "lark"}, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct plan_log_target config = {0};
        for (const char *const *entry = cases[i].entries; *entry != NULL; entry++)
            text_list_add(&config.services, *entry);
        assert_int_equal(target_selects(&config, "lark"), cases[i].is_selected);
        text_list_clear(&config.services);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(lines_wait_a_second_from_the_first),
        TEST(a_hundred_lines_are_sent_at_once),
        TEST(lines_that_come_meanwhile_are_not_forgotten),
        TEST(flush_does_not_wait),
        TEST(failures_are_retried_with_a_backoff),
        TEST(a_new_line_is_not_delayed_by_a_backoff),
        TEST(nothing_is_sent_without_lines),
        TEST(retry_after_holds_new_lines_too),
        TEST(kept_lines_are_bounded),
        TEST(counts_are_exact_at_any_time),
        TEST(lines_that_can_never_be_sent_are_dropped),
        TEST(refused_lines_are_dropped),
        TEST(what_was_gathered_is_sent_at_the_end),
        TEST(nothing_is_sent_at_the_end_of_an_idle_target),
        TEST(the_last_attempt_of_a_failing_target_may_fail),
        TEST(the_last_entry_that_fits_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
