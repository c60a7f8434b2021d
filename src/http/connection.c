// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/connection_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/connection_input_internal.h"

#define USUAL_HEAD_BYTES 512
#define READ_BYTES ((size_t)65536)
#define STRANGERS_READ_BYTES ((size_t)8192)
#define FIRST_AFTER_NS NS_PER_S

static struct connection *connection_of(struct connection_entry *entry) {
    return CONTAINER_OF(entry, struct connection, entry);
}

static const struct connection_handlers *handlers(const struct connection *connection) {
    return connection->all->handlers;
}

// --- states ---

static void on_turn_begun(struct deferred *turn);
static void on_share_due(struct share_call *call);

// What a connection waits for in each state.
static const enum connection_wait state_waits[CONNECTION_STATES] = {
    [CONNECTION_HANDSHAKE] = WAIT_HANDSHAKE, [CONNECTION_IDLE] = WAIT_IDLE,
    [CONNECTION_HEAD] = WAIT_HEAD,           [CONNECTION_READY] = WAIT_NONE,
    [CONNECTION_HANDLING] = WAIT_NONE,       [CONNECTION_TRANSFERRING] = WAIT_PROGRESS,
    [CONNECTION_SKIPPING] = WAIT_REST,       [CONNECTION_FLUSHING] = WAIT_REST,
    [CONNECTION_UPGRADING] = WAIT_NONE,      [CONNECTION_LINGERING] = WAIT_LINGER,
    [CONNECTION_CLOSED] = WAIT_NONE,
};

static void note_progress(struct connection *connection) {
    connection->queued_bytes = connection_queued_bytes(connection);
    connection->received_bytes = 0;
}

static bool needs_progress(enum connection_wait wait) {
    return wait == WAIT_PROGRESS || wait == WAIT_REST;
}

static bool has_turn(enum connection_state state) {
    return state == CONNECTION_UPGRADING || state == CONNECTION_CLOSED;
}

static bool reads(const struct connection *connection) {
    if (share_call_is_waiting(&connection->share_call))
        return false;
    if (connection->state == CONNECTION_LINGERING)
        return true;
    return connection->state != CONNECTION_UPGRADING && !connection->has_ended && connection->body != BODY_HELD &&
           connection->input.length < connection->all->limits.input_bytes[connection->entry.is_administrator];
}

// A body that is wanted is read in large pieces, because the handler has allowed it. Otherwise, many connections could
// hold much at once.
static void read_or_pause(struct connection *connection) {
    if (connection->stream == NULL)
        return;
    bool reads_much = connection->entry.is_administrator || connection->body == BODY_WANTED;
    stream_set_read_bytes(connection->stream, reads_much ? READ_BYTES : STRANGERS_READ_BYTES);
    if (reads(connection))
        stream_read_start(connection->stream);
    else
        stream_read_stop(connection->stream);
}

struct share *connection_share(const struct connection *connection) {
    return &connection->entry.owner->share;
}

// Records the time that reading and handling of input have taken.
static void note_use(struct connection *connection) {
    int64_t now_ns = clock_monotonic_ns();
    if (connection->entry.owner != NULL)
        share_use(connection->all->owners.shares, connection_share(connection), now_ns - connection->asked_ns);
    connection->asked_ns = connection->served_ns = now_ns;
}

// The only place where the state changes.
static void set_state(struct connection *connection, enum connection_state state) {
    struct loop *loop = connection->all->loop;
    connection->state = state;
    if (state == CONNECTION_TAKING) // what it waits for depends on the input
        return;
    bool has_begun = connections_wait(connection->all, &connection->entry, state_waits[state]);
    if (has_begun && needs_progress(state_waits[state]))
        note_progress(connection);
    if (state == CONNECTION_READY)
        share_defer(connection->all->owners.shares, connection_share(connection), &connection->share_call, false,
                    on_share_due);
    else if (!connection->is_due_to_read || state == CONNECTION_CLOSED)
        share_cancel(&connection->share_call);
    if (has_turn(state))
        loop_defer(loop, &connection->turn, on_turn_begun);
    else
        loop_defer_cancel(loop, &connection->turn);
    read_or_pause(connection);
}

