// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_fixture.h"

static void serves_a_slow_reader_completely(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    client_send(&client, GET("/large") GET("/next"));
    assert_int_equal(seen.responded, 1);
    assert_true(only_connection()->pending_bytes > 1000000);
    client_expect(&client, "/next");
    const char *body = strstr(buffer_text(&client.got), "\r\n\r\n") + 4;
    assert_int_equal(strspn(body, "x"), 4000000);
    assert_true(text_has_prefix(body + 4000000, "HTTP/1.1 200 OK\r\n"));
    assert_int_equal(only_connection()->pending_bytes, 0);
}

// Longer than what the system takes at once, in pieces that are cut anywhere.
static void keeps_the_order_of_pieces(void **state UNUSED) {
    enum { LENGTH = 70000, PIECES = 7, ROUNDS = 10 };
    static char data[PIECES][LENGTH];
    struct iovec pieces[PIECES];
    AUTO_CLIENT struct client client = client_open();
    loop_run_pending(loop);
    for (int i = 0; i < PIECES; i++) {
        memset(data[i], 'a' + i, LENGTH);
        pieces[i] = (struct iovec){.iov_base = data[i], .iov_len = i == 3 ? 0 : LENGTH};
    }
    for (int round = 0; round < ROUNDS; round++)
        connection_write(only_connection(), pieces, PIECES);
    size_t total = (size_t)ROUNDS * (PIECES - 1) * LENGTH;
    while (client.got.length < total) {
        (void)client_take(&client);
        loop_run_pending(loop);
    }
    assert_int_equal(client.got.length, total);
    for (size_t i = 0; i < total; i++) {
        size_t piece = i / LENGTH % (PIECES - 1);
        if (client.got.data[i] != (char)('a' + piece + (piece >= 3)))
            fail_msg("byte %zu is wrong", i);
    }
}

static void closes_a_broken_connection(void **state UNUSED) {
    struct client client = client_open();
    loop_run_pending(loop);
    struct connection *connection = only_connection();
    client_close(&client);
    char text[] = "text";
    connection_write(connection, &(const struct iovec){.iov_base = text, .iov_len = 4}, 1);
    assert_true(connection->is_closing);
    connection_write(connection, &(const struct iovec){.iov_base = text, .iov_len = 4}, 1);
    assert_int_equal(connection->pending_bytes, 0);
    assert_int_equal(http_server_connections(server), 0);
}

static void drops_what_is_pending_when_the_client_goes(void **state UNUSED) {
    struct client client = client_open();
    client_send(&client, GET("/large"));
    assert_true(server->buffered_bytes > 0);
    client_close(&client);
    loop_run_pending(loop);
    assert_int_equal(http_server_connections(server), 0);
    assert_int_equal(server->buffered_bytes, 0);
}

static void asks_a_stream_for_more(void **state UNUSED) {
    AUTO_CLIENT struct client client = client_open();
    seen.flood_left = 3000000;
    client_send(&client, GET("/flood"));
    assert_int_equal(seen.responded, 0);
    assert_int_equal(seen.drained, 1);
    client_expect(&client, "\r\n\r\n");
    while (seen.responded == 0) {
        (void)client_take(&client);
        loop_run_pending(loop);
    }
    assert_in_range(seen.flood_pending_max, HTTP_STREAM_HIGH_BYTES, HTTP_STREAM_HIGH_BYTES + 10100);
    assert_true(seen.drained > 3);
    client_send(&client, GET("/next"));
    while (client_take(&client) || client.got.length < 3000000)
        loop_run_pending(loop);
    assert_int_equal(http_server_connections(server), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(serves_a_slow_reader_completely), TEST(keeps_the_order_of_pieces),
        TEST(closes_a_broken_connection),      TEST(drops_what_is_pending_when_the_client_goes),
        TEST(asks_a_stream_for_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
