// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_websocket.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "http/http_websocket_internal.h"

#define CLOSE_WAIT_NS (5 * NS_PER_S)

enum websocket_state {
    WEBSOCKET_OPEN,
    WEBSOCKET_ENDED,   // nothing more is received; on_ended is being or has been called
    WEBSOCKET_CLOSING, // the owner has closed the session; waits for the client
    WEBSOCKET_CLOSED,  // on_closed is due or has been called
    WEBSOCKET_DESTROYED,
};

struct websocket {
    struct loop *loop;
    struct stream *stream;
    struct client_share *share; // for what is received; NULL: it has no limit
    struct websocket_reader reader;
    struct websocket_handlers handlers;
    void *data;
    enum websocket_state state;
    bool is_reading;           // the owner wants to read
    bool is_due_to_read;       // the stream is not read before it is the turn of the share
    bool is_calling;           // handlers are being called, and the session is used afterwards
    bool has_sent_close;       // nothing can be sent after it
    bool has_violated;         // what the client sends is not read as frames any more
    bool is_peer_done;         // the client has sent a close frame or the end of its stream
    struct buffer text;        // of the message that is being received
    struct buffer input;       // received while the owner does not read, or too much for one turn
    struct deferred turn;      // without a share, and for the end
    struct timer *close_timer; // NULL before websocket_close()
    // The reply to the latest ping, kept while other bytes are queued (RFC 6455 section 5.5.3).
    char pong[WEBSOCKET_CONTROL_MAX_BYTES];
    size_t pong_length;
    bool has_pong;
};

// --- around handlers ---

static void websocket_free(struct websocket *websocket) {
    websocket_reader_finish(&websocket->reader);
    buffer_finish(&websocket->text);
    buffer_finish(&websocket->input);
    free(websocket);
}

// Called by the stream and by deferred calls, which do not nest.
static void begin_calling(struct websocket *websocket) {
    websocket->is_calling = true;
}

static void end_calling(struct websocket *websocket) {
    websocket->is_calling = false;
    if (websocket->state == WEBSOCKET_DESTROYED)
        websocket_free(websocket);
}

// --- sending ---

static void send_frame(struct websocket *websocket, enum websocket_opcode opcode, const void *bytes, size_t length) {
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    const struct iovec pieces[] = {
        {.iov_base = head, .iov_len = websocket_write_head(head, opcode, true, length, NULL)},
        {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length},
    };
    stream_write(websocket->stream, pieces, length > 0 ? 2 : 1);
}

static void send_close(struct websocket *websocket, unsigned code) {
    if (websocket->has_sent_close)
        return;
    const char payload[] = {(char)(code >> 8), (char)(code & 0xff)};
    send_frame(websocket, WEBSOCKET_CLOSE, payload, code == WEBSOCKET_CODE_NONE ? 0 : sizeof payload);
    websocket->has_sent_close = true;
    websocket->has_pong = false;
}

static void send_pong(struct websocket *websocket) {
    if (!websocket->has_pong || websocket_is_broken(websocket) || websocket_is_full(websocket))
        return;
    websocket->has_pong = false;
    send_frame(websocket, WEBSOCKET_PONG, websocket->pong, websocket->pong_length);
}

void websocket_send(struct websocket *websocket, enum websocket_opcode opcode, const void *bytes, size_t length) {
    if (!websocket_is_broken(websocket))
        send_frame(websocket, opcode, bytes, length);
}

size_t websocket_queued_bytes(const struct websocket *websocket) {
    return stream_queued_bytes(websocket->stream);
}

bool websocket_is_full(const struct websocket *websocket) {
    return stream_is_full(websocket->stream);
}

bool websocket_is_broken(const struct websocket *websocket) {
    return websocket->has_sent_close || stream_is_broken(websocket->stream);
}

// --- the end ---

static void on_turn_due(struct deferred *turn);

