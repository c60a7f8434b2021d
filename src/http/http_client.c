// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http_client_internal.h"

#define REDIRECTS_MAX 10

// --- pausing ---

void http_fetch_pause(struct http_fetch *fetch) {
    fetch->is_paused = true;
    if (fetch->stream != NULL)
        stream_read_stop(fetch->stream);
}

void http_fetch_resume(struct http_fetch *fetch) {
    fetch->is_paused = false;
    fetch_defer_turn(fetch);
}

static void read_on(struct http_fetch *fetch) {
    if (fetch->is_paused || fetch->stream == NULL)
        return;
    stream_read_start(fetch->stream);
    struct buffer held = fetch->held;
    buffer_init(&fetch->held, BUFFER_NO_LIMIT);
    fetch_read(fetch, buffer_text(&held), held.length); // last, for it may free the fetch
    buffer_finish(&held);
}

static void on_turn_due(struct deferred *turn) {
    struct http_fetch *fetch = CONTAINER_OF(turn, struct http_fetch, turn);
    switch (fetch->state) {
    case FETCH_WAITING:
        fetch_begin_hop(fetch);
        break;
    case FETCH_LOADING:
    case FETCH_CONNECTING:
        break;
    case FETCH_TUNNELLING:
    case FETCH_IN_HEAD:
    case FETCH_IN_BODY:
        read_on(fetch);
        break;
    case FETCH_ENDED:
        fetch_report_end(fetch);
        break;
    }
}

// --- the beginning ---

static void on_deadline_expired(void *data) {
    fetch_expire(data);
}

static bool first_hop(struct http_fetch *fetch, const char *url, struct error *err) {
    struct fetch_hop *hop = &fetch->hop;
    if (!url_parse(url, &hop->url, err))
        return false;
    hop->shown_url = hop->url.password != NULL ? hop_shown_url(&hop->url) : memory_string(url);
    hop->method = memory_string(fetch->method);
    fetch->origin_host = memory_string(hop->url.host);
    hop->has_body = fetch->body_length > 0;
    return true;
}

static void prepare(struct http_fetch *fetch, const struct http_fetch_request *request) {
    AUTO_ERROR struct error err = {0};
    fetch_take_request(fetch, request);
    if (!fetch_check_method(fetch, &fetch->err) || !first_hop(fetch, request->url, &fetch->err))
        fetch_end(fetch);
    else if (!fetch_check_headers(fetch, &err))
        fetch_fail(fetch, err.kind, "%s", error_text(&err));
}

static void start_deadline(struct http_fetch *fetch, int64_t deadline_ns) {
    if (fetch->state != FETCH_WAITING || deadline_ns == 0)
        return;
    fetch->deadline_ns = clock_deadline_ns(deadline_ns);
    timer_start(fetch->deadline, deadline_ns);
}

struct http_fetch *http_fetch_start(struct http_client *client, const struct http_fetch_request *request,
                                    const struct http_fetch_handlers *handlers, void *data) {
    struct http_fetch *fetch = memory_new(sizeof *fetch);
    fetch->client = client;
    fetch->loop = client->loop;
    fetch->handlers = *handlers;
    fetch->data = data;
    fetch->kept = request->kept;
    fetch->on_turn_due = on_turn_due;
    fetch->redirects_max = request->redirects_max != 0 ? request->redirects_max : REDIRECTS_MAX;
    fetch->deadline = timer_create_in(client->loop, on_deadline_expired, fetch);
    buffer_init(&fetch->held, BUFFER_NO_LIMIT);
    list_add(&client->fetches, &fetch->link);
    fetch_defer_turn(fetch);
    prepare(fetch, request);
    start_deadline(fetch, request->deadline_ns);
    return fetch;
}

struct http_client *http_client_create(struct loop *loop, struct connector *connector,
                                       const struct proxy_settings *proxies) {
    struct http_client *client = memory_new(sizeof *client);
    client->loop = loop;
    client->connector = connector;
    client->proxies = proxies;
    list_init(&client->fetches);
    return client;
}

void http_client_destroy(struct http_client *client) {
    if (client == NULL)
        return;
    while (!list_is_empty(&client->fetches))
        http_fetch_cancel(LIST_ITEM(client->fetches.next, struct http_fetch, link));
    client_trust_destroy(client->trust);
    free(client);
}
