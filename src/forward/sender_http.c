// SPDX-License-Identifier: GPL-3.0-or-later
// Sends lines with a POST, for Loki and OpenTelemetry. Declared in forward/sender_internal.h.
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "forward/sender_internal.h"
#include "http/http_client.h"

#define RETRY_AFTER_MAX_S INT64_C(300)

struct sender_http {
    struct sender sender;
    const struct forward_spec *spec;
    char *url;
    struct http_fetch *fetch; // NULL unless it sends
};

// Only the form in seconds is used, not a date, which would depend on the clock of the target (RFC 9110 section
// 10.2.3).
static int64_t retry_after_ns(const struct http_head *head) {
    const char *text = http_head_get(head, "Retry-After");
    int64_t seconds = 0;
    if (text == NULL || !text_to_int64(text, 0, INT64_MAX, &seconds))
        return 0;
    return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * NS_PER_S;
}

// The body does not matter, so the fetch ends here.
static void on_head_read(struct http_fetch *fetch, const struct http_head *head, void *data) {
    struct sender_http *http = data;
    int status = head->status;
    http->sender.result.status = status;
    http->sender.result.retry_after_ns = retry_after_ns(head);
    http_fetch_cancel(fetch);
    http->fetch = NULL;
    if (status == 200 || status == 204) {
        sender_end(&http->sender, SEND_DONE, NULL);
        return;
    }
    AUTO_FREE char *message = memory_printf("server returned HTTP %d %s", status, http_status_text(status));
    bool is_refused = status >= 400 && status <= 499 && status != 429;
    sender_end(&http->sender, is_refused ? SEND_REFUSED : SEND_FAILED, message);
}

static void on_fetch_ended(struct http_fetch *fetch UNUSED, const struct error *err, void *data) {
    struct sender_http *http = data;
    http->fetch = NULL;
    sender_end(&http->sender, SEND_FAILED, error_text(err)); // on_head cancels a fetch that has a response
}

static void http_start(struct sender *sender, const struct payload *payload) {
    static const struct http_fetch_handlers handlers = {.on_head = on_head_read, .on_end = on_fetch_ended};
    struct sender_http *http = CONTAINER_OF(sender, struct sender_http, sender);
    const struct http_fetch_header type = {.name = "Content-Type", .value = sender->class->encoder->content_type};
    const struct http_fetch_request request = {
        .method = "POST",
        .url = http->url,
        .headers = &type,
        .header_count = 1,
        .user_agent = http->spec->user_agent,
        .body = payload->text.data,
        .body_length = payload->text.length,
        .deadline_ns = SEND_DEADLINE_NS,
    };
    http->fetch = http_fetch_start(http->spec->http_client, &request, &handlers, http);
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
    sender_init(&http->sender, class, spec->loop);
    http->spec = spec;
    http->url = memory_string(url);
    return &http->sender;
}
