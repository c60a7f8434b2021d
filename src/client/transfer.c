// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/transfer_internal.h"

#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"

#define INPUT_BYTES ((size_t)32768)
#define TURN_BYTES ((size_t)262144)
#define RETRY_PAUSE_NS (250 * NS_PER_MS)
#define HANDSHAKE_TIMEOUT_NS (30 * NS_PER_S)

// What came of one state.
enum outcome {
    OUTCOME_MOVED, // on to another state
    OUTCOME_WAITING,
    OUTCOME_EVENT,
    OUTCOME_FAILED,
};

struct transfer_piece {
    enum client_transfer_event event;
    const char *data;
    size_t length;
};

struct client_transfer_limits client_transfer_limits_of(const struct pebble_client *client) {
    return (struct client_transfer_limits){.deadline_ns = client_deadline_ns(client), .idle_ns = client->idle_ns};
}

bool client_transfer_init(struct client_transfer *transfer, struct pebble_client *client,
                          const struct client_request *request, const struct client_transfer_limits *limits,
                          struct pebble_error *error) {
    struct client_exchange exchange;
    const struct client_transfer_limits none = {0};
    if (limits == NULL)
        limits = &none;
    if (!client_exchange_init(&exchange, &client->endpoint, request, error))
        return false;
    *transfer = (struct client_transfer){
        .client = client, .exchange = exchange, .source = request->source, .deadline_ns = limits->deadline_ns};
    transfer->idle_ns = limits->idle_ns;
    transfer->kept = limits->kept;
    transfer->input_bytes = limits->input_bytes > 0 ? limits->input_bytes : INPUT_BYTES;
    client_dial_init(&transfer->dial, &client->endpoint);
    client_connection_init(&transfer->connection, &client->endpoint);
    transfer->is_get = text_equal(request->method, "GET");
    transfer->retry_end_ns = clock_deadline_ns(transfer->is_get && !limits->is_single ? client->get_retry_ns : 0);
    return true;
}

void client_transfer_finish(struct client_transfer *transfer) {
    if (transfer->client == NULL)
        return;
    client_dial_finish(&transfer->dial);
    client_connection_close(&transfer->connection);
    client_exchange_finish(&transfer->exchange);
    free(transfer->input);
    *transfer = (struct client_transfer){0};
}

// --- one function per state ---

static bool take_idle(struct client_transfer *transfer) {
    if (transfer->kept == NULL)
        return client_take_idle(transfer->client, &transfer->connection);
    if (!client_connection_is_open(transfer->kept))
        return false;
    client_connection_move(&transfer->connection, transfer->kept);
    return true;
}

static void keep_idle(struct client_transfer *transfer) {
    if (transfer->kept == NULL)
        client_keep_idle(transfer->client, &transfer->connection);
    else
        client_connection_move(transfer->kept, &transfer->connection);
}

// With the idle connection, if the daemon has neither closed it nor sent anything unasked.
static enum outcome begin_attempt(struct client_transfer *transfer) {
    client_exchange_restart(&transfer->exchange);
    transfer->is_over_idle = false;
    transfer->state = CLIENT_TRANSFER_DIALING;
    if (!take_idle(transfer))
        return OUTCOME_MOVED;
    transfer->is_over_idle = !client_connection_has_input(&transfer->connection);
    if (transfer->is_over_idle)
        transfer->state = CLIENT_TRANSFER_SENDING;
    else
        client_connection_close(&transfer->connection);
    return OUTCOME_MOVED;
}

static enum outcome dial(struct client_transfer *transfer, struct error *err) {
    int fd;
    switch (client_dial_step(&transfer->dial, &fd, err)) {
    case CLIENT_WAITING:
        return OUTCOME_WAITING;
    case CLIENT_FAILED:
        return OUTCOME_FAILED;
    case CLIENT_DONE:
        break;
    }
    if (!client_connection_open(&transfer->connection, fd, err))
        return OUTCOME_FAILED;
    transfer->handshake_end_ns = clock_deadline_ns(HANDSHAKE_TIMEOUT_NS);
    transfer->state = CLIENT_TRANSFER_HANDSHAKING;
    return OUTCOME_MOVED;
}

