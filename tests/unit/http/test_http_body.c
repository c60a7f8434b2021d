// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

#include "loop/worker_pool.h"

#define POST "POST /echo HTTP/1.1\r\nHost: x\r\n"

static void ask(const char *request, const char *response) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, request);
    client_expect(&client, response);
}

static void reads_bodies(void **state UNUSED) {
    ask(POST "Content-Length: 5\r\n\r\nhello", "\r\n\r\nhello");
    ask(POST "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0006\r\n world\r\n0\r\nA: b\r\n\r\n",
        "\r\n\r\nhello world");
    ask(POST "Content-Length: 0\r\n\r\n", "HTTP/1.1 200 OK");
    assert_int_equal(seen.body.length, 0);
    ask(POST "\r\n", "HTTP/1.1 200 OK");
    ask("POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nab", "\r\n\r\nab");
}

static void reports_broken_bodies(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n");
    client_expect(&client, "invalid byte in chunk length");
    assert_string_equal(buffer_text(&seen.body), "abc");
    client_half_close(&client);
    client_expect_end(&client);
    AUTO_CLIENT struct client cut = client_open();
    client_send(&cut, POST "Content-Length: 5\r\n\r\nhell");
    client_half_close(&cut);
    client_expect(&cut, "HTTP/1.1 400 Bad Request\r\n");
    client_expect(&cut, "unexpected EOF");
    client_expect_end(&cut);
    assert_non_null(strstr(buffer_text(&cut.got), "Connection: close\r\n"));
}

static void tells_when_the_client_goes_within_a_body(void **state UNUSED) {
    struct client client = client_open();
    client_send(&client, POST "Content-Length: 5\r\n\r\nhe");
    (void)shutdown(client.fd, SHUT_RD);
    client_close(&client);
    loop_run_pending(loop);
    assert_int_equal(seen.last_status, 400);
    assert_int_equal(seen.responded, 1);
    assert_int_equal(http_server_connections(server), 0);
}

// A length beyond the limit is refused before anything is asked for; chunks when they get there.
static void limits_bodies(void **state UNUSED) {
    ask(POST "Expect: 100-continue\r\nContent-Length: 100001\r\n\r\n", "HTTP/1.1 413 ");
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 10000; i++)
        buffer_add_string(&body, "0123456789");
    AUTO_CLIENT struct client fits = client_open();
    client_send(&fits, POST "Content-Length: 100000\r\n\r\n");
    client_send(&fits, buffer_text(&body));
    client_expect(&fits, "HTTP/1.1 200 OK");
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, POST "Transfer-Encoding: chunked\r\n\r\n186a1\r\n");
    client_send(&client, buffer_text(&body));
    client_send(&client, "!\r\n0\r\n\r\n" GET("/next"));
    client_expect(&client, "request body is larger than 100000 bytes");
    client_expect(&client, "/next");
}

static void asks_for_an_expected_body_when_it_is_read(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&client, "hello");
    client_expect(&client, "\r\n\r\nhello");
    AUTO_CLIENT struct client unread = client_open();
    client_send(&unread, "POST /other HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    client_expect(&unread, "Connection: close\r\n");
    client_expect_end(&unread);
    assert_true(text_has_prefix(buffer_text(&unread.got), "HTTP/1.1 200 OK\r\n"));
}

// --- piece by piece ---

static struct {
    struct buffer got;
    int pieces, ended;
    bool pauses, is_within; // within a call that asks for the body
    enum error_kind kind;
} upload;

static void on_body_piece(struct http_exchange *exchange, const char *bytes, size_t length, void *data) {
    assert_ptr_equal(data, &upload);
    assert_false(upload.is_within);
    assert_int_equal(upload.ended, 0);
    buffer_add(&upload.got, bytes, length);
    upload.pieces++;
    if (upload.pauses)
        http_exchange_pause_body(exchange);
}

static void on_body_end(struct http_exchange *exchange, const struct error *err, void *data) {
    assert_ptr_equal(data, &upload);
    assert_false(upload.is_within);
    upload.ended++;
    upload.kind = err != NULL ? err->kind : ERROR_NONE;
    respond_text(exchange, err != NULL ? 400 : 200, err != NULL ? error_text(err) : "stored");
}

static void read_body(struct http_exchange *exchange) {
    static const struct http_body_handlers handlers = {.on_piece = on_body_piece, .on_end = on_body_end};
    upload.is_within = true;
    http_exchange_read_body(exchange, &handlers, &upload);
    upload.is_within = false;
}

