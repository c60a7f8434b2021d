// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/fetch_internal.h"

#include "client/errors.h"

bool client_fetch_init(struct client_fetch *fetch, struct pebble_client *client, const struct client_request *request,
                       const struct client_transfer_limits *limits, struct pebble_error *error) {
    buffer_init(&fetch->body, CLIENT_RESPONSE_LIMIT_BYTES);
    return client_transfer_init(&fetch->transfer, client, request, limits, error);
}

void client_fetch_set_limit(struct client_fetch *fetch, size_t limit_bytes) {
    buffer_init(&fetch->body, limit_bytes);
}

void client_fetch_finish(struct client_fetch *fetch) {
    client_transfer_finish(&fetch->transfer);
    buffer_finish(&fetch->body);
}

static bool fail_size(struct pebble_error *error) {
    return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read response: too large");
}

// A body that is known to be too large is not read.
static bool check_length(const struct client_fetch *fetch, struct pebble_error *error) {
    const struct http_head *head = http_reader_head(&fetch->transfer.exchange.reader);
    return !head->has_length || head->length <= fetch->body.limit_bytes || fail_size(error);
}

static bool keep(struct client_fetch *fetch, const char *data, size_t length, struct pebble_error *error) {
    buffer_add(&fetch->body, data, length);
    return buffer_is_whole(&fetch->body) || fail_size(error);
}

static enum client_progress read_response(struct client_fetch *fetch, struct client_response *response,
                                          struct pebble_error *error) {
    const struct client_transfer *transfer = &fetch->transfer;
    if (fetch->is_text && transfer->exchange.status / 100 == 2) {
        response->status = transfer->exchange.status;
        response->text_length = fetch->body.length;
        response->text = buffer_take(&fetch->body);
        return CLIENT_DONE;
    }
    bool is_read = client_response_read(transfer->client, transfer->exchange.status, &fetch->body, response, error);
    return is_read ? CLIENT_DONE : CLIENT_FAILED;
}

enum client_progress client_fetch_step(struct client_fetch *fetch, struct client_response *response,
                                       struct pebble_error *error) {
    for (;;) {
        const char *data;
        size_t length;
        switch (client_transfer_step(&fetch->transfer, &data, &length, error)) {
        case CLIENT_TRANSFER_WAITING:
            return CLIENT_WAITING;
        case CLIENT_TRANSFER_HEAD:
            if (!check_length(fetch, error))
                return CLIENT_FAILED;
            break;
        case CLIENT_TRANSFER_BODY:
            if (!keep(fetch, data, length, error))
                return CLIENT_FAILED;
            break;
        case CLIENT_TRANSFER_END:
            if (client_exchange_has_switched(&fetch->transfer.exchange))
                return CLIENT_DONE;
            return read_response(fetch, response, error);
        case CLIENT_TRANSFER_FAILED:
            return CLIENT_FAILED;
        }
    }
}