// --- opening and closing ---

// Calls the upgrade function of the exchange, without a stream if the connection has been closed.
static void report_upgrade(struct connection *connection, struct stream *stream) {
    connection->on_upgraded(stream, buffer_text(&connection->input), connection->input.length,
                            connection->upgrade_data);
    connection->on_upgraded = NULL;
}

static void connection_free(struct connection *connection) {
    loop_defer_cancel(connection->all->loop, &connection->turn);
    list_remove(&connection->entry.link);
    if (connection->on_upgraded != NULL)
        report_upgrade(connection, NULL);
    http_reader_finish(&connection->reader);
    buffer_finish(&connection->input);
    free(connection->address);
    free(connection);
}

void connections_free_closed(struct connections *all) {
    while (!list_is_empty(&all->closed))
        connection_free(connection_of(LIST_ITEM(all->closed.next, struct connection_entry, link)));
}

// Detaches and returns the stream. The connection is freed in the next turn, because it may still be in use.
static struct stream *release_stream(struct connection *connection) {
    struct connections *all = connection->all;
    struct stream *stream = TAKE(connection->stream);
    connections_remove(all, &connection->entry);
    set_state(connection, CONNECTION_CLOSED);
    all->on_closed(&connection->entry, all->data);
    return stream;
}

static void connection_close(struct connection *connection) {
    if (connection->state == CONNECTION_CLOSED)
        return;
    stream_destroy(release_stream(connection));
    if (connection->exchange != NULL)
        handlers(connection)->on_lost(TAKE(connection->exchange));
}

// A client over TLS treats an end without this as an attack.
static void end_tls(struct connection *connection) {
    if (connection->kind == STREAM_TLS)
        stream_shut_down(connection->stream);
}

static void hand_over(struct connection *connection) {
    struct stream *stream = release_stream(connection);
    stream_set_handlers(stream, &(const struct stream_handlers){0}, NULL);
    report_upgrade(connection, stream);
}

// --- next state ---

static size_t held_bytes(const struct connection *connection) {
    size_t bytes = connection->reader.head_bytes.capacity + connection->input.capacity;
    if (connection->exchange != NULL)
        bytes += handlers(connection)->held_bytes(connection->exchange);
    return bytes + stream_held_bytes(connection->stream);
}

bool connection_has_time(struct connection *connection) {
    note_use(connection);
    return share_has_time(connection->all->owners.shares, connection_share(connection));
}

void connection_count(struct connection *connection) {
    connections_count(connection->all, &connection->entry, held_bytes(connection));
}

// While a request is handled: whether the client must act. Input after an unread body, and streams, wait without a
// limit.
static bool waits_for_client(const struct connection *connection) {
    return connection->body == BODY_WANTED || connection->body == BODY_SKIPPED ||
           (connection_queued_bytes(connection) > 0 && !connection->is_streaming);
}

// Closing a socket with unread bytes may discard the response. A Unix socket can be closed without loss if the client
// has sent no more than has been read.
static bool may_lose_response(const struct connection *connection) {
    bool is_between = connection->body == BODY_NONE && http_reader_is_idle(&connection->reader);
    return !connection->has_ended &&
           (connection->kind != STREAM_UNIX || !is_between || stream_has_unread(connection->stream));
}

// Call when all responses have been written and no further request will be read.
static bool has_come_to_end(const struct connection *connection) {
    return connection->closes_next || connection->has_ended ||
           (connection->all->is_stopping && connection->body == BODY_NONE);
}