static void read_at_once(struct http_exchange *exchange, void *data UNUSED) {
    keep(exchange);
    read_body(exchange);
}

static void begin_upload(bool pauses, void (*handle)(struct http_exchange *exchange, void *data)) {
    buffer_finish(&upload.got);
    memset(&upload, 0, sizeof upload);
    buffer_init(&upload.got, BUFFER_NO_LIMIT);
    upload.pauses = pauses;
    server->exchanges.handle = handle;
}

static void keep_only(struct http_exchange *exchange, void *data UNUSED) {
    keep(exchange);
}

static void passes_pieces_on(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    begin_upload(false, read_at_once);
    client_send(&client, "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    client_send(&client, "3\r\nabc\r\n");
    assert_int_equal(upload.pieces, 1);
    client_send(&client, "2\r\nde\r\n");
    assert_int_equal(upload.pieces, 2);
    client_send(&client, "0\r\n\r\n" GET("/next"));
    client_expect(&client, "stored");
    assert_string_equal(buffer_text(&upload.got), "abcde");
    assert_int_equal(upload.ended, 2); // of the next one, too
}

// The end comes later, be there a body or not, and whether it is asked for at once or later.
static void ends_after_the_call(void **state UNUSED) {
    static const char *const requests[] = {
        GET("/"),
        "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(requests) * 2; i++) {
        AUTO_CLIENT struct client client = client_open();
        begin_upload(false, i % 2 == 0 ? read_at_once : keep_only);
        client_send(&client, requests[i / 2]);
        if (i % 2 != 0) {
            assert_int_equal(upload.ended, 0);
            read_body(seen.kept[0]);
            assert_int_equal(upload.ended, 0);
        }
        client_expect(&client, "stored");
        assert_int_equal(upload.ended, 1);
    }
}

// Sends as much as the server takes; returns how much that was.
static size_t stuff(struct client *client) {
    static const char block[100000] = {0};
    size_t total = 0;
    for (ssize_t sent; (sent = send(client->fd, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0;) {
        total += (size_t)sent;
        loop_run_pending(loop);
    }
    return total;
}

static void reads_nothing_before_it_is_asked(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    begin_upload(false, keep_only);
    client_send(&client, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n");
    size_t sent = stuff(&client);
    assert_true(sent < 5000000);
    struct connection *connection = only_connection();
    assert_int_equal(connection->state, CONNECTION_HANDLING);
    assert_int_equal(connection->input.length, 0);
    assert_true(stream_has_unread(connection->stream));
    assert_in_range(server->connections.buffered_bytes, 0, 1000);
    read_body(seen.kept[0]);
    assert_int_equal(connection->state, CONNECTION_TRANSFERRING);
    loop_run_pending(loop);
    assert_int_equal(upload.got.length, sent);
    AUTO_FREE char *rest = memory_new(10000000 - sent);
    assert_true(client_send_bytes(&client, rest, 10000000 - sent));
    client_expect(&client, "stored");
    assert_int_equal(upload.got.length, 10000000);
}

static void pauses_and_resumes(void **state UNUSED) {
    enum { LENGTH = 3000000 };
    AUTO_CLIENT struct client client = client_open();
    begin_upload(true, read_at_once);
    client_send(&client, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
    size_t sent = stuff(&client);
    struct connection *connection = only_connection();
    while (upload.ended == 0) {
        size_t before = upload.got.length;
        int pieces = upload.pieces;
        loop_run_pending(loop);
        assert_int_equal(upload.pieces, pieces); // paused: nothing comes, nothing is read
        assert_int_equal(connection->state, CONNECTION_HANDLING);
        assert_in_range(server->connections.buffered_bytes, 0, 140000);
        http_exchange_resume_body(seen.kept[0]);
        assert_int_equal(upload.pieces, pieces);
        loop_run_pending(loop);
        if (upload.ended == 0)
            assert_in_range(upload.got.length - before, 0, 65536);
        ssize_t more = sent < LENGTH ? send(client.fd, client.got.data, 0, 0) : 0;
        assert_true(more == 0);
        AUTO_FREE char *rest = memory_new(LENGTH - sent + 1);
        ssize_t taken = send(client.fd, rest, LENGTH - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += taken > 0 ? (size_t)taken : 0;
    }
    client_expect(&client, "stored");
    assert_int_equal(upload.got.length, LENGTH);
}

// Nothing more comes from the client that could tell that the last piece was the last.
static void resumes_after_the_last_piece(void **state UNUSED) {
    static const char *const requests[] = {
        "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" GET("/next"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        AUTO_CLIENT struct client client = client_open();
        begin_upload(true, read_at_once);
        client_send(&client, requests[i]);
        assert_int_equal(upload.pieces, 1);
        assert_int_equal(upload.ended, 0);
        http_exchange_resume_body(seen.kept[0]);
        http_exchange_resume_body(seen.kept[0]);
        assert_int_equal(upload.ended, 0);
        client_expect(&client, "stored");
    }
}

static void ends_a_paused_body_when_it_is_resumed(void **state UNUSED) {
    struct client client = client_open();
    begin_upload(true, read_at_once);
    client_send(&client, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nabc");
    assert_int_equal(upload.pieces, 1);
    client_close(&client);
    loop_run_pending(loop);
    assert_int_equal(upload.ended, 0);
    http_exchange_resume_body(seen.kept[0]);
    loop_run_pending(loop);
    assert_int_equal(upload.ended, 1);
    assert_int_equal(upload.kind, ERROR_BAD_REQUEST);
    // One that is lost while it is paused.
    struct client other = client_open();
    begin_upload(true, read_at_once);
    client_send(&other, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nabc");
    connections_close_all(&server->connections);
    loop_run_pending(loop);
    assert_int_equal(upload.ended, 0);
    http_exchange_pause_body(seen.kept[0]);
    http_exchange_resume_body(seen.kept[0]);
    assert_int_equal(upload.ended, 0);
    loop_run_pending(loop);
    assert_int_equal(upload.ended, 1);
    client_close(&other);
}

static void responds_before_the_body_has_come(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    begin_upload(true, read_at_once);
    client_send(&client, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    respond_text(seen.kept[0], 200, "enough");
    client_expect(&client, "enough");
    client_send(&client, "def" GET("/next"));
    client_expect(&client, "stored");
    assert_int_equal(upload.pieces, 1);
}

static void is_told_of_a_body_that_is_cut_before_it_is_asked_for(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    begin_upload(false, keep_only);
    client_send(&client, GET("/first") "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n");
    client_half_close(&client);
    respond_text(seen.kept[0], 200, "first");
    loop_run_pending(loop);
    read_body(seen.kept[0]);
    client_expect(&client, "unexpected EOF");
    client_expect_end(&client);
    assert_int_equal(upload.ended, 1);
}

// --- after an authorization that takes a while ---

struct authorization {
    struct work_item item;
    struct http_exchange *exchange;
};

static struct worker_pool *pool;

static void check_password(struct work_item *item UNUSED) {
    (void)usleep(1000);
}

static void on_access_checked(struct work_item *item) {
    struct authorization *authorization = CONTAINER_OF(item, struct authorization, item);
    read_body(authorization->exchange);
    free(authorization);
}

static void authorize(struct http_exchange *exchange, void *data UNUSED) {
    struct authorization *authorization = memory_new(sizeof *authorization);
    authorization->item = (struct work_item){.work = check_password, .done = on_access_checked};
    authorization->exchange = exchange;
    assert_true(worker_pool_submit(pool, &authorization->item, NULL));
}

static void reads_after_an_authorization(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    pool = worker_pool_create(loop, "test", 1, 10);
    begin_upload(false, authorize);
    client_send(&client, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
                         "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n");
    client_expect(&client, "stored");
    assert_string_equal(buffer_text(&upload.got), "hello");
    buffer_clear(&upload.got);
    upload.ended = 0;
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&client, "world!");
    while (upload.ended == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_string_equal(buffer_text(&upload.got), "world!");
    worker_pool_destroy(pool);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(reads_bodies),
        TEST(reports_broken_bodies),
        TEST(tells_when_the_client_goes_within_a_body),
        TEST(limits_bodies),
        TEST(asks_for_an_expected_body_when_it_is_read),
        TEST(passes_pieces_on),
        TEST(ends_after_the_call),
        TEST(reads_nothing_before_it_is_asked),
        TEST(pauses_and_resumes),
        TEST(resumes_after_the_last_piece),
        TEST(ends_a_paused_body_when_it_is_resumed),
        TEST(responds_before_the_body_has_come),
        TEST(is_told_of_a_body_that_is_cut_before_it_is_asked_for),
        TEST(reads_after_an_authorization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