// Reports on_closed in the next turn, if nothing is left to wait for.
static void check_closed(struct websocket *websocket) {
    bool has_sent_all = websocket_queued_bytes(websocket) == 0;
    if (websocket->state != WEBSOCKET_CLOSING || !websocket->is_peer_done || !has_sent_all)
        return;
    websocket->state = WEBSOCKET_CLOSED;
    timer_stop(websocket->close_timer);
    loop_defer(websocket->loop, &websocket->turn, on_turn_due);
}

static void on_close_wait_over(void *data) {
    struct websocket *websocket = data;
    websocket->state = WEBSOCKET_CLOSED;
    begin_calling(websocket);
    if (websocket->handlers.on_closed != NULL)
        websocket->handlers.on_closed(websocket, websocket->data);
    end_calling(websocket);
}

static void end(struct websocket *websocket, enum websocket_end how) {
    if (websocket->state == WEBSOCKET_CLOSING)
        check_closed(websocket);
    if (websocket->state != WEBSOCKET_OPEN)
        return;
    websocket->state = WEBSOCKET_ENDED;
    stream_read_stop(websocket->stream);
    if (websocket->handlers.on_ended != NULL)
        websocket->handlers.on_ended(websocket, how, websocket->data);
}

static void violate(struct websocket *websocket, unsigned code) {
    websocket->has_violated = true;
    send_close(websocket, code);
    end(websocket, WEBSOCKET_END_VIOLATION);
}

// The stream is shut down after a violation, because what the client still sends is not read as frames.
void websocket_close(struct websocket *websocket, unsigned code) {
    if (websocket->state >= WEBSOCKET_CLOSING)
        return;
    send_close(websocket, code);
    if (websocket->has_violated)
        stream_shut_down(websocket->stream);
    websocket->state = WEBSOCKET_CLOSING;
    websocket->is_peer_done = websocket->is_peer_done || stream_is_broken(websocket->stream);
    websocket->close_timer = timer_create_in(websocket->loop, on_close_wait_over, websocket);
    timer_start(websocket->close_timer, CLOSE_WAIT_NS);
    // Input that is left over may contain the client's close frame.
    loop_defer(websocket->loop, &websocket->turn, on_turn_due);
}

// --- receiving ---

static void take_text(struct websocket *websocket, const struct websocket_piece *piece) {
    buffer_add(&websocket->text, piece->bytes, piece->length);
    if (!buffer_is_whole(&websocket->text)) {
        violate(websocket, WEBSOCKET_CODE_TOO_BIG);
        return;
    }
    if (!piece->is_end)
        return;
    if (websocket->handlers.on_text != NULL)
        websocket->handlers.on_text(websocket, buffer_text(&websocket->text), websocket->text.length, websocket->data);
    buffer_clear(&websocket->text);
}

static void take_data(struct websocket *websocket, const struct websocket_piece *piece) {
    if (websocket->state != WEBSOCKET_OPEN)
        return; // the session is being closed
    if (piece->opcode == WEBSOCKET_TEXT)
        take_text(websocket, piece);
    else if (piece->length > 0 && websocket->handlers.on_binary != NULL)
        websocket->handlers.on_binary(websocket, piece->bytes, piece->length, websocket->data);
}

static void take_control(struct websocket *websocket, const struct websocket_piece *piece) {
    if (piece->opcode == WEBSOCKET_CLOSE) {
        websocket->is_peer_done = true;
        send_close(websocket, websocket_close_code(piece));
        end(websocket, WEBSOCKET_END_CLOSED);
    } else if (piece->opcode == WEBSOCKET_PING) {
        memcpy(websocket->pong, piece->bytes, piece->length);
        websocket->pong_length = piece->length;
        websocket->has_pong = true;
        send_pong(websocket);
    }
}

static bool reads_frames(const struct websocket *websocket) {
    bool is_wanted =
        (websocket->state == WEBSOCKET_OPEN && websocket->is_reading) || websocket->state == WEBSOCKET_CLOSING;
    return is_wanted && !websocket->has_violated && !websocket->is_peer_done;
}

