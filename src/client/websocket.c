// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/websocket_internal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/errors.h"

#define TURN_BYTES CLIENT_WEBSOCKET_INPUT_BYTES
#define KEY_BYTES 16

// Masks keep data from looking like requests to intermediaries (RFC 6455 section 10.3). They protect no secret: early
// at boot, when the system has no random bytes yet, the clock has to do.
static void fill_random(unsigned char *bytes, size_t length) {
    if (getrandom(bytes, length, GRND_NONBLOCK) == (ssize_t)length)
        return;
    uint64_t value = (uint64_t)clock_monotonic_ns();
    for (size_t i = 0; i < length; i++) {
        value = value * 6364136223846793005U + 1442695040888963407U;
        bytes[i] = (unsigned char)(value >> 56);
    }
}

bool client_websocket_init(struct client_websocket *websocket, struct pebble_client *client, const char *target,
                           int64_t deadline_ns, struct pebble_error *error) {
    unsigned char random[KEY_BYTES];
    char key[WEBSOCKET_KEY_SIZE];
    fill_random(random, sizeof random);
    websocket_make_key(random, key);
    const struct client_request request = {.method = "GET", .target = target, .websocket_key = key};
    const struct client_transfer_limits limits = {
        .deadline_ns = deadline_ns, .idle_ns = client->idle_ns, .is_single = true};
    *websocket = (struct client_websocket){.text = BUFFER_INIT(CLIENT_WEBSOCKET_TEXT_BYTES),
                                           .output = BUFFER_INIT(BUFFER_NO_LIMIT)};
    client_connection_init(&websocket->connection, &client->endpoint);
    websocket_reader_init(&websocket->reader, false);
    return client_fetch_init(&websocket->handshake, client, &request, &limits, error);
}

void client_websocket_finish(struct client_websocket *websocket) {
    if (websocket->connection.endpoint == NULL)
        return;
    client_fetch_finish(&websocket->handshake);
    client_connection_close(&websocket->connection);
    websocket_reader_finish(&websocket->reader);
    free(websocket->input);
    buffer_finish(&websocket->text);
    buffer_finish(&websocket->output);
    *websocket = (struct client_websocket){.state = CLIENT_WEBSOCKET_OVER};
}

static enum client_websocket_event end(struct client_websocket *websocket) {
    websocket->state = CLIENT_WEBSOCKET_OVER;
    client_connection_close(&websocket->connection);
    return CLIENT_WEBSOCKET_ENDED;
}

// --- sending ---

static bool has_frames(const struct client_websocket *websocket) {
    return websocket->sent < websocket->output.length;
}

bool client_websocket_has_queue(const struct client_websocket *websocket) {
    return has_frames(websocket) || client_connection_has_output(&websocket->connection);
}

size_t client_websocket_room(const struct client_websocket *websocket) {
    size_t queued = websocket->output.length - websocket->sent;
    bool is_full = websocket->state != CLIENT_WEBSOCKET_OPEN || queued >= CLIENT_WEBSOCKET_QUEUE_BYTES;
    return is_full ? 0 : CLIENT_WEBSOCKET_QUEUE_BYTES - queued;
}

// What is queued on a connection that is broken is dropped: the daemon ends it then, which a reception reports. If only
// sending has failed, as without memory for the socket, the daemon has to read an end.
static void flush_output(struct client_websocket *websocket) {
    while (has_frames(websocket)) {
        const char *bytes = websocket->output.data + websocket->sent;
        size_t sent, length = websocket->output.length - websocket->sent;
        enum client_io io = client_connection_send(&websocket->connection, bytes, length, &sent, NULL);
        if (io == CLIENT_IO_BLOCKED)
            return;
        if (io != CLIENT_IO_DONE) {
            client_connection_end_output(&websocket->connection);
            break;
        }
        websocket->sent += sent;
    }
    buffer_clear(&websocket->output);
    websocket->sent = 0;
}

static const unsigned char *next_mask(struct client_websocket *websocket) {
    if (websocket->random_left == 0) {
        fill_random(websocket->random, sizeof websocket->random);
        websocket->random_left = sizeof websocket->random;
    }
    websocket->random_left -= WEBSOCKET_MASK_BYTES;
    return websocket->random + websocket->random_left;
}