static enum outcome handshake(struct client_transfer *transfer, struct error *err) {
    switch (client_connection_handshake(&transfer->connection, err)) {
    case CLIENT_WAITING:
        if (clock_monotonic_ns() < transfer->handshake_end_ns)
            return OUTCOME_WAITING;
        error_set(err, ERROR_CONNECTION, "TLS handshake timeout");
        return OUTCOME_FAILED;
    case CLIENT_FAILED:
        return OUTCOME_FAILED;
    case CLIENT_DONE:
        break;
    }
    transfer->state = CLIENT_TRANSFER_SENDING;
    return OUTCOME_MOVED;
}

// The next piece of the body. While there is none, the daemon may respond.
static enum outcome read_source(struct client_transfer *transfer, struct error *err) {
    size_t size, length;
    if (transfer->turn_bytes >= TURN_BYTES)
        return OUTCOME_WAITING;
    char *piece = client_exchange_piece(&transfer->exchange, &size);
    switch (client_source_read(transfer->source, piece, size, &length)) {
    case CLIENT_DONE:
        client_exchange_add_piece(&transfer->exchange, length);
        return OUTCOME_MOVED;
    case CLIENT_WAITING:
        if (client_connection_has_input(&transfer->connection)) {
            transfer->state = CLIENT_TRANSFER_RECEIVING;
            return OUTCOME_MOVED;
        }
        transfer->is_awaiting_source = true;
        return OUTCOME_WAITING;
    case CLIENT_FAILED:
        break;
    }
    error_set(err, ERROR_INTERNAL, "%s", transfer->source->error.message);
    return OUTCOME_FAILED;
}

// A daemon that responds, or closes, before it has all of the request, gets no more of it: the response is read.
static enum outcome send_request(struct client_transfer *transfer, struct error *err) {
    size_t length, sent;
    transfer->is_awaiting_source = false;
    if (client_exchange_wants_piece(&transfer->exchange))
        return read_source(transfer, err);
    const char *bytes = client_exchange_output(&transfer->exchange, &length);
    if (length > 0 && transfer->turn_bytes >= TURN_BYTES)
        return OUTCOME_WAITING;
    transfer->state = CLIENT_TRANSFER_RECEIVING;
    if (length == 0)
        return OUTCOME_MOVED;
    switch (client_connection_send(&transfer->connection, bytes, length, &sent, err)) {
    case CLIENT_IO_DONE:
        client_exchange_note_sent(&transfer->exchange, sent);
        transfer->turn_bytes += sent;
        transfer->state = CLIENT_TRANSFER_SENDING;
        return OUTCOME_MOVED;
    case CLIENT_IO_BLOCKED:
        if (client_connection_has_input(&transfer->connection))
            return OUTCOME_MOVED;
        transfer->state = CLIENT_TRANSFER_SENDING;
        return OUTCOME_WAITING;
    case CLIENT_IO_CLOSED:
        return OUTCOME_MOVED;
    case CLIENT_IO_FAILED:
        break;
    }
    return OUTCOME_FAILED;
}

static enum outcome receive_more(struct client_transfer *transfer, struct error *err) {
    size_t received;
    if (transfer->turn_bytes >= TURN_BYTES)
        return OUTCOME_WAITING;
    if (transfer->input == NULL)
        transfer->input = memory_new(transfer->input_bytes);
    switch (client_connection_receive(&transfer->connection, transfer->input, transfer->input_bytes, &received, err)) {
    case CLIENT_IO_DONE:
        transfer->turn_bytes += received;
        client_exchange_add_input(&transfer->exchange, transfer->input, received);
        return OUTCOME_MOVED;
    case CLIENT_IO_BLOCKED:
        return OUTCOME_WAITING;
    case CLIENT_IO_CLOSED:
        client_connection_close(&transfer->connection);
        return client_exchange_end_input(&transfer->exchange, err) ? OUTCOME_MOVED : OUTCOME_FAILED;
    case CLIENT_IO_FAILED:
        break;
    }
    return OUTCOME_FAILED;
}

