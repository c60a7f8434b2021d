// SPDX-License-Identifier: GPL-3.0-or-later
#include "hostile_response.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "wire/websocket.h"

#define KEY_HEADER "\r\nSec-WebSocket-Key: "
#define TIME "\"2024-01-02T03:04:05Z\""
#define END_FRAME "\x81\x11{\"command\":\"end\"}"
#define TASK                                                                                                           \
    "{\"id\":\"7\",\"kind\":\"exec\",\"summary\":\"s\",\"status\":\"Done\",\"log\":[\"line\"],\"progress\":"           \
    "{\"label\":\"l\",\"done\":1,\"total\":1},\"spawn-time\":" TIME ",\"ready-time\":" TIME                            \
    ",\"data\":{\"exit-code\":0}}"
#define CHANGE                                                                                                         \
    "{\"id\":\"3\",\"kind\":\"exec\",\"summary\":\"s\",\"status\":\"Done\",\"ready\":true,\"spawn-time\":" TIME        \
    ",\"ready-time\":" TIME ",\"data\":{\"a\":1},\"tasks\":[" TASK "]}"
#define CHECK                                                                                                          \
    "{\"name\":\"ping\",\"level\":\"alive\",\"startup\":\"enabled\",\"status\":\"up\",\"successes\":1,\"failures\":2," \
    "\"threshold\":3,\"change-id\":\"1\",\"prev-change-id\":\"2\"}"
#define NOTICE                                                                                                         \
    "{\"id\":\"7\",\"user-id\":1,\"type\":\"custom\",\"key\":\"a.test/b\",\"first-occurred\":" TIME                    \
    ",\"last-occurred\":" TIME ",\"last-repeated\":" TIME ",\"occurrences\":1,\"last-data\":{\"a\":\"b\"}"             \
    ",\"repeat-after\":\"1s\",\"expire-after\":\"2s\"}"
#define FILE_OF(type)                                                                                                  \
    "[{\"path\":\"/d/f\",\"name\":\"f\",\"type\":\"" type "\",\"size\":1,\"permissions\":\"644\",\"last-modified\":"   \
    "" TIME ",\"user-id\":1,\"user\":\"u\",\"group-id\":2,\"group\":\"g\"}]"
#define SYNC "{\"type\":\"sync\",\"status-code\":200,\"status\":\"OK\",\"latest-warning\":" TIME ",\"result\":%s}"
#define ASYNC "{\"type\":\"async\",\"status-code\":202,\"status\":\"Accepted\",\"change\":\"3\",\"result\":%s}"

const struct hostile_route hostile_routes[] = {
    {"GET /v1/last", "[]", .form = HOSTILE_JSON}, // after what may fail; is never spoiled
    {"GET /v1/any", "{\"a\":1}", .form = HOSTILE_JSON, .is_any = true},
    {"GET /v1/system-info", "{\"version\":\"1\",\"boot-id\":\"b\",\"http-address\":\":1\",\"https-address\":\":2\"}",
     .form = HOSTILE_JSON},
    {"GET /v1/health", "{\"healthy\":true}", .form = HOSTILE_JSON},
    {"GET /v1/services",
     "[{\"name\":\"web\",\"startup\":\"enabled\",\"current\":\"active\",\"current-since\":" TIME "}]",
     .form = HOSTILE_JSON},
    {"POST /v1/services", "null", .form = HOSTILE_JSON, .is_async = true},
    {"POST /v1/signals", "true", .form = HOSTILE_JSON},
    {"GET /v1/checks", "[" CHECK "]", .form = HOSTILE_JSON},
    {"POST /v1/checks/refresh", "{\"info\":" CHECK ",\"error\":\"e\"}", .form = HOSTILE_JSON},
    {"POST /v1/checks", "{\"changed\":[\"ping\"]}", .form = HOSTILE_JSON},
    {"GET /v1/changes?", "[" CHANGE "]", .form = HOSTILE_JSON},
    {"GET /v1/changes/3/wait", CHANGE, .form = HOSTILE_JSON, .is_tried_more = true},
    {"GET /v1/changes/3", CHANGE, .form = HOSTILE_JSON},
    {"POST /v1/changes/3", CHANGE, .form = HOSTILE_JSON},
    {"GET /v1/notices/", NOTICE, .form = HOSTILE_JSON},
    {"GET /v1/notices", "[" NOTICE "]", .form = HOSTILE_JSON},
    {"POST /v1/notices", "{\"id\":\"7\"}", .form = HOSTILE_JSON},
    {"GET /v1/plan", "\"services: {}\\n\"", .form = HOSTILE_JSON},
    {"POST /v1/layers", "true", .form = HOSTILE_JSON},
    {"GET /v1/log-targets",
     "[{\"name\":\"a\",\"type\":\"loki\",\"location\":\"l\",\"pending\":1,\"sent\":2,\"dropped\":3,\"last-error\":"
     "\"e\",\"retry-at\":" TIME "}]",
     .form = HOSTILE_JSON},
    {"GET /v1/logs", "{\"time\":" TIME ",\"service\":\"web\",\"message\":\"m\"}\n", .form = HOSTILE_LINES},
    {"GET /v1/identities",
     "{\"a\":{\"access\":\"read\",\"local\":{\"user-id\":1},\"basic\":{\"password\":\"*\"},\"cert\":{\"pem\":\"*\"}}}",
     .form = HOSTILE_JSON},
    {"POST /v1/identities", "null", .form = HOSTILE_JSON},
    {"GET /v1/files?action=list&itself", FILE_OF("directory"), .form = HOSTILE_JSON, .is_one = true},
    {"GET /v1/files?action=list", FILE_OF("file"), .form = HOSTILE_JSON},
    {"GET /v1/files?action=read",
     "--b\r\nContent-Disposition: form-data; name=files\r\n\r\nsome content\r\n"
     "--b\r\nContent-Disposition: form-data; name=response\r\n\r\n{\"type\":\"sync\",\"result\":[{\"path\":\"/f\"}]}"
     "\r\n--b--\r\n",
     .form = HOSTILE_PARTS, .is_one = true},
    {"POST /v1/files", "[{\"path\":\"/f\"}]", .form = HOSTILE_JSON, .is_one = true},
    {"POST /v1/exec", "{\"task-id\":\"7\",\"environment\":{},\"working-dir\":\"/\"}", .form = HOSTILE_JSON,
     .is_async = true},
    {"GET /v1/tasks/7/websocket/control", "\x89\x01x", .form = HOSTILE_FRAMES, .is_unneeded = true},
    {"GET /v1/tasks/7/websocket/stdio", "\x82\x05hello" END_FRAME, .form = HOSTILE_FRAMES},
    {"GET /v1/tasks/7/websocket/stderr", END_FRAME, .form = HOSTILE_FRAMES},
    {"GET /v1/metrics", "a 1\n", .form = HOSTILE_TEXT},
    {"POST /v1/pairing", "{\"expires\":" TIME "}", .form = HOSTILE_JSON},
};
const unsigned hostile_route_count = ARRAY_COUNT(hostile_routes);