static enum connection_state next_state(const struct connection *connection) {
    bool is_flushed = connection_queued_bytes(connection) == 0;
    if (connection->on_upgraded != NULL && connection->exchange == NULL)
        return CONNECTION_UPGRADING;
    bool is_cut_off = connection->has_ended && connection->body != BODY_NONE;
    if ((connection->input.length > 0 || is_cut_off) && connection_takes_input(connection))
        return CONNECTION_READY;
    if (connection->exchange != NULL)
        return waits_for_client(connection) ? CONNECTION_TRANSFERRING : CONNECTION_HANDLING;
    if (is_flushed && has_come_to_end(connection))
        return connection->closes_next && may_lose_response(connection) ? CONNECTION_LINGERING : CONNECTION_CLOSED;
    if (connection->body != BODY_NONE)
        return CONNECTION_SKIPPING;
    if (!is_flushed)
        return CONNECTION_FLUSHING;
    return http_reader_is_idle(&connection->reader) ? CONNECTION_IDLE : CONNECTION_HEAD;
}

// Shuts down the sending side and reads until the client has closed.
static void begin_to_linger(struct connection *connection) {
    stream_shut_down(connection->stream);
    connection->body = BODY_NONE;
    buffer_finish(&connection->input);
    http_reader_finish(&connection->reader);
    connections_count(connection->all, &connection->entry, 0);
}

static void advance(struct connection *connection) {
    connection_count(connection);
    if (connection->state == CONNECTION_CLOSED)
        return;
    enum connection_state next = next_state(connection);
    if (next == CONNECTION_CLOSED) {
        end_tls(connection);
        connection_close(connection);
        return;
    }
    if (next == CONNECTION_LINGERING)
        begin_to_linger(connection);
    set_state(connection, next);
    if (connection->exchange != NULL && connection_is_abandoned(connection))
        handlers(connection)->on_abandoned(connection->exchange);
}

// Call after an event from outside the connection.
static void settle(struct connection *connection) {
    switch (connection->state) {
    case CONNECTION_HANDSHAKE:
    case CONNECTION_TAKING:
    case CONNECTION_UPGRADING:
    case CONNECTION_LINGERING:
    case CONNECTION_CLOSED:
        break;
    default:
        advance(connection);
        break;
    }
}

static void take_input(struct connection *connection, const char *bytes, size_t length) {
    set_state(connection, CONNECTION_TAKING);
    connection_take_input(connection, bytes, length);
    if (connection->state != CONNECTION_CLOSED)
        advance(connection);
}

static void take_kept_input(struct connection *connection) {
    struct buffer input = connection->input;
    buffer_init(&connection->input, input.limit_bytes);
    take_input(connection, buffer_text(&input), input.length);
    buffer_finish(&input);
}

static void on_turn_begun(struct deferred *turn) {
    struct connection *connection = CONTAINER_OF(turn, struct connection, turn);
    if (connection->state == CONNECTION_CLOSED)
        connection_free(connection);
    else
        hand_over(connection);
}

// A connection that has read nothing for a while comes first, with one request: many connections that are always busy
// do not keep it waiting.
static bool comes_first(const struct connection *connection) {
    return connection->served_ns == 0 || clock_monotonic_ns() - connection->served_ns > FIRST_AFTER_NS;
}

static void on_share_due(struct share_call *call) {
    struct connection *connection = CONTAINER_OF(call, struct connection, share_call);
    connection->is_due_to_read = false;
    connection->asked_ns = clock_monotonic_ns();
    if (connection->state == CONNECTION_READY) {
        take_kept_input(connection);
        return;
    }
    read_or_pause(connection);
    if (reads(connection))
        stream_read_now(connection->stream);
}

static bool on_stream_asks(struct stream *stream UNUSED, void *data) {
    struct connection *connection = data;
    struct shares *shares = connection->all->owners.shares;
    if (share_has_time(shares, connection_share(connection))) {
        connection->asked_ns = clock_monotonic_ns();
        return true;
    }
    connection->is_due_to_read = true;
    share_defer(shares, connection_share(connection), &connection->share_call, comes_first(connection), on_share_due);
    read_or_pause(connection);
    return false;
}