static enum outcome end(struct client_transfer *transfer) {
    struct client_connection *connection = &transfer->connection;
    transfer->state = CLIENT_TRANSFER_ENDED;
    if (client_exchange_has_switched(&transfer->exchange))
        return OUTCOME_EVENT;
    if (client_connection_is_open(connection) && !client_connection_has_output(connection) &&
        client_exchange_leaves_connection(&transfer->exchange))
        keep_idle(transfer);
    else
        client_connection_close(connection);
    return OUTCOME_EVENT;
}

static enum outcome receive(struct client_transfer *transfer, struct transfer_piece *piece, struct error *err) {
    switch (client_exchange_next(&transfer->exchange, &piece->data, &piece->length, err)) {
    case CLIENT_EXCHANGE_NEED_INPUT:
        return receive_more(transfer, err);
    case CLIENT_EXCHANGE_HEAD:
        piece->event = CLIENT_TRANSFER_HEAD;
        return OUTCOME_EVENT;
    case CLIENT_EXCHANGE_BODY:
        piece->event = CLIENT_TRANSFER_BODY;
        return OUTCOME_EVENT;
    case CLIENT_EXCHANGE_END:
        piece->event = CLIENT_TRANSFER_END;
        return end(transfer);
    case CLIENT_EXCHANGE_FAILED:
        break;
    }
    return OUTCOME_FAILED;
}

static enum outcome pause_attempt(struct client_transfer *transfer) {
    if (clock_monotonic_ns() < transfer->resume_ns)
        return OUTCOME_WAITING;
    transfer->state = CLIENT_TRANSFER_BEGINNING;
    return OUTCOME_MOVED;
}

static enum outcome continue_transfer(struct client_transfer *transfer, struct transfer_piece *piece,
                                      struct error *err) {
    switch (transfer->state) {
    case CLIENT_TRANSFER_BEGINNING:
        return begin_attempt(transfer);
    case CLIENT_TRANSFER_DIALING:
        return dial(transfer, err);
    case CLIENT_TRANSFER_HANDSHAKING:
        return handshake(transfer, err);
    case CLIENT_TRANSFER_SENDING:
        return send_request(transfer, err);
    case CLIENT_TRANSFER_RECEIVING:
        return receive(transfer, piece, err);
    case CLIENT_TRANSFER_PAUSING:
        return pause_attempt(transfer);
    case CLIENT_TRANSFER_ENDED:
        break;
    }
    piece->event = CLIENT_TRANSFER_END;
    return OUTCOME_EVENT;
}

// --- the whole ---

static bool fail(const struct client_transfer *transfer, const struct error *cause, struct pebble_error *error) {
    if (transfer->failure_words != NULL)
        return client_fail_because(error, transfer->failure_words, cause);
    AUTO_FREE char *words = memory_printf("cannot communicate with server: %s: ", transfer->exchange.shown);
    return client_fail_because(error, words, cause);
}

// Whether it is tried again after this failure: at once if the daemon had closed the idle connection, later if there is
// no daemon. A request other than GET is not sent twice.
static bool retry(struct client_transfer *transfer, const struct error *cause) {
    const struct client_exchange *exchange = &transfer->exchange;
    bool is_refused = client_connection_is_refused(&transfer->connection);
    client_connection_close(&transfer->connection);
    if (cause->kind != ERROR_CONNECTION || exchange->status != 0 || is_refused)
        return false;
    if (transfer->is_over_idle && transfer->kept == NULL && (transfer->is_get || exchange->sent == 0)) {
        transfer->state = CLIENT_TRANSFER_BEGINNING;
        return true;
    }
    int64_t resume_ns = clock_deadline_ns(RETRY_PAUSE_NS);
    bool is_too_late = transfer->deadline_ns != CLIENT_NO_DEADLINE && resume_ns > transfer->deadline_ns;
    if (resume_ns > transfer->retry_end_ns || is_too_late)
        return false;
    transfer->resume_ns = resume_ns;
    transfer->state = CLIENT_TRANSFER_PAUSING;
    return true;
}

static bool is_past(int64_t deadline_ns) {
    return deadline_ns != CLIENT_NO_DEADLINE && clock_monotonic_ns() >= deadline_ns;
}

