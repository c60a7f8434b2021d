// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in forward/target_internal.h.
#include "forward/target_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#define GATHER_NS NS_PER_S
#define KEPT_LINES_MAX ((size_t)100) // after a failure
#define RETRY_MIN_NS NS_PER_S
#define RETRY_MAX_NS (300 * NS_PER_S)

static uint64_t known_dropped(const struct target *target) {
    return target->dropped + target->gatherer.lost;
}

void target_count(const struct target *target, uint64_t *pending, uint64_t *dropped) {
    struct gatherer_sum sum;
    gatherer_measure(&target->gatherer, &sum);
    *pending = sum.waiting + (target->state == TARGET_SENDING ? target->payload.count : 0);
    *dropped = target->dropped + sum.lost;
}

uint64_t target_unsent(const struct target *target) {
    uint64_t pending;
    uint64_t dropped;
    target_count(target, &pending, &dropped);
    return pending + dropped - target->dropped_shown;
}

// --- states ---

static void set_state(struct target *target, enum target_state state) {
    target->state = state;
    timer_stop(target->gather);
    timer_stop(target->retry);
    target->is_held = false;
    target->retry_at_ns = 0;
}

static void on_turn_due(struct deferred *turn);

static void wait_for_turn(struct target *target) {
    loop_defer(target->spec->loop, &target->turn, on_turn_due);
}

static void send_payload(struct target *target) {
    target->has_grown = false;
    gatherer_encode(&target->gatherer, target->sender->class->encoder, &target->payload);
    if (target->payload.count > 0) {
        set_state(target, TARGET_SENDING);
        sender_start(target->sender, &target->payload);
    } else { // the rings have dropped all lines for lack of memory
        gatherer_end_payload(&target->gatherer, true);
        set_state(target, TARGET_GATHERING);
        wait_for_turn(target);
    }
}

static void start_gather(struct target *target) {
    if (!timer_is_running(target->gather))
        timer_start(target->gather, GATHER_NS);
}

// Once the lines fill a payload they are sent at once.
static void gather(struct target *target) {
    size_t count = gatherer_count(&target->gatherer, PAYLOAD_LINES_MAX);
    if (count == PAYLOAD_LINES_MAX || (count > 0 && target->on_ended != NULL))
        send_payload(target);
    else if (count > 0)
        start_gather(target);
}

// The number of kept lines is bounded from the first failure on. A new line is sent soon, with all that are kept.
static void keep(struct target *target) {
    target->dropped += gatherer_drop(&target->gatherer, KEPT_LINES_MAX);
    if (target->has_grown && !target->is_held)
        start_gather(target);
}

static void end(struct target *target) {
    if (target->has_ended)
        return;
    target->has_ended = true;
    target->on_ended(target, target->data); // last, for it may destroy the target
}

static void on_turn_due(struct deferred *turn) {
    struct target *target = CONTAINER_OF(turn, struct target, turn);
    if (target->state == TARGET_GATHERING)
        gather(target);
    else if (target->state == TARGET_RETRYING)
        keep(target);
    bool has_failed = target->state == TARGET_RETRYING;
    if (target->on_ended != NULL && (has_failed || target->state == TARGET_GATHERING))
        end(target);
}

static void on_timer_expired(void *data) {
    send_payload(data);
}

static void on_rings_grown(void *data) {
    struct target *target = data;
    target->has_grown = true;
    if (target->state != TARGET_SENDING)
        wait_for_turn(target);
}

// --- results ---

static int64_t backoff_ns(unsigned failures) {
    int64_t delay_ns = RETRY_MIN_NS;
    for (; failures > 1 && delay_ns < RETRY_MAX_NS; failures--)
        delay_ns *= 2;
    return delay_ns < RETRY_MAX_NS ? delay_ns : RETRY_MAX_NS;
}

static void schedule_retry(struct target *target, int64_t retry_after_ns) {
    target->failures++;
    int64_t delay_ns = retry_after_ns > 0 ? retry_after_ns : backoff_ns(target->failures);
    set_state(target, TARGET_RETRYING);
    target->is_held = retry_after_ns > 0;
    target->retry_at_ns = clock_add_ns(clock_wall_ns(), delay_ns);
    timer_start(target->retry, delay_ns);
}

