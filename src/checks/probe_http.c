// SPDX-License-Identifier: GPL-3.0-or-later
// HTTP probes: a GET whose response must have a status of 200 to 299. Declared in checks/probe_internal.h.
#include "checks/probe_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"

#define BODY_MAX 512
#define LINES_MAX 5

struct http_probe {
    struct probe probe;
    struct probe_context *context;
    struct http_fetch *fetch;
    int status; // 0 before the head
    struct buffer body;
};

static void http_free(struct http_probe *http) {
    buffer_finish(&http->body);
    probe_give_back_socket(http->context);
    free(http);
}

static void http_cancel(struct probe *probe) {
    struct http_probe *http = CONTAINER_OF(probe, struct http_probe, probe);
    http_fetch_cancel(http->fetch);
    http_free(http);
}

// --- the result ---

// The first lines of the body, without white space at either end.
static void add_lines(struct buffer *out, const struct buffer *body) {
    const char *begin = buffer_text(body), *end = begin + body->length;
    while (begin < end && text_is_space(*begin))
        begin++;
    while (end > begin && text_is_space(end[-1]))
        end--;
    const char *at = begin;
    for (int lines = 0; at < end; at++) {
        if (*at == '\n' && ++lines == LINES_MAX)
            break;
    }
    text_add_without_nul(out, begin, (size_t)(at - begin));
    if (at < end)
        buffer_add_string(out, "\n(...)");
}

static bool has_passed(const struct http_probe *http) {
    return http->status >= 200 && http->status <= 299;
}

// Ends the probe with the status of the response. `err` is set if the body was cut off, else NULL.
static void finish(struct http_probe *http, const struct error *err) {
    AUTO_BUFFER struct buffer details = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_FREE char *message = memory_printf("non-2xx status code %d", http->status);
    const struct probe probe = http->probe;
    bool is_good = has_passed(http);
    if (err != NULL)
        buffer_printf(&details, "cannot read response: %s", error_text(err));
    else
        add_lines(&details, &http->body);
    http_free(http);
    const struct probe_failure failure = {.message = message, .details = buffer_text(&details)};
    probe.on_done(is_good ? NULL : &failure, probe.data);
}

// --- the response ---

static void on_head_read(struct http_fetch *fetch, const struct http_head *head, void *data) {
    struct http_probe *http = data;
    http->status = head->status;
    if (!has_passed(http))
        return; // the body is part of the failure
    http_fetch_cancel(fetch);
    finish(http, NULL);
}

static void on_body_read(struct http_fetch *fetch, const char *bytes, size_t length, void *data) {
    struct http_probe *http = data;
    size_t room = BODY_MAX - http->body.length;
    buffer_add(&http->body, bytes, length < room ? length : room);
    if (http->body.length < BODY_MAX)
        return;
    http_fetch_cancel(fetch);
    finish(http, NULL);
}

static void on_fetch_ended(struct http_fetch *fetch UNUSED, const struct error *err, void *data) {
    struct http_probe *http = data;
    if (http->status != 0) {
        finish(http, err);
        return;
    }
    const struct probe probe = http->probe;
    const struct probe_failure failure = {.message = error_text(err), .details = ""};
    http_free(http);
    probe.on_done(&failure, probe.data);
}

static const struct http_fetch_handlers handlers = {
    .on_head = on_head_read, .on_body = on_body_read, .on_end = on_fetch_ended};

struct probe *probe_http_start(struct probe_context *context, const struct probe_spec *spec, struct error *err) {
    const struct http_check *config = spec->config->http;
    if (!probe_take_socket(context, err))
        return NULL;
    AUTO_FREE struct map_entry **sorted = map_sorted(&config->headers);
    AUTO_FREE struct http_fetch_header *headers = memory_new_array(config->headers.count, sizeof *headers);
    for (size_t i = 0; sorted[i] != NULL; i++)
        headers[i] = (struct http_fetch_header){.name = sorted[i]->key, .value = sorted[i]->value};
    const struct http_fetch_request request = {
        .url = config->url,
        .headers = headers,
        .header_count = config->headers.count,
        .deadline_ns = spec->timeout_ns, // all addresses get a share
    };
    struct http_probe *http = memory_new(sizeof *http);
    http->probe.cancel = http_cancel;
    http->context = context;
    buffer_init(&http->body, BODY_MAX);
    http->fetch = http_fetch_start(context->client, &request, &handlers, http);
    return &http->probe;
}