static void queue_frame(struct client_websocket *websocket, enum websocket_opcode opcode, const char *bytes,
                        size_t length) {
    struct buffer *output = &websocket->output;
    const unsigned char *mask = next_mask(websocket);
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    size_t head_size = websocket_write_head(head, opcode, true, length, mask);
    buffer_consume(output, websocket->sent);
    websocket->sent = 0;
    if (!buffer_reserve(output, head_size + length))
        abort(); // the buffer has no limit
    buffer_add(output, head, head_size);
    websocket_mask(output->data + output->length, bytes, length, mask, 0);
    output->length += length;
    output->data[output->length] = '\0';
}

void client_websocket_send(struct client_websocket *websocket, enum websocket_opcode opcode, const char *bytes,
                           size_t length) {
    queue_frame(websocket, opcode, bytes, length);
    flush_output(websocket);
}

static void send_close(struct client_websocket *websocket, unsigned code) {
    const char payload[] = {(char)(code >> 8), (char)(code & 0xff)};
    client_websocket_send(websocket, WEBSOCKET_CLOSE, payload, code == WEBSOCKET_CODE_NONE ? 0 : sizeof payload);
}

void client_websocket_close(struct client_websocket *websocket) {
    if (websocket->state == CLIENT_WEBSOCKET_OPEN)
        send_close(websocket, WEBSOCKET_CODE_NORMAL);
    (void)end(websocket);
}

// --- receiving ---

static enum client_websocket_event receive_more(struct client_websocket *websocket) {
    size_t received;
    if (websocket->turn_bytes >= TURN_BYTES || websocket->is_drained)
        return CLIENT_WEBSOCKET_WAITING;
    if (websocket->input == NULL)
        websocket->input = memory_new(CLIENT_WEBSOCKET_INPUT_BYTES);
    switch (client_connection_receive(&websocket->connection, websocket->input, CLIENT_WEBSOCKET_INPUT_BYTES, &received,
                                      NULL)) {
    case CLIENT_IO_DONE:
        websocket->turn_bytes += received;
        websocket->is_drained = received < CLIENT_WEBSOCKET_INPUT_BYTES;
        websocket->unread = websocket->input;
        websocket->unread_length = received;
        return CLIENT_WEBSOCKET_OPENED;
    case CLIENT_IO_BLOCKED:
        return CLIENT_WEBSOCKET_WAITING;
    case CLIENT_IO_CLOSED:
    case CLIENT_IO_FAILED:
        break;
    }
    return end(websocket);
}

static enum client_websocket_event fail_protocol(struct client_websocket *websocket, unsigned code, const char *fault) {
    websocket->fault = fault;
    send_close(websocket, code);
    return end(websocket);
}

// OPENED: go on.
static enum client_websocket_event take_control(struct client_websocket *websocket,
                                                const struct websocket_piece *piece) {
    if (piece->opcode == WEBSOCKET_CLOSE) {
        unsigned code = websocket_close_code(piece);
        websocket->was_closed = code == WEBSOCKET_CODE_NORMAL || code == WEBSOCKET_CODE_NONE;
        send_close(websocket, code);
        return end(websocket);
    }
    // A daemon that sends pings and reads nothing gets no responses.
    if (piece->opcode == WEBSOCKET_PING && client_websocket_room(websocket) > 0)
        client_websocket_send(websocket, WEBSOCKET_PONG, piece->bytes, piece->length);
    return CLIENT_WEBSOCKET_OPENED;
}

// OPENED: go on.
static enum client_websocket_event take_text(struct client_websocket *websocket, const struct websocket_piece *piece) {
    if (websocket->is_text_whole)
        buffer_clear(&websocket->text);
    buffer_add(&websocket->text, piece->bytes, piece->length);
    websocket->is_text_whole = piece->is_end;
    if (!buffer_is_whole(&websocket->text))
        return fail_protocol(websocket, WEBSOCKET_CODE_TOO_BIG, "text message is too long");
    return piece->is_end ? CLIENT_WEBSOCKET_TEXT : CLIENT_WEBSOCKET_OPENED;
}

