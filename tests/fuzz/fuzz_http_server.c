// SPDX-License-Identifier: GPL-3.0-or-later
// The connections of a server, in any order of events: clients of several owners connect, send pieces of requests,
// read, half-close and close; the handler responds at once or later, reads, pauses or refuses bodies, streams and
// upgrades; time limits expire, and connections are closed to make room. The input is a list of steps of two bytes. The
// sums of connections and bytes have to be right after each step, and each request is responded to exactly once.
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "http/exchange_internal.h"
#include "http/http_server_internal.h"

enum {
    CLIENTS_MAX = 16,
    KEPT_MAX = 32,
    STEPS_MAX = 2000,
    END_TURNS_MAX = 10000, // more than any input leads to
    BUFFERED_MAX = 200000,
    PIECE_BYTES = 5000,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop *loop;
static struct exchanges exchanges;
static struct connections connections;
static int clients[CLIENTS_MAX]; // -1: closed
static struct kept {
    struct http_exchange *exchange; // NULL: free
    struct share_call call;
    bool is_streaming;
    bool has_body; // asked for
} kept[KEPT_MAX];
static size_t handled, responded;

static void check(bool is_true) {
    if (!is_true)
        abort();
}

// --- the handler ---

static struct kept *find_kept(const struct http_exchange *exchange) {
    for (size_t i = 0; i < KEPT_MAX; i++) {
        if (kept[i].exchange == exchange)
            return &kept[i];
    }
    return NULL;
}

static void on_request_responded(const struct http_exchange *exchange, int status, int64_t duration_ns UNUSED,
                                 void *data UNUSED) {
    struct kept *one = find_kept(exchange);
    check(status > 0);
    responded++;
    if (one == NULL)
        return;
    share_cancel(&one->call);
    one->exchange = NULL;
}

static void respond(struct http_exchange *exchange, size_t length) {
    static const char text[60000] = {'x'};
    http_respond(exchange, 200, "text/plain", text, length);
}

static void end(struct kept *one) {
    if (one->is_streaming)
        http_stream_end(one->exchange);
    else
        respond(one->exchange, 3);
}

static void on_client_gone(struct http_exchange *exchange, void *data) {
    check(find_kept(exchange) == data);
    end(data);
}

static void on_body_collected(struct http_exchange *exchange, const struct buffer *body, const struct error *err,
                              void *data) {
    check(find_kept(exchange) == data && (err != NULL || body->length <= 20000));
    end(data);
}

static void on_body_piece(struct http_exchange *exchange, const char *bytes UNUSED, size_t length, void *data) {
    check(find_kept(exchange) == data && length > 0);
}

static void on_body_end(struct http_exchange *exchange, const struct error *err, void *data) {
    check(find_kept(exchange) == data);
    if (err != NULL)
        end(data);
}

static void on_stream_drained(struct http_exchange *exchange, void *data) {
    check(find_kept(exchange) == data);
}

static void on_turn_called(struct share_call *call) {
    struct kept *one = CONTAINER_OF(call, struct kept, call);
    check(one->exchange != NULL);
    if (one->is_streaming && http_stream_pending(one->exchange) < HTTP_STREAM_HIGH_BYTES)
        http_stream_write(one->exchange, "turn", 4);
}

static void on_stream_upgraded(struct stream *stream, const char *bytes UNUSED, size_t length UNUSED,
                               void *data UNUSED) {
    stream_destroy(stream);
}

static void on_request_received(struct http_exchange *exchange, void *data UNUSED) {
    struct kept *one = find_kept(NULL);
    handled++;
    if (one == NULL || strcmp(http_exchange_path(exchange), "/keep") != 0) {
        respond(exchange, text_equal(http_exchange_path(exchange), "/large") ? 60000 : 5);
        return;
    }
    *one = (struct kept){.exchange = exchange};
    http_exchange_on_cancel(exchange, on_client_gone, one);
}

// --- steps: each has an argument ---

static void open_client(unsigned argument) {
    static const struct peer peers[] = {{.is_known = true, .uid = 0},
                                        {.is_known = true, .uid = 4711},
                                        {.is_known = true, .uid = 4712},
                                        {.is_known = false}};
    int pair[2];
    size_t i = 0;
    while (i < CLIENTS_MAX && clients[i] >= 0)
        i++;
    if (i == CLIENTS_MAX || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return;
    clients[i] = pair[1];
    enum stream_kind kind = argument / 4 % 2 == 0 ? STREAM_UNIX : STREAM_TCP;
    connection_open(&connections, stream_create(loop, pair[0], kind), kind, peers[argument % 4]);
}

static void send_piece(unsigned argument) {
    static const char *const pieces[] = {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /large HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /keep HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n",
        "POST /keep HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        "5\r\nabcde\r\n",
        "0\r\n\r\n",
        "GET /keep HTTP/1.1\r\nHost: x\r\nX: ",
        "\r\n",
        "GET /keep HTTP/1.0\r\n\r\n",
        "POST /keep HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n",
        "GET /keep HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /keep HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\xff",
    };
    static char filler[PIECE_BYTES];
    int fd = clients[argument % CLIENTS_MAX];
    size_t which = argument / CLIENTS_MAX;
    memset(filler, 'f', sizeof filler);
    if (fd >= 0 && which < ARRAY_COUNT(pieces))
        (void)!send(fd, pieces[which], strlen(pieces[which]), MSG_NOSIGNAL);
    else if (fd >= 0)
        (void)!send(fd, filler, sizeof filler, MSG_NOSIGNAL);
}

static void receive(unsigned argument) {
    static char bytes[65536];
    int fd = clients[argument % CLIENTS_MAX];
    if (fd >= 0)
        (void)!recv(fd, bytes, 1 + sizeof bytes * argument / 256, 0);
}

static void half_close(unsigned argument) {
    int fd = clients[argument % CLIENTS_MAX];
    if (fd >= 0)
        (void)shutdown(fd, argument / CLIENTS_MAX % 2 == 0 ? SHUT_WR : SHUT_RD);
}

static void close_client(unsigned argument) {
    int *fd = &clients[argument % CLIENTS_MAX];
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void run_loop(unsigned argument) {
    for (unsigned i = 0; i <= argument % 4; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

static void ask_for_body(struct kept *one, unsigned how) {
    static const struct http_body_handlers handlers = {.on_piece = on_body_piece, .on_end = on_body_end};
    if (one->has_body || one->is_streaming)
        return;
    one->has_body = true;
    if (how == 0)
        http_exchange_collect_body(one->exchange, 20000, on_body_collected, one);
    else if (how == 1)
        http_exchange_read_body(one->exchange, &handlers, one);
    else
        http_exchange_skip_body(one->exchange);
}

static void write_stream(struct kept *one) {
    static const char text[PIECE_BYTES] = {'s'};
    if (!one->is_streaming) {
        one->is_streaming = true;
        http_stream_on_drain(one->exchange, on_stream_drained, one);
        http_stream_begin(one->exchange, 200, "text/plain");
    } else if (http_stream_pending(one->exchange) < HTTP_STREAM_HIGH_BYTES) {
        http_stream_write(one->exchange, text, sizeof text);
    }
}

static void handle_kept(unsigned argument) {
    struct kept *one = &kept[argument % KEPT_MAX];
    if (one->exchange == NULL)
        return;
    switch (argument / KEPT_MAX) {
    case 0:
        end(one);
        break;
    case 1:
        write_stream(one);
        break;
    case 2:
        http_exchange_pause_body(one->exchange);
        break;
    case 3:
        http_exchange_resume_body(one->exchange);
        break;
    case 4:
        http_exchange_defer(one->exchange, &one->call, on_turn_called);
        break;
    case 5:
        if (!one->is_streaming && !one->has_body)
            (void)!http_upgrade(one->exchange, "test", on_stream_upgraded, NULL, NULL);
        break;
    default:
        ask_for_body(one, argument / KEPT_MAX - 6);
        break;
    }
}

static void count_bytes(unsigned argument) {
    struct kept *one = &kept[argument % KEPT_MAX];
    if (one->exchange != NULL)
        http_exchange_count_bytes(one->exchange, (size_t)argument / KEPT_MAX * 20000);
}

static void evict(unsigned argument) {
    if (argument % 3 == 2)
        (void)connections_evict_tls(&connections);
    else
        (void)connections_evict(&connections, argument % 3 == 1);
}

static void expire(unsigned argument) {
    struct deadline *deadline = deadline_list_oldest(connections.waits[argument % WAIT_KINDS]);
    if (deadline == NULL)
        return;
    deadline_stop(deadline);
    connection_entry_functions.on_due(CONTAINER_OF(deadline, struct connection_entry, deadline));
}

// As if the owner had used its time in this turn of the loop, so that its connections wait.
static void use_time(unsigned argument) {
    struct connection_entry *entry;
    LIST_FOR_EACH (entry, &connections.open, link) {
        if (entry->is_administrator == (argument % 2 == 0))
            share_use(exchanges.shares, &entry->owner->share, NS_PER_S);
    }
}

static void take_step(const uint8_t *step) {
    static void (*const steps[])(unsigned argument) = {open_client,  send_piece, send_piece, receive,     half_close,
                                                       close_client, run_loop,   run_loop,   handle_kept, handle_kept,
                                                       count_bytes,  evict,      expire,     use_time};
    steps[step[0] % ARRAY_COUNT(steps)](step[1]);
}

// --- what has to be right ---

static void check_sums(void) {
    size_t count = 0, administrators = 0, bytes = 0, strangers = 0, busy = 0;
    struct connection_entry *entry;
    LIST_FOR_EACH (entry, &connections.open, link) {
        count++;
        administrators += entry->is_administrator;
        bytes += entry->counted_bytes;
        strangers += entry->is_administrator ? 0 : entry->counted_bytes;
        busy += entry->wait == WAIT_NONE ? entry->counted_bytes : 0;
    }
    check(count == connections.count && administrators == connections.administrators);
    check(bytes == connections.buffered_bytes && strangers == connections.strangers_bytes);
    check(busy == connections.busy_bytes && strangers <= BUFFERED_MAX / 2);
    size_t owned = 0, owned_bytes = 0;
    for (struct map_entry *one = map_first(&connections.owners.by_key); one != NULL;
         one = map_next(&connections.owners.by_key, one)) {
        const struct owner *owner = one->value;
        size_t held = 0;
        for (int hold = 0; hold < HOLD_KINDS; hold++)
            held += list_count(&owner->held[hold]);
        check(held == owner->connections && held > 0);
        owned += held;
        owned_bytes += owner->bytes;
    }
    check(owned == count && owned_bytes == bytes);
    check(list_count(&exchanges.open) == handled - responded);
}

static void on_connection_closed(const struct connection_entry *entry UNUSED, void *data UNUSED) {
}

static void on_exchange_ended(struct exchanges *all UNUSED) {
}

static void begin(void) {
    struct http_limits limits = http_usual_limits;
    limits.buffered_bytes = BUFFERED_MAX;
    limits.evict_ns = 0;
    limits.connections = CLIENTS_MAX;
    limits.requests_per_turn = 2;
    (void)signal(SIGPIPE, SIG_IGN);
    check(loop_create(&loop, NULL));
    exchanges_init(&exchanges, loop);
    exchanges.handle = on_request_received;
    exchanges.on_responded = on_request_responded;
    exchanges.on_ended = on_exchange_ended;
    connections_init(&connections, loop, &limits, &connection_entry_functions);
    owners_init(&connections.owners, exchanges.shares, &exchanges.unowned);
    connections.handlers = &exchange_connection_handlers;
    connections.on_closed = on_connection_closed;
    connections.data = &exchanges;
    memset(kept, 0, sizeof kept);
    handled = responded = 0;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        clients[i] = -1;
}

// Everything comes to its end when all clients have gone.
static void finish(void) {
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        close_client(i);
    for (unsigned i = 0; i < KEPT_MAX; i++) {
        if (kept[i].exchange != NULL)
            http_exchange_resume_body(kept[i].exchange);
        if (kept[i].exchange != NULL)
            end(&kept[i]);
    }
    int turns = 0;
    for (; !list_is_empty(&exchanges.open) && turns < END_TURNS_MAX; turns++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    check(handled == responded);
    check_sums();
    connections_close_all(&connections);
    connections_free_closed(&connections);
    check(connections.count == 0 && connections.owners.by_key.count == 0);
    connections_finish(&connections);
    exchanges_finish(&exchanges);
    loop_destroy(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    begin();
    for (size_t i = 0; i + 1 < size && i < 2 * (size_t)STEPS_MAX; i += 2) {
        take_step(data + i);
        check_sums();
    }
    finish();
    return 0;
}
