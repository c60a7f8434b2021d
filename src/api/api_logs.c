// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/logs: lines of JSON, at once or as they come.
#include "api/api_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define DEFAULT_COUNT 30
#define BLOCK_BYTES ((size_t)32768) // written to the connection at a time
#define BLOCKS_PER_TURN 16

struct log_response {
    struct api_call *call;
    struct log_query *query;
    struct deferred turn;
    bool follow;
};

static void log_response_destroy(void *data) {
    struct log_response *answer = data;
    loop_defer_cancel(answer->call->api->spec.loop, &answer->turn);
    log_query_destroy(answer->query);
    free(answer);
}

static void add_entry(struct buffer *out, const char *service, const struct ring_entry *entry) {
    char time[CLOCK_TEXT_SIZE];
    clock_format((struct wall_time){.ns = entry->wall_ns, .is_set = true}, time);
    buffer_add_string(out, "{\"time\":\"");
    buffer_add_string(out, time);
    buffer_add_string(out, "\",\"service\":");
    json_add_string(out, service, strlen(service), false);
    buffer_add_string(out, ",\"message\":");
    json_add_string(out, entry->message, entry->length, false);
    buffer_add_string(out, "}\n");
}

// Writes one block of entries; false when there are none left.
static bool write_block(struct log_response *answer) {
    AUTO_BUFFER struct buffer block = BUFFER_INIT(BUFFER_NO_LIMIT);
    const char *service;
    struct ring_entry entry;
    while (block.length < BLOCK_BYTES && log_query_next(answer->query, &service, &entry))
        add_entry(&block, service, &entry);
    http_stream_write(answer->call->exchange, block.data, block.length);
    return block.length >= BLOCK_BYTES;
}

static void on_turn(struct deferred *deferred) {
    struct log_response *answer = CONTAINER_OF(deferred, struct log_response, turn);
    struct http_exchange *exchange = answer->call->exchange;
    for (int i = 0; i < BLOCKS_PER_TURN; i++) {
        if (http_stream_pending(exchange) >= HTTP_STREAM_HIGH_BYTES)
            return; // on_drain goes on
        if (!write_block(answer)) {
            if (!answer->follow)
                http_stream_end(exchange);
            return;
        }
    }
    loop_defer(answer->call->api->spec.loop, deferred, on_turn);
}

static void go_on(void *data) {
    struct log_response *answer = data;
    loop_defer(answer->call->api->spec.loop, &answer->turn, on_turn);
}

static void on_drain(struct http_exchange *exchange UNUSED, void *data) {
    go_on(data);
}

static void on_cancel(struct http_exchange *exchange, void *data UNUSED) {
    http_stream_end(exchange);
}

static void begin_response(struct api_call *call, const struct text_list *services, int64_t count, bool follow) {
    struct log_response *answer = memory_new(sizeof *answer);
    answer->call = call;
    answer->follow = follow;
    call->waiting = answer;
    call->release_waiting = log_response_destroy;
    struct log_query_spec spec = {
        .services = services->count > 0 ? services : NULL,
        .count = count,
        .follow = follow,
        .on_ready = go_on,
        .data = answer,
    };
    answer->query = log_query_create(call->api->spec.logs, &spec);
    if (follow) // another ends by itself, and a client that has said its last word still gets the whole of it
        http_exchange_on_cancel(call->exchange, on_cancel, answer);
    http_stream_on_drain(call->exchange, on_drain, answer);
    http_stream_begin(call->exchange, 200, "application/x-ndjson");
    on_turn(&answer->turn);
}

void api_get_logs(struct api_call *call) {
    const struct url_query *query = api_query(call);
    const char *follow = url_query_first(query, "follow");
    if (!text_is_empty(follow) && !text_equal(follow, "true") && !text_equal(follow, "false")) {
        api_respond_failure(call, ERROR_BAD_REQUEST, "follow parameter must be \"true\" or \"false\"");
        return;
    }
    bool is_following = text_equal(follow, "true");
    const char *number = url_query_first(query, "n");
    int64_t count = is_following ? 0 : DEFAULT_COUNT;
    if (!text_is_empty(number) && !text_to_int64(number, -1, INT64_MAX, &count)) {
        api_respond_failure(call, ERROR_BAD_REQUEST, "n must be -1, 0, or a positive integer");
        return;
    }
    AUTO_TEXT_LIST struct text_list services = {0};
    url_query_list(query, "services", &services);
    begin_response(call, &services, count, is_following);
}
