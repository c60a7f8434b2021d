// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/request_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#define RETRY_PAUSE_MS 250
#define INTERIM_RESPONSES_MAX 20
#define SWITCHING_PROTOCOLS 101

static bool fail(struct pebble_client *client, struct pebble_error *error, const struct error *cause) {
    AUTO_FREE char *words = memory_printf("cannot communicate with server: %s: ", client->url_text);
    client_fail_because(error, words, cause);
    client_request_drop(client);
    return false;
}

static void request_finish(struct pebble_client *client) {
    if (client->has_reader) {
        http_reader_finish(&client->reader);
        client->has_reader = false;
    }
    free(TAKE(client->url_text));
    client->unread = NULL;
    client->unread_length = 0;
}

void client_request_drop(struct pebble_client *client) {
    client_connection_close(&client->connection);
    request_finish(client);
}

const struct http_head *client_request_head(const struct pebble_client *client) {
    return http_reader_head(&client->reader);
}

// --- writing ---

// What is sent has to be one line of the form that the daemon reads (RFC 9112 section 3).
static bool is_sendable(const struct client_request *request) {
    for (const char *c = request->target; *c != '\0'; c++) {
        if (*c <= ' ' || *c == 0x7f)
            return false;
    }
    for (const char *c = request->method; *c != '\0'; c++) {
        if (*c < 'A' || *c > 'Z')
            return false;
    }
    return request->target[0] == '/' && request->method[0] != '\0';
}

static void write_request(const struct pebble_client *client, const struct client_request *request,
                          struct buffer *out) {
    buffer_printf(out, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: pebble/%s\r\n", request->method, request->target,
                  client->authority, PEBBLE_VERSION);
    if (request->body != NULL) {
        buffer_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", strlen(request->body));
        buffer_add_string(out, request->body);
    } else {
        buffer_add_string(out, text_equal(request->method, "GET") ? "\r\n" : "Content-Length: 0\r\n\r\n");
    }
}

// As the reference writes it: `Get "http://localhost/v1/plan"`.
static char *shown_url(const struct pebble_client *client, const struct client_request *request) {
    AUTO_FREE char *url = memory_printf("http://%s%s", client->authority, request->target);
    AUTO_FREE char *quoted = text_quoted(url);
    char *shown = memory_printf("%s %s", request->method, quoted);
    for (char *c = shown + 1; *c >= 'A' && *c <= 'Z'; c++)
        *c = (char)(*c - 'A' + 'a');
    return shown;
}

// --- reading ---

// The next event that is no HTTP_NEED_MORE.
static bool next_event(struct pebble_client *client, enum http_event *event, const char **data, size_t *length,
                       struct error *err) {
    for (;;) {
        *event = http_reader_next(&client->reader, &client->unread, &client->unread_length, data, length);
        if (*event == HTTP_FAILED)
            return error_set(err, ERROR_INTERNAL, "malformed HTTP response: %s", http_reader_reason(&client->reader));
        if (*event != HTTP_NEED_MORE)
            return true;
        size_t received;
        if (!client_connection_receive(&client->connection, client->input, CLIENT_INPUT_BYTES, &received,
                                       client->deadline_ns, err)) {
            return false;
        }
        client->unread = client->input;
        client->unread_length = received;
        if (received == 0) {
            bool is_between = http_reader_is_idle(&client->reader);
            client_connection_close(&client->connection);
            if (is_between || !http_reader_end(&client->reader))
                return error_set(err, ERROR_CONNECTION, is_between ? "EOF" : "unexpected EOF");
        }
    }
}

// Passes over interim answers (RFC 9110 section 15.2).
static bool read_head(struct pebble_client *client, const struct client_request *request, struct error *err) {
    for (int i = 0; i < INTERIM_RESPONSES_MAX; i++) {
        enum http_event event;
        const char *data;
        size_t length;
        do {
            if (!next_event(client, &event, &data, &length, err))
                return false;
        } while (event != HTTP_HEAD);
        int status = http_reader_head(&client->reader)->status;
        if (status == SWITCHING_PROTOCOLS)
            return error_set(err, ERROR_INTERNAL, "malformed HTTP response: unexpected switch of protocols");
        if (status < 200 || status == 204 || status == 304 || text_equal(request->method, "HEAD"))
            http_reader_skip_body(&client->reader);
        if (status >= 200)
            return true;
    }
    return error_set(err, ERROR_INTERNAL, "malformed HTTP response: too many interim answers");
}