static void note_success(struct target *target, size_t too_large) {
    uint64_t dropped = known_dropped(target);
    if (dropped > target->dropped_shown)
        log_notice("Log target \"%s\" accepts logs, %" PRIu64 " were dropped before", target->name,
                   dropped - target->dropped_shown);
    if (too_large > 0)
        log_notice("Cannot send %zu logs to target \"%s\": too large for a datagram", too_large, target->name);
    target->dropped += too_large;
    target->dropped_shown = dropped + too_large;
    target->failures = 0;
    target->sent += target->payload.count - too_large;
}

static void note_refusal(struct target *target, const struct send_result *result) {
    target->dropped += target->payload.count;
    target->dropped_shown += target->payload.count;
    target->failures = 0;
    log_notice("Target \"%s\": request failed with status %d, dropping %zu logs", target->name, result->status,
               target->payload.count);
}

static void on_payload_sent(const struct send_result *result, void *data) {
    struct target *target = data;
    free(target->last_error);
    target->last_error = result->message != NULL ? memory_string(result->message) : NULL;
    gatherer_end_payload(&target->gatherer, result->outcome != SEND_FAILED);
    if (result->outcome == SEND_DONE)
        note_success(target, result->dropped);
    if (result->outcome == SEND_REFUSED)
        note_refusal(target, result);
    if (result->message != NULL)
        log_notice("Cannot flush logs to target \"%s\": %s", target->name, result->message);
    if (result->outcome == SEND_FAILED)
        schedule_retry(target, result->retry_after_ns);
    else
        set_state(target, TARGET_GATHERING);
    buffer_finish(&target->payload.text);
    wait_for_turn(target);
}

// --- the target ---

struct target *target_create(const struct forward_spec *spec, const struct plan_log_target *config) {
    struct target *target = memory_new(sizeof *target);
    target->spec = spec;
    target->name = memory_string(config->name);
    target->type = config->type;
    target->location = memory_string(config->location);
    target->gather = timer_create_in(spec->loop, on_timer_expired, target);
    target->retry = timer_create_in(spec->loop, on_timer_expired, target);
    target->sender = sender_create(spec, config->type, config->location);
    sender_on_done(target->sender, on_payload_sent, target);
    buffer_init(&target->payload.text, BUFFER_NO_LIMIT); // bounded by PAYLOAD_TEXT_MAX
    gatherer_init(&target->gatherer, on_rings_grown, target);
    return target;
}

void target_destroy(struct target *target) {
    loop_defer_cancel(target->spec->loop, &target->turn);
    timer_destroy(target->gather);
    timer_destroy(target->retry);
    sender_destroy(target->sender);
    gatherer_finish(&target->gatherer);
    buffer_finish(&target->payload.text);
    list_remove(&target->link);
    free(target->last_error);
    free(target->location);
    free(target->name);
    free(target);
}

bool target_is_same(const struct target *target, const struct plan_log_target *config) {
    return target->type == config->type && text_equal(target->location, config->location);
}

bool target_selects(const struct plan_log_target *config, const char *service) {
    for (size_t i = config->services.count; i > 0; i--) {
        const char *entry = config->services.items[i - 1];
        bool is_excluded = entry[0] == '-';
        const char *name = is_excluded ? entry + 1 : entry;
        if (text_equal(name, "all") || text_equal(name, service))
            return !is_excluded;
    }
    return false;
}

void target_flush(struct target *target) {
    if (target->state == TARGET_GATHERING && gatherer_count(&target->gatherer, 1) > 0)
        send_payload(target);
}

void target_end(struct target *target, target_ended_fn on_ended, void *data) {
    gatherer_leave_all(&target->gatherer);
    target->on_ended = on_ended;
    target->data = data;
    target->has_ended = false;
    if (target->state == TARGET_RETRYING)
        send_payload(target);
    else if (target->state == TARGET_GATHERING)
        wait_for_turn(target);
}