static enum client_websocket_event receive(struct client_websocket *websocket, struct websocket_piece *piece) {
    switch (websocket_reader_next(&websocket->reader, &websocket->unread, &websocket->unread_length, piece)) {
    case WEBSOCKET_NEED_MORE:
        return receive_more(websocket);
    case WEBSOCKET_DATA:
        if (piece->opcode == WEBSOCKET_TEXT)
            return take_text(websocket, piece);
        return piece->length > 0 ? CLIENT_WEBSOCKET_BINARY : CLIENT_WEBSOCKET_OPENED;
    case WEBSOCKET_CONTROL:
        return take_control(websocket, piece);
    case WEBSOCKET_FAILED:
        break;
    }
    return fail_protocol(websocket, WEBSOCKET_CODE_PROTOCOL_ERROR, websocket_reader_reason(&websocket->reader));
}

// --- the whole ---

// Takes the connection over from the handshake, with the frames that came with the response.
static void open_websocket(struct client_websocket *websocket) {
    struct client_transfer *transfer = &websocket->handshake.transfer;
    const struct client_exchange *exchange = &transfer->exchange;
    client_connection_move(&websocket->connection, &transfer->connection);
    if (exchange->input_length > 0) {
        websocket->input = memory_new(CLIENT_WEBSOCKET_INPUT_BYTES);
        memcpy(websocket->input, exchange->input, exchange->input_length);
        websocket->unread = websocket->input;
        websocket->unread_length = exchange->input_length;
    }
    client_fetch_finish(&websocket->handshake);
    websocket->state = CLIENT_WEBSOCKET_OPEN;
}

static enum client_websocket_event connect_websocket(struct client_websocket *websocket, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    switch (client_fetch_step(&websocket->handshake, &response, error)) {
    case CLIENT_WAITING:
        return CLIENT_WEBSOCKET_WAITING;
    case CLIENT_FAILED:
        break;
    case CLIENT_DONE:
        if (response.envelope == NULL) {
            open_websocket(websocket);
            return CLIENT_WEBSOCKET_OPENED;
        }
        client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot connect to server: response is no WebSocket handshake");
        break;
    }
    (void)end(websocket);
    return CLIENT_WEBSOCKET_FAILED;
}

static enum client_websocket_event transport(struct client_websocket *websocket, const char **data, size_t *length) {
    struct websocket_piece piece = {0};
    enum client_websocket_event event = CLIENT_WEBSOCKET_OPENED;
    flush_output(websocket);
    while (event == CLIENT_WEBSOCKET_OPENED)
        event = receive(websocket, &piece);
    if (event == CLIENT_WEBSOCKET_WAITING) {
        websocket->turn_bytes = 0;
        websocket->is_drained = false;
    }
    *data = event == CLIENT_WEBSOCKET_TEXT ? buffer_text(&websocket->text) : piece.bytes;
    *length = event == CLIENT_WEBSOCKET_TEXT ? websocket->text.length : piece.length;
    return event;
}

enum client_websocket_event client_websocket_step(struct client_websocket *websocket, const char **data, size_t *length,
                                                  struct pebble_error *error) {
    switch (websocket->state) {
    case CLIENT_WEBSOCKET_CONNECTING:
        return connect_websocket(websocket, error);
    case CLIENT_WEBSOCKET_OPEN:
        return transport(websocket, data, length);
    case CLIENT_WEBSOCKET_OVER:
        break;
    }
    return CLIENT_WEBSOCKET_ENDED;
}

bool client_websocket_watch(struct client_websocket *websocket, struct client_wants *wants, struct error *err) {
    switch (websocket->state) {
    case CLIENT_WEBSOCKET_CONNECTING:
        return client_transfer_watch(&websocket->handshake.transfer, wants, err);
    case CLIENT_WEBSOCKET_OPEN:
        return client_connection_watch(&websocket->connection, wants,
                                       client_websocket_has_queue(websocket) ? POLLIN | POLLOUT : POLLIN, err);
    case CLIENT_WEBSOCKET_OVER:
        break;
    }
    return true;
}