bool client_request_read(struct pebble_client *client, const char **data, size_t *length, struct pebble_error *error) {
    bool is_kept = client_request_head(client)->is_keep_alive;
    enum http_event event;
    const char *piece = NULL;
    size_t piece_length = 0;
    AUTO_ERROR struct error cause = {0};
    if (!next_event(client, &event, &piece, &piece_length, &cause))
        return fail(client, error, &cause);
    if (event == HTTP_BODY) {
        *data = piece;
        *length = piece_length;
        return true;
    }
    if (!is_kept || client->is_cut_short || client->unread_length > 0)
        client_connection_close(&client->connection);
    request_finish(client);
    *data = "";
    *length = 0;
    return true;
}

// --- the whole ---

struct attempt {
    bool was_kept;  // over a connection that was there before
    bool was_taken; // the daemon may have seen some of the request
};

static bool try_request(struct pebble_client *client, const struct client_request *request, const struct buffer *text,
                        struct attempt *attempt, struct error *err) {
    struct client_connection *connection = &client->connection;
    attempt->was_kept = client_connection_is_quiet(connection);
    attempt->was_taken = false;
    if (!attempt->was_kept && !client_connection_open(connection, request->deadline_ns, err))
        return false;
    size_t sent = 0;
    bool is_sent = client_connection_send(connection, text->data, text->length, &sent, request->deadline_ns, err);
    attempt->was_taken = sent > 0;
    client->is_cut_short = sent < text->length;
    return is_sent && read_head(client, request, err);
}

static void reader_restart(struct pebble_client *client) {
    if (client->has_reader)
        http_reader_finish(&client->reader);
    http_reader_init(&client->reader, HTTP_READ_RESPONSE);
    client->has_reader = true;
    client->unread = client->input;
    client->unread_length = 0;
}

static void request_start(struct pebble_client *client, const struct client_request *request) {
    free(client->url_text);
    client->url_text = shown_url(client, request);
    client->deadline_ns = request->deadline_ns;
    if (client->input == NULL)
        client->input = memory_new(CLIENT_INPUT_BYTES);
}

static int64_t retry_end(const struct pebble_client *client, const struct client_request *request) {
    int64_t now_ns = clock_monotonic_ns();
    if (request->is_single || !text_equal(request->method, "GET"))
        return now_ns;
    int64_t end_ns = now_ns + client->get_retry_ms * NS_PER_MS;
    bool is_bounded = request->deadline_ns != CLIENT_NO_DEADLINE && request->deadline_ns < end_ns;
    return is_bounded ? request->deadline_ns : end_ns;
}

bool client_request_begin(struct pebble_client *client, const struct client_request *request,
                          struct pebble_error *error) {
    if (!is_sendable(request))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot build request: invalid method or path");
    bool is_get = text_equal(request->method, "GET");
    int64_t retry_end_ns = retry_end(client, request);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    write_request(client, request, &text);
    request_start(client, request);
    for (;;) {
        struct attempt attempt;
        AUTO_ERROR struct error cause = {0};
        reader_restart(client);
        if (try_request(client, request, &text, &attempt, &cause))
            return true;
        client_connection_close(&client->connection);
        if (cause.kind != ERROR_CONNECTION)
            return fail(client, error, &cause);
        if (attempt.was_kept && (is_get || !attempt.was_taken)) {
            continue; // the daemon had closed it
        }
        if (clock_monotonic_ns() + RETRY_PAUSE_MS * NS_PER_MS > retry_end_ns)
            return fail(client, error, &cause);
        error_clear(&cause);
        if (!client_connection_pause(&client->connection, RETRY_PAUSE_MS, &cause))
            return fail(client, error, &cause);
    }
}