// A client can send thousands of small frames at once, and each may cost a system call. The rest waits for another
// turn.
static bool may_go_on(const struct websocket *websocket, size_t count) {
    return websocket->state != WEBSOCKET_OPEN || count < WEBSOCKET_PIECES_AT_ONCE;
}

static void consume(struct websocket *websocket, const char **bytes, size_t *length) {
    for (size_t count = 0; reads_frames(websocket) && may_go_on(websocket, count); count++) {
        struct websocket_piece piece;
        switch (websocket_reader_next(&websocket->reader, bytes, length, &piece)) {
        case WEBSOCKET_NEED_MORE:
            return;
        case WEBSOCKET_DATA:
            take_data(websocket, &piece);
            break;
        case WEBSOCKET_CONTROL:
            take_control(websocket, &piece);
            break;
        case WEBSOCKET_FAILED:
            violate(websocket, WEBSOCKET_CODE_PROTOCOL_ERROR);
            break;
        }
    }
}

static void consume_input(struct websocket *websocket) {
    const char *bytes = buffer_text(&websocket->input);
    size_t length = websocket->input.length;
    consume(websocket, &bytes, &length);
    buffer_consume(&websocket->input, websocket->input.length - length);
    if (length == 0)
        buffer_finish(&websocket->input);
}

static void on_share_due(void *data);

static void defer_input(struct websocket *websocket) {
    if (websocket->state != WEBSOCKET_OPEN || !websocket->is_reading || websocket->input.length == 0)
        return;
    if (websocket->share != NULL)
        client_share_defer(websocket->share, on_share_due, websocket);
    else
        loop_defer(websocket->loop, &websocket->turn, on_turn_due);
}

static bool reads_stream(const struct websocket *websocket) {
    return websocket->state == WEBSOCKET_CLOSING ||
           (websocket->state == WEBSOCKET_OPEN && websocket->is_reading && websocket->input.length == 0);
}

static void update_reading(struct websocket *websocket) {
    if (reads_stream(websocket) && !websocket->is_due_to_read)
        stream_read_start(websocket->stream);
}

static void note_use(struct websocket *websocket) {
    if (websocket->share != NULL)
        client_share_note_use(websocket->share);
}

static void consume_kept_input(struct websocket *websocket) {
    consume_input(websocket);
    if (websocket->state != WEBSOCKET_DESTROYED) {
        check_closed(websocket);
        update_reading(websocket);
        defer_input(websocket);
    }
}

static void on_share_due(void *data) {
    struct websocket *websocket = data;
    websocket->is_due_to_read = false;
    if (reads_stream(websocket)) {
        stream_read_start(websocket->stream);
        stream_read_now(websocket->stream);
        return;
    }
    begin_calling(websocket);
    if (websocket->state == WEBSOCKET_OPEN)
        consume_kept_input(websocket);
    note_use(websocket);
    end_calling(websocket);
}

static void on_turn_due(struct deferred *turn) {
    struct websocket *websocket = CONTAINER_OF(turn, struct websocket, turn);
    begin_calling(websocket);
    if (websocket->state == WEBSOCKET_CLOSED) {
        if (websocket->handlers.on_closed != NULL)
            websocket->handlers.on_closed(websocket, websocket->data);
    } else {
        consume_kept_input(websocket);
    }
    end_calling(websocket);
}

void websocket_read_start(struct websocket *websocket) {
    if (websocket->is_reading || websocket->state != WEBSOCKET_OPEN)
        return;
    websocket->is_reading = true;
    update_reading(websocket);
    defer_input(websocket);
}

void websocket_read_stop(struct websocket *websocket) {
    websocket->is_reading = false;
    if (websocket->state == WEBSOCKET_OPEN)
        stream_read_stop(websocket->stream);
}

// --- the stream ---