// --- the stream ---

static void on_stream_established(struct stream *stream UNUSED, void *data) {
    set_state(data, CONNECTION_IDLE);
}

static void on_stream_data(struct stream *stream UNUSED, const char *bytes, size_t length, void *data) {
    struct connection *connection = data;
    connection->received_bytes += length;
    if (connection->state == CONNECTION_LINGERING) {
        // Dropped.
    } else if (connection->input.length == 0 && connection_takes_input(connection)) {
        take_input(connection, bytes, length);
    } else {
        connection_keep_input(connection, bytes, length);
        settle(connection);
    }
    note_use(connection);
}

static void on_stream_no_data(struct stream *stream UNUSED, void *data) {
    note_use(data);
}

static void fail_handshake(struct connection *connection, const struct error *err) {
    struct connections *all = connection->all;
    if (all->on_handshake_failed != NULL)
        all->on_handshake_failed(connection->address, err, all->data);
    connection_close(connection);
}

static void abandon_handshake(struct connection *connection, char *reason) {
    fail_handshake(connection, &(const struct error){.kind = ERROR_CONNECTION, .message = reason});
}

static void on_stream_end(struct stream *stream UNUSED, void *data) {
    struct connection *connection = data;
    connection->has_ended = true;
    if (connection->state == CONNECTION_HANDSHAKE)
        abandon_handshake(connection, (char[]){"ended by the client"});
    else if (connection->state == CONNECTION_LINGERING)
        connection_close(connection);
    else if (connection->input.length == 0)
        take_input(connection, "", 0);
    else
        settle(connection);
}

static void on_stream_drained(struct stream *stream UNUSED, void *data) {
    struct connection *connection = data;
    settle(connection);
    if (connection->exchange != NULL && connection->is_streaming)
        handlers(connection)->on_drained(connection->exchange);
}

static void on_stream_failed(struct stream *stream UNUSED, const struct error *err, void *data) {
    struct connection *connection = data;
    if (connection->state == CONNECTION_HANDSHAKE)
        fail_handshake(connection, err);
    else
        connection_close(connection);
}

void connection_open(struct connections *all, struct stream *stream, enum stream_kind kind, struct peer peer) {
    static const struct stream_handlers stream_handlers = {.may_read = on_stream_asks,
                                                           .on_established = on_stream_established,
                                                           .on_data = on_stream_data,
                                                           .on_no_data = on_stream_no_data,
                                                           .on_end = on_stream_end,
                                                           .on_drained = on_stream_drained,
                                                           .on_failed = on_stream_failed};
    struct connection *connection = memory_new(sizeof *connection);
    char key[PEER_KEY_SIZE];
    peer_key(&peer, stream_fd(stream), key);
    connection->all = all;
    connection->stream = stream;
    connection->kind = kind;
    connection->peer = peer;
    connection->entry.owner = owners_get(&all->owners, key, peer_is_administrator(&peer));
    connection->entry.is_tls = kind == STREAM_TLS;
    if (kind != STREAM_UNIX)
        connection->address = peer_address(stream_fd(stream));
    http_reader_init(&connection->reader, HTTP_READ_REQUEST);
    connections_add(all, &connection->entry);
    buffer_init(&connection->input, all->limits.input_bytes[connection->entry.is_administrator] + READ_BYTES);
    stream_set_handlers(stream, &stream_handlers, connection);
    stream_set_water_marks(stream, all->limits.unread_bytes - 1, all->limits.unread_bytes);
    set_state(connection, stream_tls(stream) != NULL ? CONNECTION_HANDSHAKE : CONNECTION_IDLE);
}

// --- time limits ---

