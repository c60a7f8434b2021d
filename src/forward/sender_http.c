// SPDX-License-Identifier: GPL-3.0-or-later
// Sends lines with a POST, for Loki and OpenTelemetry. Declared in forward/sender_internal.h.
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "forward/retry_after_internal.h"
#include "forward/sender_internal.h"
#include "http/http_client.h"

struct sender_http {
    struct sender sender;
    char *url;
    struct http_fetch *fetch; // NULL unless it sends
};

static void end_fetch(struct sender_http *http, enum send_outcome outcome, const char *message) {
    http->fetch = NULL;
    sender_give_back_socket(&http->sender);
    sender_end(&http->sender, outcome, message);
}

// The body does not matter, so the fetch ends here.
static void on_head_read(struct http_fetch *fetch, const struct http_head *head, void *data) {
    struct sender_http *http = data;
    int status = head->status;
    http->sender.result.status = status;
    http->sender.result.retry_after_ns =
        retry_after_ns(http_head_get(head, "Retry-After"), http_head_get(head, "Date"), clock_wall_ns());
    http_fetch_cancel(fetch);
    if (status == 200 || status == 204) {
        end_fetch(http, SEND_DONE, NULL);
        return;
    }
    AUTO_FREE char *message = memory_printf("server returned HTTP %d %s", status, http_status_text(status));
    bool is_refused = status >= 400 && status <= 499 && status != 429;
    end_fetch(http, is_refused ? SEND_REFUSED : SEND_FAILED, message);
}

static void on_fetch_ended(struct http_fetch *fetch UNUSED, const struct error *err, void *data) {
    end_fetch(data, SEND_FAILED, error_text(err)); // on_head cancels a fetch that has a response
}

static void http_start(struct sender *sender, const struct payload *payload) {
    static const struct http_fetch_handlers handlers = {.on_head = on_head_read, .on_end = on_fetch_ended};
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
    };
    http->fetch = http_fetch_start(sender->spec->http_client, &request, &handlers, http);
}

static void http_destroy(struct sender *sender) {
    struct sender_http *http = CONTAINER_OF(sender, struct sender_http, sender);
    if (http->fetch != NULL)
        http_fetch_cancel(http->fetch);
    sender_finish(sender);
    free(http->url);
    free(http);
}

const struct sender_class sender_loki = {.encoder = &loki_encoder, .start = http_start, .destroy = http_destroy};
const struct sender_class sender_opentelemetry = {
    .encoder = &opentelemetry_encoder, .start = http_start, .destroy = http_destroy};

struct sender *sender_http_create(const struct forward_spec *spec, const struct sender_class *class, const char *url) {
    struct sender_http *http = memory_new(sizeof *http);
    sender_init(&http->sender, class, spec);
    http->url = memory_string(url);
    return &http->sender;
}