static bool on_stream_asks(struct stream *stream, void *data) {
    struct websocket *websocket = data;
    if (websocket->share == NULL || client_share_begin(websocket->share))
        return true;
    websocket->is_due_to_read = true;
    stream_read_stop(stream);
    client_share_defer(websocket->share, on_share_due, websocket);
    return false;
}

static void on_stream_data(struct stream *stream UNUSED, const char *bytes, size_t length, void *data) {
    struct websocket *websocket = data;
    begin_calling(websocket);
    if (websocket->input.length == 0)
        consume(websocket, &bytes, &length);
    // The rest, if a handler has stopped reading, or if there are many frames.
    if (websocket->state == WEBSOCKET_OPEN && length > 0) {
        buffer_add(&websocket->input, bytes, length);
        stream_read_stop(websocket->stream);
        defer_input(websocket);
    }
    note_use(websocket);
    end_calling(websocket);
}

static void on_stream_no_data(struct stream *stream UNUSED, void *data) {
    note_use(data);
}

static void on_stream_end(struct stream *stream UNUSED, void *data) {
    struct websocket *websocket = data;
    begin_calling(websocket);
    websocket->is_peer_done = true;
    end(websocket, WEBSOCKET_END_LOST);
    end_calling(websocket);
}

static void report_drained(struct websocket *websocket) {
    if (websocket->state < WEBSOCKET_CLOSING && websocket->handlers.on_drained != NULL)
        websocket->handlers.on_drained(websocket, websocket->data);
}

static void on_stream_drained(struct stream *stream UNUSED, void *data) {
    struct websocket *websocket = data;
    begin_calling(websocket);
    send_pong(websocket);
    check_closed(websocket);
    if (!websocket_is_full(websocket))
        report_drained(websocket);
    end_calling(websocket);
}

static void on_stream_failed(struct stream *stream UNUSED, const struct error *err UNUSED, void *data) {
    struct websocket *websocket = data;
    begin_calling(websocket);
    websocket->is_peer_done = true;
    end(websocket, WEBSOCKET_END_LOST);
    report_drained(websocket);
    end_calling(websocket);
}

// --- creating and destroying ---

struct websocket *websocket_create(struct loop *loop, struct stream *stream, const char *bytes, size_t length) {
    static const struct stream_handlers handlers = {.may_read = on_stream_asks,
                                                    .on_data = on_stream_data,
                                                    .on_no_data = on_stream_no_data,
                                                    .on_end = on_stream_end,
                                                    .on_drained = on_stream_drained,
                                                    .on_failed = on_stream_failed};
    struct websocket *websocket = memory_new(sizeof *websocket);
    websocket->loop = loop;
    websocket->stream = stream;
    websocket_reader_init(&websocket->reader, true);
    buffer_init(&websocket->text, WEBSOCKET_TEXT_LIMIT_BYTES);
    buffer_init(&websocket->input, BUFFER_NO_LIMIT);
    buffer_add(&websocket->input, bytes, length);
    stream_read_stop(stream);
    stream_set_handlers(stream, &handlers, websocket);
    // Full as soon as anything is queued, so that large pieces are written without being copied.
    stream_set_water_marks(stream, 0, 1);
    return websocket;
}

void websocket_use_share(struct websocket *websocket, struct client_share *share) {
    websocket->share = share;
}

void websocket_destroy(struct websocket *websocket) {
    if (websocket == NULL)
        return;
    websocket->state = WEBSOCKET_DESTROYED;
    loop_defer_cancel(websocket->loop, &websocket->turn);
    client_share_destroy(TAKE(websocket->share));
    timer_destroy(websocket->close_timer);
    stream_destroy(websocket->stream);
    if (!websocket->is_calling)
        websocket_free(websocket);
}

void websocket_set_handlers(struct websocket *websocket, const struct websocket_handlers *handlers, void *data) {
    websocket->handlers = *handlers;
    websocket->data = data;
}