static void entry_close(struct connection_entry *entry) {
    struct connection *connection = connection_of(entry);
    if (connection->state == CONNECTION_HANDSHAKE && !connection->all->is_stopping) {
        abandon_handshake(connection, (char[]){"closed to make room for others"});
        return;
    }
    if (connection->state == CONNECTION_IDLE)
        end_tls(connection);
    connection_close(connection);
}

// The client may have sent a part of a large body, or read a part of a large response.
static bool has_progressed(const struct connection *connection) {
    size_t queued = connection_queued_bytes(connection);
    size_t sent = queued < connection->queued_bytes ? connection->queued_bytes - queued : 0;
    size_t wanted = connection->all->limits.progress_bytes[connection->entry.is_administrator];
    return connection->received_bytes + sent >= wanted;
}

static void entry_on_due(struct connection_entry *entry) {
    struct connection *connection = connection_of(entry);
    if (entry->wait == WAIT_HANDSHAKE) {
        abandon_handshake(connection, (char[]){"timed out"});
    } else if (needs_progress(entry->wait) && has_progressed(connection)) {
        note_progress(connection);
        connections_wait_again(connection->all, entry);
    } else {
        connection_close(connection);
    }
}

static bool entry_refuse_body(struct connection_entry *entry, size_t *bytes) {
    struct connection *connection = connection_of(entry);
    if (connection->exchange == NULL || connection->body != BODY_WANTED ||
        !handlers(connection)->refuse_body(connection->exchange))
        return false;
    connection->body = BODY_SKIPPED;
    *bytes = held_bytes(connection);
    return true;
}

const struct connection_entry_functions connection_entry_functions = {
    .close = entry_close, .on_due = entry_on_due, .refuse_body = entry_refuse_body};

// --- for the exchange ---

void connection_write(struct connection *connection, const struct iovec *pieces, size_t count) {
    size_t queued_before = connection_queued_bytes(connection);
    stream_write(connection->stream, pieces, count);
    // Usually the system takes all of it.
    if (connection_queued_bytes(connection) != queued_before)
        connection_count(connection);
}

void connection_write_response(struct connection *connection, const struct response_head *head,
                               const struct iovec *body, size_t count) {
    char memory[USUAL_HEAD_BYTES];
    AUTO_BUFFER struct buffer text;
    buffer_lend(&text, memory, sizeof memory);
    response_head_add(head, &text);
    struct iovec pieces[1 + CONNECTION_BODY_PIECES_MAX] = {{.iov_base = text.data, .iov_len = text.length}};
    for (size_t i = 0; i < count; i++)
        pieces[1 + i] = body[i];
    connection_write(connection, pieces, 1 + count);
}

struct certificate *connection_certificate(const struct connection *connection) {
    struct tls_engine *engine = stream_tls(connection->stream);
    struct certificate *certificate = engine != NULL ? tls_engine_peer_certificate(engine) : NULL;
    return certificate != NULL ? certificate_hold(certificate) : NULL;
}

size_t connection_queued_bytes(const struct connection *connection) {
    return stream_queued_bytes(connection->stream);
}

void connection_set_body(struct connection *connection, enum connection_body body) {
    if (connection->body == BODY_NONE || connection->body == body)
        return;
    connection->body = body;
    settle(connection);
}

void connection_begin_stream(struct connection *connection) {
    connection->is_streaming = true;
    settle(connection);
}

bool connection_is_abandoned(const struct connection *connection) {
    return connection->has_ended && connection->body == BODY_NONE && connection->input.length == 0;
}

void connection_end_exchange(struct connection *connection) {
    connection->exchange = NULL;
    connection->is_streaming = false;
    connection->skipped_bytes = 0;
    if (connection->body != BODY_NONE)
        connection->body = BODY_SKIPPED;
    settle(connection);
}

void connection_upgrade(struct connection *connection,
                        void (*on_upgraded)(struct stream *stream, const char *bytes, size_t length, void *data),
                        void *data) {
    connection->on_upgraded = on_upgraded;
    connection->upgrade_data = data;
}
