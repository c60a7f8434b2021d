// SPDX-License-Identifier: GPL-3.0-or-later
// Sends lines with a POST, for Loki and OpenTelemetry. Declared in forward/sender_internal.h.
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "forward/retry_after_internal.h"
#include "forward/sender_internal.h"
#include "http/http_client.h"

// Of the body of a response. Beyond it the connection is not kept.
#define BODY_BYTES_MAX ((size_t)16384)
#define REASON_SHOWN_BYTES 128

struct sender_http {
    struct sender sender;
    char *url;
    struct http_kept *kept;   // keeps the sender's socket
    struct http_fetch *fetch; // NULL unless it sends
    bool is_accepted;         // the response says that the payload is done; its body is read, for the connection's sake
    size_t body_length;       // so far
};

static void end_fetch(struct sender_http *http, enum send_outcome outcome, const char *message) {
    http->fetch = NULL;
    if (!http_kept_is_open(http->kept))
        sender_give_back_socket(&http->sender);
    sender_end(&http->sender, outcome, message);
}

// The words of the reference. The reason is the target's own.
static char *failure_message(const struct http_head *head) {
    bool is_error = head->status >= 400 && head->status <= 599;
    return memory_printf("%s%d %.*s",
                         is_error ? "server returned HTTP " : "unexpected response from server: ", head->status,
                         REASON_SHOWN_BYTES, head->reason);
}

static void on_head_read(struct http_fetch *fetch, const struct http_head *head, void *data) {
    struct sender_http *http = data;
    int status = head->status;
    http->sender.result.status = status;
    http->sender.result.retry_after_ns =
        retry_after_ns(http_head_get(head, "Retry-After"), http_head_get(head, "Date"), clock_wall_ns());
    http->is_accepted = status == 200 || status == 204;
    if (http->is_accepted)
        return;
    AUTO_FREE char *message = failure_message(head);
    http_fetch_cancel(fetch);
    bool is_refused = status >= 400 && status <= 499 && status != 429;
    end_fetch(http, is_refused ? SEND_REFUSED : SEND_FAILED, message);
}

static void on_body_read(struct http_fetch *fetch, const char *bytes UNUSED, size_t length, void *data) {
    struct sender_http *http = data;
    http->body_length += length;
    if (http->body_length <= BODY_BYTES_MAX)
        return;
    http_fetch_cancel(fetch);
    end_fetch(http, SEND_DONE, NULL);
}

static void on_fetch_ended(struct http_fetch *fetch UNUSED, const struct error *err, void *data) {
    struct sender_http *http = data;
    if (http->is_accepted) {
        end_fetch(http, SEND_DONE, NULL);
        return;
    }
    AUTO_FREE char *message = memory_printf("%s%s", http->sender.class->failure_prefix, error_text(err));
    end_fetch(http, SEND_FAILED, message);
}

static void http_start(struct sender *sender, const struct payload *payload) {
    static const struct http_fetch_handlers handlers = {
        .on_head = on_head_read, .on_body = on_body_read, .on_end = on_fetch_ended};
    struct sender_http *http = CONTAINER_OF(sender, struct sender_http, sender);
    const struct http_fetch_header type = {.name = "Content-Type", .value = sender->class->encoder->content_type};
    AUTO_ERROR struct error err = {0};
    if (!sender_take_socket(sender, "dial tcp", &err)) {
        sender_end(sender, SEND_FAILED, error_text(&err));
        return;
    }
    const struct http_fetch_request request = {
        .method = "POST",
        .url = http->url,
        .headers = &type,
        .header_count = 1,
        .user_agent = sender->spec->user_agent,
        .body = payload->text.data,
        .body_length = payload->text.length,
        .deadline_ns = SEND_DEADLINE_NS,
        .kept = http->kept,
    };
    http->is_accepted = false;
    http->body_length = 0;
    http->fetch = http_fetch_start(sender->spec->http_client, &request, &handlers, http);
}

static void http_destroy(struct sender *sender) {
    struct sender_http *http = CONTAINER_OF(sender, struct sender_http, sender);
    if (http->fetch != NULL)
        http_fetch_cancel(http->fetch);
    http_kept_destroy(http->kept);
    sender_finish(sender);
    free(http->url);
    free(http);
}

const struct sender_class sender_loki = {
    .encoder = &loki_encoder, .failure_prefix = "", .start = http_start, .destroy = http_destroy};
const struct sender_class sender_opentelemetry = {.encoder = &opentelemetry_encoder,
                                                  .failure_prefix = "cannot send logs: ",
                                                  .start = http_start,
                                                  .destroy = http_destroy};

struct sender *sender_http_create(const struct forward_spec *spec, const struct sender_class *class, const char *url) {
    struct sender_http *http = memory_new(sizeof *http);
    sender_init(&http->sender, class, spec);
    http->url = memory_string(url);
    http->kept = http_kept_create(spec->loop);
    return &http->sender;
}
