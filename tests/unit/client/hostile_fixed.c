// SPDX-License-Identifier: GPL-3.0-or-later
// Responses that are not what is due, whatever was asked for. Declared in hostile_fault.h.
#include "hostile_fault.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "pebble.h"

#define OK HOSTILE_SUCCEEDS
#define CONN HOSTILE_ENDS(PEBBLE_ERROR_CONNECTION)
#define PROT HOSTILE_ENDS(PEBBLE_ERROR_PROTOCOL)
#define API HOSTILE_ENDS(PEBBLE_ERROR_API)
#define ALL(ends)                                                                                                      \
    { (ends), (ends), (ends), (ends), (ends) }
#define JSON_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
#define REFUSAL "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n{\"type\":\"error\",\"status-code\":"
#define TEN(text) text text text text text text text text text text
#define VALUES_MAX 4000000

struct fixed_response {
    const char *name;
    const char *bytes;
    const char *repeated; // behind them, may be NULL
    size_t count;
    unsigned ends[HOSTILE_FORM_COUNT]; // JSON, text, lines, parts, frames
};

static const struct fixed_response fixed_responses[] = {
    {"HTML with 500", "HTTP/1.1 500 Oh\r\nContent-Type: text/html\r\nContent-Length: 10\r\n\r\n<h1>Oh</h1", NULL, 0,
     ALL(PROT)},
    {"502 without a body", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", NULL, 0, ALL(PROT)},
    {"HTML", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>\n", NULL, 0, {PROT, OK, PROT, PROT, PROT}},
    {"204", "HTTP/1.1 204 No Content\r\n\r\n", NULL, 0, {PROT, OK, PROT, PROT, PROT}},
    {"200 without a body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL, 0, {PROT, OK, OK, PROT, PROT}},
    {"redirect", "HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", NULL, 0, ALL(PROT)},
    {"not found", REFUSAL "404,\"status\":\"Not Found\",\"result\":{\"message\":\"cannot find 3\",\"kind\":\"k\"}}",
     NULL, 0, ALL(API)},
    {"refusal without a result", REFUSAL "404,\"status\":\"Not Found\"}", NULL, 0, ALL(API)},
    {"refusal of wrong types", REFUSAL "\"x\",\"status\":7,\"result\":[7]}", NULL, 0, ALL(API)},
    {"no type", JSON_HEAD "{\"result\":{}}", NULL, 0, {PROT, OK, PROT, PROT, PROT}},
    {"other type", JSON_HEAD "{\"type\":\"later\",\"result\":{}}", NULL, 0, {PROT, OK, PROT, PROT, PROT}},
    {"broken JSON", JSON_HEAD "{\"type\":\"sync\",", NULL, 0, {PROT, OK, PROT, PROT, PROT}},
    {"deep JSON", JSON_HEAD, "[", 100000, {PROT, OK, PROT, PROT, PROT}},
    {"many values", JSON_HEAD "[", ",", VALUES_MAX + 1, {PROT, OK, PROT, PROT, PROT}},
    {"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n", NULL, 0, ALL(PROT)},
    {"unwanted upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", NULL, 0,
     ALL(PROT)},
    {"wrong handshake",
     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
     NULL, 0, ALL(PROT)},
    {"many interim responses", TEN("HTTP/1.1 100 Continue\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n", 10, ALL(PROT)},
    {"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", NULL, 0, ALL(PROT)},
    {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", NULL, 0, ALL(PROT)},
    {"length beyond all", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", NULL, 0, ALL(PROT)},
    {"length beyond the limit",
     "HTTP/1.1 200 OK\r\nContent-Length: 268435457\r\n\r\n{",
     NULL,
     0,
     {PROT, PROT, CONN, CONN, PROT}},
    {"unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", NULL, 0, ALL(PROT)},
    {"no chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", NULL, 0, ALL(PROT)},
};

unsigned hostile_count_fixed(const struct hostile_response *response UNUSED) {
    return ARRAY_COUNT(fixed_responses);
}

void hostile_spoil_fixed(const struct hostile_response *response, unsigned number, unsigned call_flags,
                         struct hostile_spoiled *spoiled) {
    const struct fixed_response *fixed = &fixed_responses[number];
    (void)snprintf(spoiled->what, sizeof spoiled->what, "%s", fixed->name);
    buffer_add_string(&spoiled->bytes, fixed->bytes);
    hostile_add_repeated(&spoiled->bytes, fixed->repeated, fixed->count);
    spoiled->after = HOSTILE_CLOSES;
    spoiled->ends = fixed->ends[response->route->form];
    if (response->route->is_any && strstr(fixed->name, " type") != NULL)
        spoiled->ends |= OK;
    if ((call_flags & HOSTILE_TAKES_MISSING) != 0 && spoiled->ends == API)
        spoiled->ends = OK;
}
