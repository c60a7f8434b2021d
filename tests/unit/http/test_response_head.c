// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/response_head_internal.h"

#include "http_fixture.h"

static void expect_head(const struct response_head *head, const char *text) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    response_head_add(head, &out);
    assert_string_equal(buffer_text(&out), text);
}

static void leaves_out_what_is_not_set(void **state UNUSED) {
    struct buffer none = BUFFER_INIT(BUFFER_NO_LIMIT);
    expect_head(&(const struct response_head){.status = 100}, "HTTP/1.1 100 Continue\r\n\r\n");
    expect_head(&(const struct response_head){.status = 599, .is_http_1_0 = true, .headers = &none},
                "HTTP/1.0 599 \r\n\r\n");
}

static void writes_the_parts_in_order(void **state UNUSED) {
    AUTO_BUFFER struct buffer headers = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&headers, "X-One: 1\r\nX-Two: 2\r\n");
    struct response_head head = {.status = 200,
                                 .content_type = "text/plain",
                                 .upgrade = "echo",
                                 .fields = "A: b\r\n",
                                 .date = "today",
                                 .connection = "close",
                                 .headers = &headers,
                                 .framing = FRAMING_LENGTH,
                                 .length = SIZE_MAX};
#define LINES                                                                                                          \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nUpgrade: echo\r\nA: b\r\nDate: today\r\nConnection: close\r\n"     \
    "X-One: 1\r\nX-Two: 2\r\n"
    expect_head(&head, LINES "Content-Length: 18446744073709551615\r\n\r\n");
    head.framing = FRAMING_CHUNKED;
    expect_head(&head, LINES "Transfer-Encoding: chunked\r\n\r\n");
    head.framing = FRAMING_NONE;
    expect_head(&head, LINES "\r\n");
}

static void dates_are_those_of_the_second(void **state UNUSED) {
    struct response_date date = {0};
    assert_int_equal(strlen(response_date_now(&date)), strlen("Tue, 15 Nov 1994 08:12:31 GMT"));
    date.second--;
    date.text[0] = '?';
    assert_int_not_equal(response_date_now(&date)[0], '?');
}

// False if the second has ended, and with it the date that was set.
static bool has_the_date_of_the_server(const char *request) {
    AUTO_CLIENT struct client client = client_open();
    struct response_date *date = &server->connections.date;
    (void)response_date_now(date);
    date->text[0] = '?';
    client_send(&client, request);
    client_expect(&client, "\r\n\r\n");
    if (date->text[0] != '?')
        return false;
    assert_non_null(strstr(buffer_text(&client.got), "\r\nDate: ?"));
    return true;
}

static void all_responses_have_the_same_date(void **state UNUSED) {
    static const char *const requests[] = {GET("/"), GET("/follow"), "GET / HTTP/1.1\r\nHost: x\r\nExpect: no\r\n\r\n"};
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        while (!has_the_date_of_the_server(requests[i])) {
        }
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_server)
    const struct CMUnitTest tests[] = {
        TEST(leaves_out_what_is_not_set),
        TEST(writes_the_parts_in_order),
        TEST(dates_are_those_of_the_second),
        TEST(all_responses_have_the_same_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