unsigned hostile_route_find(const char *request) {
    unsigned number = 0;
    while (number < hostile_route_count && !text_has_prefix(request, hostile_routes[number].request))
        number++;
    return number;
}

static void make_handshake(struct hostile_response *response, const char *request) {
    char key[WEBSOCKET_KEY_SIZE] = "", accept[WEBSOCKET_ACCEPT_SIZE];
    const char *value = strstr(request, KEY_HEADER);
    if (value != NULL)
        memcpy(key, value + strlen(KEY_HEADER), WEBSOCKET_KEY_SIZE - 1);
    websocket_make_accept(key, accept);
    buffer_printf(&response->head,
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: %s\r\n",
                  accept);
}

static void find_json(struct hostile_response *response) {
    const char *text = buffer_text(&response->body);
    const char *start = response->route->form == HOSTILE_PARTS ? strstr(text, "\r\n\r\n{") + 4 : text;
    response->json_start = (size_t)(start - text);
    response->json_length = strcspn(start, "\r\n");
}

void hostile_response_make(struct hostile_response *response, const struct hostile_route *route, const char *request) {
    static const char *const types[] = {[HOSTILE_JSON] = "application/json",
                                        [HOSTILE_TEXT] = "text/plain",
                                        [HOSTILE_LINES] = "application/x-ndjson",
                                        [HOSTILE_PARTS] = "multipart/form-data; boundary=b"};
    *response = (struct hostile_response){
        .route = route, .head = BUFFER_INIT(BUFFER_NO_LIMIT), .body = BUFFER_INIT(BUFFER_NO_LIMIT)};
    if (route->form == HOSTILE_JSON)
        buffer_printf(&response->body, route->is_async ? ASYNC : SYNC, route->content);
    else
        buffer_add_string(&response->body, route->content);
    if (route->form == HOSTILE_FRAMES) {
        make_handshake(response, request);
        return;
    }
    buffer_printf(&response->head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n", types[route->form]);
    find_json(response);
}

void hostile_response_finish(struct hostile_response *response) {
    buffer_finish(&response->head);
    buffer_finish(&response->body);
}

void hostile_add_head(struct buffer *out, const struct hostile_response *response, enum hostile_framing framing) {
    buffer_add(out, response->head.data, response->head.length);
    if (response->route->form != HOSTILE_FRAMES && framing == HOSTILE_LENGTH)
        buffer_printf(out, "Content-Length: %zu\r\n", response->body.length);
    else if (response->route->form != HOSTILE_FRAMES && framing == HOSTILE_CHUNKED)
        buffer_add_string(out, "Transfer-Encoding: chunked\r\n");
    buffer_add_string(out, "\r\n");
}

static void add_chunk(struct buffer *out, const char *bytes, size_t length) {
    buffer_printf(out, "%zx\r\n", length);
    buffer_add(out, bytes, length);
    buffer_add_string(out, "\r\n");
}

void hostile_add_response(struct buffer *out, const struct hostile_response *response, enum hostile_framing framing) {
    const struct buffer *body = &response->body;
    hostile_add_head(out, response, framing);
    if (framing != HOSTILE_CHUNKED) {
        buffer_add(out, body->data, body->length);
        return;
    }
    size_t half = body->length / 2;
    add_chunk(out, body->data, half);
    add_chunk(out, body->data + half, body->length - half);
    buffer_add_string(out, "0\r\n\r\n");
}