static bool is_late(const struct client_transfer *transfer) {
    return is_past(transfer->deadline_ns);
}

static bool set_late(struct error *cause) {
    return error_set(cause, ERROR_TIMEOUT, "timed out waiting for server");
}

// A new connection has limits of its own, and a source without data is not the daemon's fault.
static bool is_daemon_due(const struct client_transfer *transfer) {
    return transfer->state == CLIENT_TRANSFER_RECEIVING ||
           (transfer->state == CLIENT_TRANSFER_SENDING && !transfer->is_awaiting_source);
}

// Ends a turn: the daemon gets the whole time again if it has sent or taken anything.
static void note_turn(struct client_transfer *transfer) {
    bool is_new = transfer->turn_bytes > 0 || transfer->idle_end_ns == CLIENT_NO_DEADLINE;
    if (transfer->idle_ns == 0 || !is_daemon_due(transfer))
        transfer->idle_end_ns = CLIENT_NO_DEADLINE;
    else if (is_new)
        transfer->idle_end_ns = clock_deadline_ns(transfer->idle_ns);
    transfer->turn_bytes = 0;
}

enum client_transfer_event client_transfer_step(struct client_transfer *transfer, const char **data, size_t *length,
                                                struct pebble_error *error) {
    for (;;) {
        AUTO_ERROR struct error cause = {0};
        struct transfer_piece piece = {CLIENT_TRANSFER_WAITING, NULL, 0};
        enum outcome outcome = continue_transfer(transfer, &piece, &cause);
        if (outcome == OUTCOME_MOVED)
            continue;
        if (outcome == OUTCOME_EVENT) {
            *data = piece.data;
            *length = piece.length;
            return piece.event;
        }
        if (outcome == OUTCOME_WAITING) {
            note_turn(transfer);
            if (!is_late(transfer) && !is_past(transfer->idle_end_ns))
                return CLIENT_TRANSFER_WAITING;
            set_late(&cause);
        }
        if (!retry(transfer, &cause)) {
            fail(transfer, &cause, error);
            return CLIENT_TRANSFER_FAILED;
        }
    }
}

static bool watch_state(struct client_transfer *transfer, struct client_wants *wants, struct error *err) {
    switch (transfer->state) {
    case CLIENT_TRANSFER_BEGINNING:
    case CLIENT_TRANSFER_ENDED:
        break;
    case CLIENT_TRANSFER_DIALING:
        return client_dial_watch(&transfer->dial, wants, err);
    case CLIENT_TRANSFER_HANDSHAKING:
        client_wants_time(wants, transfer->handshake_end_ns);
        return client_connection_watch(&transfer->connection, wants, POLLIN, err);
    case CLIENT_TRANSFER_SENDING:
        return client_connection_watch(&transfer->connection, wants,
                                       transfer->is_awaiting_source ? POLLIN : POLLIN | POLLOUT, err);
    case CLIENT_TRANSFER_RECEIVING:
        return client_connection_watch(&transfer->connection, wants, POLLIN, err);
    case CLIENT_TRANSFER_PAUSING:
        client_wants_time(wants, transfer->resume_ns);
        break;
    }
    return true;
}

bool client_transfer_watch(struct client_transfer *transfer, struct client_wants *wants, struct error *err) {
    bool is_source_wanted = transfer->state == CLIENT_TRANSFER_SENDING && transfer->is_awaiting_source;
    client_wants_time(wants, transfer->deadline_ns);
    client_wants_time(wants, transfer->idle_end_ns);
    if (transfer->source != NULL && !client_source_watch(transfer->source, wants, is_source_wanted, err))
        return false;
    return watch_state(transfer, wants, err);
}

void client_transfer_watch_deadline(struct client_transfer *transfer, struct client_wants *wants) {
    client_watch_clear(&transfer->connection.watch);
    transfer->idle_end_ns = CLIENT_NO_DEADLINE;
    client_wants_time(wants, transfer->deadline_ns);
}

bool client_transfer_check_deadline(const struct client_transfer *transfer, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    return !is_late(transfer) || set_late(&cause) || fail(transfer, &cause, error);
}
