// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/logs: a stream of JSON lines.
#include "api/api_internal.h"

#include <stdlib.h>
#include <string.h>

#include "api/response_internal.h"
#include "base/memory.h"
#include "http/http_response.h"

#define DEFAULT_COUNT 30
#define BLOCK_BYTES ((size_t)32768) // size of one write to the connection
#define BLOCKS_PER_TURN 4
#define USUAL_ENTRY_BYTES 4096

struct log_response {
    struct api_call *call;
    struct log_query *query;
    struct share_call turn;
    bool follow;
    int64_t time_ns;            // of `time`
    char time[CLOCK_TEXT_SIZE]; // of the last entry; many are of the same millisecond
};

static void log_response_destroy(void *data) {
    struct log_response *response = data;
    share_cancel(&response->turn);
    log_query_destroy(response->query);
    free(response);
}

static const char *time_text(struct log_response *response, int64_t wall_ns) {
    if (response->time_ns != wall_ns || response->time[0] == '\0')
        clock_format((struct wall_time){.ns = wall_ns, .is_set = true}, response->time);
    response->time_ns = wall_ns;
    return response->time;
}

static void add_entry(struct buffer *out, const char *time, const char *service, const struct ring_entry *entry) {
    buffer_add_string(out, "{\"time\":\"");
    buffer_add_string(out, time);
    buffer_add_string(out, "\",\"service\":");
    json_add_string(out, service, strlen(service), false);
    buffer_add_string(out, ",\"message\":");
    json_add_string(out, entry->message, entry->length, false);
    buffer_add_string(out, "}\n");
}

// Writes one block of entries. Returns false if none are left.
static bool write_block(struct log_response *response) {
    char memory[BLOCK_BYTES + USUAL_ENTRY_BYTES];
    AUTO_BUFFER struct buffer block;
    buffer_lend(&block, memory, sizeof memory);
    const char *service;
    struct ring_entry entry;
    while (block.length < BLOCK_BYTES && log_query_next(response->query, &service, &entry))
        add_entry(&block, time_text(response, entry.wall_ns), service, &entry);
    http_stream_write(response->call->exchange, block.data, block.length);
    return block.length >= BLOCK_BYTES;
}

static void write_turn(struct share_call *turn) {
    struct log_response *response = CONTAINER_OF(turn, struct log_response, turn);
    struct http_exchange *exchange = response->call->exchange;
    bool is_placed = log_query_place(response->query);
    for (int i = 0; is_placed && i < BLOCKS_PER_TURN; i++) {
        if (http_stream_pending(exchange) >= HTTP_STREAM_HIGH_BYTES)
            return; // continued by on_stream_drained()
        if (!write_block(response)) {
            if (!response->follow)
                http_stream_end(exchange);
            return;
        }
    }
    http_exchange_defer(exchange, turn, write_turn);
}

static void schedule_turn(void *data) {
    struct log_response *response = data;
    http_exchange_defer(response->call->exchange, &response->turn, write_turn);
}

static void on_stream_drained(struct http_exchange *exchange UNUSED, void *data) {
    schedule_turn(data);
}

static void on_client_closed(struct http_exchange *exchange, void *data UNUSED) {
    http_stream_end(exchange);
}

static void begin_response(struct api_call *call, const struct text_list *services, int64_t count, bool follow) {
    struct log_response *response = memory_new(sizeof *response);
    response->call = call;
    response->follow = follow;
    call_keep(call, response, log_response_destroy);
    struct log_query_spec spec = {
        .services = services->count > 0 ? services : NULL,
        .count = count,
        .follow = follow,
        .on_ready = schedule_turn,
        .data = response,
    };
    response->query = log_query_create(call->api->spec.logs, &spec);
    http_exchange_count_bytes(call->exchange, sizeof *response + log_query_memory(response->query));
    // A response that does not follow ends by itself. A client that has only shut down its sending side gets all of it.
    if (follow)
        http_exchange_on_cancel(call->exchange, on_client_closed, response);
    http_stream_on_drain(call->exchange, on_stream_drained, response);
    http_stream_begin(call->exchange, 200, "application/x-ndjson");
    write_turn(&response->turn);
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
    AUTO_ERROR struct error err = {0};
    if (!api_read_list(call, "services", API_NAMES_MAX, &services, &err)) {
        api_respond_error(call, &err);
        return;
    }
    begin_response(call, &services, count, is_following);
}
